//! Holding examples out of a part: how many, and which.

use crate::random::Stream;
use crate::spec::{Field, Kind, Value};

/// How many examples are held out: a count (`validation = 10_000`) or a fraction (`validation = 0.1`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Holdout {
    Count(u64),
    /// From 0 up to, but not including, 1; of `n` examples `fraction · n`, to the nearest.
    Fraction(f64),
}

impl Default for Holdout {
    fn default() -> Self {
        Holdout::Fraction(0.1)
    }
}

impl Holdout {
    /// How many of `n` examples are held out; can be `n` or more, see [`Holdout::checked`].
    pub fn count(&self, n: usize) -> usize {
        match *self {
            Holdout::Count(count) => usize::try_from(count).unwrap_or(usize::MAX),
            Holdout::Fraction(fraction) => (fraction * n as f64).round() as usize,
        }
    }

    /// How many of `n` examples are held out, or the message when none would be left; `key` is what the spec calls it.
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
            Kind::Integer(_) => u64::read(value).map(Holdout::Count),
            Kind::Float(0.0) => Ok(Holdout::Count(0)),
            Kind::Float(fraction) if (0.0..1.0).contains(&fraction) => Ok(Holdout::Fraction(fraction)),
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

/// The indices 0..`n` in two parts, `(train, held)`, both ascending: `held_out` of them (at most `n`) drawn at random by
/// the stream `split` of `split_seed`.
pub fn split(n: usize, held_out: usize, split_seed: u64) -> (Vec<u32>, Vec<u32>) {
    split_by(&mut Stream::new(split_seed, "split", 0), n, held_out)
}

/// [`split`] by a stream of one's own: parts held out one after another should not follow one order.
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
    fn an_integer_counts_and_a_number_below_one_is_a_fraction() {
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
    fn a_fraction_rounds_to_the_nearest() {
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
    fn the_parts_are_the_whole_and_fixed_by_the_seed() {
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

    /// Which examples are held out is part of every published curve.
    #[test]
    fn the_draw_is_stable() {
        assert_eq!(split(20, 5, 0).1, [0, 4, 6, 8, 14]);
    }
}
