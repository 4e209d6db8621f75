//! A learning curve: metrics by epoch. A run's `epochs.csv` is one, and so are the logs of other tools.
//!
//! Epoch 0 is the evaluation before training, and epoch 1 ends the first pass over the data. Tools that count in
//! another way are recognized by their columns, and [`Curve::note`] says how their file is read.

mod by_name;
mod events;
mod keras;
mod lightning;
mod name;
mod table;
mod transformers;
mod ultralytics;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use self::table::Table;
use super::files::{EPOCHS_CSV, RUN_JSON};
use super::words::{cannot_read, unfit};
use crate::metric::PartMetric;

/// A curve, read by the names of its columns. Columns and rows may be in any order.
///
/// The columns of metrics hold numbers or nothing. Other columns may hold anything. There, a cell that is not a number
/// is read as `None`.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// The file's name, for messages.
    pub file: String,
    /// The names of the columns. Those of metrics are lr-run's names, whatever the file calls them.
    pub columns: Vec<String>,
    /// A sentence that says how a file of another tool is read. `None` if it is read as it is.
    pub note: Option<String>,
    /// The line of the last row if this row is cut off, so that it is not read.
    pub cut: Option<u64>,
    epochs: BTreeMap<u64, Line>,
}

#[derive(Clone, Debug, PartialEq)]
struct Line {
    /// The line in the file, from 1.
    number: u64,
    cells: Vec<Option<f64>>,
}

/// The reason why a file cannot be read as a curve.
#[derive(Debug, thiserror::Error)]
pub enum CurveError {
    #[error("{}", unread(path, source))]
    Read { path: PathBuf, source: io::Error },
    /// The text names the file and, if it can, the line and the column.
    #[error("{0}")]
    Wrong(String),
}

/// Returns a sentence that says why the curve at `path` cannot be read.
fn unread(path: &Path, source: &io::Error) -> String {
    match source.kind() == io::ErrorKind::NotFound && path.ends_with(EPOCHS_CSV) {
        true => format!("{} is missing: the run has no curve", path.display()),
        false => cannot_read(path, source),
    }
}

/// A format of tables.
struct Format {
    recognizes: fn(&Table<'_>) -> bool,
    read: fn(&Table<'_>) -> Result<Curve, CurveError>,
}

/// The formats of tables. The first that recognizes a table reads it.
const FORMATS: [Format; 6] = [
    Format { recognizes: by_name::is_ours, read: by_name::ours },
    Format { recognizes: ultralytics::recognizes, read: ultralytics::read },
    Format { recognizes: transformers::recognizes, read: transformers::read },
    Format { recognizes: lightning::recognizes, read: lightning::read },
    Format { recognizes: keras::recognizes, read: keras::read },
    Format { recognizes: |_| true, read: by_name::any },
];

impl Curve {
    /// Reads the file at `path`, or the `epochs.csv` in the run's folder `path`.
    pub fn read(path: &Path) -> Result<Curve, CurveError> {
        let inside = path.join(EPOCHS_CSV);
        let path = if path.is_dir() && inside.is_file() { &inside } else { path };
        let text =
            std::fs::read_to_string(path).map_err(|source| CurveError::Read { path: path.to_owned(), source })?;
        Curve::parse(&path.display().to_string(), &text)
    }

    /// Reads `text`, the content of `file`: a table, the events of a run, or a state of transformers' Trainer.
    pub fn parse(file: &str, text: &str) -> Result<Curve, CurveError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.trim_start().starts_with(['{', '[']) {
            return if events::recognizes(text) { events::read(file, text) } else { json(file, text) };
        }
        let table = Table::parse(file, text)?;
        let format = FORMATS.iter().find(|format| (format.recognizes)(&table)).unwrap_or(&FORMATS[5]);
        let curve = (format.read)(&table)?;
        Ok(Curve { cut: table.cut, ..curve })
    }

    /// Returns whether a file's name is that of a curve: `.csv`, or the state of transformers' Trainer.
    pub fn is_named_as_one(path: &Path) -> bool {
        path.extension().is_some_and(|end| end.eq_ignore_ascii_case("csv"))
            || path.file_name().is_some_and(|name| name == "trainer_state.json")
    }

    /// Returns the numbers of the epochs that have a row, in ascending order.
    pub fn epochs(&self) -> impl DoubleEndedIterator<Item = u64> + '_ {
        self.epochs.keys().copied()
    }

    /// Returns the first epoch after `epoch` that has a row.
    pub fn after(&self, epoch: u64) -> Option<u64> {
        self.epochs.range(epoch.checked_add(1)?..).next().map(|(&epoch, _)| epoch)
    }

    /// Returns whether there is a column for `metric`.
    pub fn has(&self, metric: PartMetric) -> bool {
        position(&self.columns, &metric.to_string()).is_some()
    }

    /// Returns the value of `metric` after `epoch`. `None` if the file does not have it.
    pub fn get(&self, epoch: u64, metric: PartMetric) -> Option<f64> {
        self.value(epoch, &metric.to_string())
    }

    /// Returns each epoch with its number in the column `name`, in ascending order of epochs. Returns nothing if there
    /// is no such column.
    pub fn column<'a>(&'a self, name: &str) -> impl DoubleEndedIterator<Item = (u64, Option<f64>)> + use<'a> {
        let at = position(&self.columns, name);
        let cell = move |(&epoch, line): (&u64, &Line)| Some((epoch, line.cells.get(at?).copied().flatten()));
        self.epochs.iter().filter_map(cell)
    }

    /// Returns the number in the column `name` after `epoch`. `None` if there is no such number.
    pub fn value(&self, epoch: u64, name: &str) -> Option<f64> {
        let at = position(&self.columns, name)?;
        *self.epochs.get(&epoch)?.cells.get(at)?
    }
}

/// Finds a column by its name, which may have spaces around it in the file.
fn position(columns: &[String], name: &str) -> Option<usize> {
    let exact = columns.iter().position(|column| column == name);
    exact.or_else(|| columns.iter().position(|column| column.trim() == name))
}

/// The text that takes the place of a number that is not finite in JSON.
const NOT_FINITE: &str = "NaN";

/// Reads a state of transformers' Trainer. Any other JSON is an error.
fn json(file: &str, text: &str) -> Result<Curve, CurveError> {
    let wrong = |what: &dyn std::fmt::Display| CurveError::Wrong(format!("{file}: {what}"));
    let content: serde_json::Value =
        serde_json::from_str(&without_nan(text)).map_err(|error| CurveError::Wrong(unfit(&file, &error, "JSON")))?;
    transformers::from_json(file, &content).unwrap_or_else(|| {
        let record = content.get("spec_hash").is_some();
        Err(match record {
            true => wrong(&format!("a {RUN_JSON} has no curve: name the {EPOCHS_CSV} in the same folder")),
            false => wrong(&"this JSON has no `log_history`, and its lines are not the events of a run"),
        })
    })
}

/// Replaces NaN and infinities, which Python writes into JSON, by the text [`NOT_FINITE`].
fn without_nan(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    // Every second part is inside of a string. An escaped quote does not end the string.
    let mut inside = false;
    for (at, part) in text.split('"').enumerate() {
        if at > 0 {
            clean.push('"');
        }
        match inside {
            true => clean.push_str(part),
            false => {
                let text = format!("\"{NOT_FINITE}\"");
                // NaN first, because the text has this word.
                let words = [NOT_FINITE, "-Infinity", "Infinity"];
                clean.push_str(&words.iter().fold(part.to_owned(), |part, word| part.replace(word, &text)));
            }
        }
        let escapes = part.bytes().rev().take_while(|&byte| byte == b'\\').count();
        inside = if inside { escapes % 2 == 1 } else { true };
    }
    clean
}

#[cfg(test)]
mod tests;
