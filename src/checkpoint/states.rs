//! The saved states of a run: `checkpoint/<number>/` with `state.json`, `state.safetensors` and `SHA256SUMS`, which
//! `sha256sum -c` reads. Each state is written to a temporary folder, synced to the disk, then renamed. The previous
//! state is kept.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::tensors;
use crate::record::CHECKPOINT;
use crate::spec::hex;
use crate::train::{Seconds, State, StateValues};

const JSON: &str = "state.json";
const TENSORS: &str = "state.safetensors";
const SUMS: &str = "SHA256SUMS";

/// The suffix of a state's folder while it is written.
const PARTIAL: &str = ".partial";

/// The version of the format.
const VERSION: u64 = 2;

/// The circumstances in which a state was saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// The version of this program.
    pub lr_run: String,
    /// The version of libtorch.
    pub libtorch: String,
    pub device: String,
    pub threads: usize,
    /// SHA-256 of the data.
    pub data_fingerprint: String,
    /// SHA-256 of the resolved spec without the run's length.
    pub spec_fingerprint: String,
    /// The length of `epochs.csv` in bytes. Rows after it belong to steps that will be made again.
    pub epochs_csv_bytes: u64,
}

/// The content of `state.json`.
#[derive(Serialize, Deserialize)]
struct Content {
    version: u64,
    #[serde(flatten)]
    provenance: Provenance,
    state: StateValues,
    seconds: Seconds,
}

/// A saved state.
#[derive(Debug)]
pub struct Checkpoint {
    pub provenance: Provenance,
    pub state: State,
}

/// The saved states in a run's folder.
#[derive(Debug)]
pub struct Checkpoints {
    folder: PathBuf,
    /// The numbers of the states that are not known to be damaged, ascending.
    intact: Vec<u64>,
    /// The number of the next state.
    next: u64,
}

/// The reason why none of the saved states of a run can be used.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    #[error("cannot read the checkpoints in {}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error(
        "no checkpoint of this run is intact:\n  {}\nhelp: start over with --force", problems.join("\n  ")
    )]
    Broken { problems: Vec<String> },
    #[error(
        "{} has version {version}, this lr-run reads version {VERSION}\n\
         help: resume with the lr-run that wrote it, or start over with --force",
        path.display()
    )]
    Version { path: PathBuf, version: String },
}

impl Checkpoints {
    /// Finds the states of the run in `folder`. Returns the newest intact one, and one message for each newer state
    /// that is damaged.
    pub fn find(folder: &Path) -> Result<(Checkpoints, Option<Checkpoint>, Vec<String>), CheckpointError> {
        let folder = folder.join(CHECKPOINT);
        let mut numbers = numbers(&folder).map_err(|source| CheckpointError::Read { path: folder.clone(), source })?;
        let next = numbers.last().map_or(1, |last| last + 1);
        let mut problems = Vec::new();
        let mut found = None;
        while let Some(&number) = numbers.last() {
            let path = folder.join(number.to_string());
            match read(&path) {
                Ok(checkpoint) => {
                    found = Some(checkpoint);
                    break;
                }
                Err(Damage::Version(version)) => {
                    return Err(CheckpointError::Version { path: path.join(JSON), version });
                }
                Err(Damage::Broken(reason)) => problems.push(format!("{}: {reason}", path.display())),
            }
            numbers.pop();
        }
        if found.is_none() && !problems.is_empty() {
            return Err(CheckpointError::Broken { problems });
        }
        Ok((Checkpoints { folder, intact: numbers, next }, found, problems))
    }

    /// Starts without a state in the run's folder `folder`. The first new state replaces all states that are there.
    pub fn empty(folder: &Path) -> Checkpoints {
        let folder = folder.join(CHECKPOINT);
        let next = numbers(&folder).ok().and_then(|numbers| numbers.last().copied()).map_or(1, |last| last + 1);
        Checkpoints { folder, intact: Vec::new(), next }
    }

    /// Saves `state`, then keeps the one before it and removes the rest.
    pub fn save(&mut self, provenance: &Provenance, state: &State) -> io::Result<()> {
        let path = self.folder.join(self.next.to_string());
        write(&path, provenance, state).map_err(|error| {
            let _ = fs::remove_dir_all(partial(&path));
            io::Error::new(error.kind(), format!("cannot write the checkpoint {}: {error}", path.display()))
        })?;
        let previous = self.intact.last().copied();
        self.intact = previous.into_iter().chain([self.next]).collect();
        self.next += 1;
        // The new state is safe. An old one that cannot be removed only takes space.
        for entry in fs::read_dir(&self.folder)?.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            // A file or folder with another name is not ours.
            let number = name.strip_suffix(PARTIAL).unwrap_or(&name).parse::<u64>().ok();
            if number.is_some_and(|number| name.ends_with(PARTIAL) || !self.intact.contains(&number)) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        Ok(())
    }

    /// Removes all states of a finished run.
    pub fn remove(self) -> io::Result<()> {
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// Returns the numbers of the states in `folder`, ascending. Returns none if there is no folder.
fn numbers(folder: &Path) -> io::Result<Vec<u64>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut numbers = Vec::new();
    for entry in entries {
        numbers.extend(entry?.file_name().to_str().and_then(|name| name.parse::<u64>().ok()));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// Returns the temporary name of a state's folder.
fn partial(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(PARTIAL);
    name.into()
}

fn write(path: &Path, provenance: &Provenance, state: &State) -> io::Result<()> {
    let temporary = partial(path);
    let _ = fs::remove_dir_all(&temporary);
    fs::create_dir_all(&temporary)?;
    let json = state_json(provenance, state)?;
    let tensors = tensors::to_bytes(&state.tensors).map_err(io::Error::other)?;
    let sums = sums(&[(JSON, &json), (TENSORS, &tensors)]);
    for (name, content) in [(JSON, json.as_slice()), (TENSORS, &tensors), (SUMS, sums.as_bytes())] {
        let mut file = File::create(temporary.join(name))?;
        file.write_all(content)?;
        file.sync_all()?;
    }
    sync_folder(&temporary);
    fs::rename(&temporary, path)?;
    path.parent().into_iter().for_each(sync_folder);
    Ok(())
}

/// Syncs the names in `folder` to the disk. Not every file system supports it.
fn sync_folder(folder: &Path) {
    #[cfg(unix)]
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
}

/// Returns the checksums of files as `sha256sum` prints them.
fn sums(files: &[(&str, &[u8])]) -> String {
    files.iter().map(|(name, content)| format!("{}  {name}\n", hex(&Sha256::digest(content)))).collect()
}

/// The reason why a state cannot be used.
enum Damage {
    Broken(String),
    /// The state is intact, but has another version of the format.
    Version(String),
}

/// Parses `state.json`.
fn content(json: &[u8]) -> Result<(Provenance, StateValues, Seconds), Damage> {
    let broken = |error: serde_json::Error| Damage::Broken(format!("{JSON}: {error}"));
    let value: serde_json::Value = serde_json::from_slice(json).map_err(broken)?;
    match value.get("version") {
        Some(version) if version.as_u64() == Some(VERSION) => {}
        version => return Err(Damage::Version(version.map_or("none".to_owned(), ToString::to_string))),
    }
    let Content { provenance, state, seconds, .. } = serde_json::from_value(value).map_err(broken)?;
    Ok((provenance, state, seconds))
}

/// Returns the values and times in the content `json` of `state.json`. `None` if it is not valid.
pub fn values_in(json: &[u8]) -> Option<(StateValues, Seconds)> {
    content(json).ok().map(|(_, values, seconds)| (values, seconds))
}

/// Returns the content of `state.json` for a state.
pub fn state_json(provenance: &Provenance, state: &State) -> serde_json::Result<Vec<u8>> {
    let content = Content {
        version: VERSION,
        provenance: provenance.clone(),
        state: state.values.clone(),
        seconds: state.seconds,
    };
    let mut json = serde_json::to_vec_pretty(&content)?;
    json.push(b'\n');
    Ok(json)
}

fn read(path: &Path) -> Result<Checkpoint, Damage> {
    let file = |name: &str| {
        let path = path.join(name);
        // Reading a pipe or a device might never end.
        let is_file = fs::metadata(&path).map(|found| found.is_file());
        let read =
            is_file.and_then(|is| if is { fs::read(&path) } else { Err(io::Error::other("it is not a regular file")) });
        read.map_err(|error| Damage::Broken(format!("cannot read {name}: {error}")))
    };
    let (json, tensors, written) = (file(JSON)?, file(TENSORS)?, file(SUMS)?);
    if written != sums(&[(JSON, &json), (TENSORS, &tensors)]).into_bytes() {
        return Err(Damage::Broken(format!("its files do not match {SUMS}")));
    }
    let broken = |error: &dyn std::fmt::Display| Damage::Broken(error.to_string());
    let (provenance, values, seconds) = content(&json)?;
    let tensors = tensors::from_bytes(&tensors).map_err(|error| broken(&error))?;
    Ok(Checkpoint { provenance, state: State { values, seconds, tensors } })
}

#[cfg(test)]
mod tests;
