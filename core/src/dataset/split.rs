//! Random splits of the examples into two parts.

use crate::random::Stream;
use crate::spec::{Field, Value, ValueKind};

/// The number of held-out examples: a count (`validation = 10_000`) or a fraction (`validation = 0.1`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Holdout {
    Count(u64),
    /// From 0 up to, but not including, 1. Of `n` examples `fraction · n` are held out, rounded to the nearest integer.
    Fraction(f64),
}

impl Default for Holdout {
    fn default() -> Self {
        Holdout::Fraction(0.1)
    }
}

impl Holdout {
    /// Returns the number of held-out examples of `n`. It can be `n` or more; [`Holdout::checked`] refuses that.
    pub fn count(&self, n: usize) -> usize {
        match *self {
            Holdout::Count(count) => usize::try_from(count).unwrap_or(usize::MAX),
            Holdout::Fraction(fraction) => (fraction * n as f64).round() as usize,
        }
    }

    /// Returns the number of held-out examples of `n`, or an error message if none would be left to train on. `key` is
    /// the name of this setting in the spec.
    pub fn checked(&self, key: &str, n: usize) -> Result<usize, String> {
        let count = self.count(n);
        if count < n {
            return Ok(count);
        }
        Err(format!("`{key} = {}` holds out {count} of {n} examples, which leaves none to train on", self.to_toml()))
    }
}

impl Field for Holdout {
    fn expects() -> String {
        "a count of examples (10_000) or a fraction from 0 up to, but not including, 1 (0.1)".into()
    }
    fn read(value: &Value) -> Result<Self, Option<String>> {
        match value.kind {
            ValueKind::Integer(_) => u64::read(value).map(Holdout::Count),
            ValueKind::Float(0.0) => Ok(Holdout::Count(0)),
            ValueKind::Float(fraction) if (0.0..1.0).contains(&fraction) => Ok(Holdout::Fraction(fraction)),
            _ => Err(None),
        }
    }
    fn to_toml(&self) -> toml::Value {
        match self {
            Holdout::Count(count) => count.to_toml(),
            Holdout::Fraction(fraction) => fraction.to_toml(),
        }
    }
}

/// Splits the indices 0..`n` into `(train, held)`, both ascending. `held_out` of them (at most `n`) are drawn at random by
/// the stream `split` of `split_seed`.
pub fn split(n: usize, held_out: usize, split_seed: u64) -> (Vec<u32>, Vec<u32>) {
    split_by(&mut Stream::new(split_seed, "split", 0), n, held_out)
}

/// Splits like [`split`], by another stream. Two splits of the same examples should not share a stream.
pub fn split_by(stream: &mut Stream, n: usize, held_out: usize) -> (Vec<u32>, Vec<u32>) {
    let mut held = stream.permutation(n);
    let mut train = held.split_off(held_out.min(n));
    train.sort_unstable();
    held.sort_unstable();
    (train, held)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::spec::{Log, Section, Spec};

    fn read(text: &str) -> Result<Holdout, String> {
        let spec = Spec::parse(Path::new("test.toml"), text, &[]).unwrap();
        let log = Log::default();
        let mut section = Section::root(&spec.table, &log);
        let holdout = section.or("validation", Holdout::default());
        section.finish();
        log.finish(&spec.texts).map(|_| holdout).map_err(|found| found.to_string())
    }

    #[test]
    fn an_integer_is_a_count_and_a_number_below_one_a_fraction() {
        assert_eq!(read(""), Ok(Holdout::Fraction(0.1)));
        assert_eq!(read("validation = 10_000"), Ok(Holdout::Count(10_000)));
        assert_eq!(read("validation = 0"), Ok(Holdout::Count(0)));
        assert_eq!(read("validation = 0.25"), Ok(Holdout::Fraction(0.25)));
        for wrong in ["-1", "1.0", "-0.5", "nan", "\"10%\"", "1.5"] {
            let message = read(&format!("validation = {wrong}")).unwrap_err();
            assert!(message.contains("expected a count of examples (10_000) or a fraction"), "{message}");
        }
    }

    #[test]
    fn a_fraction_rounds_to_the_nearest_integer() {
        assert_eq!(Holdout::Fraction(0.1).count(60_000), 6_000);
        assert_eq!(Holdout::Fraction(0.1).count(14), 1);
        assert_eq!(Holdout::Fraction(0.1).count(16), 2);
        assert_eq!(Holdout::Count(7).count(3), 7);
    }

    #[test]
    fn holding_out_everything_is_refused() {
        assert_eq!(Holdout::Count(2).checked("validation", 3), Ok(2));
        let message = "`validation = 3` holds out 3 of 3 examples, which leaves none to train on";
        assert_eq!(Holdout::Count(3).checked("validation", 3), Err(message.into()));
        let message = "`validation = 0.9` holds out 1 of 1 examples, which leaves none to train on";
        assert_eq!(Holdout::Fraction(0.9).checked("validation", 1), Err(message.into()));
    }

    #[test]
    fn the_two_parts_follow_from_the_seed_and_cover_all_examples() {
        let (train, held) = split(1000, 100, 0);
        assert_eq!((train.len(), held.len()), (900, 100));
        assert!(train.is_sorted() && held.is_sorted());
        let mut all = [train.clone(), held.clone()].concat();
        all.sort_unstable();
        assert!(all.iter().copied().eq(0..1000));
        assert_eq!(split(1000, 100, 0), (train, held.clone()));
        assert_ne!(split(1000, 100, 1).1, held);
        assert_eq!(split(3, 0, 0), (vec![0, 1, 2], vec![]));
    }

    /// Every published curve depends on which examples are held out.
    #[test]
    fn the_draw_is_stable() {
        assert_eq!(split(20, 5, 0).1, [0, 4, 6, 8, 14]);
    }
}
