//! The rows of a table that are used: all of them, or those without empty cells.

use crate::dataset::sheet::{Cells, Column, Sheet};
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

/// The rows that are used, and how many others are left out for each reason.
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
    let all = needed.iter().map(|column| (*column, false)).chain(features.map(|column| (*column, true)));
    // Columns without empty cells need not be looked at row by row.
    let (gappy, fillable): (Vec<&Column>, Vec<bool>) = all.filter(|(column, _)| column.empty_cells() > 0).unzip();
    if missing == Missing::Error && !gappy.is_empty() {
        let advice = match (fillable.contains(&false), fillable.contains(&true)) {
            (false, _) => {
                "missing = \"drop\" leaves out such rows; missing = \"median\" keeps them and fills in the median"
            }
            (true, false) => "missing = \"drop\" leaves out such rows: nothing can be learned from them",
            (true, true) => {
                "missing = \"drop\" leaves out such rows; missing = \"median\" keeps those in which the target is not empty, \
                 and fills in the median"
            }
        };
        return Err(empty_cell(sheet, &gappy, advice, true));
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
    let left_out = gappy.iter().zip(fillable).zip(counts).filter(|(_, rows)| *rows > 0);
    let left_out = left_out.map(|((column, fillable), rows)| LeftOut { rows, reason: reason(column), fillable });
    Ok(Rows { used, left_out: left_out.collect() })
}

/// Selects the rows of `sheet` to predict. With [`Missing::Error`], any empty cell in one of `features` is an error.
pub fn select_new(sheet: &Sheet, features: &[&Column], missing: Missing) -> Result<Rows, Error> {
    let gappy: Vec<&Column> = features.iter().copied().filter(|column| column.empty_cells() > 0).collect();
    if missing == Missing::Error && !gappy.is_empty() {
        let advice = "the run was trained with missing = \"error\", so it has no prediction for such rows: fill in these cells or \
                      remove the rows, or train with missing = \"median\"";
        return Err(empty_cell(sheet, &gappy, advice, false));
    }
    select(sheet, &[], features, missing)
}

/// Returns the reason why rows with an empty cell in `column` are left out. For a column of text, it names the words
/// that count as empty, because they may be values.
fn reason(column: &Column) -> String {
    let words: Vec<String> = match column.cells {
        Cells::Text { .. } => column.gaps.iter().map(|gap| format!(" or `{}`", gap.word)).collect(),
        Cells::Numbers(_) => Vec::new(),
    };
    format!("column `{}` is empty{}", column.name, words.concat())
}

/// Returns the error for `missing = "error"`. It names the first empty cell, and the number of empty cells in each
/// column of `gappy`. If `has_spec` is true, it may advise to set `missing_values` in the spec.
fn empty_cell(sheet: &Sheet, gappy: &[&Column], advice: &str, has_spec: bool) -> Error {
    let gap = |row: usize| gappy.iter().find(|column| column.is_empty(row));
    let rows: Vec<usize> = (0..sheet.rows).filter(|&row| gap(row).is_some()).collect();
    let first = rows.first().copied().unwrap_or(0);
    let (file, line) = (&sheet.file, sheet.line(first));
    let (name, word) = gap(first).map_or(("", None), |column| {
        let word = column.gaps.iter().find(|gap| gap.row == first && matches!(column.cells, Cells::Text { .. }));
        (&column.name, word.map(|gap| gap.word.as_str()))
    });
    let columns: Vec<String> =
        gappy.iter().map(|column| format!("{} in `{}`", column.empty_cells(), column.name)).collect();
    let (is_empty, or_value) = match word {
        None => (" is empty".to_owned(), String::new()),
        Some(word) if !has_spec => (format!(": `{word}` counts as empty"), String::new()),
        Some(word) => {
            let missing_values = sheet.missing_values(None, Some(word));
            (
                format!(": `{word}` counts as empty"),
                format!("; if `{word}` is a value, write {missing_values}, the words for an empty cell"),
            )
        }
    };
    Error(format!(
        "{file}:{line}: column `{name}`{is_empty}\n{} of {} rows have empty cells: {}\n{advice}{or_value}",
        rows.len(),
        sheet.rows,
        columns.join(", ")
    ))
}
