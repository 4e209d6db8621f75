//! A run's folder: whose it is, what it holds, and when the old gives way to the new.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::Table;

use super::atomic_write::{atomic_write, cannot_write};
use super::canonical::differences;
use super::epochs_csv::EpochsCsv;
use super::event::Event;
use super::files::{CHECKPOINT, EPOCHS_CSV, LOCK, PARTIAL, PROBE, RUN_JSON, SPEC_TOML};
use super::lock::{Lock, LockError};
use super::previous;
use super::run_json::{Facts, RunJson, RunRecord, RunRecordError};
use super::{Fanout, Sink};

/// A folder that this process may run in, and no other process can, while this or a sink made from it lives.
#[derive(Debug)]
pub struct RunDirectory {
    path: PathBuf,
    spec: String,
    /// Whether the run goes on under a new spec.
    longer: bool,
    lock: Arc<Lock>,
}

/// What opening a run's folder came to.
#[derive(Debug)]
pub enum Opened {
    /// Run it. Old results, where there are any, stay until [`Event::Started`].
    Fresh(RunDirectory),
    /// It was run to its end already.
    Complete(Box<RunRecord>),
}

/// A folder that a run cannot have.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("cannot write to the folder {}: {source}", path.display())]
    NotWritable { path: PathBuf, source: io::Error },
    #[error("another process has the run {}: {owner}", path.display())]
    Held { path: PathBuf, owner: String },
    #[error(
        "{} holds files that are not of a run ({files}) and no {SPEC_TOML}\nhelp: choose another folder with --out",
        path.display()
    )]
    Foreign { path: PathBuf, files: String },
    #[error(
        "{} holds a run of a different spec:\n  {}\n(here: the spec to run; there: {SPEC_TOML} in that folder)\n\
         help: choose another folder with --out, or replace that run with --force",
        path.display(),
        differences.join("\n  ")
    )]
    Different {
        path: PathBuf,
        differences: Vec<String>,
        /// The resolved spec that is there.
        there: Box<Table>,
    },
    #[error("cannot read {}: {reason}\nhelp: replace that run with --force", path.display())]
    Unreadable { path: PathBuf, reason: String },
    #[error("{0}\nhelp: replace that run with --force")]
    Record(#[from] RunRecordError),
    #[error("the resolved spec cannot be written as TOML: {0}")]
    Spec(#[from] toml::ser::Error),
}

impl RunDirectory {
    /// What [`RunDirectory::open`] would find, without making or holding anything: the record of a run of `resolved` that
    /// came to its end, unless `force` would run it anew.
    pub fn look(path: &Path, resolved: &Table, force: bool) -> Result<Option<Box<RunRecord>>, OpenError> {
        if !path.exists() {
            return Ok(None);
        }
        refuse_foreign(path)?;
        // Opening finds out whose the results are.
        if force || previous::are_open(path) { Ok(None) } else { Ok(complete(path, resolved)?.map(Box::new)) }
    }

    /// Opens the folder `path`, made where it is missing, for the run of `resolved` (which has its `name`).
    ///
    /// A run that came to its end is [`Opened::Complete`]; one that did not goes on from its last checkpoint or starts
    /// anew. `force` runs anew either way, and also replaces a run of a different spec, but neither files that are no
    /// run's nor a run that is going on.
    pub fn open(path: &Path, resolved: &Table, force: bool) -> Result<Opened, OpenError> {
        let lock = hold(path, if force { None } else { Some(resolved) })?;
        let done = if force { None } else { complete(path, resolved)? };
        Ok(match done {
            Some(record) => Opened::Complete(Box::new(record)),
            None => Opened::Fresh(RunDirectory::held(path, resolved, lock)?),
        })
    }

    /// Opens the folder of a run of `there` to go on as one of `resolved`, which is the same but longer.
    pub fn open_longer(path: &Path, resolved: &Table, there: &Table) -> Result<RunDirectory, OpenError> {
        let lock = hold(path, Some(there))?;
        // Another process may have had it meanwhile.
        complete(path, there)?;
        Ok(RunDirectory { longer: true, ..RunDirectory::held(path, resolved, lock)? })
    }

    fn held(path: &Path, resolved: &Table, lock: Lock) -> Result<RunDirectory, OpenError> {
        let spec =
            format!("# Resolved by lr-run {}: to run this file is to run this again.\n", env!("CARGO_PKG_VERSION"))
                + &toml::to_string(resolved)?;
        Ok(RunDirectory { path: path.to_owned(), spec, longer: false, lock: Arc::new(lock) })
    }

    /// Removes the folder where nothing of a run is in it: one that could not even begin leaves no trace.
    pub fn leave(&self) {
        let Ok(mut entries) = fs::read_dir(&self.path) else { return };
        if entries.all(|entry| entry.is_ok_and(|entry| entry.file_name() == LOCK)) {
            let _ = fs::remove_dir_all(&self.path);
            // That of the experiment, if this was its only run.
            let _ = self.path.parent().map(fs::remove_dir);
        }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the run's `epochs.csv` is.
    pub fn epochs_csv(&self) -> PathBuf {
        self.path.join(EPOCHS_CSV)
    }

    /// Brings the rows of `epochs.csv` to the disk, and tells its length.
    pub fn sync_epochs_csv(&self) -> io::Result<u64> {
        let synced = File::open(self.epochs_csv()).and_then(|file| {
            file.sync_all()?;
            Ok(file.metadata()?.len())
        });
        synced.map_err(|error| cannot_write(&self.epochs_csv(), &error))
    }

    /// What writes `spec.toml`, `epochs.csv` and `run.json`, in this order. Old results stand aside when the run starts,
    /// unless it is resumed, and go when it has an epoch.
    pub fn sinks(&self, facts: Facts) -> Fanout {
        let (path, spec, longer) = (self.path.clone(), self.spec.clone(), self.longer);
        let begin = Begin { path, spec, longer, _lock: Arc::clone(&self.lock) };
        let epochs = EpochsCsv::new(self.epochs_csv());
        let record = RunJson::new(self.path.join(RUN_JSON), facts);
        Fanout::new(vec![Box::new(begin), Box::new(epochs), Box::new(record)])
    }
}

/// Makes and locks the folder `path`, and puts the old results back where a new run in their place has no epoch; unless it
/// is just the one to go on, that of `resolved`.
fn hold(path: &Path, resolved: Option<&Table>) -> Result<Lock, OpenError> {
    let not_writable = |source| OpenError::NotWritable { path: path.to_owned(), source };
    fs::create_dir_all(path).map_err(not_writable)?;
    refuse_foreign(path)?;
    let lock = Lock::take(path).map_err(|error| match error {
        LockError::Held(owner) => OpenError::Held { path: path.to_owned(), owner },
        LockError::Io(source) => not_writable(source),
    })?;
    let goes_on = |resolved| match complete(path, resolved) {
        Ok(Some(_)) => true,
        Ok(None) => [SPEC_TOML, CHECKPOINT].iter().all(|name| path.join(name).exists()),
        Err(_) => false,
    };
    if !(previous::stand(path) && resolved.is_some_and(goes_on)) {
        previous::put_back(path).map_err(not_writable)?;
    }
    Ok(lock)
}

/// The record of the complete run of `resolved` in the folder `path`, if that is what it holds.
fn complete(path: &Path, resolved: &Table) -> Result<Option<RunRecord>, OpenError> {
    let spec = path.join(SPEC_TOML);
    let text = match fs::read_to_string(&spec) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(OpenError::Unreadable { path: spec, reason: error.to_string() }),
        Ok(text) => text,
    };
    let there: Table = text.parse().map_err(|error: toml::de::Error| {
        let reason = error.message().to_owned();
        OpenError::Unreadable { path: spec, reason }
    })?;
    let differences = differences(resolved, &there);
    if !differences.is_empty() {
        return Err(OpenError::Different { path: path.to_owned(), differences, there: Box::new(there) });
    }
    match RunRecord::read(&path.join(RUN_JSON)) {
        Ok(record) => Ok(record.status.is_complete().then_some(record)),
        Err(RunRecordError::Read { source, .. }) if source.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Refuses a folder with files in it and no `spec.toml`: it is somebody's, but no run's. A run writes its spec first.
fn refuse_foreign(path: &Path) -> Result<(), OpenError> {
    let unreadable = |error: io::Error| OpenError::NotWritable { path: path.to_owned(), source: error };
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(unreadable)? {
        files.push(entry.map_err(unreadable)?.file_name().to_string_lossy().into_owned());
    }
    if files.iter().any(|name| name == SPEC_TOML) {
        return Ok(());
    }
    let ours = |name: &str| previous::NAMES.contains(&name) || [LOCK, PROBE].contains(&name);
    files.retain(|name| !ours(name) && *name != format!("{SPEC_TOML}{PARTIAL}"));
    if files.is_empty() {
        return Ok(());
    }
    files.sort();
    let more = files.len().saturating_sub(3);
    files.truncate(3);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Err(OpenError::Foreign { path: path.to_owned(), files: files.join(", ") + &more })
}

/// Sets the old results aside and puts the new spec, once the run really starts; removes them, once it has an epoch.
struct Begin {
    path: PathBuf,
    spec: String,
    longer: bool,
    _lock: Arc<Lock>,
}

impl Sink for Begin {
    fn on(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Started(started) if started.resumed.is_none() => {
                previous::set(&self.path).map_err(|error| {
                    let message = format!("cannot set aside the old results in {}: {error}", self.path.display());
                    io::Error::new(error.kind(), message)
                })?;
                atomic_write(&self.path.join(SPEC_TOML), self.spec.as_bytes()).map(drop)
            }
            Event::Started(_) if self.longer => {
                atomic_write(&self.path.join(SPEC_TOML), self.spec.as_bytes()).map(drop)
            }
            Event::Epoch(row) if row.epoch > 0 => previous::forget(&self.path),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
