//! A run to compare: its curve and, if lr-run made it, its record.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::name::split_at_seed;
use crate::metric::{Metric, Part, PartMetric};
use crate::record::{Curve, CurveError, EPOCHS_CSV, RUN_JSON, RunRecord, RunRecordError, Status, is_held};

/// A run, read from its folder or from a file that has only its curve.
#[derive(Debug)]
pub struct Run {
    /// The folder of the run, or the file of a curve without a record.
    pub path: PathBuf,
    /// `None` for a curve without a `run.json`.
    pub record: Option<RunRecord>,
    pub curve: Curve,
    /// True if a live process owns the run.
    pub live: bool,
}

/// The reason why a run, or a part of it, is not read.
#[derive(Debug, thiserror::Error)]
pub enum LeftOut {
    #[error("there is no {}", path.display())]
    Missing { path: PathBuf },
    /// A folder or pattern under which there is nothing.
    #[error("{}", no_runs(path))]
    NoRuns { path: PathBuf },
    #[error("{}: a curve next to runs is not compared: name it", path.display())]
    Beside { path: PathBuf },
    /// A row of a curve. The rest of the curve is read.
    #[error("{}:{line}: the last row is cut off and not read", path.display())]
    Cut { path: PathBuf, line: u64 },
    #[error(transparent)]
    Record(#[from] RunRecordError),
    #[error(transparent)]
    Curve(#[from] CurveError),
}

/// Returns a sentence that says what was looked for under `path`.
pub(super) fn no_runs(path: &Path) -> String {
    format!(
        "no runs found under {}: no folder has a {RUN_JSON}, and no file is a curve (*.csv or trainer_state.json)",
        path.display()
    )
}

/// The state of a run in a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It reached its end, or it is a curve without a record, which does not say how it ended.
    Finished,
    /// A loss or a parameter became NaN or infinite.
    Diverged,
    /// It has not reached its end: it is running, or was interrupted, or failed, or crashed.
    Unfinished,
}

impl Run {
    /// Reads the run in the folder `path`, or the curve in the file `path`.
    pub fn read(path: &Path) -> Result<Run, LeftOut> {
        if path.is_file() {
            return Ok(Run { path: path.to_owned(), record: None, curve: Curve::read(path)?, live: false });
        }
        if std::fs::metadata(path).is_err_and(|error| error.kind() == ErrorKind::NotFound) {
            return Err(LeftOut::Missing { path: path.to_owned() });
        }
        // The lock is read first. Otherwise a run that ends in between would look as if it had crashed.
        let live = is_held(path);
        let record = RunRecord::read(&path.join(RUN_JSON))?;
        let curve = Curve::read(&path.join(EPOCHS_CSV))?;
        Ok(Run { path: path.to_owned(), record: Some(record), curve, live })
    }

    /// Returns the status in words. It is `crashed` if the record says `running` but no process owns the run. Without a
    /// record it is `a curve`.
    pub fn status(&self) -> String {
        match self.record.as_ref().map(|record| record.status) {
            None => "a curve".to_owned(),
            Some(Status::Running) if !self.live => "crashed".to_owned(),
            Some(status) => status.to_string(),
        }
    }

    /// Returns the state of the run.
    pub fn state(&self) -> State {
        match self.record.as_ref().map(|record| record.status) {
            Some(Status::Diverged) => State::Diverged,
            None if self.ends_in_nan() => State::Diverged,
            Some(status) if !status.is_finished() => State::Unfinished,
            _ => State::Finished,
        }
    }

    /// Returns whether the metric is NaN or infinite in the last epoch.
    fn ends_in_nan(&self) -> bool {
        let last = self.trained().next_back().and_then(|epoch| self.curve.get(epoch, self.metric()));
        last.is_some_and(|value| !value.is_finite())
    }

    /// Returns the seed of the record. For a curve without a record, returns the seed in its path: `seed=3`, `seed_3`
    /// or `seed3`. `None` if the path has none.
    pub fn seed(&self) -> Option<u64> {
        match &self.record {
            Some(record) => Some(record.started.seed),
            None => split_at_seed(&self.path.to_string_lossy()).map(|(_, seed, _)| seed),
        }
    }

    /// Returns the run's metric: that of its record, on the validation part if the curve has it, and otherwise on the
    /// part that the run used for its decisions. A curve without a record has the first metric found in its validation,
    /// test or training part, in this order.
    pub fn metric(&self) -> PartMetric {
        match &self.record {
            Some(record) => {
                let metric = record.started.metric;
                let val = Part::Val.of(metric);
                if self.curve.has(val) { val } else { record.started.deciding_part().of(metric) }
            }
            None => {
                let parts = [Part::Val, Part::Test, Part::Train];
                let of_part = |part: Part| crate::metric::REGISTRY.iter().map(move |metric| part.of(*metric));
                parts
                    .into_iter()
                    .flat_map(of_part)
                    .find(|metric| self.curve.has(*metric))
                    .unwrap_or(Part::Val.of(Metric::LOSS))
            }
        }
    }

    /// Returns the epochs except epoch 0, which is the evaluation before training, in ascending order.
    pub fn trained(&self) -> impl DoubleEndedIterator<Item = u64> + '_ {
        self.curve.epochs().filter(|&epoch| epoch > 0)
    }
}
