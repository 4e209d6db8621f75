//! `run.json`: what a run is, its status, and its results.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::atomic_write::atomic_write;
use super::event::{Best, Divergence, Event, Outcome, Reached, Rollback, Row, Scores, Status};
use super::experiment::Experiment;
use super::files::RUN_JSON;
use super::layout::{Cell, Layout};
use super::space::is_full;
use super::started::Started;
use super::words::{cannot_read, unfit};
use super::{Sink, date, machine};

/// The version of the file format.
pub const SCHEMA: u32 = 1;

/// Facts for a run's record that are not in its events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    pub experiment: Experiment,
    /// [`super::spec_hash`] of the resolved spec.
    pub spec_hash: String,
    /// The version of libtorch.
    pub libtorch: String,
    /// The SHA-256 of the data, from its data set.
    pub data_fingerprint: String,
    pub build: Build,
}

/// The sources that this program was built from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// The git commit of the sources, with `-dirty` after it if they were changed. `unknown` outside of git.
    pub commit: String,
    /// The versions of the packages that results depend on, by name.
    pub packages: BTreeMap<String, String>,
}

/// The content of `run.json`. Numbers that are not finite are `null`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunRecord {
    pub schema: u32,
    /// `None` in a record that an earlier lr-run wrote.
    pub experiment: Option<Experiment>,
    /// A run that crashed also has the status `running`. [`super::is_held`] tells whether it still runs.
    pub status: Status,
    /// The description of the run. Its keys are at the top level of the file.
    #[serde(flatten)]
    pub started: Started,
    /// The reason why the run ended: `epochs`, `target`, …. `None` before the end.
    pub ended_by: Option<String>,
    pub reached: Option<Reached>,
    pub best: Option<Best>,
    /// The last row, with the column names of `epochs.csv`.
    #[serde(rename = "final")]
    pub last: Option<Map<String, Value>>,
    /// The loss and the metric of the test part at the end, by name.
    pub test: Option<Map<String, Value>>,
    /// The numbers of the fitted model, by name (`slope`, `intercept`).
    pub fitted: Map<String, Value>,
    pub diverged: Option<Divergence>,
    /// The rollbacks after divergences. Earlier versions wrote them as `reductions`.
    #[serde(default, alias = "reductions")]
    pub rollbacks: Vec<Rollback>,
    pub timings: Option<Timings>,
    /// The peak memory of the process on the host, in bytes, up to the run's end.
    pub peak_memory_bytes: Option<u64>,
    pub spec_hash: String,
    pub data_fingerprint: String,
    pub versions: Versions,
    /// The git commit of the working directory, with `-dirty` after it if tracked files were changed.
    pub git_commit: Option<String>,
    pub process: Process,
    /// The date and time when the run started, in UTC and in the format of RFC 3339. `None` in a record that an earlier
    /// lr-run wrote.
    pub started_at: Option<String>,
    /// The date and time when the run resumed for the last time. `None` if it never resumed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumed_at: Option<String>,
    /// The date and time when the run ended. `None` before the end.
    pub ended_at: Option<String>,
    /// The command that started or resumed the run, in its parts.
    #[serde(default)]
    pub command: Vec<String>,
    /// The model of the machine's processor.
    pub processor: Option<String>,
}

/// The wall time of a run, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Timings {
    pub train_seconds: f64,
    pub eval_seconds: f64,
    pub total_seconds: f64,
}

/// The versions that a run used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    pub lr_run: String,
    /// The git commit that lr-run was built from, as in [`Build`].
    pub lr_run_commit: Option<String>,
    pub libtorch: String,
    /// The versions of packages, by name.
    #[serde(flatten)]
    pub packages: BTreeMap<String, String>,
}

/// The process of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    pub pid: u32,
    pub host: String,
}

impl Status {
    /// Returns whether the run reached its end, so that it is not run again.
    pub fn is_finished(self) -> bool {
        matches!(self, Status::Completed | Status::StoppedAtTarget | Status::StoppedEarly | Status::Diverged)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Status::Running => "running",
            Status::Completed => "completed",
            Status::StoppedAtTarget => "stopped at target",
            Status::StoppedEarly => "stopped early",
            Status::Diverged => "diverged",
            Status::Failed => "failed",
            Status::Interrupted => "interrupted",
        })
    }
}

impl RunRecord {
    /// Returns the record of a run that starts now, in this process.
    fn begin(started: Started, facts: &Facts) -> Self {
        let versions = Versions {
            lr_run: env!("CARGO_PKG_VERSION").into(),
            lr_run_commit: Some(facts.build.commit.clone()),
            libtorch: facts.libtorch.clone(),
            packages: facts.build.packages.clone(),
        };
        let argument = |argument: std::ffi::OsString| argument.to_string_lossy().into_owned();
        RunRecord {
            schema: SCHEMA,
            experiment: Some(facts.experiment.clone()),
            status: Status::Running,
            started,
            ended_by: None,
            reached: None,
            best: None,
            last: None,
            test: None,
            fitted: Map::new(),
            diverged: None,
            rollbacks: Vec::new(),
            timings: None,
            peak_memory_bytes: None,
            spec_hash: facts.spec_hash.clone(),
            data_fingerprint: facts.data_fingerprint.clone(),
            versions,
            git_commit: machine::git_commit(),
            process: Process { pid: std::process::id(), host: machine::host() },
            started_at: Some(date::now()),
            resumed_at: None,
            ended_at: None,
            command: std::env::args_os().map(argument).collect(),
            processor: machine::processor(),
        }
    }

    /// Adds the results of the run, which ends now.
    fn end(&mut self, outcome: &Outcome) {
        let layout = Layout::of(&self.started);
        self.status = outcome.status;
        self.ended_by = Some(outcome.ended_by.clone());
        self.reached = outcome.reached.clone();
        self.best = outcome.best.clone();
        self.last = outcome.last.as_ref().map(|row| figures(&layout, row));
        self.test = outcome.test.map(|Scores { loss, metric }| {
            Map::from_iter([("loss".to_owned(), loss.into()), (layout.metric.name.to_owned(), metric.into())])
        });
        self.fitted = outcome.fitted.iter().map(|(name, value)| (name.clone(), (*value).into())).collect();
        self.diverged = outcome.diverged.clone();
        self.rollbacks = outcome.rollbacks.clone();
        let Outcome { train_seconds, eval_seconds, total_seconds, .. } = *outcome;
        self.timings = Some(Timings { train_seconds, eval_seconds, total_seconds });
        self.peak_memory_bytes = machine::peak_memory_bytes();
        self.ended_at = Some(date::now());
    }

    /// Returns the outcome of the run. `None` before its end.
    pub fn outcome(&self) -> Option<Outcome> {
        let Timings { train_seconds, eval_seconds, total_seconds } = self.timings?;
        let layout = Layout::of(&self.started);
        let number = |value: Option<&Value>| value.and_then(Value::as_f64).unwrap_or(f64::NAN);
        let test = self
            .test
            .as_ref()
            .map(|test| Scores { loss: number(test.get("loss")), metric: number(test.get(layout.metric.name)) });
        Some(Outcome {
            status: self.status,
            ended_by: self.ended_by.clone()?,
            target: self.started.target.clone(),
            reached: self.reached.clone(),
            best: self.best.clone(),
            last: self.last.as_ref().and_then(|figures| row(&layout, figures)),
            test,
            fitted: self.fitted.iter().map(|(name, value)| (name.clone(), number(Some(value)))).collect(),
            diverged: self.diverged.clone(),
            rollbacks: self.rollbacks.clone(),
            train_seconds,
            eval_seconds,
            total_seconds,
        })
    }

    /// Reads the `run.json` at `path`.
    pub fn read(path: &Path) -> Result<RunRecord, RunRecordError> {
        let content =
            std::fs::read_to_string(path).map_err(|source| RunRecordError::Read { path: path.to_owned(), source })?;
        let broken = |source| RunRecordError::Broken { path: path.to_owned(), source };
        let record: Result<RunRecord, _> = serde_json::from_str(&content);
        // Another schema is the reason why the rest may not fit.
        let schema = match &record {
            Ok(record) => Some(u64::from(record.schema)),
            Err(_) => {
                let value: Value = serde_json::from_str(&content).map_err(broken)?;
                value.get("schema").and_then(Value::as_u64)
            }
        };
        match schema {
            Some(schema) if schema != u64::from(SCHEMA) => {
                Err(RunRecordError::Schema { path: path.to_owned(), schema })
            }
            _ => record.map_err(broken),
        }
    }
}

/// The reason why a `run.json` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RunRecordError {
    #[error("{}", unread(path, source))]
    Read { path: PathBuf, source: io::Error },
    #[error("{}", unfit(&path.display(), source, "a record that lr-run wrote"))]
    Broken { path: PathBuf, source: serde_json::Error },
    #[error("{} has schema {schema}, but this lr-run reads schema {SCHEMA}", path.display())]
    Schema { path: PathBuf, schema: u64 },
}

/// Returns a sentence that says why the `run.json` at `path` cannot be read.
fn unread(path: &Path, source: &io::Error) -> String {
    match path.parent().filter(|_| source.kind() == io::ErrorKind::NotFound) {
        Some(folder) => format!("there is no run in {}: it has no {RUN_JSON}", folder.display()),
        None => cannot_read(path, source),
    }
}

/// Returns `row` under the names of its columns, without empty cells. Numbers that are not finite become `null`, and
/// whole ones are written without a fraction, as in `epochs.csv`.
fn figures(layout: &Layout, row: &Row) -> Map<String, Value> {
    let cells = layout.header().into_iter().zip(layout.cells(row));
    let value = |cell: Cell| match cell {
        Cell::Empty => None,
        Cell::Count(count) => Some(count.into()),
        Cell::Number(number) if number.fract() == 0.0 && (0.0..1e16).contains(&number) && number.is_sign_positive() => {
            Some((number as u64).into())
        }
        Cell::Number(number) => Some(number.into()),
    };
    cells.filter_map(|(name, cell)| Some((name, value(cell)?))).collect()
}

/// Returns the row that [`figures`] wrote. `None` if the record has another layout.
fn row(layout: &Layout, figures: &Map<String, Value>) -> Option<Row> {
    layout.row(|name| match figures.get(name) {
        None => Cell::Empty,
        Some(value) => match value.as_u64() {
            Some(count) => Cell::Count(count),
            None => Cell::Number(value.as_f64().unwrap_or(f64::NAN)),
        },
    })
}

/// Writes `run.json` when the run starts, reaches its target, and ends.
pub struct RunJson {
    path: PathBuf,
    facts: Facts,
    record: Option<RunRecord>,
}

impl RunJson {
    /// Returns a sink that writes to `path` from [`Event::Started`] on.
    pub fn new(path: impl Into<PathBuf>, facts: Facts) -> Self {
        RunJson { path: path.into(), facts, record: None }
    }

    fn write(&self) -> io::Result<()> {
        let mut content = serde_json::to_vec_pretty(&self.record)?;
        content.push(b'\n');
        atomic_write(&self.path, &content).map(drop)
    }
}

impl Sink for RunJson {
    fn on(&mut self, event: &Event) -> io::Result<()> {
        match (event, &mut self.record) {
            (Event::Started(started), record) => {
                let mut begun = RunRecord::begin(Started::clone(started), &self.facts);
                if let Some(resumed) = &started.resumed {
                    begun.reached = resumed.reached.clone();
                    let before = RunRecord::read(&self.path).ok().and_then(|record| record.started_at);
                    begun.resumed_at = std::mem::replace(&mut begun.started_at, before);
                }
                *record = Some(begun);
            }
            (Event::TargetReached(reached), Some(record)) => {
                record.reached = Some(reached.clone());
                // If the disk is full, the record is written again at the end of the run.
                return match self.write() {
                    Err(error) if is_full(&error) => Ok(()),
                    written => written,
                };
            }
            (Event::Ended(outcome), Some(record)) => record.end(outcome),
            // A run that fails before it starts writes no record, because the record of an older run may be there.
            _ => return Ok(()),
        }
        self.write()
    }
}

#[cfg(test)]
mod tests;
