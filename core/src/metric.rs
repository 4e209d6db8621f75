//! The metrics of a run: the quantity ([`Metric`]), the part of the data ([`Part`]) and the direction ([`Mode`]).
//!
//! [`REGISTRY`] holds each metric once. A name such as `val_accuracy` is parsed into a [`PartMetric`].

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::choice;

choice! {
    /// The direction in which a metric is better.
    pub enum Mode {
        /// Lower values are better, as for a loss.
        Min = "min",
        /// Higher values are better, as for an accuracy.
        Max = "max",
    }
}

impl Mode {
    /// Returns whether `a` is better than `b` by more than `margin`. NaN is never better.
    pub fn is_better(self, a: f64, b: f64, margin: f64) -> bool {
        match self {
            Mode::Min => a < b - margin,
            Mode::Max => a > b + margin,
        }
    }
}

/// The values that a metric can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// From 0 to 1.
    Fraction,
    NonNegative,
    Any,
}

/// The form in which a value is shown to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `97.12 %`
    Percent,
    /// `0.0952`
    Number,
}

/// A quantity that an evaluation measures. Every metric is an entry of [`REGISTRY`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// The name in specs, columns and JSON: `accuracy`.
    pub name: &'static str,
    /// The name in the head of a table: `acc`.
    pub short: &'static str,
    pub better: Mode,
    pub range: Range,
    pub format: Format,
}

/// Every metric. A run has the loss and the metric of its task.
pub const REGISTRY: &[Metric] = &[Metric::ACCURACY, Metric::RMSE, Metric::LOSS];

impl Metric {
    /// The fraction of examples whose label has the largest output.
    pub const ACCURACY: Metric =
        Metric { name: "accuracy", short: "acc", better: Mode::Max, range: Range::Fraction, format: Format::Percent };

    /// The root of the mean squared error, in the unit of the targets.
    pub const RMSE: Metric =
        Metric { name: "rmse", short: "rmse", better: Mode::Min, range: Range::NonNegative, format: Format::Number };

    /// The quantity that training minimizes, averaged over the examples.
    pub const LOSS: Metric =
        Metric { name: "loss", short: "loss", better: Mode::Min, range: Range::Any, format: Format::Number };

    /// Returns the metric called `name`. `None` if no metric has this name.
    pub fn named(name: &str) -> Option<Metric> {
        REGISTRY.iter().copied().find(|metric| metric.name == name)
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name)
    }
}

/// The loss, which every run has.
impl Default for Metric {
    fn default() -> Self {
        Metric::LOSS
    }
}

/// A part of the data, and the weights it is evaluated with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The training part, as trained: each batch before its update.
    Train,
    /// The validation part.
    Val,
    /// The test part.
    Test,
    /// The validation part, with the average of the weights (`[ema]`).
    Ema,
}

impl Part {
    pub const ALL: [Part; 4] = [Part::Train, Part::Val, Part::Test, Part::Ema];

    /// Returns the prefix of the part's columns, without the underscore.
    pub fn name(self) -> &'static str {
        match self {
            Part::Train => "train",
            Part::Val => "val",
            Part::Test => "test",
            Part::Ema => "ema",
        }
    }

    /// Returns `metric` on this part.
    pub const fn of(self, metric: Metric) -> PartMetric {
        PartMetric { part: self, metric }
    }
}

/// A metric on one part of the data. Its name, `val_accuracy`, is also that of its column in `epochs.csv`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartMetric {
    pub part: Part,
    pub metric: Metric,
}

impl fmt::Display for PartMetric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.part.name(), self.metric.name)
    }
}

/// The error that no metric has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no metric `{0}`")]
pub struct UnknownMetric(pub String);

impl FromStr for PartMetric {
    type Err = UnknownMetric;

    fn from_str(name: &str) -> Result<Self, UnknownMetric> {
        let parsed = name.split_once('_').and_then(|(part, metric)| {
            let part = Part::ALL.into_iter().find(|it| it.name() == part)?;
            Some(part.of(Metric::named(metric)?))
        });
        parsed.ok_or_else(|| UnknownMetric(name.to_owned()))
    }
}

impl Serialize for Metric {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name)
    }
}

impl<'de> Deserialize<'de> for Metric {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Metric::named(&name).ok_or_else(|| serde::de::Error::custom(UnknownMetric(name)))
    }
}

impl Serialize for PartMetric {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PartMetric {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A metric to watch, and the direction in which it is better.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Monitor {
    pub metric: PartMetric,
    pub mode: Mode,
}

impl From<PartMetric> for Monitor {
    /// Takes the metric's own direction.
    fn from(metric: PartMetric) -> Self {
        Monitor { metric, mode: metric.metric.better }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_parses_back() {
        for (at, metric) in REGISTRY.iter().enumerate() {
            assert!(REGISTRY[..at].iter().all(|other| other.name != metric.name), "{metric} is in the registry twice");
            for part in Part::ALL {
                assert_eq!(part.of(*metric).to_string().parse(), Ok(part.of(*metric)));
            }
        }
        assert_eq!("val_accuracy".parse(), Ok(Part::Val.of(Metric::ACCURACY)));
    }

    #[test]
    fn other_names_are_refused() {
        for name in ["accuracy", "val", "val_", "_loss", "val_acc", "dev_loss", "val_loss_", ""] {
            assert_eq!(name.parse::<PartMetric>(), Err(UnknownMetric(name.to_owned())));
        }
    }

    #[test]
    fn json_holds_the_names() {
        let json = serde_json::json!([Metric::RMSE, Part::Ema.of(Metric::LOSS)]);
        assert_eq!(json.to_string(), r#"["rmse","ema_loss"]"#);
        assert_eq!(serde_json::from_value::<(Metric, PartMetric)>(json).unwrap().1.part, Part::Ema);
        let error = serde_json::from_str::<PartMetric>("\"val_f1\"").unwrap_err().to_string();
        assert!(error.starts_with("there is no metric `val_f1`"), "{error}");
    }
}
