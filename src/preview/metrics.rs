//! A file of metrics, `epoch` and `val_loss`, `train_accuracy`, … a row an epoch, as `epochs.csv` is: what an evaluation
//! showed in another run, for rules that go by metrics.

use std::collections::BTreeMap;

use ::csv::{ReaderBuilder, StringRecord};

/// Columns that begin so hold metrics; others are not looked at.
const PARTS: [&str; 3] = ["train_", "val_", "test_"];

/// The metrics of each epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct Metrics {
    file: String,
    header: Vec<String>,
    /// The line and the cells of each epoch; an empty cell, or one of no metric, is none.
    epochs: BTreeMap<u64, (u64, Vec<Option<f64>>)>,
}

/// A file of metrics that cannot be used: what is wrong, and where.
#[derive(Debug, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct MetricsError(pub String);

impl Metrics {
    /// Reads the `text` of `file`.
    pub fn parse(file: &str, text: &str) -> Result<Metrics, MetricsError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let unreadable = |error: ::csv::Error| MetricsError(format!("{file}: {error}"));
        let mut reader = ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
        let header: Vec<String> =
            reader.headers().map_err(unreadable)?.iter().map(|name| name.trim().to_owned()).collect();
        let names = header.join(", ");
        if let Some(name) = header.iter().enumerate().find(|(at, name)| header[..*at].contains(name)).map(|it| it.1) {
            return Err(MetricsError(format!("{file}:1: two columns have the name `{name}`")));
        }
        let Some(epoch_at) = header.iter().position(|name| name == "epoch") else {
            return Err(MetricsError(format!("{file}:1: there is no column `epoch`; the columns are: {names}")));
        };
        let mut metrics = Metrics { file: file.to_owned(), header, epochs: BTreeMap::new() };
        for record in reader.records() {
            let record = record.map_err(unreadable)?;
            let line = line_of(text, &record);
            let (epoch, cells) = metrics.row(&record, line, epoch_at)?;
            if let Some((earlier, _)) = metrics.epochs.insert(epoch, (line, cells)) {
                let what = format!("epoch {epoch} has a row already, in line {earlier}");
                return Err(MetricsError(format!("{file}:{line}: column `epoch`: {what}")));
            }
        }
        Ok(metrics)
    }

    fn row(&self, record: &StringRecord, line: u64, epoch_at: usize) -> Result<(u64, Vec<Option<f64>>), MetricsError> {
        let file = &self.file;
        if record.len() != self.header.len() {
            let (here, there) = (record.len(), self.header.len());
            return Err(MetricsError(format!("{file}:{line}: {here} cells, but the header names {there} columns")));
        }
        let wrong = |at: usize, expected: &str| {
            let (name, cell) = (&self.header[at], &record[at]);
            MetricsError(format!("{file}:{line}: column `{name}`: `{cell}` is not {expected}"))
        };
        let epoch = whole(record[epoch_at].trim()).ok_or_else(|| wrong(epoch_at, "an epoch's number"))?;
        let cells = record.iter().enumerate().map(|(at, cell)| match cell.trim() {
            _ if !PARTS.iter().any(|part| self.header[at].starts_with(part)) => Ok(None),
            "" => Ok(None),
            cell => cell.parse().map(Some).map_err(|_| wrong(at, "a number")),
        });
        Ok((epoch, cells.collect::<Result<_, _>>()?))
    }

    /// Whether there is a column `metric`.
    pub fn has(&self, metric: &str) -> bool {
        PARTS.iter().any(|part| metric.starts_with(part)) && self.header.iter().any(|name| name == metric)
    }

    /// `metric` after `epoch`, where the file says.
    pub fn get(&self, epoch: u64, metric: &str) -> Option<f64> {
        let at = self.header.iter().position(|name| name == metric)?;
        *self.epochs.get(&epoch)?.1.get(at)?
    }

    /// The next epoch after `epoch` that has a row.
    pub fn after(&self, epoch: u64) -> Option<u64> {
        self.epochs.range(epoch.checked_add(1)?..).next().map(|(&epoch, _)| epoch)
    }

    /// That `group`'s rule goes by a metric that the file does not have.
    pub fn lacks(&self, metric: &str, group: &str) -> MetricsError {
        let Metrics { file, header, .. } = self;
        let names = header.join(", ");
        let what = format!("the schedule of group `{group}` goes by `{metric}`, which is no column here");
        MetricsError(format!("{file}:1: {what}; the columns are: {names}"))
    }
}

/// `3`, or `3.0` as a table program may have written it.
fn whole(cell: &str) -> Option<u64> {
    let float = || cell.parse::<f64>().ok().filter(|it| it.fract() == 0.0 && (0.0..1e15).contains(it));
    cell.parse().ok().or_else(|| float().map(|it| it as u64))
}

/// The line, from 1, of a record. The reader's own count is behind after CR LF and after empty lines, where a record
/// begins with the line ends before it.
fn line_of(text: &str, record: &StringRecord) -> u64 {
    let start = record.position().and_then(|position| usize::try_from(position.byte()).ok()).unwrap_or(0);
    let (before, rest) = text.as_bytes().split_at(start.min(text.len()));
    let ends = rest.iter().take_while(|&&byte| byte == b'\r' || byte == b'\n');
    1 + before.iter().chain(ends).filter(|&&byte| byte == b'\n').count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> String {
        Metrics::parse("m.csv", text).unwrap_err().to_string()
    }

    #[test]
    fn a_file_of_metrics_is_read() {
        let text = "\u{feff}epoch,val_loss,note,val_accuracy\r\n0,2.3,,\r\n1, 0.5 ,a word,\r\n\r\n3.0,NaN,,0.9\r\n";
        let metrics = Metrics::parse("m.csv", text).unwrap();
        assert_eq!(metrics.get(1, "val_loss"), Some(0.5));
        assert_eq!(metrics.get(1, "val_accuracy"), None);
        assert_eq!(metrics.get(2, "val_loss"), None);
        assert_eq!(metrics.get(3, "val_accuracy"), Some(0.9));
        assert!(metrics.get(3, "val_loss").unwrap().is_nan());
        assert_eq!([0, 1, 3].map(|epoch| metrics.after(epoch)), [Some(1), Some(3), None]);
        assert!(metrics.has("val_loss") && !metrics.has("note") && !metrics.has("val_rmse"));
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
}
