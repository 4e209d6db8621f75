//! The statistics of comparisons: pure functions of numbers, which read no file and print nothing.
//!
//! | module | |
//! |---|---|
//! | `describe` | mean, standard deviation, median, quantiles |
//! | `difference` | the difference of two means with its interval and p-value: paired t, Welch |
//! | `family` | Holm's p-values, simultaneous intervals |
//! | `wins`, `signed_rank` | the sign test, the share of wins, Wilcoxon's test |
//! | `rank_sum` | Mann and Whitney's test |
//! | `power` | how many seeds it takes to find a difference |
//! | `decision`, `letters` | better, worse, equivalent or not told apart; groups of strategies |
//! | `profile`, `area` | performance profiles and AlgoPerf's score, the area under a curve |
//! | `correlation`, `gap` | what pairing gains, seeds that fall into two groups |
//! | `distribution` | normal, beta, t, noncentral t |
//!
//! The golden cases in `tests/golden/statistics/` compare them with SciPy and statsmodels to 1e-9.
//!
//! No function panics. A statistic that does not exist is `None` if the reason is plain, and a [`StatsError`] if a user
//! needs to know the reason. NaN is never skipped. Infinite values are errors, except where infinity means a missed
//! target (quantiles, times to the target) or only signs and order count (wins, signed ranks). A run that diverged has
//! no value. It is counted elsewhere, and not averaged.

mod area;
mod correlation;
mod decision;
mod describe;
mod difference;
mod distribution;
mod error;
mod family;
mod gap;
mod letters;
mod power;
mod profile;
mod rank_sum;
mod signed_rank;
#[cfg(test)]
mod tests;
mod wins;

pub use area::area_under_curve;
pub use correlation::correlation;
pub use decision::{Decision, decide};
pub use describe::{mean, median, quantile, sd};
pub use difference::{Difference, Interval, LEVEL, SEEDS_FOR_P, Test, paired, welch};
pub use distribution::{
    beta_cdf, beta_quantile, noncentral_t_cdf, noncentral_t_sf, normal_cdf, normal_quantile, t_cdf, t_quantile, t_sf,
};
pub use error::StatsError;
pub use family::holm;
pub use gap::{Gap, SEEDS_FOR_GAP, gap};
pub use letters::letters;
pub use power::{Goal, MOST_SEEDS, paired_power, seeds_for_paired, seeds_for_welch, welch_power};
pub use profile::{Profile, R_MAX};
pub use rank_sum::{RankSum, rank_sum};
pub use signed_rank::{EXACT, signed_rank_p};
pub use wins::{Wins, smallest_sign_p};
