//! The difference of two means, with its Student t interval and p-value: paired, and Welch's.
//!
//! A paired test has n − 1 degrees of freedom. Welch's test has those of Satterthwaite (1946):
//! df = (v₁ + v₂)² / (v₁²/(n₁ − 1) + v₂²/(n₂ − 1)) with v = s²/n.
//!
//! Without any spread (all differences are equal, or both samples are constant) the interval has width 0. The p-value
//! is then 0 if the mean differs from 0, as in SciPy, and 1 if it does not, where SciPy has NaN.
//!
//! An interval is that of one pair alone. Decisions about a family of pairs use Holm's p-values. So a 95 % interval can
//! exclude 0 although the pair is not told apart.

use super::describe::{mean, sd};
use super::distribution::{t_quantile, t_sf};
use super::error::StatsError;

/// The smallest number of seeds per sample that has a p-value. With two seeds the t distribution has one or two degrees
/// of freedom, and a test has almost no power.
pub const SEEDS_FOR_P: usize = 3;

/// The probability with which the interval of a [`Difference`] covers the true difference.
pub const LEVEL: f64 = 0.95;

/// The test that a difference comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    /// Student's t test of the differences of pairs.
    Paired,
    /// Welch's t test of two independent samples.
    Welch,
}

/// A range of values. Both ends are finite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
}

impl Interval {
    /// Returns whether `value` lies in the interval, its ends included.
    pub fn contains(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }
}

/// The mean of the first sample minus that of the second, with its uncertainty. All fields are in the unit of the
/// values, except `test`, `n`, `df` and `p`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    pub test: Test,
    /// The number of seeds of each sample. Both are the number of pairs in a paired test.
    pub n: [usize; 2],
    pub mean: f64,
    /// The standard deviation of each sample. `None` with one seed.
    pub sds: [Option<f64>; 2],
    /// For a paired test, the standard deviation of the differences. For Welch's test, √((s₁² + s₂²) / 2). `None` if a
    /// sample has one seed.
    pub sd: Option<f64>,
    /// The standard error of `mean`. `None` if a sample has one seed.
    pub standard_error: Option<f64>,
    /// The degrees of freedom. `None` if a sample has one seed.
    pub df: Option<f64>,
    /// The 95 % interval of this pair alone. `None` if a sample has one seed.
    pub interval: Option<Interval>,
    /// The two-sided p-value of the hypothesis that the true difference is 0. `None` below [`SEEDS_FOR_P`] seeds.
    pub p: Option<f64>,
}

/// Compares `first` with `second`, which have the same seeds in the same order. Returns an error if there is no pair,
/// the lengths differ, or a value is not finite.
pub fn paired(first: &[f64], second: &[f64]) -> Result<Difference, StatsError> {
    if first.len() != second.len() {
        return Err(StatsError::Lengths(first.len(), second.len()));
    }
    let n = first.len();
    if n == 0 {
        return Err(StatsError::TooFew { needed: 1, found: 0 });
    }
    let differences: Vec<f64> = first.iter().zip(second).map(|(first, second)| first - second).collect();
    let centre = mean(&differences).ok_or(StatsError::NotFinite)?;
    let spread = spread(&differences)?;
    let known = Known {
        test: Test::Paired,
        n: [n; 2],
        mean: centre,
        sds: [sd(first), sd(second)],
        sd: spread,
        standard_error: spread.map(|sd| sd / (n as f64).sqrt()),
        df: spread.map(|_| (n - 1) as f64),
    };
    Ok(known.difference())
}

/// Compares two independent samples. Returns an error if one is empty, or a value is not finite.
pub fn welch(first: &[f64], second: &[f64]) -> Result<Difference, StatsError> {
    let shorter = first.len().min(second.len());
    if shorter == 0 {
        return Err(StatsError::TooFew { needed: 1, found: 0 });
    }
    let means = [mean(first), mean(second)].map(|mean| mean.ok_or(StatsError::NotFinite));
    let [first_mean, second_mean] = means;
    let centre = first_mean? - second_mean?;
    if !centre.is_finite() {
        return Err(StatsError::NotFinite);
    }
    let n = [first.len(), second.len()];
    let sds = [spread(first)?, spread(second)?];
    let spreads = if let [Some(first), Some(second)] = sds { Some([first, second]) } else { None };
    let known = Known {
        test: Test::Welch,
        n,
        mean: centre,
        sds,
        sd: spreads.map(|[first, second]| first.hypot(second) / std::f64::consts::SQRT_2),
        standard_error: spreads
            .map(|[first, second]| (first / (n[0] as f64).sqrt()).hypot(second / (n[1] as f64).sqrt())),
        df: spreads.map(|sds| satterthwaite(sds, n.map(|n| n as f64))),
    };
    Ok(known.difference())
}

/// Returns the degrees of freedom of Welch's test. If both standard deviations are 0, the result is 1, as in SciPy.
pub(super) fn satterthwaite(sds: [f64; 2], n: [f64; 2]) -> f64 {
    let largest = sds[0].max(sds[1]);
    if largest == 0.0 {
        return 1.0;
    }
    // Divided by the largest one, squares neither overflow nor vanish.
    let variance = |index: usize| (sds[index] / largest).powi(2) / n[index];
    let (first, second) = (variance(0), variance(1));
    (first + second).powi(2) / (first.powi(2) / (n[0] - 1.0) + second.powi(2) / (n[1] - 1.0))
}

/// Returns the standard deviation. `None` for a single value. Returns an error if it is not finite.
fn spread(values: &[f64]) -> Result<Option<f64>, StatsError> {
    if values.len() < 2 { Ok(None) } else { sd(values).map(Some).ok_or(StatsError::NotFinite) }
}

/// The fields of a difference from which its interval and p-value are computed.
struct Known {
    test: Test,
    n: [usize; 2],
    mean: f64,
    sds: [Option<f64>; 2],
    sd: Option<f64>,
    standard_error: Option<f64>,
    df: Option<f64>,
}

impl Known {
    fn difference(self) -> Difference {
        let Known { test, n, mean, sds, sd, standard_error, df } = self;
        let mut difference = Difference { test, n, mean, sds, sd, standard_error, df, interval: None, p: None };
        difference.interval = difference.interval_at(LEVEL);
        difference.p = difference.tail(mean.abs()).map(|tail| (2.0 * tail).min(1.0));
        difference
    }
}

impl Difference {
    /// Returns the interval that covers the true difference with probability `level`. `None` if a sample has one seed,
    /// `level` is not between 0 and 1, or an end is infinite.
    pub fn interval_at(&self, level: f64) -> Option<Interval> {
        let (error, df) = (self.standard_error?, self.df?);
        if !(level > 0.0 && level < 1.0) {
            return None;
        }
        // Without spread, t may be infinite, and ∞ · 0 would be NaN.
        let half = if error == 0.0 { 0.0 } else { -t_quantile((1.0 - level) / 2.0, df) * error };
        let interval = Interval { low: self.mean - half, high: self.mean + half };
        (interval.low.is_finite() && interval.high.is_finite()).then_some(interval)
    }

    /// Returns the p-value of the hypothesis that the true difference is at least `margin`, in either direction. It is
    /// the larger p-value of two one-sided t tests (TOST, Schuirmann 1987). If it is small, the strategies are
    /// equivalent. It is at most α exactly if the interval at level 1 − 2α lies within ±`margin`.
    ///
    /// `None` below [`SEEDS_FOR_P`] seeds, or if `margin` is not a finite number above 0.
    pub fn equivalence_p(&self, margin: f64) -> Option<f64> {
        if !(margin > 0.0 && margin.is_finite()) {
            return None;
        }
        self.tail(margin - self.mean.abs())
    }

    /// Returns the probability of a t above `distance` / standard error. `None` below [`SEEDS_FOR_P`] seeds.
    fn tail(&self, distance: f64) -> Option<f64> {
        let (error, df) = (self.standard_error?, self.df?);
        if self.n.iter().any(|&n| n < SEEDS_FOR_P) {
            return None;
        }
        if error > 0.0 {
            return Some(t_sf(distance / error, df));
        }
        // Without spread, the probability is 0, ½ or 1.
        Some(if distance > 0.0 {
            0.0
        } else if distance == 0.0 {
            0.5
        } else {
            1.0
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_has_no_interval_and_two_have_no_p() {
        let one = paired(&[0.9], &[0.8]).unwrap();
        assert_eq!((one.mean, one.interval, one.p, one.df, one.sd), (0.9 - 0.8, None, None, None, None));
        let two = paired(&[0.9, 0.8], &[0.8, 0.5]).unwrap();
        assert!(two.interval.is_some() && two.p.is_none() && two.df == Some(1.0));
        let uneven = welch(&[0.9, 0.8, 0.7], &[0.5]).unwrap();
        assert_eq!((uneven.interval, uneven.p, uneven.sds[1], uneven.n), (None, None, None, [3, 1]));
    }

    #[test]
    fn without_spread_the_interval_has_no_width() {
        let same = paired(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0]).unwrap();
        assert_eq!((same.interval, same.p), (Some(Interval { low: 0.0, high: 0.0 }), Some(1.0)));
        let shifted = paired(&[1.5, 2.5, 3.5], &[1.0, 2.0, 3.0]).unwrap();
        assert_eq!((shifted.interval, shifted.p), (Some(Interval { low: 0.5, high: 0.5 }), Some(0.0)));
        let constant = welch(&[0.1; 3], &[0.1; 4]).unwrap();
        assert_eq!((constant.mean, constant.p, constant.df), (0.0, Some(1.0), Some(1.0)));
        assert_eq!(welch(&[0.3; 3], &[0.1; 4]).unwrap().p, Some(0.0));
        assert_eq!((shifted.equivalence_p(0.6), shifted.equivalence_p(0.4)), (Some(0.0), Some(1.0)));
    }

    #[test]
    fn one_constant_sample_leaves_the_degrees_of_freedom_of_the_other() {
        assert_eq!(welch(&[0.5; 9], &[0.1, 0.2, 0.4]).unwrap().df, Some(2.0));
    }

    #[test]
    fn wrong_input_is_an_error() {
        use StatsError::{Lengths, NotFinite, TooFew};
        assert_eq!(paired(&[], &[]), Err(TooFew { needed: 1, found: 0 }));
        assert_eq!(welch(&[], &[1.0]), Err(TooFew { needed: 1, found: 0 }));
        assert_eq!(paired(&[1.0], &[1.0, 2.0]), Err(Lengths(1, 2)));
        for bad in [f64::NAN, f64::INFINITY, -f64::INFINITY] {
            assert_eq!(paired(&[1.0, bad], &[1.0, 2.0]), Err(NotFinite));
            assert_eq!(welch(&[1.0, bad], &[1.0, 2.0]), Err(NotFinite));
        }
        assert_eq!(paired(&[1.7e308, 0.0], &[-1.7e308, 0.0]), Err(NotFinite));
        assert_eq!(welch(&[1.7e308], &[-1.7e308]), Err(NotFinite));
    }

    #[test]
    fn wrong_levels_and_margins_give_none() {
        let it = paired(&[1.0, 2.0, 4.0], &[1.0, 1.0, 1.0]).unwrap();
        for level in [0.0, 1.0, -1.0, f64::NAN] {
            assert_eq!(it.interval_at(level), None);
        }
        for margin in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(it.equivalence_p(margin), None);
        }
    }
}
