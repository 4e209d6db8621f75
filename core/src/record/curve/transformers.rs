//! The `trainer_state.json` of transformers' Trainer, and its `log_history` as a table. Epochs are fractions: an
//! evaluation at epoch 0.99 belongs to epoch 1.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::by_name::EPOCH;
use super::name::metric;
use super::table::Table;
use super::{Curve, CurveError, Line, NOT_FINITE};
use crate::metric::{Metric, Part, PartMetric};

/// One entry of `log_history`: numbers by name.
type Entry = Vec<(String, f64)>;

/// Returns whether `table` is a `log_history` that was saved as a table.
pub fn recognizes(table: &Table<'_>) -> bool {
    [EPOCH, "step", "loss", "eval_loss"].iter().all(|name| table.column(name).is_some())
}

/// Reads a `log_history` that was saved as a table.
pub fn read(table: &Table<'_>) -> Result<Curve, CurveError> {
    let entry = |row: &super::table::Row| -> Entry {
        let cells = table.columns.iter().enumerate();
        cells.filter_map(|(at, name)| Some((name.trim().to_owned(), row.number(at)?))).collect()
    };
    curve(table.file, table.rows.iter().map(entry))
}

/// Reads the content of a `trainer_state.json`, or its `log_history` alone. `None` if it is something else.
pub fn from_json(file: &str, content: &Value) -> Option<Result<Curve, CurveError>> {
    let entries = content.get("log_history").unwrap_or(content).as_array()?;
    let entries: Vec<&Map<String, Value>> = entries.iter().map(Value::as_object).collect::<Option<_>>()?;
    let numbers = |entry: &&Map<String, Value>| -> Entry {
        let number = |value: &Value| value.as_f64().or((value.as_str() == Some(NOT_FINITE)).then_some(f64::NAN));
        entry.iter().filter_map(|(name, value)| Some((name.clone(), number(value)?))).collect()
    };
    entries.iter().any(|entry| entry.contains_key(EPOCH)).then(|| curve(file, entries.iter().map(numbers)))
}

/// Builds the curve. Training losses are averaged over the epoch. Of the evaluations in an epoch, the last one counts.
fn curve(file: &str, entries: impl Iterator<Item = Entry>) -> Result<Curve, CurveError> {
    const LR: &str = "lr";
    let mut found: BTreeMap<u64, BTreeMap<String, (f64, u64)>> = BTreeMap::new();
    let train_loss = Part::Train.of(Metric::LOSS);
    for entry in entries {
        let at = entry.iter().find(|(name, _)| name == EPOCH).map(|(_, at)| *at);
        let Some(at) = at.filter(|at| (0.0..1e15).contains(at)) else { continue };
        // A rounding error must not begin another epoch.
        let epoch = (at - 1e-6).ceil().max(0.0) as u64;
        // `train_loss` in the last entry is the loss of the whole run, so it is left out.
        for (name, value) in entry.into_iter().filter(|(name, _)| !name.starts_with("train_")) {
            let (epoch, metric) = match name.as_str() {
                "loss" => (epoch.max(1), Some(train_loss)),
                _ => (epoch, metric(&name)),
            };
            let name = match metric {
                Some(metric) => metric.to_string(),
                None if name == "learning_rate" => LR.to_owned(),
                None => continue,
            };
            let sum = found.entry(epoch).or_default().entry(name).or_default();
            *sum = if metric == Some(train_loss) { (sum.0 + value, sum.1 + 1) } else { (value, 1) };
        }
    }
    let is_metric = |name: &&String| name.parse::<PartMetric>().is_ok();
    let mut columns: Vec<String> = found.values().flat_map(|values| values.keys()).filter(is_metric).cloned().collect();
    columns.push(LR.to_owned());
    columns.sort();
    columns.dedup();
    let cell = |values: &BTreeMap<String, (f64, u64)>, name: &String| values.get(name).map(|(sum, n)| sum / *n as f64);
    let line = |values: &BTreeMap<String, (f64, u64)>| {
        let cells = columns.iter().map(|name| cell(values, name)).collect();
        Line { number: 1, cells }
    };
    let epochs: BTreeMap<u64, Line> = found.iter().map(|(epoch, values)| (*epoch, line(values))).collect();
    if epochs.is_empty() {
        return Err(CurveError::Wrong(format!("{file}: no entry has an `{EPOCH}` and a loss or a metric")));
    }
    let note = format!(
        "{file} is read as a log of transformers' Trainer: an evaluation belongs to the epoch that it ends, `loss` is \
         train_loss, averaged over the epoch, `eval_` is val_"
    );
    Ok(Curve { file: file.to_owned(), columns, note: Some(note), cut: None, epochs })
}
