//! What `plateau` and `greedy` have in common: a metric, watched.
//!
//! | key | default | |
//! |---|---|---|
//! | `monitor` | the run's monitored metric | |
//! | `mode` | `"max"` for an accuracy, else `"min"` | which way it improves |
//! | `threshold`, `threshold_mode` | | how much better is better: a part of the best value (`"rel"`), or in its unit (`"abs"`) |
//! | `threshold_abs` | 0 | beside a relative threshold: in the metric's unit, on top of it (optax's `atol`) |
//! | `window` | 1 | the mean of the last so many evaluations is judged |
//! | `every` | `"1 epochs"` | how often it is judged |
//! | `nan` | `"bad"` | what is not finite is a bad evaluation, as everywhere; `"ignore"`: as if it had not been; `"reduce"`: lowers the rate at once |
//!
//! What is not finite never becomes the best value and never enters a window.
//!
//! Different on purpose: PyTorch's `rel` compares with best·(1 ± th), which for a negative metric lies on the wrong
//! side of `best`: a loss that gets steadily worse counts as improving. Above 0 the two are the same to the bit.

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::{Context, Observation, words};
use crate::choice;
use crate::spec::{Count, Diagnostic, Duration, Field, NonNegative, Section, Value, did_you_mean, one_of};

choice! {
    /// Which way the metric improves.
    pub enum Mode {
        /// Downwards, as a loss.
        Min = "min",
        /// Upwards, as an accuracy.
        Max = "max",
    }
}

impl Mode {
    /// Whether `a` is better than `b` by more than `margin`. NaN is never better.
    pub fn is_better(self, a: f64, b: f64, margin: f64) -> bool {
        match self {
            Mode::Min => a < b - margin,
            Mode::Max => a > b + margin,
        }
    }
}

choice! {
    /// What the threshold is a part of.
    pub enum ThresholdMode {
        /// A part of the best value.
        Rel = "rel",
        /// In the metric's own unit.
        Abs = "abs",
    }
}

choice! {
    /// What comes of an evaluation that gave no finite number.
    pub enum Nan {
        /// It is a bad one.
        Bad = "bad",
        /// It is none.
        Ignore = "ignore",
        /// The rate falls at once.
        Reduce = "reduce",
    }
}

/// A number of evaluations, one at the end of each epoch.
#[derive(Clone, Copy, Debug)]
pub struct Evaluations(pub u64);

impl Field for Evaluations {
    fn expects() -> String {
        "whole epochs such as \"5 epochs\": there is one evaluation an epoch".into()
    }
    fn read(value: &Value) -> Result<Self, Option<String>> {
        match Duration::read(value)? {
            Duration::Epochs(epochs) if epochs.fract() == 0.0 => Ok(Evaluations(epochs as u64)),
            _ => Err(None),
        }
    }
    fn to_toml(&self) -> toml::Value {
        Duration::Epochs(self.0 as f64).to_toml()
    }
}

impl Evaluations {
    /// The judgements that the epochs under `key` hold, of a metric that is judged every `every` of them; by default
    /// `judgements`.
    pub fn judged(section: &mut Section<'_>, key: &'static str, judgements: u64, every: u64) -> u64 {
        let epochs = section.or(key, Evaluations(judgements.saturating_mul(every))).0;
        if !epochs.is_multiple_of(every) {
            let message = format!("`{}` is no multiple of `every`", section.dotted(key));
            section.error(key, message, format!("the metric is judged every {}", words::count(every, "epoch")));
        }
        epochs / every
    }
}

/// What counts as better.
#[derive(Clone, Copy, Debug)]
pub struct Improvement {
    pub mode: Mode,
    pub threshold: f64,
    pub threshold_mode: ThresholdMode,
    /// In the metric's unit, on top of a relative threshold.
    pub threshold_abs: f64,
}

impl Improvement {
    pub fn is_better(self, value: f64, best: f64) -> bool {
        let Improvement { mode, threshold, threshold_mode, threshold_abs } = self;
        // best·(1 ± th) is PyTorch's formula; the sign of `best` puts the bar on its better side below 0 too.
        let side = threshold * best.signum();
        match (mode, threshold_mode) {
            (Mode::Min, ThresholdMode::Rel) => mode.is_better(value, best * (1.0 - side), threshold_abs),
            (Mode::Max, ThresholdMode::Rel) => mode.is_better(value, best * (1.0 + side), threshold_abs),
            (_, ThresholdMode::Abs) => mode.is_better(value, best, threshold),
        }
    }
}

/// A metric, and how it is judged.
#[derive(Debug)]
pub struct Metric {
    pub monitor: String,
    pub improvement: Improvement,
    pub every: u64,
    window: usize,
    nan: Nan,
}

/// What has been seen of a metric.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    // With a function of its own a missing `best` is an error, and not the same as null.
    #[serde(deserialize_with = "Option::deserialize")]
    pub best: Option<f64>,
    /// The last evaluations, the newest last; at most `window`.
    values: Vec<f64>,
    /// Evaluations that gave a number.
    count: u64,
    /// Evaluations since the last that was judged.
    since: u64,
}

/// What an evaluation means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// Better than the best so far, and now that itself.
    Better(f64),
    /// Not better.
    Bad(f64),
    /// Bad beyond waiting.
    Reduce(f64),
}

impl Metric {
    /// Reads the keys; `None` when the run has no such metric, which is logged.
    pub fn read(
        section: &mut Section<'_>,
        context: &Context<'_>,
        mode: Option<Mode>,
        threshold: f64,
        threshold_mode: ThresholdMode,
    ) -> Option<Metric> {
        let monitor = monitor(section, context);
        let upwards = monitor.as_deref().is_some_and(|name| name.ends_with("accuracy"));
        let mode = section.or("mode", mode.unwrap_or(if upwards { Mode::Max } else { Mode::Min }));
        let threshold = section.or("threshold", NonNegative(threshold)).0;
        let threshold_mode = section.or("threshold_mode", threshold_mode);
        let threshold_abs = section.or("threshold_abs", NonNegative(0.0)).0;
        let window = section.or("window", Count(1)).0;
        let every = section.or("every", Evaluations(1)).0;
        let nan = section.or("nan", Nan::Bad);
        if threshold_mode == ThresholdMode::Rel && threshold >= 1.0 {
            let label = "expected less than 1, or `threshold_mode = \"abs\"`";
            section.error("threshold", "a relative threshold is a part of the best value", label);
        }
        if threshold_mode == ThresholdMode::Abs && threshold_abs != 0.0 {
            let label = "expected it beside `threshold_mode = \"rel\"`";
            section.error("threshold_abs", "`threshold` is absolute already", label);
        }
        if every == 0 {
            section.error("every", "the metric would never be judged", "expected \"1 epochs\" or more");
        }
        let improvement = Improvement { mode, threshold, threshold_mode, threshold_abs };
        Some(Metric { monitor: monitor?, improvement, every: every.max(1), window, nan })
    }

    /// Warns where a change that needs `judgements` in a row cannot come in this run. The first evaluation is good, and a
    /// change after the last one is not seen.
    pub fn warn_if_never(&self, section: &Section<'_>, context: &Context<'_>, judgements: u64) {
        let epochs = context.horizon.total_steps.div_ceil(context.horizon.steps_per_epoch.max(1));
        let first = judgements.saturating_mul(self.every);
        // Where something is wrong, the patience may be another than the one that is written.
        if first >= epochs && section.log().errors() == 0 {
            let message = format!("`{}` is too long for a change to come", section.dotted("patience"));
            let label = format!("the first would come after {first} epochs of {epochs}");
            section.log().push(Diagnostic::warning(message).at(section.place_of("patience")).label(label));
        }
    }

    /// Takes in an evaluation; what it means, if it is one that is judged.
    pub fn judge(&self, seen: &mut Seen, observation: &Observation<'_>) -> Option<Verdict> {
        // Epoch 0 says nothing about the rate.
        let value = if observation.epoch == 0 { None } else { (observation.metric)(&self.monitor) }?;
        if !value.is_finite() {
            match self.nan {
                Nan::Ignore => return None,
                Nan::Reduce => return Some(Verdict::Reduce(value)),
                Nan::Bad => {}
            }
        } else {
            seen.values.push(value);
            seen.count += 1;
            let extra = seen.values.len().saturating_sub(self.window);
            seen.values.drain(..extra);
        }
        seen.since += 1;
        if seen.since < self.every {
            return None;
        }
        seen.since = 0;
        if !value.is_finite() {
            return Some(Verdict::Bad(value));
        }
        let mean = seen.values.iter().sum::<f64>() / seen.values.len() as f64;
        if seen.best.is_none_or(|best| self.improvement.is_better(mean, best)) {
            seen.best = Some(mean);
            return Some(Verdict::Better(mean));
        }
        Some(Verdict::Bad(mean))
    }

    /// Whether `seen` can have come of this metric.
    pub fn is_of(&self, seen: &Seen) -> bool {
        let expected = usize::try_from(seen.count).map_or(self.window, |count| count.min(self.window));
        seen.values.len() == expected && seen.since < self.every
    }

    /// Why the rate changes after `count` judgements in a row that gave `verdict`.
    pub fn reason(&self, seen: &Seen, verdict: Verdict, count: u64) -> String {
        let monitor = match self.window {
            1 => self.monitor.clone(),
            window => format!("{} (mean of {window})", self.monitor),
        };
        let epochs = words::count(count.saturating_mul(self.every), "epoch");
        match (verdict, seen.best) {
            (Verdict::Better(value), _) => format!("{monitor} {} has improved for {epochs}", words::number(value)),
            (Verdict::Reduce(value), _) => format!("{monitor} is {value}"),
            (Verdict::Bad(value), Some(best)) => {
                format!("{monitor} {} has not improved on {} for {epochs}", words::number(value), words::number(best))
            }
            (Verdict::Bad(_), None) => format!("{monitor} has not been finite for {epochs}"),
        }
    }
}

/// Reads `monitor`: one of the run's metrics.
fn monitor(section: &mut Section<'_>, context: &Context<'_>) -> Option<String> {
    let Some(default) = context.metrics.first() else {
        section.ask("monitor");
        section.error("monitor", "this run has no metric to monitor", "this rule needs one");
        return None;
    };
    let monitor = section.or("monitor", default.clone());
    if context.metrics.contains(&monitor) {
        return Some(monitor);
    }
    let names: Vec<&str> = context.metrics.iter().map(String::as_str).collect();
    let label = did_you_mean(&monitor, names.clone()).unwrap_or_else(|| format!("expected {}", one_of(names)));
    section.error("monitor", format!("this run has no metric \"{monitor}\""), label);
    None
}
