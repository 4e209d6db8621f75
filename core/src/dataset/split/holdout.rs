//! The number of held-out examples, as a spec gives it.

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
}
