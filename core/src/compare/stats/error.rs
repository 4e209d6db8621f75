//! The reasons why a statistic does not exist.

use thiserror::Error;

/// The reason why a statistic of some numbers does not exist.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StatsError {
    #[error("at least {needed} values are needed, but there are {found}")]
    TooFew { needed: usize, found: usize },
    #[error("a value is NaN, infinite, or too large to compute with")]
    NotFinite,
    #[error("the samples have {0} and {1} values, but pairs need the same number")]
    Lengths(usize, usize),
    #[error("a p-value is NaN or outside 0 to 1")]
    NotAProbability,
    #[error("a time to the target is NaN or not above 0")]
    NotATime,
    #[error("problem {problem} has {found} strategies, but the first problem has {expected}")]
    Ragged { problem: usize, found: usize, expected: usize },
    #[error("the positions do not increase")]
    NotIncreasing,
}
