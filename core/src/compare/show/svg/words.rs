//! The words of axes.

use crate::compare::measure::{Measure, MeasureKind};
use crate::metric::{Format, Part, PartMetric};

/// Returns a metric in words: `validation accuracy`.
pub fn metric(metric: PartMetric) -> String {
    let part = match metric.part {
        Part::Train => "training",
        Part::Val => "validation",
        Part::Test => "test",
        Part::Ema => "averaged weights: validation",
    };
    let name = match metric.metric.name {
        "rmse" => "RMSE",
        name => name,
    };
    format!("{part} {name}")
}

/// Returns a column in words: `validation loss`, `learning rate`, `learning rate of bias`.
pub fn column(name: &str) -> String {
    if let Ok(known) = name.parse() {
        return metric(known);
    }
    match name.split_once('.') {
        _ if name == "lr" => "learning rate".to_owned(),
        Some(("lr", group)) => format!("learning rate of {group}"),
        Some((quantity, group)) => format!("{quantity} of {group}"),
        None => name.replace('_', " "),
    }
}

/// Returns a measure in words: `validation accuracy in the last epoch`.
pub fn measure(measure: Measure) -> String {
    let own = metric(measure.metric);
    match measure.kind {
        MeasureKind::Last => format!("{own} in the last epoch"),
        MeasureKind::Best => format!("{own} in the best epoch"),
        MeasureKind::Test => format!("{} at the end", metric(Part::Test.of(measure.metric.metric))),
        MeasureKind::Area => format!("{own}, mean over the epochs"),
        MeasureKind::Epochs => "epochs to the target".to_owned(),
        MeasureKind::Steps => "steps to the target".to_owned(),
        MeasureKind::Seconds => "seconds to the target".to_owned(),
    }
}

/// Returns whether the numbers of a measure are percentages.
pub fn is_percent(measure: Measure) -> bool {
    !measure.is_time() && measure.metric.metric.format == Format::Percent
}

/// Returns `one seed` or `3 seeds`.
pub fn counted(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}
