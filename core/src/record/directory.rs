//! The folder of a run: its owner, its content, and the moment when a new run replaces an old one.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};
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

/// The folder of a run, locked for this process as long as this value or a sink made from it lives.
#[derive(Debug)]
pub struct RunDirectory {
    path: PathBuf,
    spec: String,
    /// True if the run resumes with a new spec that makes it longer.
    extends: bool,
    lock: Arc<Lock>,
}

/// The result of opening a folder.
#[derive(Debug)]
pub enum Opened {
    /// The run can start or resume. Previous results stay until [`Event::Started`].
    Ready(RunDirectory),
    /// The run has finished.
    Finished(Box<RunRecord>),
}

/// The reason why a run cannot use a folder.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("cannot write to the folder {}: {source}", path.display())]
    NotWritable { path: PathBuf, source: io::Error },
    #[error("cannot list the folder {}: {source}", path.display())]
    CannotList { path: PathBuf, source: io::Error },
    #[error("another process has the run {}: {owner}", path.display())]
    Held { path: PathBuf, owner: String },
    #[error(
        "{} holds files that do not belong to a run ({files}) and no {SPEC_TOML}\nhelp: choose another folder with --out",
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
        /// The resolved spec in the folder.
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
    /// Returns the record of the finished run of `resolved` in `path`. Nothing is created or locked. `None` if there is
    /// no finished run, if `force` would run it again, or if [`RunDirectory::open`] has to restore replaced results
    /// first.
    pub fn inspect(path: &Path, resolved: &Table, force: bool) -> Result<Option<Box<RunRecord>>, OpenError> {
        if !path.exists() {
            return Ok(None);
        }
        refuse_foreign(path)?;
        // If replaced results are still here, only `open` can decide which results count.
        if force || previous::are_pending(path) { Ok(None) } else { Ok(finished(path, resolved)?.map(Box::new)) }
    }

    /// Opens the folder `path` for the run of `resolved`, and creates it if it is missing.
    ///
    /// A finished run is [`Opened::Finished`]. An interrupted one resumes from its last checkpoint or starts again.
    /// With `force` it always starts again, and also replaces a run of a different spec. `force` never replaces files
    /// that do not belong to a run, nor a run in progress.
    pub fn open(path: &Path, resolved: &Table, force: bool) -> Result<Opened, OpenError> {
        let lock = lock(path, if force { None } else { Some(resolved) })?;
        let done = if force { None } else { finished(path, resolved)? };
        Ok(match done {
            Some(record) => Opened::Finished(Box::new(record)),
            None => Opened::Ready(RunDirectory::locked(path, resolved, lock)?),
        })
    }

    /// Opens the folder of the run with the spec `stored`, to continue it with the spec `longer`, which differs in its
    /// length only.
    pub fn open_extended(path: &Path, longer: &Table, stored: &Table) -> Result<RunDirectory, OpenError> {
        let lock = lock(path, Some(stored))?;
        // Another process may have put another run there in the meantime, which is an error here.
        finished(path, stored)?;
        Ok(RunDirectory { extends: true, ..RunDirectory::locked(path, longer, lock)? })
    }

    /// Returns the locked folder `path`, with the text of the `spec.toml` that the run will write.
    fn locked(path: &Path, resolved: &Table, lock: Lock) -> Result<RunDirectory, OpenError> {
        let mut resolved = resolved.clone();
        let mut spec =
            format!("# Resolved by lr-run {}. Running this file repeats the run.\n", env!("CARGO_PKG_VERSION"));
        if let Some(base) = resolved.get("relative_to").and_then(|base| base.as_str()).map(PathBuf::from)
            && let Some(relative) = relative(path, &base)
        {
            spec += "# Paths are relative to the folder `relative_to`, which is relative to the folder of this file.\n";
            resolved.insert("relative_to".to_owned(), relative.into());
        }
        spec += &toml::to_string(&resolved)?;
        Ok(RunDirectory { path: path.to_owned(), spec, extends: false, lock: Arc::new(lock) })
    }

    /// Removes the folder if it is empty: a run that could not start leaves nothing behind.
    pub fn abandon(&self) {
        let Ok(mut entries) = fs::read_dir(&self.path) else { return };
        if entries.all(|entry| entry.is_ok_and(|entry| entry.file_name() == LOCK)) {
            let _ = fs::remove_dir_all(&self.path);
            // This removes the folder of the experiment, too, if no other run is in it.
            let _ = self.path.parent().map(fs::remove_dir);
        }
    }

    /// Returns the folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the path of the run's `epochs.csv`.
    pub fn epochs_csv(&self) -> PathBuf {
        self.path.join(EPOCHS_CSV)
    }

    /// Syncs `epochs.csv` to disk and returns its length in bytes.
    pub fn sync_epochs_csv(&self) -> io::Result<u64> {
        let synced = File::open(self.epochs_csv()).and_then(|file| {
            file.sync_all()?;
            Ok(file.metadata()?.len())
        });
        synced.map_err(|error| cannot_write(&self.epochs_csv(), &error))
    }

    /// Returns the sink that writes `spec.toml`, `epochs.csv` and `run.json`, in this order. If the run does not
    /// resume, previous results are moved away when it starts and removed when its first epoch is finished.
    pub fn sinks(&self, facts: Facts) -> Fanout {
        let start = StartOfRun {
            path: self.path.clone(),
            spec: self.spec.clone(),
            extends: self.extends,
            _lock: Arc::clone(&self.lock),
        };
        let epochs = EpochsCsv::new(self.epochs_csv());
        let record = RunJson::new(self.path.join(RUN_JSON), facts);
        Fanout::new(vec![Box::new(start), Box::new(epochs), Box::new(record)])
    }
}

/// Returns the path that leads from the folder `from` to the folder `to`, so that both can be moved together. `None` if
/// they have nothing in common but the root, or do not exist.
fn relative(from: &Path, to: &Path) -> Option<String> {
    // Links are resolved first, because `..` leads to the real parent.
    let (from, to) = (fs::canonicalize(from).ok()?, fs::canonicalize(to).ok()?);
    let common = from.components().zip(to.components()).take_while(|(here, there)| here == there).count();
    if common < 2 {
        return None;
    }
    let up = from.components().skip(common).map(|_| Component::ParentDir);
    let path: PathBuf = up.chain(to.components().skip(common)).collect();
    let path = if path.as_os_str().is_empty() { Path::new(".").to_owned() } else { path };
    path.to_str().map(str::to_owned)
}

/// Creates the folder `path` if it is missing, and locks it.
///
/// A run that replaces another one keeps the previous results until its first epoch is finished. If it was interrupted
/// earlier, the previous results are restored here. They are not restored if the interrupted run can resume and its
/// spec is `to_resume`.
fn lock(path: &Path, to_resume: Option<&Table>) -> Result<Lock, OpenError> {
    let not_writable = |source| OpenError::NotWritable { path: path.to_owned(), source };
    fs::create_dir_all(path).map_err(not_writable)?;
    refuse_foreign(path)?;
    let lock = Lock::take(path).map_err(|error| match error {
        LockError::Held(owner) => OpenError::Held { path: path.to_owned(), owner },
        LockError::Io(source) => not_writable(source),
    })?;
    let can_resume = |resolved| match finished(path, resolved) {
        Ok(Some(_)) => true,
        Ok(None) => [SPEC_TOML, CHECKPOINT].iter().all(|name| path.join(name).exists()),
        Err(_) => false,
    };
    if !(previous::exist(path) && to_resume.is_some_and(can_resume)) {
        previous::restore(path).map_err(not_writable)?;
    }
    Ok(lock)
}

/// Returns the record of the finished run of `resolved` in the folder `path`. `None` if there is no finished run. A run
/// of a different spec is an error.
fn finished(path: &Path, resolved: &Table) -> Result<Option<RunRecord>, OpenError> {
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
    let differences = differences(resolved, &there, ["here", "there"]);
    if !differences.is_empty() {
        return Err(OpenError::Different { path: path.to_owned(), differences, there: Box::new(there) });
    }
    match RunRecord::read(&path.join(RUN_JSON)) {
        Ok(record) => Ok(record.status.is_finished().then_some(record)),
        Err(RunRecordError::Read { source, .. }) if source.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Returns an error for a folder that has files but no `spec.toml`. A run writes `spec.toml` first, so these files do
/// not belong to a run.
fn refuse_foreign(path: &Path) -> Result<(), OpenError> {
    let cannot_list = |source: io::Error| OpenError::CannotList { path: path.to_owned(), source };
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(cannot_list)? {
        files.push(entry.map_err(cannot_list)?.file_name().to_string_lossy().into_owned());
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

/// Moves previous results away and writes the spec when the run starts. Removes the previous results when its first
/// epoch is finished.
struct StartOfRun {
    path: PathBuf,
    spec: String,
    extends: bool,
    _lock: Arc<Lock>,
}

impl Sink for StartOfRun {
    fn on(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Started(started) if started.resumed.is_none() => {
                previous::move_away(&self.path).map_err(|error| {
                    let message = format!("cannot move away the previous results in {}: {error}", self.path.display());
                    io::Error::new(error.kind(), message)
                })?;
                atomic_write(&self.path.join(SPEC_TOML), self.spec.as_bytes()).map(drop)
            }
            Event::Started(_) if self.extends => {
                atomic_write(&self.path.join(SPEC_TOML), self.spec.as_bytes()).map(drop)
            }
            Event::Epoch(row) if row.epoch > 0 => previous::remove(&self.path),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
