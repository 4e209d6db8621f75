//! `epochs.csv`: one row per epoch, written when the epoch ends.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::Sink;
use super::atomic_write::{atomic_write, cannot_write};
use super::event::{Event, Row};
use super::layout::Layout;

/// Writes `epochs.csv`. When the run starts, a file with the header replaces an older one. Rows are appended whole.
/// When a run resumes, the file is cut back to the rows of its checkpoint.
pub struct EpochsCsv {
    path: PathBuf,
    open: Option<(File, Layout)>,
}

impl EpochsCsv {
    /// Returns a sink that writes to `path` from [`Event::Started`] on.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        EpochsCsv { path: path.into(), open: None }
    }

    /// Appends `row` to the file.
    fn append(&mut self, row: &Row) -> io::Result<()> {
        let (file, layout) = self.open.as_mut().ok_or_else(|| io::Error::other("an epoch came before the start"))?;
        let cells: Vec<String> = layout.cells(row).iter().map(ToString::to_string).collect();
        let line = line(&cells)?;
        // If the file was removed, the row would be lost without an error.
        std::fs::metadata(&self.path)?;
        let before = file.metadata()?.len();
        file.write_all(&line).and_then(|()| file.flush()).inspect_err(|_| {
            // On a full disk, only a part of the row may be written. It is cut off, so that the file stays readable.
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
                    None => atomic_write(&self.path, &line(&layout.header())?)?,
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

/// Cuts the file at `path` to `bytes`, and opens it at its end.
fn cut(path: &Path, bytes: u64) -> io::Result<File> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let there = file.metadata()?.len();
    if there < bytes {
        return Err(io::Error::other(format!(
            "it has {there} bytes, but the checkpoint expects {bytes}: --force starts over"
        )));
    }
    file.set_len(bytes)?;
    file.seek(SeekFrom::End(0))?;
    Ok(file)
}

/// Returns one line of CSV.
fn line(cells: &[String]) -> io::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(cells)?;
    writer.into_inner().map_err(|error| error.into_error())
}

#[cfg(test)]
mod tests {
    use super::super::curve::Curve;
    use super::super::event::Scores;
    use super::super::layout::Cell;
    use super::super::started::{Columns, GroupInfo, Started, StrategyInfo};
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn started(groups: &[&str], columns: Columns) -> Event {
        let groups = groups.iter().map(|&name| GroupInfo { name: name.into(), ..GroupInfo::default() }).collect();
        Event::Started(Box::new(Started {
            metric: crate::metric::Metric::ACCURACY,
            strategy: StrategyInfo { groups, ..StrategyInfo::default() },
            columns,
            ..Started::default()
        }))
    }

    fn row(epoch: u64) -> Row {
        let scores = |loss| Some(Scores { loss, metric: 0.5 });
        let train = if epoch == 0 { None } else { scores(0.25) };
        let train_seconds = 1.5;
        let eval_seconds = 0.25;
        let lr = vec![1e-3];
        let effective_lr = vec![];
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
    fn each_row_is_written_when_its_epoch_ends() {
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

        // A new run replaces the file.
        csv.on(&started(&["base"], Columns::default())).unwrap();
        assert_eq!(text(), header);
    }

    #[test]
    fn removed_file_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("epochs.csv");
        let mut csv = EpochsCsv::new(&path);
        csv.on(&started(&["base"], Columns::default())).unwrap();
        std::fs::remove_file(&path).unwrap();
        let error = csv.on(&Event::Epoch(row(0))).unwrap_err().to_string();
        assert!(error.starts_with("cannot write ") && error.contains("epochs.csv"), "{error}");
    }

    fn number() -> impl Strategy<Value = f64> {
        any::<u64>().prop_map(f64::from_bits).prop_filter("NaN is not equal to itself", |x| !x.is_nan())
    }

    fn rows(groups: usize, columns: Columns) -> impl Strategy<Value = Vec<Row>> {
        let scores = || proptest::option::of((number(), number()).prop_map(|(loss, metric)| Scores { loss, metric }));
        let rates = move || proptest::collection::vec(number(), groups);
        let hyper = proptest::collection::vec(rates(), columns.hyper.len());
        let rates = (rates(), hyper, rates());
        let row = ((scores(), scores(), scores(), scores()), rates, number(), number());
        let row =
            row.prop_map(move |((train, val, test, ema), (lr, hyper, effective_lr), train_seconds, eval_seconds)| {
                // Each row gets its own epoch below.
                let epoch = 0;
                let step = 0;
                let test = test.filter(|_| columns.test);
                let ema = ema.filter(|_| columns.ema);
                let hyper = columns.hyper.iter().cloned().zip(hyper).collect();
                let effective_lr = if columns.effective_lr { effective_lr } else { Vec::new() };
                Row { epoch, step, train, val, test, ema, lr, hyper, effective_lr, train_seconds, eval_seconds }
            });
        proptest::collection::vec(row, 0..4)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn rows_read_back_exactly(
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
            let rows: Vec<Row> = rows.into_iter().zip(0..).map(|(row, epoch)| Row { epoch, ..row }).collect();
            for row in &rows {
                csv.on(&Event::Epoch(row.clone())).unwrap();
            }
            let layout = csv.open.unwrap().1;
            let curve = Curve::read(&path).unwrap();
            prop_assert_eq!(curve.epochs().count(), rows.len());
            for row in &rows {
                for (column, cell) in layout.header().iter().zip(layout.cells(row)) {
                    let expected = match cell {
                        Cell::Empty => None,
                        Cell::Count(count) => Some(count as f64),
                        Cell::Number(number) => Some(number),
                    };
                    prop_assert_eq!(curve.value(row.epoch, column), expected, "{}", column);
                }
            }
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
        let curve = Curve::read(&path).unwrap();
        assert!(curve.get(3, "val_loss".parse().unwrap()).unwrap().is_nan());
        assert!(Curve::read(&folder.path().join("gone.csv")).unwrap_err().to_string().starts_with("there is no "));
    }
}
