//! A learning curve: a CSV with the column `epoch` and metrics such as `val_loss`. A run's `epochs.csv` is one, and so is
//! a file of another tool with columns of these names.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use ::csv::{ReaderBuilder, StringRecord};

use crate::metric::PartMetric;

/// A curve, read by the names of its columns. Their order is free, and so is that of the rows.
///
/// The columns of metrics hold numbers or nothing. Other columns may hold anything; a cell that is not a number reads as
/// `None`.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// The file's name, for messages.
    pub file: String,
    pub columns: Vec<String>,
    epochs: BTreeMap<u64, Line>,
}

#[derive(Clone, Debug, PartialEq)]
struct Line {
    /// Counted from 1.
    number: u64,
    cells: Vec<Option<f64>>,
}

/// A file that is not a curve.
#[derive(Debug, thiserror::Error)]
pub enum CurveError {
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    /// The text names the file, the line and the column.
    #[error("{0}")]
    Wrong(String),
}

impl Curve {
    /// Reads the file at `path`.
    pub fn read(path: &Path) -> Result<Curve, CurveError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| CurveError::Read { path: path.to_owned(), source })?;
        Curve::parse(&path.display().to_string(), &text)
    }

    /// Reads `text`, the content of `file`. A last line that has no line end and too few cells is left out: it is being
    /// written, or a crash cut it.
    pub fn parse(file: &str, text: &str) -> Result<Curve, CurveError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let unreadable = |error: ::csv::Error| CurveError::Wrong(format!("{file}: {error}"));
        let mut reader = ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
        let columns: Vec<String> = reader.headers().map_err(unreadable)?.iter().map(str::to_owned).collect();
        let mut curve = Curve { file: file.to_owned(), columns, epochs: BTreeMap::new() };
        if let Some(name) = curve.repeated_column() {
            return Err(curve.wrong_at(1, &format!("two columns have the name `{name}`")));
        }
        let Some(epoch_at) = curve.column("epoch") else {
            let names = curve.columns.join(", ");
            return Err(curve.wrong_at(1, &format!("there is no column `epoch`; the columns are: {names}")));
        };
        let is_metric: Vec<bool> = curve.columns.iter().map(|name| name.trim().parse::<PartMetric>().is_ok()).collect();
        for record in reader.records() {
            let record = record.map_err(unreadable)?;
            let cut = record.len() < curve.columns.len() && !text.ends_with('\n') && reader_is_at_end(text, &record);
            if cut {
                break;
            }
            let number = line_of(text, &record);
            let (epoch, cells) = curve.row(&record, number, epoch_at, &is_metric)?;
            if let Some(earlier) = curve.epochs.insert(epoch, Line { number, cells }) {
                let what = format!("column `epoch`: epoch {epoch} has a row already, in line {}", earlier.number);
                return Err(curve.wrong_at(number, &what));
            }
        }
        Ok(curve)
    }

    fn row(
        &self,
        record: &StringRecord,
        number: u64,
        epoch_at: usize,
        is_metric: &[bool],
    ) -> Result<(u64, Vec<Option<f64>>), CurveError> {
        if record.len() != self.columns.len() {
            let here = record.len();
            let there = self.columns.len();
            return Err(self.wrong_at(number, &format!("{here} cells, but the header names {there} columns")));
        }
        let wrong = |at: usize, expected: &str| {
            let name = self.columns[at].trim();
            let cell = &record[at];
            self.wrong_at(number, &format!("column `{name}`: `{cell}` is not {expected}"))
        };
        let epoch = whole(record[epoch_at].trim()).ok_or_else(|| wrong(epoch_at, "an epoch's number"))?;
        let mut cells = Vec::with_capacity(record.len());
        for (at, cell) in record.iter().enumerate() {
            let value = cell.trim().parse::<f64>().ok();
            if value.is_none() && is_metric[at] && !cell.trim().is_empty() {
                return Err(wrong(at, "a number"));
            }
            cells.push(value);
        }
        Ok((epoch, cells))
    }

    /// Returns the epochs that have a row, in ascending order.
    pub fn epochs(&self) -> impl DoubleEndedIterator<Item = u64> + '_ {
        self.epochs.keys().copied()
    }

    /// Returns the first epoch after `epoch` that has a row.
    pub fn after(&self, epoch: u64) -> Option<u64> {
        self.epochs.range(epoch.checked_add(1)?..).next().map(|(&epoch, _)| epoch)
    }

    /// Returns whether there is a column for `metric`.
    pub fn has(&self, metric: PartMetric) -> bool {
        self.column(&metric.to_string()).is_some()
    }

    /// Returns `metric` after `epoch`; `None` if the file does not say.
    pub fn get(&self, epoch: u64, metric: PartMetric) -> Option<f64> {
        self.value(epoch, &metric.to_string())
    }

    /// Returns the number in the column `name` after `epoch`; `None` if there is no such number.
    pub fn value(&self, epoch: u64, name: &str) -> Option<f64> {
        let at = self.column(name)?;
        *self.epochs.get(&epoch)?.cells.get(at)?
    }

    /// Finds a column by its name, which may have spaces around it in the file.
    fn column(&self, name: &str) -> Option<usize> {
        let exact = self.columns.iter().position(|column| column == name);
        exact.or_else(|| self.columns.iter().position(|column| column.trim() == name))
    }

    fn repeated_column(&self) -> Option<&str> {
        let repeated = |(at, name): &(usize, &String)| self.columns[..*at].contains(name);
        self.columns.iter().enumerate().find(repeated).map(|(_, name)| name.as_str())
    }

    fn wrong_at(&self, line: u64, what: &str) -> CurveError {
        CurveError::Wrong(format!("{}:{line}: {what}", self.file))
    }
}

/// Returns whether nothing follows `record` in `text`.
fn reader_is_at_end(text: &str, record: &StringRecord) -> bool {
    !text[start_of(text, record)..].trim_start_matches(['\r', '\n']).contains('\n')
}

/// Reads `3`, or `3.0` as a table program may have written it.
fn whole(cell: &str) -> Option<u64> {
    let float = || cell.parse::<f64>().ok().filter(|it| it.fract() == 0.0 && (0.0..1e15).contains(it));
    cell.parse().ok().or_else(|| float().map(|it| it as u64))
}

fn start_of(text: &str, record: &StringRecord) -> usize {
    let start = record.position().and_then(|position| usize::try_from(position.byte()).ok()).unwrap_or(0);
    start.min(text.len())
}

/// Returns the line of a record, from 1. The reader's own count is behind after CR LF and after empty lines, because to
/// it a record begins with the line ends before it.
fn line_of(text: &str, record: &StringRecord) -> u64 {
    let (before, rest) = text.as_bytes().split_at(start_of(text, record));
    let ends = rest.iter().take_while(|&&byte| byte == b'\r' || byte == b'\n');
    1 + before.iter().chain(ends).filter(|&&byte| byte == b'\n').count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::{Metric, Part};

    const VAL_LOSS: PartMetric = Part::Val.of(Metric::LOSS);
    const VAL_ACCURACY: PartMetric = Part::Val.of(Metric::ACCURACY);

    fn wrong(text: &str) -> String {
        Curve::parse("m.csv", text).unwrap_err().to_string()
    }

    #[test]
    fn columns_are_found_by_name() {
        let text = "\u{feff}epoch, val_loss,note,val_accuracy\r\n0,2.3,,\r\n1, 0.5 ,a word,\r\n\r\n3.0,NaN,7,0.9\r\n";
        let curve = Curve::parse("m.csv", text).unwrap();
        assert_eq!(curve.get(1, VAL_LOSS), Some(0.5));
        assert_eq!(curve.get(1, VAL_ACCURACY), None);
        assert_eq!(curve.get(2, VAL_LOSS), None);
        assert_eq!(curve.get(3, VAL_ACCURACY), Some(0.9));
        assert!(curve.get(3, VAL_LOSS).unwrap().is_nan());
        assert_eq!([0, 1, 3].map(|epoch| curve.after(epoch)), [Some(1), Some(3), None]);
        assert_eq!(curve.epochs().collect::<Vec<_>>(), [0, 1, 3]);
        assert!(curve.has(VAL_LOSS) && !curve.has(Part::Val.of(Metric::RMSE)));
        assert_eq!([1, 3].map(|epoch| curve.value(epoch, "note")), [None, Some(7.0)]);
    }

    #[test]
    fn every_part_and_metric_can_be_read() {
        let text = "epoch,ema_loss,ema_accuracy,train_rmse,test_loss\n2,1,2,3,4\n";
        let curve = Curve::parse("m.csv", text).unwrap();
        let metrics = ["ema_loss", "ema_accuracy", "train_rmse", "test_loss"];
        assert_eq!(metrics.map(|name| curve.get(2, name.parse().unwrap())), [1.0, 2.0, 3.0, 4.0].map(Some));
    }

    #[test]
    fn a_wrong_file_says_where() {
        assert_eq!(
            wrong("step,val_loss\n1,2\n"),
            "m.csv:1: there is no column `epoch`; the columns are: step, val_loss"
        );
        assert_eq!(wrong(""), "m.csv:1: there is no column `epoch`; the columns are: ");
        assert_eq!(
            wrong("epoch,val_loss\r\n1,1\r\n\r\n2,low\r\n"),
            "m.csv:4: column `val_loss`: `low` is not a number"
        );
        assert_eq!(wrong("epoch,val_loss\n-1,1\n"), "m.csv:2: column `epoch`: `-1` is not an epoch's number");
        assert_eq!(wrong("epoch,val_loss\n,1\n"), "m.csv:2: column `epoch`: `` is not an epoch's number");
        assert_eq!(
            wrong("epoch,val_loss\n1,1\n2,1\n1,1\n"),
            "m.csv:4: column `epoch`: epoch 1 has a row already, in line 2"
        );
        assert_eq!(wrong("epoch,val_loss\n1\n"), "m.csv:2: 1 cells, but the header names 2 columns");
        assert_eq!(wrong("epoch,val_loss,val_loss\n"), "m.csv:1: two columns have the name `val_loss`");
    }

    #[test]
    fn a_line_that_is_being_written_is_left_out() {
        let epochs = |text: &str| Curve::parse("m.csv", text).unwrap().epochs().collect::<Vec<_>>();
        assert_eq!(epochs("epoch,step,val_loss\n0,0,2.5\n1,1"), [0]);
        // Other tools may end the last line without a line end.
        assert_eq!(epochs("epoch,step,val_loss\n0,0,2.5\n1,10,0.5"), [0, 1]);
        assert_eq!(wrong("epoch,val_loss\n1\n2,1"), "m.csv:2: 1 cells, but the header names 2 columns");
    }
}
