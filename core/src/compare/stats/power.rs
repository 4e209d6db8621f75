//! Power: the probability that a t test finds a true difference, and the number of seeds that this takes.
//!
//! With a true difference d, t follows the noncentral t distribution with δ = d / standard error (paired: d √n / s).
//! The numbers are those of statsmodels' `TTestPower` (paired) and `TTestIndPower` (two samples of equal spread),
//! rounded up to whole seeds.
//!
//! The true difference and the true spread are unknown. The observed ones give an estimate, which is rough with few
//! seeds. If seeds are added until a test is significant, false alarms are more frequent (17 % instead of 5 % from 3 to
//! 10 seeds). So decide on the number of seeds first.

use super::difference::{Difference, SEEDS_FOR_P, Test, satterthwaite};
use super::distribution::{noncentral_t_cdf, noncentral_t_sf, normal_quantile, t_quantile};

/// The largest number of seeds that is tried.
pub const MOST_SEEDS: u64 = 10_000_000;

/// The goal of a test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Goal {
    /// The two-sided probability of a false alarm. For a pair in a family of m, α / m is enough for Holm's correction.
    pub alpha: f64,
    /// The probability of finding the difference.
    pub power: f64,
}

impl Default for Goal {
    fn default() -> Self {
        Goal { alpha: 0.05, power: 0.8 }
    }
}

/// Returns the power of a paired t test of `n` pairs, for a true difference and the standard deviation of the
/// differences of pairs. `None` if `n` is below 2, `sd` is not above 0, `alpha` is not between 0 and 1, or a number is
/// not finite.
pub fn paired_power(n: u64, difference: f64, sd: f64, alpha: f64) -> Option<f64> {
    if n < 2 || !sd.is_finite() || sd <= 0.0 {
        return None;
    }
    let pairs = n as f64;
    power(difference / sd * pairs.sqrt(), pairs - 1.0, alpha)
}

/// Returns the power of Welch's test of two samples of `n` each, for a true difference and the two standard deviations.
/// `None` as in [`paired_power`]. One of the standard deviations may be 0.
///
/// The degrees of freedom are those of the true standard deviations: 2n − 2 if they are equal.
pub fn welch_power(n: u64, difference: f64, sds: [f64; 2], alpha: f64) -> Option<f64> {
    let sd = sds[0].hypot(sds[1]);
    if n < 2 || !sd.is_finite() || sd <= 0.0 || sds.iter().any(|&sd| sd < 0.0) {
        return None;
    }
    let each = n as f64;
    power(difference / sd * each.sqrt(), satterthwaite(sds, [each; 2]), alpha)
}

/// Returns P(|T| > the critical value) for a noncentral T.
fn power(delta: f64, df: f64, alpha: f64) -> Option<f64> {
    if !(delta.is_finite() && alpha > 0.0 && alpha < 1.0) {
        return None;
    }
    let critical = -t_quantile(alpha / 2.0, df);
    let power = noncentral_t_sf(critical, df, delta) + noncentral_t_cdf(-critical, df, delta);
    (!power.is_nan()).then(|| power.min(1.0))
}

/// Returns the smallest number of pairs with which a paired t test reaches the goal. It is at least [`SEEDS_FOR_P`].
/// `None` if the difference is 0, if it takes more than [`MOST_SEEDS`], if [`paired_power`] is `None`, or if the power
/// of the goal is not between α and 1.
pub fn seeds_for_paired(difference: f64, sd: f64, goal: Goal) -> Option<u64> {
    smallest(goal, difference / sd, |n| paired_power(n, difference, sd, goal.alpha))
}

/// Returns the smallest number of seeds of each sample with which Welch's test reaches the goal. `None` as in
/// [`seeds_for_paired`].
pub fn seeds_for_welch(difference: f64, sds: [f64; 2], goal: Goal) -> Option<u64> {
    smallest(goal, difference / sds[0].hypot(sds[1]), |n| welch_power(n, difference, sds, goal.alpha))
}

/// Returns the smallest n that reaches the goal. `effect` is the difference, in units of its standard deviation. Power
/// rises with n.
///
/// The search starts at the number for a test with a known standard deviation, which is close. A power takes about a tenth
/// of a millisecond, and a comparison of 40 strategies has 780 pairs.
fn smallest(goal: Goal, effect: f64, power: impl Fn(u64) -> Option<f64>) -> Option<u64> {
    // Power is never below α, so a goal up to α needs no seeds.
    if !(goal.power > goal.alpha && goal.power < 1.0) {
        return None;
    }
    let reaches = |n: u64| power(n).map(|power| power >= goal.power);
    let (least, most) = (SEEDS_FOR_P as u64, MOST_SEEDS);
    let critical = -normal_quantile(goal.alpha / 2.0);
    let known = ((critical + normal_quantile(goal.power)) / effect).powi(2) + 0.5 * critical * critical;
    // A conversion from NaN gives 0, and one from infinity the largest number.
    let start = (known.ceil() as u64).clamp(least, most);
    // After these loops, `high` reaches the goal. `low` does not, or is below every n that counts.
    let (mut low, mut high) = (start, start);
    let mut step = 1;
    if reaches(start)? {
        loop {
            low = high.saturating_sub(step).max(least - 1);
            if low < least || !reaches(low)? {
                break;
            }
            high = low;
            step *= 2;
        }
    } else {
        loop {
            if low == most {
                return None;
            }
            high = (low + step).min(most);
            if reaches(high)? {
                break;
            }
            low = high;
            step *= 2;
        }
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if reaches(middle)? {
            high = middle;
        } else {
            low = middle;
        }
    }
    Some(high)
}

impl Difference {
    /// Returns the number of seeds of each sample with which the test reaches the goal, if this difference and this
    /// spread are the true ones. `None` if a sample has one seed, or as in [`seeds_for_paired`].
    pub fn seeds_needed(&self, goal: Goal) -> Option<u64> {
        match self.test {
            Test::Paired => seeds_for_paired(self.mean, self.sd?, goal),
            Test::Welch => {
                let [first, second] = self.sds;
                seeds_for_welch(self.mean, [first?, second?], goal)
            }
        }
    }

    /// Returns how many seeds the smaller sample lacks to [`Difference::seeds_needed`]. `None` as there.
    pub fn more_seeds(&self, goal: Goal) -> Option<u64> {
        let have = self.n[0].min(self.n[1]) as u64;
        Some(self.seeds_needed(goal)?.saturating_sub(have))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::stats::{paired, welch};

    #[test]
    fn power_of_no_difference_is_alpha() {
        assert!((paired_power(5, 0.0, 1.0, 0.05).unwrap() - 0.05).abs() < 1e-12);
        assert!((welch_power(5, 0.0, [1.0, 3.0], 0.01).unwrap() - 0.01).abs() < 1e-12);
    }

    #[test]
    fn ten_seeds_settle_one_standard_deviation() {
        assert_eq!(seeds_for_paired(1.0, 1.0, Goal::default()), Some(10));
        assert_eq!(seeds_for_paired(-1.0, 1.0, Goal::default()), Some(10));
        assert_eq!(seeds_for_paired(50.0, 1.0, Goal::default()), Some(3));
        assert_eq!(seeds_for_welch(1.0, [1.0, 1.0], Goal::default()), Some(17));
    }

    #[test]
    fn number_of_seeds_is_the_first_that_reaches_the_goal() {
        for effect in [0.01, 0.1, 0.35, 0.8, 1.7] {
            let goal = Goal { alpha: 0.05 / 3.0, power: 0.9 };
            let n = seeds_for_paired(effect, 1.0, goal).unwrap();
            assert!(paired_power(n, effect, 1.0, goal.alpha).unwrap() >= 0.9);
            assert!(n == 3 || paired_power(n - 1, effect, 1.0, goal.alpha).unwrap() < 0.9);
        }
    }

    #[test]
    fn more_seeds_are_the_needed_ones_minus_the_present_ones() {
        let pairs = paired(&[1.0, 2.0, 3.0, 4.0], &[0.0, 2.5, 2.0, 2.0]).unwrap();
        let needed = pairs.seeds_needed(Goal::default()).unwrap();
        assert_eq!(pairs.more_seeds(Goal::default()), Some(needed - 4));
        let clear = welch(&[1.0, 1.1, 1.2, 1.3], &[9.0, 9.1, 9.2]).unwrap();
        assert_eq!(clear.more_seeds(Goal::default()), Some(0));
    }

    #[test]
    fn goals_that_cannot_be_reached_are_none() {
        let goal = Goal::default();
        assert_eq!(seeds_for_paired(0.0, 1.0, goal), None);
        assert_eq!(seeds_for_paired(1e-9, 1.0, goal), None);
        assert_eq!(seeds_for_paired(1e300, 1e-300, goal), None);
        for sd in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(seeds_for_paired(f64::NAN, sd, goal), None);
            assert_eq!((seeds_for_paired(1.0, sd, goal), seeds_for_welch(1.0, [sd, sd], goal)), (None, None));
            assert_eq!((paired_power(5, 1.0, sd, 0.05), welch_power(5, 1.0, [sd, sd], 0.05)), (None, None));
        }
        for (alpha, power) in [(0.0, 0.8), (0.05, 1.0), (f64::NAN, 0.8), (0.05, f64::NAN), (0.5, 0.1)] {
            assert_eq!(seeds_for_paired(1.0, 1.0, Goal { alpha, power }), None);
        }
        assert_eq!(welch_power(5, 1.0, [1.0, f64::INFINITY], 0.05), None);
        assert_eq!((paired_power(1, 1.0, 1.0, 0.05), welch_power(1, 1.0, [1.0; 2], 0.05)), (None, None));
    }
}
