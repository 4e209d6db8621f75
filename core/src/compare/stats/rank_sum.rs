//! The rank-sum test of two independent samples, by Mann and Whitney (1947).
//!
//! Equal values share their mean rank. Up to [`EXACT`] values in both samples together, the distribution is exact, with
//! ties too: it is that of every division of the ranks into two samples. (SciPy's exact distribution ignores ties.)
//! Above [`EXACT`], it is the normal approximation, with corrections for ties and for continuity.

use std::cmp::Ordering;

use super::distribution::normal_cdf;

/// The largest number of values, of both samples together, for which the distribution is exact.
pub const EXACT: usize = 50;

/// The result of a rank-sum test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RankSum {
    /// The two-sided p-value of the hypothesis that both samples have one distribution.
    pub p: f64,
    /// Where the first sample lies: `Less` if its ranks are lower on average than those of the second, and `Greater` if
    /// they are higher.
    pub side: Ordering,
}

/// Compares two independent samples by their ranks. An infinite value counts like any other, so that a failed run can
/// be worse than every value. `None` if a sample is empty, a value is NaN, or all values are equal.
pub fn rank_sum(first: &[f64], second: &[f64]) -> Option<RankSum> {
    let all = || first.iter().map(|value| (*value, true)).chain(second.iter().map(|value| (*value, false)));
    let mut sorted: Vec<(f64, bool)> = all().collect();
    if first.is_empty() || second.is_empty() || sorted.iter().any(|(value, _)| value.is_nan()) {
        return None;
    }
    // Unlike for `total_cmp`, 0 and −0 are equal here.
    sorted.sort_by(|a, b| a.0.partial_cmp(&b.0).unwrap_or(Ordering::Equal));
    let ties: Vec<&[(f64, bool)]> = sorted.chunk_by(|a, b| a.0 == b.0).collect();
    if ties.len() < 2 {
        return None;
    }
    // Ranks are doubled, so that the mean of two is an integer.
    let mut doubled: Vec<usize> = Vec::with_capacity(sorted.len());
    let mut sum = 0;
    for group in &ties {
        let rank = 2 * doubled.len() + group.len() + 1;
        sum += rank * group.iter().filter(|(_, is_first)| *is_first).count();
        doubled.extend(group.iter().map(|_| rank));
    }
    // Twice the mean rank is n + 1, so this is the expected sum of doubled ranks.
    let expected = first.len() * (sorted.len() + 1);
    let p = if sorted.len() <= EXACT {
        exact(&doubled, first.len(), sum)
    } else {
        let sizes: Vec<f64> = ties.iter().map(|group| group.len() as f64).collect();
        approximate(&sizes, first.len(), sum.abs_diff(expected))
    };
    Some(RankSum { p: p.min(1.0), side: sum.cmp(&expected) })
}

/// Returns 2 min(P(W ≤ `sum`), P(W ≥ `sum`)), where W is the sum of `size` of the ranks, drawn at random. Up to 50
/// ranks, every count is below 2⁵³ and exact.
fn exact(ranks: &[usize], size: usize, sum: usize) -> f64 {
    let total: usize = ranks.iter().sum();
    // `counts[drawn][sum]` is the number of ways to draw so many ranks with this sum.
    let mut counts = vec![vec![0.0_f64; total + 1]; size + 1];
    counts[0][0] = 1.0;
    for &rank in ranks {
        for drawn in (1..=size).rev() {
            let (before, after) = counts.split_at_mut(drawn);
            for sum in rank..=total {
                after[0][sum] += before[drawn - 1][sum - rank];
            }
        }
    }
    let draws = &counts[size];
    let all: f64 = draws.iter().sum();
    let (low, high): (f64, f64) = (draws[..=sum].iter().sum(), draws[sum..].iter().sum());
    2.0 * low.min(high) / all
}

/// Returns the p-value of the normal approximation. `sizes` are the sizes of the groups of equal values. `size` is the
/// size of the first sample, and `distance` is how far its doubled rank sum lies from the expected one.
fn approximate(sizes: &[f64], size: usize, distance: usize) -> f64 {
    let n: f64 = sizes.iter().sum();
    let (first, second) = (size as f64, n - size as f64);
    let ties: f64 = sizes.iter().map(|size| size.powi(3) - size).sum();
    let sd = (first * second / 12.0 * (n + 1.0 - ties / (n * (n - 1.0)))).sqrt();
    // The correction for continuity is half a rank.
    let corrected = (0.5 * distance as f64 - 0.5).max(0.0);
    2.0 * normal_cdf(-corrected / sd)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn p(first: &[f64], second: &[f64]) -> Option<f64> {
        rank_sum(first, second).map(|it| it.p)
    }

    #[test]
    fn failed_runs_are_tied_as_the_worst() {
        let worst = f64::NEG_INFINITY;
        let found = rank_sum(&[0.9, 0.8, 0.7], &[worst, worst, worst]).unwrap();
        // Of 20 divisions, one is as extreme on each side.
        assert_eq!((found.p, found.side), (0.1, Ordering::Greater));
        assert_eq!(p(&[worst; 3], &[worst; 3]), None);
        assert_eq!(p(&[worst, 0.5], &[worst, 0.5]), Some(1.0));
    }

    #[test]
    fn wrong_samples_have_no_p() {
        assert_eq!(
            (p(&[], &[1.0]), p(&[1.0], &[]), p(&[f64::NAN], &[1.0]), p(&[0.0], &[-0.0])),
            (None, None, None, None)
        );
    }

    #[test]
    fn approximation_is_close_to_the_exact_distribution() {
        let first: Vec<f64> = (0..25).map(|i| f64::from(3 * i)).collect();
        let second: Vec<f64> = (0..25).map(|i| f64::from(2 * i) + 0.5).collect();
        let exact = rank_sum(&first, &second).unwrap().p;
        let ranks: usize = first.iter().map(|a| 2 * first.iter().chain(&second).filter(|b| *b <= a).count()).sum();
        let near = approximate(&[1.0; 50], 25, ranks.abs_diff(25 * 51));
        assert!((near / exact - 1.0).abs() < 0.02, "{near} {exact}");
    }
}
