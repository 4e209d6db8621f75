//! The measure: what runs are compared by.

use std::fmt;

use clap::ValueEnum;
use serde::{Serialize, Serializer};

use super::run::{Run, State};
use super::stats;
use crate::metric::{Format, Metric, Mode, Part, PartMetric};
use crate::record::number::{figure, score, seconds};

/// The kind of value that a run is measured by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum MeasureKind {
    /// The metric in the last epoch
    Last,
    /// The metric in the best epoch
    Best,
    /// The metric of the test part at the end
    Test,
    /// The mean of the metric over the epochs: the area under the curve
    Area,
    /// The epochs until the target is reached
    Epochs,
    /// The steps until the target is reached
    Steps,
    /// The seconds until the target is reached
    Seconds,
}

/// What the runs of a problem are compared by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measure {
    pub kind: MeasureKind,
    pub metric: PartMetric,
}

/// The result of one run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Score {
    /// The value of the measure. It is finite.
    Value(f64),
    /// For a time to the target: the run missed the target. Otherwise: the run diverged, or its value is NaN or
    /// infinite. This result is worse than every value.
    Failed,
    /// The run is not finished, or has no such value.
    Missing,
}

/// The moment at which a run reached the target.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Reached {
    pub epoch: u64,
    /// The steps until then. `None` if the curve does not have them.
    pub step: Option<u64>,
    /// The seconds of training and evaluation until then. `None` if the curve does not have them.
    pub seconds: Option<f64>,
}

impl Measure {
    /// Returns the direction in which values are better.
    pub fn better(&self) -> Mode {
        match self.kind {
            MeasureKind::Epochs | MeasureKind::Steps | MeasureKind::Seconds => Mode::Min,
            _ => self.metric.metric.better,
        }
    }

    /// Returns whether the measure is a time to the target, which a run can miss.
    pub fn is_time(&self) -> bool {
        matches!(self.kind, MeasureKind::Epochs | MeasureKind::Steps | MeasureKind::Seconds)
    }

    /// Returns the result of `run`. `reached` is when it reached the target, and `None` if it did not.
    pub fn of(&self, run: &Run, reached: Option<Reached>) -> Score {
        let value = |value: Option<f64>| match value {
            Some(value) if value.is_finite() => Score::Value(value),
            // NaN and infinity are failures, whatever the status says.
            Some(_) => Score::Failed,
            None => Score::Missing,
        };
        let time = |time: &dyn Fn(Reached) -> Option<f64>| match reached {
            Some(reached) => value(time(reached)),
            None => Score::Failed,
        };
        match (run.state(), self.kind) {
            (State::Unfinished, _) => Score::Missing,
            (_, MeasureKind::Epochs) => time(&|it| Some(it.epoch as f64)),
            (_, MeasureKind::Steps) => time(&|it| it.step.map(|step| step as f64)),
            (_, MeasureKind::Seconds) => time(&|it| it.seconds),
            (State::Diverged, _) => Score::Failed,
            (_, MeasureKind::Last) => value(last(run, self.metric)),
            (_, MeasureKind::Best) => value(best(run, self.metric).map(|(value, _)| value)),
            (_, MeasureKind::Test) => value(test(run, self.metric.metric)),
            (_, MeasureKind::Area) if trained(run, self.metric).any(|(_, it)| it.is_some_and(|it| !it.is_finite())) => {
                Score::Failed
            }
            (_, MeasureKind::Area) => value(area(run, self.metric)),
        }
    }

    /// Writes a value for people: `97.12 %`, `12.0` for epochs and steps, `4.5 s`.
    pub fn shown(&self, value: f64) -> String {
        match self.kind {
            MeasureKind::Epochs | MeasureKind::Steps => format!("{value:.1}"),
            MeasureKind::Seconds => seconds(value),
            _ => score(self.metric.metric, value),
        }
    }

    /// Writes the size of a difference for people: `0.31 points`, `2.0 epochs`.
    pub fn difference(&self, value: f64) -> String {
        let value = value.abs();
        match self.kind {
            MeasureKind::Epochs => format!("{value:.1} epochs"),
            MeasureKind::Steps => format!("{value:.0} steps"),
            MeasureKind::Seconds => seconds(value),
            _ => match self.metric.metric.format {
                Format::Percent => format!("{:.2} points", 100.0 * value),
                Format::Number => figure(value),
            },
        }
    }

    /// Writes a standard deviation or a half-width without its unit: in points for a percentage, in seconds for a time.
    pub fn spread(&self, value: f64) -> String {
        match self.kind {
            MeasureKind::Epochs | MeasureKind::Steps | MeasureKind::Seconds => format!("{value:.1}"),
            _ => match self.metric.metric.format {
                Format::Percent => format!("{:.2}", 100.0 * value),
                Format::Number => figure(value),
            },
        }
    }

    /// Writes an end of an interval with its sign, but without its unit.
    pub fn signed(&self, value: f64) -> String {
        let is_percent = !self.is_time() && self.metric.metric.format == Format::Percent;
        let value = if is_percent { 100.0 * value } else { value };
        let text = if is_percent || self.is_time() { format!("{value:.2}") } else { figure(value) };
        if value > 0.0 { format!("+{text}") } else { text }
    }
}

/// Writes the measure in words: `val_accuracy in the last epoch`.
impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let metric = self.metric;
        match self.kind {
            MeasureKind::Last => write!(f, "{metric} in the last epoch"),
            MeasureKind::Best => write!(f, "{metric} in the best epoch"),
            MeasureKind::Test => write!(f, "{} at the end", Part::Test.of(metric.metric)),
            MeasureKind::Area => write!(f, "{metric} on average over the epochs (area under the curve)"),
            MeasureKind::Epochs => f.write_str("epochs to the target"),
            MeasureKind::Steps => f.write_str("steps to the target"),
            MeasureKind::Seconds => f.write_str("seconds to the target"),
        }
    }
}

impl Serialize for Measure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Returns `metric` in the last epoch of `run`. `None` if there is no epoch after epoch 0, or it has no number.
pub fn last(run: &Run, metric: PartMetric) -> Option<f64> {
    run.trained().next_back().and_then(|epoch| run.curve.get(epoch, metric))
}

/// Returns `metric` in each epoch except epoch 0, in ascending order.
fn trained(run: &Run, metric: PartMetric) -> impl Iterator<Item = (u64, Option<f64>)> + '_ {
    run.curve.column(&metric.to_string()).filter(|&(epoch, _)| epoch > 0)
}

/// Returns the best value of `metric` after epoch 0, and its epoch. Of equal values, the earliest is taken. NaN and
/// infinity are skipped. `None` if no value remains.
pub fn best(run: &Run, metric: PartMetric) -> Option<(f64, u64)> {
    let values = trained(run, metric).filter_map(|(epoch, value)| Some((value?, epoch)));
    let mode = metric.metric.better;
    values
        .filter(|it| it.0.is_finite())
        .reduce(|best, this| if mode.is_better(this.0, best.0, 0.0) { this } else { best })
}

/// Returns `metric` on the test part: the one in the record or, if it has none, the one in the curve's last epoch.
pub fn test(run: &Run, metric: Metric) -> Option<f64> {
    let recorded = run.record.as_ref().and_then(|record| record.test.as_ref()?.get(metric.name)?.as_f64());
    recorded.or_else(|| last(run, Part::Test.of(metric)))
}

/// Returns the area under the curve of `metric` (trapezoidal rule) over the epochs 1 to E, divided by E − 1: the mean
/// of the curve. For a single epoch, returns the value of this epoch. `None` if there is no epoch, or if one of several
/// has no finite value.
pub fn area(run: &Run, metric: PartMetric) -> Option<f64> {
    let points: Vec<(f64, f64)> =
        trained(run, metric).map(|(epoch, value)| Some((epoch as f64, value?))).collect::<Option<_>>()?;
    match points.as_slice() {
        [(_, only)] => Some(*only),
        points => stats::area_under_curve(points).ok(),
    }
}

/// Returns when `run` reached the target. With `target`, that is the first epoch in which `metric` is `target` or
/// better. Without `target`, the record says when the run reached its own. `None` if the run did not reach the target.
pub fn reached(run: &Run, metric: PartMetric, target: Option<f64>) -> Option<Reached> {
    let Some(target) = target else {
        let reached = run.record.as_ref()?.reached.as_ref()?;
        return Some(Reached { epoch: reached.epoch, step: Some(reached.step), seconds: Some(reached.seconds) });
    };
    let mode = metric.metric.better;
    let is_there = |epoch: &u64| {
        run.curve.get(*epoch, metric).is_some_and(|value| value == target || mode.is_better(value, target, 0.0))
    };
    let epoch = run.trained().find(is_there)?;
    let of = |name: &str| run.curve.value(epoch, name);
    let mut seconds = Some(0.0);
    for epoch in run.curve.epochs().take_while(|it| *it <= epoch) {
        let own =
            ["train_seconds", "eval_seconds"].iter().map(|name| run.curve.value(epoch, name)).sum::<Option<f64>>();
        seconds = seconds.zip(own).map(|(all, own)| all + own);
    }
    Some(Reached { epoch, step: of("step").map(|step| step as u64), seconds })
}
