//! Keras: the file of `CSVLogger`, or `pandas.DataFrame(history.history).to_csv(…)`. Row 0 is the first epoch. Names
//! without `val_` belong to training.

use super::by_name::{EPOCH, curve, note, renamed};
use super::name::quantity;
use super::table::{Row, Table};
use super::{Curve, CurveError};
use crate::metric::{Part, PartMetric};

/// Returns whether `table` is a Keras log.
pub fn recognizes(table: &Table<'_>) -> bool {
    let has = |name: &str| table.column(name).is_some();
    has("loss") && (has(EPOCH) || has("val_loss")) && !has("step") && !has("train_loss")
}

/// Reads `table`. Without a column `epoch`, each row is an epoch.
pub fn read(table: &Table<'_>) -> Result<Curve, CurveError> {
    let names = renamed(table, metric);
    let epoch_at = table.column(EPOCH);
    let numbered = |row: &Row<'_>| epoch_at.map(|at| table.epoch(row, at));
    let first = table.rows.iter().find(|row| numbered(row).is_none_or(|epoch| epoch.is_ok_and(|it| it == 0)));
    let loss_at = table.column("loss").unwrap_or_default();
    let is_trained = first.is_some_and(|row| row.number(loss_at).is_some());
    // A log that was continued begins with a later epoch.
    let counts_from_one = table.rows.first().and_then(numbered).is_some_and(|epoch| epoch.is_ok_and(|it| it == 1));
    let offset = u64::from(is_trained || first.is_none() && !counts_from_one);
    let first_line = table.rows.first().map_or(0, |row| row.line);
    let by_line = |row: &Row<'_>| row.line - first_line;
    let epoch_of = |row: &Row<'_>| Ok(numbered(row).transpose()?.unwrap_or_else(|| by_line(row)) + offset);
    let mut curve = curve(table, names, epoch_of)?;
    let epochs = match (offset, first.is_some()) {
        (0, true) => "its epoch 0 has no `loss`, so it is the evaluation before training",
        (0, false) => "its epoch 1 is the first epoch",
        _ => "its epoch 0 is the first epoch, which is epoch 1 here",
    };
    curve.note = note(table, "a Keras log", Some(epochs), &curve.columns);
    Ok(curve)
}

fn metric(name: &str) -> Option<PartMetric> {
    match name.strip_prefix("val_") {
        Some(name) => Some(Part::Val.of(quantity(name)?)),
        None => Some(Part::Train.of(quantity(name)?)),
    }
}
