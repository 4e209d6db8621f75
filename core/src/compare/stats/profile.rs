//! Performance profiles over many problems (Dolan and Moré 2002), and AlgoPerf's score.
//!
//! The ratio of a strategy on a problem is its time to the target divided by the time of the fastest strategy there.
//! The profile ρ(τ) of a strategy is the share of problems on which its ratio is at most τ. If every
//! strategy missed the target of a problem, all its ratios are infinite.
//!
//! The profiles depend on which strategies take part: if one is left out, another may become the fastest.

use super::error::StatsError;

/// The largest ratio that AlgoPerf's score takes into account.
pub const R_MAX: f64 = 4.0;

/// The number of ratios, evenly spaced, at which AlgoPerf's score takes the profile.
const POINTS: u32 = 100;

/// The profiles of strategies over problems.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// The ratios of each strategy, one for each problem. A ratio is at least 1, or infinite if the target was missed.
    ratios: Vec<Vec<f64>>,
}

impl Profile {
    /// Returns the profiles of `times[problem][strategy]`, the times to the target. An infinite time is a missed
    /// target. All times of a problem have one unit. Returns an error if there is no problem or no strategy, if the
    /// problems differ in the number of strategies, or if a time is NaN or not above 0.
    pub fn of(times: &[Vec<f64>]) -> Result<Self, StatsError> {
        let strategies = times.first().map_or(0, Vec::len);
        if strategies == 0 {
            return Err(StatsError::TooFew { needed: 1, found: 0 });
        }
        let mut ratios = vec![Vec::with_capacity(times.len()); strategies];
        for (problem, row) in times.iter().enumerate() {
            if row.len() != strategies {
                return Err(StatsError::Ragged { problem, found: row.len(), expected: strategies });
            }
            if row.iter().any(|time| time.is_nan() || *time <= 0.0) {
                return Err(StatsError::NotATime);
            }
            let fastest = row.iter().copied().fold(f64::INFINITY, f64::min);
            for (ratios, time) in ratios.iter_mut().zip(row) {
                ratios.push(if time.is_finite() { time / fastest } else { f64::INFINITY });
            }
        }
        Ok(Profile { ratios })
    }

    /// Returns the number of strategies.
    pub fn strategies(&self) -> usize {
        self.ratios.len()
    }

    /// Returns ρ(`tau`) of a strategy, between 0 and 1. `None` if there is no such strategy or `tau` is not a finite
    /// number.
    pub fn share(&self, strategy: usize, tau: f64) -> Option<f64> {
        let ratios = self.ratios.get(strategy).filter(|_| tau.is_finite())?;
        Some(ratios.iter().filter(|ratio| **ratio <= tau).count() as f64 / ratios.len() as f64)
    }

    /// Returns the corners of the profile, which is a step function: pairs of a ratio and ρ from that ratio on, in
    /// rising order, without missed targets. `None` if there is no such strategy.
    pub fn corners(&self, strategy: usize) -> Option<Vec<(f64, f64)>> {
        let mut sorted: Vec<f64> = self.ratios.get(strategy)?.iter().copied().filter(|it| it.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        sorted.dedup();
        sorted.into_iter().map(|ratio| Some((ratio, self.share(strategy, ratio)?))).collect()
    }

    /// Returns AlgoPerf's score of a strategy: the integral of its profile over τ from 1 to `r_max`, divided by
    /// `r_max` − 1. It is 1 for a strategy that is the fastest everywhere, and 0 for one that always takes more than
    /// `r_max` times as long as the fastest. AlgoPerf's `r_max` is [`R_MAX`].
    ///
    /// As in AlgoPerf's code, the integral is the trapezoidal rule over 100 evenly spaced ratios. `None` if there is
    /// no such strategy, or `r_max` is not a finite number above 1.
    pub fn score(&self, strategy: usize, r_max: f64) -> Option<f64> {
        if !(r_max > 1.0 && r_max.is_finite()) {
            return None;
        }
        let width = (r_max - 1.0) / f64::from(POINTS - 1);
        let ratio = |point: u32| if point == POINTS - 1 { r_max } else { f64::from(point) * width + 1.0 };
        let mut sum = 0.0;
        for point in 1..POINTS {
            let (low, high) = (ratio(point - 1), ratio(point));
            sum += (high - low) * 0.5 * (self.share(strategy, low)? + self.share(strategy, high)?);
        }
        Some(sum / (r_max - 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INF: f64 = f64::INFINITY;

    #[test]
    fn shares_and_corners() {
        let profile = Profile::of(&[vec![10.0, 20.0], vec![30.0, 10.0], vec![INF, INF], vec![5.0, INF]]).unwrap();
        assert_eq!((profile.strategies(), profile.share(0, 1.0), profile.share(0, 3.0)), (2, Some(0.5), Some(0.75)));
        assert_eq!((profile.share(1, 0.9), profile.share(1, 2.0)), (Some(0.0), Some(0.5)));
        assert_eq!(profile.corners(0), Some(vec![(1.0, 0.5), (3.0, 0.75)]));
        assert_eq!((profile.share(2, 1.0), profile.corners(2), profile.share(0, f64::NAN)), (None, None, None));
    }

    #[test]
    fn score_of_the_fastest_is_one() {
        let profile = Profile::of(&[vec![1.0, 4.1, INF], vec![2.0, 9.0, INF]]).unwrap();
        assert!((profile.score(0, R_MAX).unwrap() - 1.0).abs() < 1e-14);
        assert_eq!((profile.score(1, R_MAX), profile.score(2, R_MAX)), (Some(0.0), Some(0.0)));
        for r_max in [1.0, 0.0, f64::NAN, INF] {
            assert_eq!(profile.score(0, r_max), None);
        }
    }

    #[test]
    fn wrong_times_are_errors() {
        let none = StatsError::TooFew { needed: 1, found: 0 };
        assert_eq!((Profile::of(&[]), Profile::of(&[vec![]])), (Err(none.clone()), Err(none)));
        for time in [0.0, -1.0, f64::NAN, -INF] {
            assert_eq!(Profile::of(&[vec![1.0, time]]), Err(StatsError::NotATime));
        }
        let ragged = Profile::of(&[vec![1.0], vec![1.0, 2.0]]);
        assert_eq!(ragged, Err(StatsError::Ragged { problem: 1, found: 2, expected: 1 }));
    }
}
