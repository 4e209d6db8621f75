//! The rows of a table that are used: all of them, or those without empty cells.

use crate::dataset::sheet::{Column, Sheet};
use crate::dataset::{Error, LeftOut};

crate::choice! {
    /// The treatment of empty cells.
    pub enum Missing {
        /// Empty cells are an error.
        Error = "error",
        /// Rows with empty cells are left out.
        Drop = "drop",
        /// Empty numbers become the median of the training rows, and a further input says that the cell was empty. Rows
        /// without a target or a group are left out.
        Median = "median",
    }
}

/// The rows that are used, and the numbers of the other rows by reason.
#[derive(Debug)]
pub struct Rows {
    pub used: Vec<u32>,
    pub left_out: Vec<LeftOut>,
}

/// Selects the rows of `sheet`. With [`Missing::Error`], any empty cell is an error. Otherwise a row with an empty cell
/// in one of `needed` (target, group) is left out. A row with an empty cell in one of `features` is left out with
/// [`Missing::Drop`] and kept with [`Missing::Median`].
pub fn select(sheet: &Sheet, needed: &[&Column], features: &[&Column], missing: Missing) -> Result<Rows, Error> {
    let features = features.iter().filter(|_| missing != Missing::Median);
    // The rows of a column without empty cells need not be looked at.
    let gappy: Vec<&Column> =
        needed.iter().chain(features).copied().filter(|column| column.empty_cells() > 0).collect();
    if missing == Missing::Error && !gappy.is_empty() {
        return Err(empty_cell(sheet, &gappy));
    }
    let mut counts = vec![0; gappy.len()];
    let mut used = Vec::with_capacity(sheet.rows);
    for row in 0..sheet.rows {
        match gappy.iter().position(|column| column.is_empty(row)) {
            Some(at) => counts[at] += 1,
            None => used.push(row as u32),
        }
    }
    if used.is_empty() {
        let (file, rows) = (&sheet.file, sheet.rows);
        return Err(Error(format!("{file}: there are no rows without empty cells ({rows} rows have some)")));
    }
    let left_out = gappy.iter().zip(counts).filter(|(_, rows)| *rows > 0);
    let left_out =
        left_out.map(|(column, rows)| LeftOut { rows, reason: format!("column `{}` is empty", column.name) }).collect();
    Ok(Rows { used, left_out })
}

/// Returns the error for `missing = "error"`: the first empty cell, and the number of empty cells in each column.
fn empty_cell(sheet: &Sheet, gappy: &[&Column]) -> Error {
    let gap = |row: usize| gappy.iter().find(|column| column.is_empty(row));
    let rows: Vec<usize> = (0..sheet.rows).filter(|&row| gap(row).is_some()).collect();
    let (file, first) = (&sheet.file, rows.first().copied().unwrap_or(0));
    let (line, name) = (sheet.line(first), gap(first).map_or("", |column| &column.name));
    let columns: Vec<String> =
        gappy.iter().map(|column| format!("{} in `{}`", column.empty_cells(), column.name)).collect();
    Error(format!(
        "{file}:{line}: column `{name}` is empty\n{} of {} rows have empty cells: {}\nmissing = \"drop\" leaves out such \
         rows; missing = \"median\" keeps them and fills in the median",
        rows.len(),
        sheet.rows,
        columns.join(", ")
    ))
}
