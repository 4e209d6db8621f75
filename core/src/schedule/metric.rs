//! The schedules `plateau` and `greedy` monitor a metric. Both have these keys:
//!
//! | key | default | |
//! |---|---|---|
//! | `monitor` | `"val_loss"` | the name of the metric |
//! | `mode` | `"max"` for an accuracy, otherwise `"min"` | the direction of improvement |
//! | `threshold`, `threshold_mode` | depends on the rule | the improvement that counts: a share of the best value (`"rel"`), or in the unit of the metric (`"abs"`) |
//! | `threshold_abs` | 0 | a further threshold in the unit of the metric, added to a relative one (optax's `atol`) |
//! | `window` | 1 | the number of latest evaluations whose mean is judged |
//! | `every` | `"1 epochs"` | how often the metric is judged |
//! | `nan` | `"bad"` | the effect of a value that is not finite: `"bad"` makes it a bad evaluation, as in every framework; `"ignore"` skips it; `"reduce"` lowers the rate at once |
//!
//! A value that is not finite never becomes the best value and never enters the window.
//!
//! Differences: PyTorch's `rel` compares with best·(1 ± th). If the metric is negative, this bound is on the wrong side
//! of `best`, so a loss that gets steadily worse counts as improving. For positive metrics both rules give the same
//! bits.

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::{Context, Observation, words};
use crate::choice;
use crate::metric::{Mode, PartMetric};
use crate::spec::{Count, Diagnostic, Duration, Field, NonNegative, Section, Value, did_you_mean, one_of};

choice! {
    /// The unit of the threshold.
    pub enum ThresholdMode {
        /// A share of the best value.
        Rel = "rel",
        /// The unit of the metric.
        Abs = "abs",
    }
}

choice! {
    /// The effect of an evaluation without a finite value.
    pub enum Nan {
        /// It is a bad evaluation.
        Bad = "bad",
        /// It is skipped.
        Ignore = "ignore",
        /// The rate drops at once.
        Reduce = "reduce",
    }
}

/// A number of evaluations. There is one at the end of each epoch.
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
    /// Returns the epochs under `key` as a number of judgements, for a metric that is judged every `every` epochs. The
    /// default is `judgements`. Logs an error if the epochs are not a multiple of `every`.
    pub fn judged(section: &mut Section<'_>, key: &'static str, judgements: u64, every: u64) -> u64 {
        let epochs = section.or(key, Evaluations(judgements.saturating_mul(every))).0;
        if !epochs.is_multiple_of(every) {
            let message = format!("`{}` is not a multiple of `every`", section.dotted(key));
            section.error(key, message, format!("the metric is judged every {}", words::count(every, "epoch")));
        }
        epochs / every
    }
}

/// The rule by which one value of a metric is better than another.
#[derive(Clone, Copy, Debug)]
pub struct Improvement {
    pub mode: Mode,
    pub threshold: f64,
    pub threshold_mode: ThresholdMode,
    /// A threshold in the unit of the metric, which is added to a relative threshold.
    pub threshold_abs: f64,
}

impl Improvement {
    /// Reports whether `value` is better than `best` by more than the threshold.
    pub fn is_better(self, value: f64, best: f64) -> bool {
        let Improvement { mode, threshold, threshold_mode, threshold_abs } = self;
        // PyTorch has best·(1 ± th). The sign of `best` keeps the bar on the better side for negative values.
        let side = threshold * best.signum();
        match (mode, threshold_mode) {
            (Mode::Min, ThresholdMode::Rel) => mode.is_better(value, best * (1.0 - side), threshold_abs),
            (Mode::Max, ThresholdMode::Rel) => mode.is_better(value, best * (1.0 + side), threshold_abs),
            (_, ThresholdMode::Abs) => mode.is_better(value, best, threshold),
        }
    }
}

/// A monitored metric with the rule by which it is judged.
#[derive(Debug)]
pub struct MonitoredMetric {
    pub monitor: PartMetric,
    pub improvement: Improvement,
    pub every: u64,
    window: usize,
    nan: Nan,
}

/// The history of a metric.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct History {
    // With this attribute a missing `best` is an error. Without it, serde would read `None`.
    #[serde(deserialize_with = "Option::deserialize")]
    pub best: Option<f64>,
    /// The latest values, at most `window` of them. The newest is last.
    values: Vec<f64>,
    /// The number of evaluations with a finite value.
    count: u64,
    /// The number of evaluations since the last judgement.
    since: u64,
}

/// The judgement of an evaluation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// Better than the best value so far. It is the new best value.
    Better(f64),
    /// Not better.
    Bad(f64),
    /// Bad enough to lower the rate at once.
    Reduce(f64),
}

impl MonitoredMetric {
    /// Reads the keys. `None` (logged) if the run does not have the metric.
    pub fn read(
        section: &mut Section<'_>,
        context: &Context<'_>,
        mode: Option<Mode>,
        threshold: f64,
        threshold_mode: ThresholdMode,
    ) -> Option<MonitoredMetric> {
        let monitor = monitor(section, context);
        let own = monitor.map_or(Mode::Min, |monitor| monitor.metric.better);
        let mode = section.or("mode", mode.unwrap_or(own));
        let threshold = section.or("threshold", NonNegative(threshold)).0;
        let threshold_mode = section.or("threshold_mode", threshold_mode);
        let threshold_abs = section.or("threshold_abs", NonNegative(0.0)).0;
        let window = section.or("window", Count(1)).0;
        let every = section.or("every", Evaluations(1)).0;
        let nan = section.or("nan", Nan::Bad);
        if threshold_mode == ThresholdMode::Rel && threshold >= 1.0 {
            let label = "expected less than 1, or `threshold_mode = \"abs\"`";
            section.error("threshold", "a relative threshold is a share of the best value", label);
        }
        if threshold_mode == ThresholdMode::Abs && threshold_abs != 0.0 {
            let label = "expected `threshold_mode = \"rel\"` with it";
            section.error("threshold_abs", "`threshold` is absolute already", label);
        }
        if every == 0 {
            section.error("every", "the metric would never be judged", "expected \"1 epochs\" or more");
        }
        let improvement = Improvement { mode, threshold, threshold_mode, threshold_abs };
        Some(MonitoredMetric { monitor: monitor?, improvement, every: every.max(1), window, nan })
    }

    /// Warns if the first change, after `judgements` judgements, cannot be before the end of the run. Later it would
    /// have no effect.
    pub fn warn_if_never(&self, section: &Section<'_>, context: &Context<'_>, judgements: u64) {
        let epochs = context.horizon.total_steps.div_ceil(context.horizon.steps_per_epoch.max(1));
        let first = judgements.saturating_mul(self.every);
        // After an error the patience may be a default instead of the written one.
        if first >= epochs && section.log().errors() == 0 {
            let message = format!("`{}` is too long for any change in this run", section.dotted("patience"));
            let label = format!("the first change would be after {first} of {epochs} epochs");
            section.log().push(Diagnostic::warning(message).at(section.place_of("patience")).label(label));
        }
    }

    /// Adds an evaluation to the history. Returns the judgement. `None` if this evaluation is not judged.
    pub fn judge(&self, history: &mut History, observation: &Observation<'_>) -> Option<Verdict> {
        // The evaluation before training does not depend on the rate.
        let value = if observation.epoch == 0 { None } else { (observation.metric)(self.monitor) }?;
        if !value.is_finite() {
            match self.nan {
                Nan::Ignore => return None,
                Nan::Reduce => return Some(Verdict::Reduce(value)),
                Nan::Bad => {}
            }
        } else {
            history.values.push(value);
            history.count += 1;
            let extra = history.values.len().saturating_sub(self.window);
            history.values.drain(..extra);
        }
        history.since += 1;
        if history.since < self.every {
            return None;
        }
        history.since = 0;
        if !value.is_finite() {
            return Some(Verdict::Bad(value));
        }
        let mean = history.values.iter().sum::<f64>() / history.values.len() as f64;
        if history.best.is_none_or(|best| self.improvement.is_better(mean, best)) {
            history.best = Some(mean);
            return Some(Verdict::Better(mean));
        }
        Some(Verdict::Bad(mean))
    }

    /// Reports whether `history` can belong to this metric.
    pub fn is_of(&self, history: &History) -> bool {
        let expected = usize::try_from(history.count).map_or(self.window, |count| count.min(self.window));
        history.values.len() == expected && history.since < self.every
    }

    /// Returns the reason for a change of the rate after `count` judgements in a row with the result `verdict`.
    pub fn reason(&self, history: &History, verdict: Verdict, count: u64) -> String {
        let monitor = match self.window {
            1 => self.monitor.to_string(),
            window => format!("{} (mean of {window})", self.monitor),
        };
        let epochs = words::count(count.saturating_mul(self.every), "epoch");
        match (verdict, history.best) {
            (Verdict::Better(value), _) => format!("{monitor} {} has improved for {epochs}", words::number(value)),
            (Verdict::Reduce(value), _) => format!("{monitor} is {value}"),
            (Verdict::Bad(value), Some(best)) => {
                format!("{monitor} {} has not improved on {} for {epochs}", words::number(value), words::number(best))
            }
            (Verdict::Bad(_), None) => format!("{monitor} has not been finite for {epochs}"),
        }
    }
}

/// Reads `monitor`. `None` (logged) if the run does not have this metric.
fn monitor(section: &mut Section<'_>, context: &Context<'_>) -> Option<PartMetric> {
    let Some(default) = context.metrics.first() else {
        section.mark_known("monitor");
        section.error("monitor", "this run has no metric to monitor", "this rule needs one");
        return None;
    };
    let monitor = section.or("monitor", default.to_string());
    let known: Vec<String> = context.metrics.iter().map(ToString::to_string).collect();
    if let Some(at) = known.iter().position(|name| *name == monitor) {
        return Some(context.metrics[at]);
    }
    let names: Vec<&str> = known.iter().map(String::as_str).collect();
    let label = did_you_mean(&monitor, names.clone()).unwrap_or_else(|| format!("expected {}", one_of(names)));
    section.error("monitor", format!("this run has no metric \"{monitor}\""), label);
    None
}
