//! Assumptions about data that are not on this machine, so that a schedule can be previewed without them.

use super::usual;
use crate::dataset::{Assumed, Dataset, Info, Task};
use crate::metric::{Metric, PartMetric};
use crate::spec::{Table, Value, ValueKind};

/// Assumptions for a plan that will not be trained.
#[derive(Clone, Copy, Debug, Default)]
pub struct Assume {
    /// Steps per epoch, at least 1. If set, planning does not look for the files of data and weights. `None` computes
    /// it from the data.
    pub steps_per_epoch: Option<u64>,
    /// The number of inputs and the task of a table, as an earlier run learned them. `None` without such a run.
    pub table: Option<(usize, Task)>,
    /// True if the model of the plan is a placeholder for another one. The patterns of groups may then match nothing.
    pub any_model: bool,
}

/// Describes `dataset` without reading its files. The numbers of examples are invented, and no rule depends on them. If
/// only the files contain the task, the loss and the metrics of the spec decide it.
pub(super) fn info(root: &Table, dataset: &dyn Dataset, assume: Assume) -> Info {
    if let Some((inputs, task)) = assume.table {
        return Info { input: vec![inputs], task, ..usual() };
    }
    let Assumed { input, task } = dataset.without_files();
    let suggested = if names_a_regression(root) { Task::Regression { outputs: 1 } } else { usual().task };
    Info { input, task: task.unwrap_or(suggested), ..usual() }
}

/// Returns whether `table` names a loss or metric of regression.
fn names_a_regression(table: &Table) -> bool {
    fn is_rmse(name: &str) -> bool {
        name.parse::<PartMetric>().is_ok_and(|it| it.metric == Metric::RMSE)
    }
    fn is_regression(value: &Value) -> bool {
        match &value.kind {
            ValueKind::String(text) => text == "mse" || is_rmse(text),
            ValueKind::Array(items) => items.iter().any(is_regression),
            ValueKind::Table(table) => names_a_regression(table),
            _ => false,
        }
    }
    table.entries.iter().any(|(key, value)| key.name == Metric::RMSE.name || is_regression(value))
}
