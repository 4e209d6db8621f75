//! The curves of a problem over epochs, for charts and event files.

use serde::Serialize;

use super::run::Run;
use super::stats;
use crate::metric::{Format, PartMetric};

/// The runs of each strategy, epoch by epoch.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Curves {
    /// Every epoch that any run has, in ascending order. Epoch 0 is the evaluation before training.
    pub epochs: Vec<u64>,
    /// The metric of the comparison first, then the other metrics, then the learning rates and other hyper-parameters.
    pub quantities: Vec<Quantity>,
}

/// A column of the runs' tables.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Quantity {
    /// The name of the column: `val_accuracy`, `lr.bias`.
    pub name: String,
    pub kind: QuantityKind,
    /// True for values from 0 to 1 that people read as percentages.
    pub is_percent: bool,
    /// The lines of each strategy, in the order of the strategies.
    pub strategies: Vec<Lines>,
}

/// The meaning of a quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum QuantityKind {
    /// The metric of the comparison.
    Compared,
    /// Another metric.
    Metric,
    /// A learning rate, or another hyper-parameter with a schedule.
    Rate,
}

/// One quantity of one strategy. Every list has one entry for each of [`Curves::epochs`].
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Lines {
    /// The mean of the runs. `None` if a run has no finite value in this epoch: it ended early or diverged, and a mean
    /// of the others would hide that.
    pub mean: Vec<Option<f64>>,
    /// The lower end of the 95 % Student t interval of the mean. `None` without a mean, and below three runs.
    pub low: Vec<Option<f64>>,
    /// The upper end of this interval.
    pub high: Vec<Option<f64>>,
    /// The values of each run, in the order of the strategy's runs. `None` for NaN, infinity and a missing value.
    pub runs: Vec<Vec<Option<f64>>>,
}

/// Returns the curves of the strategies. `strategies` has the runs of each, and `compared` is the metric of the
/// comparison.
pub fn curves(strategies: &[Vec<&Run>], compared: PartMetric) -> Curves {
    let runs = || strategies.iter().flatten().copied();
    let mut epochs: Vec<u64> = runs().flat_map(|run| run.curve.epochs()).collect();
    epochs.sort_unstable();
    epochs.dedup();
    let mut columns: Vec<(QuantityKind, String)> = Vec::new();
    for run in runs() {
        for column in &run.curve.columns {
            let name = column.trim();
            if columns.iter().any(|(_, known)| known == name) {
                continue;
            }
            columns.extend(kind(run, name, compared).map(|kind| (kind, name.to_owned())));
        }
    }
    // A stable sort: within a kind, columns keep the order of the table.
    columns.sort_by_key(|(kind, _)| *kind);
    let quantity = |(kind, name): (QuantityKind, String)| Quantity {
        is_percent: name.parse::<PartMetric>().is_ok_and(|it| it.metric.format == Format::Percent),
        strategies: strategies.iter().map(|runs| lines(runs, &name, &epochs)).collect(),
        name,
        kind,
    };
    let has_values = |it: &Quantity| it.strategies.iter().flat_map(|it| &it.runs).flatten().any(Option::is_some);
    let quantities = columns.into_iter().map(quantity).filter(has_values).collect();
    Curves { epochs, quantities }
}

/// Returns the meaning of the column `name`. `None` if it is not drawn: for the epoch, the step, times, and columns of
/// other tools that are neither metrics nor learning rates.
fn kind(run: &Run, name: &str, compared: PartMetric) -> Option<QuantityKind> {
    if let Ok(metric) = name.parse::<PartMetric>() {
        return Some(if metric == compared { QuantityKind::Compared } else { QuantityKind::Metric });
    }
    if ["epoch", "step"].contains(&name) || name.ends_with("seconds") {
        return None;
    }
    let is_lr = name.starts_with("learning_rate")
        || name.strip_prefix("lr").is_some_and(|rest| !rest.starts_with(|it: char| it.is_alphanumeric()));
    (is_lr || run.record.is_some()).then_some(QuantityKind::Rate)
}

/// Returns the values of the column `name` in each of `runs`, their means, and the intervals of the means.
fn lines(runs: &[&Run], name: &str, epochs: &[u64]) -> Lines {
    let values = |run: &&Run| {
        let mut values = vec![None; epochs.len()];
        for (epoch, value) in run.curve.column(name) {
            if let Ok(at) = epochs.binary_search(&epoch) {
                values[at] = value.filter(|it| it.is_finite());
            }
        }
        values
    };
    let runs: Vec<Vec<Option<f64>>> = runs.iter().map(values).collect();
    let n = runs.len();
    let quantile = (n >= stats::SEEDS_FOR_P).then(|| stats::t_quantile((1.0 + stats::LEVEL) / 2.0, (n - 1) as f64));
    let mut all = Lines { runs, ..Lines::default() };
    let mut here = Vec::with_capacity(n);
    for at in 0..epochs.len() {
        here.clear();
        here.extend(all.runs.iter().filter_map(|run| run[at]));
        let is_whole = here.len() == n;
        let mean = is_whole.then(|| stats::mean(&here)).flatten();
        let half = || Some(quantile? * stats::sd(&here)? / (n as f64).sqrt());
        let interval = mean.and_then(|mean| half().map(|half| (mean - half, mean + half)));
        all.mean.push(mean);
        all.low.push(interval.map(|it| it.0));
        all.high.push(interval.map(|it| it.1));
    }
    all
}
