//! Kept states of a run: `checkpoint/<number>/` with `state.json`, `state.safetensors` and `SHA256SUMS`, which
//! `sha256sum -c` reads. Each is written beside, brought to the disk, then renamed; the one before stays.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::tensors;
use crate::record::CHECKPOINT;
use crate::spec::hex;
use crate::train::{Numbers, Seconds, State};

const JSON: &str = "state.json";
const TENSORS: &str = "state.safetensors";
const SUMS: &str = "SHA256SUMS";

/// What a state's folder is called while it is written.
const PARTIAL: &str = ".partial";

/// Version of the form; another number is another form.
const VERSION: u64 = 1;

/// What a state was kept under.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// Versions of this program and of libtorch.
    pub lr_run: String,
    pub libtorch: String,
    pub device: String,
    pub threads: usize,
    /// SHA-256 of the data, as its data set gives it.
    pub data_fingerprint: String,
    /// SHA-256 of the experiment, whatever its length.
    pub experiment: String,
    /// Length of `epochs.csv`: what was appended later belongs to steps that are made again.
    pub epochs_csv_bytes: u64,
}

/// `state.json`.
#[derive(Serialize, Deserialize)]
struct Content {
    version: u64,
    #[serde(flatten)]
    made: Made,
    state: Numbers,
    seconds: Seconds,
}

/// A state that was kept.
#[derive(Debug)]
pub struct Kept {
    pub made: Made,
    pub state: State,
}

/// The states in a run's folder.
#[derive(Debug)]
pub struct Checkpoints {
    folder: PathBuf,
    /// Numbers of those that are whole, as far as that is known; ascending.
    whole: Vec<u64>,
    /// The number of the next.
    next: u64,
}

/// No state of a run can be used, although some were kept.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    #[error("cannot read the checkpoints in {}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error(
        "no checkpoint of this run is whole:\n  {}\nhelp: --force starts over", troubles.join("\n  ")
    )]
    Broken { troubles: Vec<String> },
    #[error(
        "{} has version {version}, this lr-run reads version {VERSION}\n\
         help: go on with the lr-run that wrote it, or start over with --force",
        path.display()
    )]
    Version { path: PathBuf, version: String },
}

impl Checkpoints {
    /// Those of the run in `folder`, and the newest that is whole. Each that is not is passed over with a warning.
    pub fn find(folder: &Path) -> Result<(Checkpoints, Option<Kept>, Vec<String>), CheckpointError> {
        let folder = folder.join(CHECKPOINT);
        let mut numbers = numbers(&folder).map_err(|source| CheckpointError::Read { path: folder.clone(), source })?;
        let next = numbers.last().map_or(1, |last| last + 1);
        let mut troubles = Vec::new();
        let mut found = None;
        while let Some(&number) = numbers.last() {
            let path = folder.join(number.to_string());
            match read(&path) {
                Ok(kept) => {
                    found = Some(kept);
                    break;
                }
                Err(Trouble::Version(version)) => {
                    return Err(CheckpointError::Version { path: path.join(JSON), version });
                }
                Err(Trouble::Broken(reason)) => troubles.push(format!("{}: {reason}", path.display())),
            }
            numbers.pop();
        }
        if found.is_none() && !troubles.is_empty() {
            return Err(CheckpointError::Broken { troubles });
        }
        Ok((Checkpoints { folder, whole: numbers, next }, found, troubles))
    }

    /// None yet, in the run's folder `folder`; what is there gives way to the first.
    pub fn none(folder: &Path) -> Checkpoints {
        let folder = folder.join(CHECKPOINT);
        let next = numbers(&folder).ok().and_then(|numbers| numbers.last().copied()).map_or(1, |last| last + 1);
        Checkpoints { folder, whole: Vec::new(), next }
    }

    /// Keeps `state`, and after that of the older ones only the newest.
    pub fn keep(&mut self, made: &Made, state: &State) -> io::Result<()> {
        let path = self.folder.join(self.next.to_string());
        write(&path, made, state).map_err(|error| {
            let _ = fs::remove_dir_all(partial(&path));
            io::Error::new(error.kind(), format!("cannot write the checkpoint {}: {error}", path.display()))
        })?;
        let stays: Vec<u64> = self.whole.last().copied().into_iter().chain([self.next]).collect();
        self.whole = stays;
        self.next += 1;
        // The new one is whole: what cannot be removed only takes room.
        for entry in fs::read_dir(&self.folder)?.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            // What has another name is somebody's.
            let number = name.strip_suffix(PARTIAL).unwrap_or(&name).parse::<u64>().ok();
            if number.is_some_and(|number| name.ends_with(PARTIAL) || !self.whole.contains(&number)) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        Ok(())
    }

    /// Removes them all: the run is complete.
    pub fn remove(self) -> io::Result<()> {
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// The numbers of the states in `folder`, ascending; none where there is no folder.
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

fn partial(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(PARTIAL);
    name.into()
}

fn write(path: &Path, made: &Made, state: &State) -> io::Result<()> {
    let beside = partial(path);
    let _ = fs::remove_dir_all(&beside);
    fs::create_dir_all(&beside)?;
    let json = state_json(made, state)?;
    let tensors = tensors::to_bytes(&state.tensors).map_err(io::Error::other)?;
    let sums = sums(&[(JSON, &json), (TENSORS, &tensors)]);
    for (name, content) in [(JSON, json.as_slice()), (TENSORS, &tensors), (SUMS, sums.as_bytes())] {
        let mut file = File::create(beside.join(name))?;
        file.write_all(content)?;
        file.sync_all()?;
    }
    sync_folder(&beside);
    fs::rename(&beside, path)?;
    path.parent().into_iter().for_each(sync_folder);
    Ok(())
}

/// Brings the names in `folder` to the disk; not every file system can.
fn sync_folder(folder: &Path) {
    #[cfg(unix)]
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
}

/// As `sha256sum` prints them.
fn sums(files: &[(&str, &[u8])]) -> String {
    files.iter().map(|(name, content)| format!("{}  {name}\n", hex(&Sha256::digest(content)))).collect()
}

/// Why a state cannot be used.
enum Trouble {
    Broken(String),
    /// It is whole, but of another form.
    Version(String),
}

/// What is said in `state.json`.
fn content(json: &[u8]) -> Result<(Made, Numbers, Seconds), Trouble> {
    let broken = |error: serde_json::Error| Trouble::Broken(format!("{JSON}: {error}"));
    let value: serde_json::Value = serde_json::from_slice(json).map_err(broken)?;
    match value.get("version") {
        Some(version) if version.as_u64() == Some(VERSION) => {}
        version => return Err(Trouble::Version(version.map_or("none".to_owned(), ToString::to_string))),
    }
    let Content { made, state, seconds, .. } = serde_json::from_value(value).map_err(broken)?;
    Ok((made, state, seconds))
}

/// What `state.json` says, where it can be read, for who has only that.
pub fn numbers_in(json: &[u8]) -> Option<(Numbers, Seconds)> {
    content(json).ok().map(|(_, numbers, seconds)| (numbers, seconds))
}

/// `state.json` of a state.
pub fn state_json(made: &Made, state: &State) -> serde_json::Result<Vec<u8>> {
    let content =
        Content { version: VERSION, made: made.clone(), state: state.numbers.clone(), seconds: state.seconds };
    let mut json = serde_json::to_vec_pretty(&content)?;
    json.push(b'\n');
    Ok(json)
}

fn read(path: &Path) -> Result<Kept, Trouble> {
    let file = |name: &str| {
        let path = path.join(name);
        // A pipe or a device would be read without end.
        let is_file = fs::metadata(&path).map(|found| found.is_file());
        let read = is_file.and_then(|is| if is { fs::read(&path) } else { Err(io::Error::other("this is no file")) });
        read.map_err(|error| Trouble::Broken(format!("cannot read {name}: {error}")))
    };
    let (json, tensors, written) = (file(JSON)?, file(TENSORS)?, file(SUMS)?);
    if written != sums(&[(JSON, &json), (TENSORS, &tensors)]).into_bytes() {
        return Err(Trouble::Broken(format!("its files are not those that {SUMS} counts")));
    }
    let broken = |error: &dyn std::fmt::Display| Trouble::Broken(error.to_string());
    let (made, numbers, seconds) = content(&json)?;
    let tensors = tensors::from_bytes(&tensors).map_err(|error| broken(&error))?;
    Ok(Kept { made, state: State { numbers, seconds, tensors } })
}

#[cfg(test)]
mod tests;
