//! Sets of seeds, as users write them: `1-3,7`.

use std::fmt;
use std::str::FromStr;

/// A set of seeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seeds {
    /// The first and the last seed of each range. Both belong to it.
    ranges: Vec<(u64, u64)>,
}

impl Seeds {
    /// Returns whether `seed` is in the set. `None`, a run without a seed, is in no set.
    pub fn has(&self, seed: Option<u64>) -> bool {
        seed.is_some_and(|seed| self.ranges.iter().any(|(first, last)| (*first..=*last).contains(&seed)))
    }
}

impl FromStr for Seeds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a set of seeds: write for example 1-3 or 1,2,7");
        let range = |part: &str| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
            (first <= last).then_some((first, last))
        };
        let ranges: Option<Vec<(u64, u64)>> = text.split(',').map(range).collect();
        ranges.map(|ranges| Seeds { ranges }).ok_or_else(wrong)
    }
}

impl fmt::Display for Seeds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let range = |(first, last): &(u64, u64)| match first == last {
            true => first.to_string(),
            false => format!("{first}-{last}"),
        };
        f.write_str(&self.ranges.iter().map(range).collect::<Vec<_>>().join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_ranges_and_single_numbers() {
        let seeds: Seeds = "1-3, 7".parse().unwrap();
        assert_eq!([1, 3, 4, 7].map(|it| seeds.has(Some(it))), [true, true, false, true]);
        assert!(!seeds.has(None));
        assert_eq!(seeds.to_string(), "1-3,7");
        for wrong in ["", "3-1", "a", "1-", "-1", "1..3"] {
            assert!(wrong.parse::<Seeds>().is_err(), "{wrong}");
        }
    }
}
