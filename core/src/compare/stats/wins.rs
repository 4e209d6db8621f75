//! Counts of wins: the sign test, and the interval of the share of wins by Clopper and Pearson (1934).
//!
//! Both assume nothing about the distribution of the values. Ties are counted separately. Neither the test nor the
//! share includes them.

use super::difference::Interval;
use super::distribution::{beta_cdf, beta_quantile};

/// The numbers of seeds on which the first of two strategies is better, equal and worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wins {
    pub wins: u64,
    pub ties: u64,
    pub losses: u64,
}

impl Wins {
    /// Counts differences: one above 0 is a win. For a loss or an error, where less is better, pass the second minus
    /// the first. An infinite difference counts like any other. `None` if one is NaN.
    pub fn of(differences: &[f64]) -> Option<Self> {
        if differences.iter().any(|difference| difference.is_nan()) {
            return None;
        }
        let count = |matches: fn(&f64) -> bool| differences.iter().filter(|it| matches(it)).count() as u64;
        Some(Wins { wins: count(|it| *it > 0.0), ties: count(|it| *it == 0.0), losses: count(|it| *it < 0.0) })
    }

    /// Returns the number of pairs that are not tied.
    pub fn untied(&self) -> u64 {
        self.wins.saturating_add(self.losses)
    }

    /// Returns the exact two-sided p-value of the sign test: 2 P(X ≤ min(wins, losses)), at most 1, for a binomial X
    /// with probability ½. `None` if all pairs are tied.
    pub fn p(&self) -> Option<f64> {
        let (n, fewer) = (self.untied(), self.wins.min(self.losses));
        // P(X ≤ k) = I_½(n − k, k + 1).
        (n > 0).then(|| (2.0 * beta_cdf(0.5, (n - fewer) as f64, fewer as f64 + 1.0)).min(1.0))
    }

    /// Returns the share of wins among the pairs that are not tied. `None` if all pairs are tied.
    pub fn share(&self) -> Option<f64> {
        (self.untied() > 0).then(|| self.wins as f64 / self.untied() as f64)
    }

    /// Returns the exact interval of the true share of wins. It covers that share with a probability of at least
    /// `level`. `None` if all pairs are tied, or if `level` is not between 0 and 1.
    pub fn interval(&self, level: f64) -> Option<Interval> {
        if self.untied() == 0 || !(level > 0.0 && level < 1.0) {
            return None;
        }
        let (wins, losses) = (self.wins as f64, self.losses as f64);
        let tail = (1.0 - level) / 2.0;
        let low = if self.wins == 0 { 0.0 } else { beta_quantile(tail, wins, losses + 1.0) };
        let high = if self.losses == 0 { 1.0 } else { 1.0 - beta_quantile(tail, losses, wins + 1.0) };
        Some(Interval { low, high })
    }
}

/// Returns the smallest two-sided p-value that the sign test of `n` untied pairs can give: 2 / 2ⁿ, or 1 for no pair.
/// The signed-rank test has the same one.
pub fn smallest_sign_p(n: u64) -> f64 {
    let exponent = i32::try_from(n.saturating_sub(1)).unwrap_or(i32::MAX);
    0.5_f64.powi(exponent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::stats::tests::assert_near;

    #[test]
    fn all_wins_give_the_smallest_p() {
        for n in 1..=20 {
            let wins = Wins { wins: n, ties: 3, losses: 0 };
            assert_near(wins.p().unwrap(), smallest_sign_p(n), "p");
            assert_near(wins.interval(0.95).unwrap().low, 0.025_f64.powf(1.0 / n as f64), "low");
            assert_eq!(wins.interval(0.95).unwrap().high, 1.0);
        }
        assert_eq!(smallest_sign_p(6), 0.03125);
        assert_eq!((smallest_sign_p(0), smallest_sign_p(u64::MAX)), (1.0, 0.0));
    }

    #[test]
    fn counts_and_ties() {
        let inf = f64::INFINITY;
        let wins = Wins::of(&[1.0, 0.0, -0.0, -2.0, inf, -inf]).unwrap();
        assert_eq!(wins, Wins { wins: 2, ties: 2, losses: 2 });
        assert_eq!((wins.p(), wins.share()), (Some(1.0), Some(0.5)));
        assert_eq!(Wins::of(&[f64::NAN]), None);
    }

    #[test]
    fn ties_alone_have_no_p_and_no_share() {
        let ties = Wins::of(&[0.0, 0.0]).unwrap();
        assert_eq!((ties.p(), ties.share(), ties.interval(0.95)), (None, None, None));
        assert_eq!(Wins { wins: 1, ties: 0, losses: 0 }.interval(1.0), None);
    }
}
