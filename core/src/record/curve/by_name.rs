//! Tables with a column `epoch` and columns named after metrics: lr-run's own `epochs.csv`, and files that people make.

use std::collections::BTreeMap;

use super::table::Table;
use super::{Curve, CurveError, Line, name};
use crate::metric::{Part, PartMetric};

/// The name of the column that numbers the epochs.
pub const EPOCH: &str = "epoch";

/// Returns whether `table` is an `epochs.csv` that lr-run wrote.
pub fn is_ours(table: &Table<'_>) -> bool {
    [EPOCH, "step", "train_seconds", "eval_seconds"].iter().all(|name| table.column(name).is_some())
}

/// Reads lr-run's own `epochs.csv`.
pub fn ours(table: &Table<'_>) -> Result<Curve, CurveError> {
    let own = |name: &str| name.parse().ok();
    let epoch_at = epoch_column(table)?;
    curve(table, renamed(table, own), |row| table.epoch(row, epoch_at))
}

/// Reads a table of any other source. If the row of epoch 0 has training values, it is read as epoch 1, and so on.
pub fn any(table: &Table<'_>) -> Result<Curve, CurveError> {
    let epoch_at = epoch_column(table)?;
    let names = renamed(table, name::metric);
    let is_train = |name: &String| name.parse::<PartMetric>().is_ok_and(|metric| metric.part == Part::Train);
    let trained: Vec<usize> = (0..names.len()).filter(|&at| is_train(&names[at])).collect();
    let first = table.rows.iter().find(|row| table.epoch(row, epoch_at).is_ok_and(|epoch| epoch == 0));
    let counts_from_zero = first.is_some_and(|row| trained.iter().any(|&at| row.number(at).is_some()));
    let offset = u64::from(counts_from_zero);
    let mut curve = curve(table, names, |row| Ok(table.epoch(row, epoch_at)? + offset))?;
    let epochs = match (counts_from_zero, first.is_some()) {
        (true, _) => Some("its epoch 0 has training values, so it is the first epoch, which is epoch 1 here"),
        (false, true) => Some("its epoch 0 is taken as the evaluation before training"),
        (false, false) => None,
    };
    curve.note = note(table, "a table of epochs", epochs, &curve.columns);
    Ok(curve)
}

/// Returns the position of the column `epoch`.
fn epoch_column(table: &Table<'_>) -> Result<usize, CurveError> {
    table.column(EPOCH).ok_or_else(|| {
        if table.columns.iter().all(|name| name.trim().is_empty()) {
            return CurveError::Wrong(format!("{}: the file is empty", table.file));
        }
        let names = table.columns.join(", ");
        table.wrong_at(1, &format!("there is no column `{EPOCH}`; the columns are: {names}"))
    })
}

/// Returns the names of the columns. A column that `metric` recognizes as a metric gets lr-run's name of it, unless
/// another column has this name already.
pub fn renamed(table: &Table<'_>, metric: impl Fn(&str) -> Option<PartMetric>) -> Vec<String> {
    let is_metric = |name: &String| name.trim().parse::<PartMetric>().is_ok();
    let mut taken: Vec<String> = table.columns.iter().filter(|name| is_metric(name)).cloned().collect();
    let mut rename = |name: &String| {
        let found = metric(name.trim()).map(|metric| metric.to_string());
        let found = found.filter(|found| !is_metric(name) && !taken.iter().any(|it| it.trim() == found));
        taken.extend(found.clone());
        found.unwrap_or_else(|| name.clone())
    };
    table.columns.iter().map(&mut rename).collect()
}

/// Reads `table` as a curve with one row per epoch. `names` are lr-run's names of the columns, and `epoch_of` returns
/// the epoch of a row. Returns an error if an epoch has two rows.
pub fn curve(
    table: &Table<'_>,
    names: Vec<String>,
    epoch_of: impl Fn(&super::table::Row<'_>) -> Result<u64, CurveError>,
) -> Result<Curve, CurveError> {
    let is_metric: Vec<bool> = names.iter().map(|name| name.trim().parse::<PartMetric>().is_ok()).collect();
    let mut epochs: BTreeMap<u64, Line> = BTreeMap::new();
    for row in &table.rows {
        let epoch = epoch_of(row)?;
        let cell = |at: usize| if is_metric[at] { table.metric(row, at) } else { Ok(row.number(at)) };
        let mut cells = Vec::with_capacity(names.len());
        for at in 0..names.len() {
            cells.push(cell(at)?);
        }
        if let Some(earlier) = epochs.insert(epoch, Line { number: row.line, cells }) {
            let what = format!("column `{EPOCH}`: epoch {epoch} has a row already, in line {}", earlier.number);
            return Err(table.wrong_at(row.line, &what));
        }
    }
    Ok(Curve { file: table.file.to_owned(), columns: names, note: None, cut: None, epochs })
}

/// Returns a sentence that says how `table` is read: as a file of the kind `what`, with a remark about its `epochs`,
/// and with its columns called `names`. Returns `None` if there is no such remark and no column is renamed.
pub fn note(table: &Table<'_>, what: &str, epochs: Option<&str>, names: &[String]) -> Option<String> {
    let renames = table.columns.iter().zip(names).filter(|(own, name)| own.trim() != name.trim());
    let renames: Vec<String> = renames.map(|(own, name)| format!("`{}` is {name}", own.trim())).collect();
    let parts: Vec<String> = epochs.map(str::to_owned).into_iter().chain(renames).collect();
    (!parts.is_empty()).then(|| format!("{} is read as {what}: {}", table.file, parts.join(", ")))
}
