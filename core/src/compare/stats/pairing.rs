//! Which runs of two strategies form pairs, and which test follows from that.
//!
//! The rule depends on the seeds alone, so it cannot favour the smaller p-value:
//!
//! - If every seed of the strategy with fewer runs also occurs in the other one, the runs are joined by seed and the
//!   test is paired. Runs of the other strategy without a partner are left out.
//! - Otherwise the test is Welch's, of all runs.

use std::collections::{BTreeMap, BTreeSet};

use super::difference::{Difference, Test, paired, welch};
use super::error::StatsError;

/// Two samples joined by seed. Every list is in the order of the seeds.
#[derive(Clone, Debug, PartialEq)]
pub struct Joined {
    pub pairs: Vec<Pair>,
    /// The runs of the first sample with a seed that the second one does not have.
    pub only_first: Vec<(u64, f64)>,
    /// The runs of the second sample with a seed that the first one does not have.
    pub only_second: Vec<(u64, f64)>,
}

/// The values of two strategies for one seed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    pub seed: u64,
    pub first: f64,
    pub second: f64,
}

/// Joins two samples of (seed, value). Any value is allowed. Returns an error if a seed occurs twice in a sample,
/// because it is unknown which of the two runs counts.
pub fn join(first: &[(u64, f64)], second: &[(u64, f64)]) -> Result<Joined, StatsError> {
    let first = by_seed(first, "first")?;
    let second = by_seed(second, "second")?;
    let pair = |(&seed, &first): (&u64, &f64)| second.get(&seed).map(|&second| Pair { seed, first, second });
    let without = |sample: &BTreeMap<u64, f64>, other: &BTreeMap<u64, f64>| {
        let other: BTreeSet<u64> = other.keys().copied().collect();
        sample.iter().map(|(&seed, &value)| (seed, value)).filter(|(seed, _)| !other.contains(seed)).collect()
    };
    Ok(Joined {
        pairs: first.iter().filter_map(pair).collect(),
        only_first: without(&first, &second),
        only_second: without(&second, &first),
    })
}

fn by_seed(sample: &[(u64, f64)], name: &'static str) -> Result<BTreeMap<u64, f64>, StatsError> {
    let mut values = BTreeMap::new();
    for &(seed, value) in sample {
        if values.insert(seed, value).is_some() {
            return Err(StatsError::SeedTwice { sample: name, seed });
        }
    }
    Ok(values)
}

impl Joined {
    /// Returns the test that the rule prescribes for these seeds.
    pub fn test(&self) -> Test {
        let nested = self.only_first.is_empty() || self.only_second.is_empty();
        if nested && !self.pairs.is_empty() { Test::Paired } else { Test::Welch }
    }

    /// Returns the first and the second values of the pairs.
    pub fn paired_values(&self) -> (Vec<f64>, Vec<f64>) {
        self.pairs.iter().map(|pair| (pair.first, pair.second)).unzip()
    }

    /// Returns the difference by the test that the rule prescribes. The errors are those of [`paired`] and [`welch`].
    pub fn difference(&self) -> Result<Difference, StatsError> {
        let (mut first, mut second) = self.paired_values();
        match self.test() {
            Test::Paired => paired(&first, &second),
            Test::Welch => {
                first.extend(self.only_first.iter().map(|(_, value)| value));
                second.extend(self.only_second.iter().map(|(_, value)| value));
                welch(&first, &second)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_joined_by_seed_and_not_by_row() {
        let joined = join(&[(3, 0.3), (1, 0.1), (2, 0.2)], &[(1, 1.0), (2, 2.0), (3, 3.0)]).unwrap();
        assert_eq!(joined.test(), Test::Paired);
        assert_eq!(joined.paired_values(), (vec![0.1, 0.2, 0.3], vec![1.0, 2.0, 3.0]));
    }

    #[test]
    fn seeds_of_one_strategy_inside_the_other_are_paired() {
        let joined = join(&[(1, 0.1), (2, 0.2)], &[(1, 1.0), (2, 2.0), (3, 3.0)]).unwrap();
        assert_eq!((joined.test(), joined.only_second.clone()), (Test::Paired, vec![(3, 3.0)]));
        assert_eq!(joined.difference().unwrap().n, [2, 2]);
    }

    #[test]
    fn seeds_that_differ_on_both_sides_are_not_paired() {
        let joined = join(&[(1, 0.1), (2, 0.2)], &[(2, 2.0), (3, 3.0), (4, 4.0)]).unwrap();
        assert_eq!(joined.test(), Test::Welch);
        let difference = joined.difference().unwrap();
        assert_eq!((difference.test, difference.n), (Test::Welch, [2, 3]));
        assert_eq!(join(&[], &[(1, 1.0)]).unwrap().difference(), Err(StatsError::TooFew { needed: 1, found: 0 }));
    }

    #[test]
    fn seed_that_occurs_twice_is_an_error() {
        let error = join(&[(1, 0.1)], &[(2, 0.2), (2, 0.3)]).unwrap_err();
        assert_eq!(error.to_string(), "seed 2 occurs twice in the second sample");
    }
}
