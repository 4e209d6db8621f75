//! The number that runs are compared by.

use std::fmt;

use clap::ValueEnum;
use serde::{Serialize, Serializer};

use super::run::{Run, State};
use super::stats;
use crate::metric::{Format, Metric, Mode, Part, PartMetric};
use crate::record::number::{figure, score, seconds};

/// The moment, or the sum, that a run is measured by.
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

/// The number that runs of a problem are compared by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measure {
    pub kind: MeasureKind,
    pub metric: PartMetric,
}

/// The number of one run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Score {
    Value(f64),
    /// The run diverged or missed the target. It is worse than every value.
    Failed,
    /// The run does not say.
    Missing,
}

/// The time when a run reached the target.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Reached {
    pub epoch: u64,
    pub step: Option<u64>,
    pub seconds: Option<f64>,
}

impl Measure {
    /// Returns the direction in which the number is better.
    pub fn better(&self) -> Mode {
        match self.kind {
            MeasureKind::Epochs | MeasureKind::Steps | MeasureKind::Seconds => Mode::Min,
            _ => self.metric.metric.better,
        }
    }

    /// Returns whether the number is a time to the target, which a run can miss.
    pub fn is_time(&self) -> bool {
        matches!(self.kind, MeasureKind::Epochs | MeasureKind::Steps | MeasureKind::Seconds)
    }

    /// Returns the number of `run`. `reached` is when it reached the target.
    pub fn of(&self, run: &Run, reached: Option<Reached>) -> Score {
        let value = |value: Option<f64>| match value {
            Some(value) if value.is_finite() => Score::Value(value),
            // A number that is not finite is not a good end, whatever the status says.
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
            (_, MeasureKind::Area) => value(area(run, self.metric)),
        }
    }

    /// Writes a value for people: `97.12 %`, `12.0 epochs`.
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

    /// Writes a standard deviation, in the unit of the value beside it but without its sign.
    pub fn spread(&self, value: f64) -> String {
        match self.kind {
            MeasureKind::Epochs | MeasureKind::Steps | MeasureKind::Seconds => format!("{value:.1}"),
            _ => match self.metric.metric.format {
                Format::Percent => format!("{:.2}", 100.0 * value),
                Format::Number => figure(value),
            },
        }
    }

    /// Writes an end of an interval, signed, without its unit.
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

/// Returns `metric` in the last row of a run.
pub fn last(run: &Run, metric: PartMetric) -> Option<f64> {
    run.trained().next_back().and_then(|epoch| run.curve.get(epoch, metric))
}

/// Returns `metric` in the epochs after training began, in ascending order.
fn trained(run: &Run, metric: PartMetric) -> impl Iterator<Item = (u64, Option<f64>)> + '_ {
    run.curve.column(&metric.to_string()).filter(|&(epoch, _)| epoch > 0)
}

/// Returns the best value of `metric` after training began, and its epoch. Of equal values, the earliest counts. NaN and
/// infinity are no values.
pub fn best(run: &Run, metric: PartMetric) -> Option<(f64, u64)> {
    let values = trained(run, metric).filter_map(|(epoch, value)| Some((value?, epoch)));
    let mode = metric.metric.better;
    values
        .filter(|it| it.0.is_finite())
        .reduce(|best, this| if mode.is_better(this.0, best.0, 0.0) { this } else { best })
}

/// Returns `metric` of the test part: that of the record's end or, for a curve, of the last row.
pub fn test(run: &Run, metric: Metric) -> Option<f64> {
    let recorded = run.record.as_ref().and_then(|record| record.test.as_ref()?.get(metric.name)?.as_f64());
    recorded.or_else(|| last(run, Part::Test.of(metric)))
}

/// Returns the mean of `metric` over the epochs 1 to E by trapezoids: the area under the curve, divided by E − 1. For a
/// single epoch, returns its value. `None` if a row has no value.
pub fn area(run: &Run, metric: PartMetric) -> Option<f64> {
    let points: Vec<(f64, f64)> =
        trained(run, metric).map(|(epoch, value)| Some((epoch as f64, value?))).collect::<Option<_>>()?;
    match points.as_slice() {
        [(_, only)] => Some(*only),
        points => stats::area_under_curve(points).ok(),
    }
}

/// Returns when `run` reached the target: as its record says, or the first epoch with `metric` at `target` or better.
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
