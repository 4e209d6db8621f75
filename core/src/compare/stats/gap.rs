//! A flag for seeds that fall into two groups, such as those that learn and those that do not. Then the interval of a
//! mean is wrong: with one bad seed in ten, a 95 % t interval of five seeds covers the true mean in only 42 % of
//! samples.

use super::describe::range;

/// The smallest number of seeds that may be flagged. Fewer cannot show two groups.
pub const SEEDS_FOR_GAP: usize = 5;

/// The 99th percentile of the largest gap divided by the range, for samples of normal values. Each line has the
/// smallest sample size for which its limit is used. Simulated with at least 1,000,000 samples of each size, to three
/// digits.
const LIMITS: [(usize, f64); 10] = [
    (5, 0.843),
    (6, 0.764),
    (7, 0.700),
    (8, 0.650),
    (9, 0.610),
    (10, 0.577),
    (12, 0.528),
    (15, 0.479),
    (20, 0.428),
    (30, 0.373),
];

/// A gap that splits seeds into two groups.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gap {
    /// The number of values below the gap.
    pub below: usize,
    /// The number of values above the gap.
    pub above: usize,
    /// The largest value below the gap.
    pub from: f64,
    /// The smallest value above the gap.
    pub to: f64,
}

/// Returns the largest gap between neighbouring values, if it takes up so much of their range that the seeds look like
/// two groups.
///
/// False alarms: 1 % of samples of 5 to 10 normal values, and fewer for sizes between those of the table. Skewed
/// values are flagged more often: log-normal values (σ = 0.75) in 5 % of samples of 5, and in 17 % of samples of 10.
///
/// Detection: if three seeds in ten belong to a second group, 20 standard deviations away, the gap is found in 67 % of
/// samples of 5 and in 97 % of samples of 10. At 10 standard deviations, these are 23 % and 78 %. So seeds without a
/// flag can still form two groups.
///
/// `None` if there is no such gap, there are fewer than [`SEEDS_FOR_GAP`] values, or one is NaN or infinite.
pub fn gap(values: &[f64]) -> Option<Gap> {
    let (low, high) = range(values)?;
    let limit = LIMITS.iter().rev().find(|(n, _)| *n <= values.len()).map(|(_, limit)| limit)?;
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let width = |index: usize| sorted[index] - sorted[index - 1];
    let above = (1..sorted.len()).max_by(|&first, &second| width(first).total_cmp(&width(second)))?;
    let gap = Gap { below: above, above: sorted.len() - above, from: sorted[above - 1], to: sorted[above] };
    // Halves, so that the range of the largest numbers is finite.
    (gap.to / 2.0 - gap.from / 2.0 > limit * (high / 2.0 - low / 2.0)).then_some(gap)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    /// Returns the share of `samples` samples of `n` values that are flagged.
    fn flagged(samples: u64, n: usize, draw: impl Fn(&mut Stream) -> f64) -> f64 {
        let mut stream = Stream::new(1, "gap", n as u64);
        let mut one = || gap(&(0..n).map(|_| draw(&mut stream)).collect::<Vec<_>>()).is_some();
        (0..samples).filter(|_| one()).count() as f64 / samples as f64
    }

    #[test]
    fn false_alarms_of_normal_values_are_one_percent() {
        for n in [5, 10] {
            let rate = flagged(100_000, n, Stream::normal);
            assert!((0.009..0.011).contains(&rate), "{n}: {rate}");
        }
        assert!(flagged(20_000, 11, Stream::normal) < 0.01);
        assert!(flagged(5_000, 60, Stream::normal) < 0.01);
    }

    #[test]
    fn false_alarms_of_skewed_values_are_some_percent() {
        for (n, expected) in [(5, 0.05), (10, 0.17)] {
            let rate = flagged(20_000, n, |stream| (0.75 * stream.normal()).exp());
            assert!((expected - 0.01..expected + 0.01).contains(&rate), "{n}: {rate}");
        }
    }

    #[test]
    fn bad_seeds_are_found() {
        let values = [0.91, 0.1, 0.92, 0.9, 0.915];
        assert_eq!(gap(&values), Some(Gap { below: 1, above: 4, from: 0.1, to: 0.9 }));
        let values = [0.91, 0.1, 0.92, 0.12, 0.9, 0.11];
        assert_eq!(gap(&values).map(|gap| (gap.below, gap.above)), Some((3, 3)));
    }

    #[test]
    fn few_equal_or_infinite_values_are_not_flagged() {
        assert_eq!((gap(&[]), gap(&[0.0, 0.0, 0.0, 9.0]), gap(&[0.5; 9])), (None, None, None));
        assert_eq!(gap(&[0.0, 0.0, 0.0, 0.0, f64::NAN]), None);
        assert_eq!(gap(&[0.0, 0.0, 0.0, 0.0, f64::INFINITY]), None);
        assert!(gap(&[-1.7e308, 1.7e308, 1.7e308, 1.7e308, 1.7e308]).is_some());
    }
}
