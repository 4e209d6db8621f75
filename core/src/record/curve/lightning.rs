//! Lightning's `CSVLogger`. Training and validation have separate rows, an epoch has several of them, and epochs count
//! from 0.

use std::collections::BTreeMap;

use super::by_name::{EPOCH, note, renamed};
use super::table::Table;
use super::{Curve, CurveError, Line, name};
use crate::metric::{Part, PartMetric};

/// Returns whether `table` is a Lightning log: it has the columns `epoch` and `step`, and either an epoch has several
/// rows or a row has no epoch.
pub fn recognizes(table: &Table<'_>) -> bool {
    let Some(at) = table.column(EPOCH).filter(|_| table.column("step").is_some()) else { return false };
    let mut epochs: Vec<&str> = table.rows.iter().map(|row| row.cell(at)).collect();
    epochs.sort_unstable();
    epochs.windows(2).any(|pair| pair[0] == pair[1]) || epochs.first().is_some_and(|first| first.is_empty())
}

/// The values of one epoch.
#[derive(Default)]
struct Epoch {
    /// The last line of the epoch.
    line: u64,
    /// The sum and the number of the values in each column.
    sums: Vec<(f64, u64)>,
    /// The last value in each column, if there is one.
    last: Vec<Option<f64>>,
}

/// Reads `table`. The values of training are averaged over the epoch in which they were logged. In every other column,
/// the last value of the epoch counts.
pub fn read(table: &Table<'_>) -> Result<Curve, CurveError> {
    let names = renamed(table, name::metric);
    let metrics: Vec<Option<PartMetric>> = names.iter().map(|name| name.trim().parse().ok()).collect();
    let epoch_at = table.column(EPOCH).unwrap_or_default();
    let mut found: BTreeMap<u64, Epoch> = BTreeMap::new();
    // Rows of the learning rate have no epoch.
    for row in table.rows.iter().filter(|row| !row.cell(epoch_at).is_empty()) {
        let epoch = found.entry(table.epoch(row, epoch_at)?).or_default();
        epoch.line = row.line;
        epoch.sums.resize(names.len(), (0.0, 0));
        epoch.last.resize(names.len(), None);
        for (at, metric) in metrics.iter().enumerate() {
            let value = if metric.is_some() { table.metric(row, at)? } else { row.number(at) };
            if let Some(value) = value {
                epoch.sums[at] = (epoch.sums[at].0 + value, epoch.sums[at].1 + 1);
                epoch.last[at] = Some(value);
            }
        }
    }
    // A file that counts from 1 is not Lightning's own.
    let offset = u64::from(found.keys().next() != Some(&1));
    let is_mean = |at: usize| metrics[at].is_some_and(|metric| metric.part == Part::Train);
    let cell = |epoch: &Epoch, at: usize| match epoch.sums[at] {
        (sum, count) if is_mean(at) && count > 0 => Some(sum / count as f64),
        _ => epoch.last[at],
    };
    let line = |epoch: &Epoch| {
        let cells = (0..names.len()).map(|at| cell(epoch, at)).collect();
        Line { number: epoch.line, cells }
    };
    let epochs = found.iter().map(|(number, epoch)| (number + offset, line(epoch))).collect();
    let counted = match offset {
        0 => "its epoch 1 is the first epoch, the values of training are means over an epoch",
        _ => "its epoch 0 is the first epoch, which is epoch 1 here, the values of training are means over an epoch",
    };
    let note = note(table, "a Lightning log", Some(counted), &names);
    Ok(Curve { file: table.file.to_owned(), columns: names, note, cut: None, epochs })
}
