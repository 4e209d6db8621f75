//! `epochs.csv`: one row an epoch, there as soon as the epoch is.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::Sink;
use super::event::{Event, Row};
use super::layout::{CellError, Layout};
use super::whole::{cannot_write, write_whole};

/// Writes `epochs.csv`: the file appears with its header when the run starts, in the place of an older one; each row is
/// appended whole. Where a run is resumed, the file is cut back to the rows that it then had.
pub struct EpochsCsv {
    path: PathBuf,
    open: Option<(File, Layout)>,
}

impl EpochsCsv {
    /// Will write to `path`, from [`Event::Started`] on.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        EpochsCsv { path: path.into(), open: None }
    }

    fn append(&mut self, row: &Row) -> io::Result<()> {
        let (file, layout) = self.open.as_mut().ok_or_else(|| io::Error::other("an epoch came before the start"))?;
        let line = line(&layout.write(row))?;
        // A row in a file that has no name any more would be lost without a word.
        std::fs::metadata(&self.path)?;
        let before = file.metadata()?.len();
        file.write_all(&line).and_then(|()| file.flush()).inspect_err(|_| {
            // A full disk takes half a row; the rows before it stay readable without that half.
            let _ = file.set_len(before);
        })
    }
}

impl Sink for EpochsCsv {
    fn on(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Started(started) => {
                let layout = Layout::of(started);
                let file = match &started.resumed {
                    None => write_whole(&self.path, &line(&layout.header())?)?,
                    Some(resumed) => {
                        cut(&self.path, resumed.epochs_csv_bytes).map_err(|error| cannot_write(&self.path, &error))?
                    }
                };
                self.open = Some((file, layout));
                Ok(())
            }
            Event::Epoch(row) => self.append(row).map_err(|error| cannot_write(&self.path, &error)),
            _ => Ok(()),
        }
    }
}

/// The file at `path`, open at its end, after its first `bytes`.
fn cut(path: &Path, bytes: u64) -> io::Result<File> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let there = file.metadata()?.len();
    if there < bytes {
        return Err(io::Error::other(format!(
            "it has {there} bytes, and the checkpoint counts on {bytes}: --force starts over"
        )));
    }
    file.set_len(bytes)?;
    file.seek(SeekFrom::End(0))?;
    Ok(file)
}

/// One line of CSV.
fn line(cells: &[String]) -> io::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(cells)?;
    writer.into_inner().map_err(|error| error.into_error())
}

/// An `epochs.csv`, read.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    pub layout: Layout,
    pub rows: Vec<Row>,
}

/// An `epochs.csv` that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CurveError {
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{}: line {line}: {source}", path.display())]
    Csv { path: PathBuf, line: u64, source: csv::Error },
    #[error("{}: the first line is no header of an epochs.csv: `{header}`", path.display())]
    Header { path: PathBuf, header: String },
    #[error("{}: line {line}: {source}", path.display())]
    Cell { path: PathBuf, line: u64, source: CellError },
}

/// Reads the `epochs.csv` at `path`. A last line without its end is left out: it is being written, or a crash cut it.
pub fn read(path: &Path) -> Result<Curve, CurveError> {
    let content = std::fs::read(path).map_err(|source| CurveError::Read { path: path.to_owned(), source })?;
    let whole = content.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    let mut reader = csv::Reader::from_reader(&content[..whole]);
    let csv_error = |source: csv::Error| {
        let line = source.position().map_or(1, csv::Position::line);
        CurveError::Csv { path: path.to_owned(), line, source }
    };
    let header = reader.headers().map_err(csv_error)?.clone();
    let names: Vec<&str> = header.iter().collect();
    let layout = Layout::from_header(&names)
        .ok_or_else(|| CurveError::Header { path: path.to_owned(), header: names.join(",") })?;
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(csv_error)?;
        let cells: Vec<&str> = record.iter().collect();
        let line = record.position().map_or(1, csv::Position::line);
        rows.push(layout.read(&cells).map_err(|source| CurveError::Cell { path: path.to_owned(), line, source })?);
    }
    Ok(Curve { layout, rows })
}

#[cfg(test)]
mod tests {
    use super::super::event::{Columns, GroupInfo, Scores, Started};
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn started(groups: &[&str], columns: Columns) -> Event {
        let groups = groups.iter().map(|&name| GroupInfo { name: name.into(), ..GroupInfo::default() }).collect();
        Event::Started(Box::new(Started {
            metric: crate::metric::Metric::ACCURACY,
            groups,
            columns,
            ..Started::default()
        }))
    }

    fn row(epoch: u64) -> Row {
        let scores = |loss| Some(Scores { loss, metric: 0.5 });
        let train = if epoch == 0 { None } else { scores(0.25) };
        let (train_seconds, eval_seconds) = (1.5, 0.25);
        let (lr, effective_lr) = (vec![1e-3], vec![]);
        Row {
            epoch,
            step: 10 * epoch,
            train,
            val: scores(2.5),
            test: None,
            ema: None,
            lr,
            hyper: BTreeMap::new(),
            effective_lr,
            train_seconds,
            eval_seconds,
        }
    }

    #[test]
    fn each_row_is_there_as_soon_as_its_epoch_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("epochs.csv");
        let text = || std::fs::read_to_string(&path).unwrap();
        let mut csv = EpochsCsv::new(&path);
        assert!(csv.on(&Event::Epoch(row(0))).is_err());
        csv.on(&started(&["base"], Columns::default())).unwrap();
        let header = "epoch,step,train_loss,train_accuracy,val_loss,val_accuracy,lr,train_seconds,eval_seconds\n";
        assert_eq!(text(), header);
        csv.on(&Event::Epoch(row(0))).unwrap();
        assert_eq!(text(), format!("{header}0,0,,,2.5,0.5,0.001,1.5,0.25\n"));
        csv.on(&Event::Epoch(row(1))).unwrap();
        assert_eq!(text(), format!("{header}0,0,,,2.5,0.5,0.001,1.5,0.25\n1,10,0.25,0.5,2.5,0.5,0.001,1.5,0.25\n"));

        // A new run of the folder begins the file anew.
        csv.on(&started(&["base"], Columns::default())).unwrap();
        assert_eq!(text(), header);
    }

    #[test]
    fn a_file_that_was_removed_is_an_error_and_not_a_row_lost() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("epochs.csv");
        let mut csv = EpochsCsv::new(&path);
        csv.on(&started(&["base"], Columns::default())).unwrap();
        std::fs::remove_file(&path).unwrap();
        let error = csv.on(&Event::Epoch(row(0))).unwrap_err().to_string();
        assert!(error.starts_with("cannot write ") && error.contains("epochs.csv"), "{error}");
    }

    #[test]
    fn a_half_written_last_row_is_left_out_and_a_wrong_one_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("epochs.csv");
        let mut csv = EpochsCsv::new(&path);
        csv.on(&started(&["base"], Columns::default())).unwrap();
        csv.on(&Event::Epoch(row(0))).unwrap();
        let whole = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{whole}1,10,0.2")).unwrap();
        assert_eq!(read(&path).unwrap().rows, [row(0)]);

        let error = |text: String| {
            std::fs::write(&path, text).unwrap();
            let error = read(&path).unwrap_err().to_string();
            error.split_once("epochs.csv: ").map(|(_, rest)| rest.to_owned()).unwrap()
        };
        assert_eq!(
            error(format!("{whole}1,10,x,0.5,2.5,0.5,0.001,1.5,0.25\n")),
            "line 3: column `train_loss` holds `x`, expected a number or nothing"
        );
        assert!(error(format!("{whole}1,10,0.2\n")).starts_with("line 3: "));
        assert_eq!(error("a,b\n1,2\n".into()), "the first line is no header of an epochs.csv: `a,b`");
        assert!(error(String::new()).contains("no header"));
        std::fs::remove_file(&path).unwrap();
        assert!(read(&path).unwrap_err().to_string().starts_with("cannot read "));
    }

    fn number() -> impl Strategy<Value = f64> {
        any::<u64>().prop_map(f64::from_bits).prop_filter("NaN is not equal to itself", |x| !x.is_nan())
    }

    fn rows(groups: usize, columns: Columns) -> impl Strategy<Value = Vec<Row>> {
        let scores = || proptest::option::of((number(), number()).prop_map(|(loss, metric)| Scores { loss, metric }));
        let rates = move || proptest::collection::vec(number(), groups);
        let hyper = proptest::collection::vec(rates(), columns.hyper.len());
        let rates = (rates(), hyper, rates());
        let row = (any::<u64>(), any::<u64>(), (scores(), scores(), scores(), scores()), rates, number(), number());
        let row = row.prop_map(
            move |(epoch, step, (train, val, test, ema), (lr, hyper, effective_lr), train_seconds, eval_seconds)| {
                let (test, ema) = (test.filter(|_| columns.test), ema.filter(|_| columns.ema));
                let hyper = columns.hyper.iter().cloned().zip(hyper).collect();
                let effective_lr = if columns.effective_lr { effective_lr } else { Vec::new() };
                Row { epoch, step, train, val, test, ema, lr, hyper, effective_lr, train_seconds, eval_seconds }
            },
        );
        proptest::collection::vec(row, 0..4)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn what_was_written_reads_back_exactly(
            (names, columns, rows) in (proptest::collection::btree_set("[a-z ,\"\n.µ]{1,6}", 0..3), 0..3_usize, any::<[bool; 3]>())
                .prop_flat_map(|(names, hyper, [effective_lr, test, ema])| {
                    let hyper = ["momentum", "lr_decay"][..hyper].iter().map(|&name| name.to_owned()).collect();
                    let columns = Columns { hyper, effective_lr, test, ema };
                    (Just(names.clone()), Just(columns.clone()), rows(names.len() + 1, columns))
                })
        ) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("epochs.csv");
            let mut groups = vec!["base"];
            groups.extend(names.iter().map(String::as_str));
            let mut csv = EpochsCsv::new(&path);
            csv.on(&started(&groups, columns)).unwrap();
            for row in &rows {
                csv.on(&Event::Epoch(row.clone())).unwrap();
            }
            prop_assert_eq!(read(&path).unwrap().rows, rows);
        }
    }

    #[test]
    fn nan_reads_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("epochs.csv");
        let mut csv = EpochsCsv::new(&path);
        csv.on(&started(&["base"], Columns::default())).unwrap();
        let val = Some(Scores { loss: f64::NAN, metric: 0.1 });
        csv.on(&Event::Epoch(Row { val, ..row(3) })).unwrap();
        assert!(read(&path).unwrap().rows[0].val.unwrap().loss.is_nan());
    }
}
