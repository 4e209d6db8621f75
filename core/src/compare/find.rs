//! Finds runs and reads their results.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::record::{Curve, CurveError, EPOCHS_CSV, RUN_JSON, RunRecord, RunRecordError, Status, is_held};

/// A run, read from its folder.
#[derive(Debug)]
pub struct RecordedRun {
    pub path: PathBuf,
    pub record: RunRecord,
    pub curve: Curve,
    /// True if a live process owns it.
    pub live: bool,
}

/// The reason why a run cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LeftOut {
    #[error(transparent)]
    Record(#[from] RunRecordError),
    #[error(transparent)]
    Curve(#[from] CurveError),
}

/// The runs that were found, and the folders of runs that could not be read. At least one of the two is not empty.
#[derive(Debug, Default)]
pub struct Found {
    pub runs: Vec<RecordedRun>,
    pub left_out: Vec<LeftOut>,
}

/// The reason why nothing can be compared.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    #[error("cannot look for runs in {}: {source}", path.display())]
    Folder { path: PathBuf, source: io::Error },
    #[error("no runs found under {}: no folder there has a {RUN_JSON}", path.display())]
    NoRuns { path: PathBuf },
}

impl RecordedRun {
    /// Reads the run in the folder `path`.
    pub fn read(path: &Path) -> Result<RecordedRun, LeftOut> {
        // The lock is read first. Otherwise a run that ends in between would look as if it had crashed.
        let live = is_held(path);
        let record = RunRecord::read(&path.join(RUN_JSON))?;
        let curve = Curve::read(&path.join(EPOCHS_CSV))?;
        Ok(RecordedRun { path: path.to_owned(), record, curve, live })
    }

    /// Returns the status in words: `crashed` if the record says that it is running and no process owns it.
    pub fn status(&self) -> String {
        match self.record.status {
            Status::Running if !self.live => "crashed".to_owned(),
            status => status.to_string(),
        }
    }
}

/// Returns the runs in and under each of `paths`, each once, in the order of their paths.
pub fn find(paths: &[PathBuf]) -> Result<Found, CompareError> {
    let mut seen = BTreeSet::new();
    let mut found = Found::default();
    for path in paths {
        let mut folders = Vec::new();
        walk(path, &mut folders)?;
        if folders.is_empty() {
            return Err(CompareError::NoRuns { path: path.clone() });
        }
        for folder in folders {
            let known = fs::canonicalize(&folder).unwrap_or_else(|_| folder.clone());
            if seen.insert(known) {
                match RecordedRun::read(&folder) {
                    Ok(run) => found.runs.push(run),
                    Err(error) => found.left_out.push(error),
                }
            }
        }
    }
    Ok(found)
}

/// Adds the run folders in and under `path`. Links below `path` are not followed, because they may form a loop.
fn walk(path: &Path, folders: &mut Vec<PathBuf>) -> Result<(), CompareError> {
    let error = |source| CompareError::Folder { path: path.to_owned(), source };
    if path.join(RUN_JSON).is_file() {
        folders.push(path.to_owned());
    }
    let mut below = Vec::new();
    for entry in fs::read_dir(path).map_err(error)? {
        let entry = entry.map_err(error)?;
        // Hidden folders hold no results of their own: `.previous` is one.
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if !hidden && entry.file_type().map_err(error)?.is_dir() {
            below.push(entry.path());
        }
    }
    below.sort();
    below.iter().try_for_each(|folder| walk(folder, folders))
}
