//! Ultralytics' `results.csv` (YOLO). Names have spaces around them, and each part of the task has its own loss. Older
//! versions count epochs from 0. No version evaluates before training.

use super::by_name::{EPOCH, curve, note, renamed};
use super::table::Table;
use super::{Curve, CurveError, name};
use crate::metric::{Metric, Part, PartMetric};

/// Returns whether `table` is a log of Ultralytics.
pub fn recognizes(table: &Table<'_>) -> bool {
    let any = |start: &str| table.columns.iter().any(|name| name.trim().starts_with(start));
    table.column(EPOCH).is_some() && any("train/") && (any("metrics/") || any("lr/pg") || any("x/lr"))
}

/// Reads `table`. The loss of training or validation is the sum of the losses of the task's parts.
pub fn read(table: &Table<'_>) -> Result<Curve, CurveError> {
    let names = renamed(table, metric);
    let epoch_at = table.column(EPOCH).unwrap_or_default();
    let counts_from_zero = table.rows.iter().any(|row| table.epoch(row, epoch_at).is_ok_and(|epoch| epoch == 0));
    let offset = u64::from(counts_from_zero);
    let mut curve = curve(table, names, |row| Ok(table.epoch(row, epoch_at)? + offset))?;
    let epochs = match counts_from_zero {
        true => "its epoch 0 is the first epoch, which is epoch 1 here",
        false => "its epoch 1 is the first epoch",
    };
    curve.note = note(table, "a log of Ultralytics", Some(epochs), &curve.columns);
    for part in [Part::Train, Part::Val] {
        let start = format!("{}/", part.name());
        let is_loss = |name: &str| name.starts_with(&start) && name.ends_with("_loss");
        let losses: Vec<usize> = (0..table.columns.len()).filter(|&at| is_loss(table.columns[at].trim())).collect();
        let loss = part.of(Metric::LOSS);
        if losses.is_empty() || curve.has(loss) {
            continue;
        }
        for line in curve.epochs.values_mut() {
            let sum = losses.iter().map(|&at| line.cells[at]).sum::<Option<f64>>();
            line.cells.push(sum);
        }
        let names: Vec<&str> = losses.iter().map(|&at| table.columns[at].trim()).collect();
        curve.columns.push(loss.to_string());
        curve.note = curve.note.map(|note| format!("{note}, {loss} is {}", names.join(" + ")));
    }
    Ok(curve)
}

fn metric(name: &str) -> Option<PartMetric> {
    match name.strip_prefix("metrics/") {
        Some(rest) => Some(Part::Val.of(name::quantity(rest)?)),
        None => name::metric(name),
    }
}
