//! A comparison of the data with the data of earlier runs. The files that a spec names can change while the spec stays
//! the same. Without the comparison, results on old and new data would look like results of one experiment.

use std::fs;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::cli::Error;
use crate::plan::Plan;
use crate::record::{RUN_JSON, RunRecord, SPEC_TOML};

/// An earlier run with the same `[data]` table, whose data had another content.
#[derive(Debug)]
pub struct ChangedData {
    pub folder: PathBuf,
    there: String,
    here: String,
}

/// Finds an earlier run whose data differ from those with the hash `fingerprint`. Compares with the run in `folder`. If
/// there is none, or if `force` replaces it, compares with the run whose resolved spec is the file `spec`, or else with
/// another run of the same name. `None` if the data are the same, or if there is no such run.
pub fn find(plan: &Plan, fingerprint: &str, folder: &Path, spec: &Path, force: bool) -> Option<ChangedData> {
    let data = plan.resolved.get("data")?;
    let differs = |folder: &Path, there: String| {
        let here = fingerprint.to_owned();
        (there != fingerprint).then(|| ChangedData { folder: folder.to_owned(), there, here })
    };
    if let Some(there) = recorded(folder, data).filter(|_| !force) {
        return differs(folder, there);
    }
    let is_resolved = spec.file_name().is_some_and(|name| name == SPEC_TOML);
    let origin = spec.parent().filter(|_| is_resolved).map(Path::to_owned);
    let entries = folder.parent().and_then(|parent| fs::read_dir(parent).ok());
    let mut others: Vec<PathBuf> = entries.into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    others.retain(|other| other != folder);
    others.sort();
    // One of the others is enough, because each was compared with the rest when it began.
    let mut runs = origin.into_iter().chain(others);
    let (other, there) = runs.find_map(|other| recorded(&other, data).map(|there| (other, there)))?;
    differs(&other, there)
}

/// Returns the fingerprint of the data that the run in `folder` was trained on. `None` if there is no such run, or if its
/// spec has another `[data]` than `data`.
fn recorded(folder: &Path, data: &Value) -> Option<String> {
    let spec: Table = fs::read_to_string(folder.join(SPEC_TOML)).ok()?.parse().ok()?;
    if spec.get("data") != Some(data) {
        return None;
    }
    Some(RunRecord::read(&folder.join(RUN_JSON)).ok()?.data_fingerprint)
}

impl From<ChangedData> for Error {
    fn from(changed: ChangedData) -> Error {
        let ChangedData { folder, there, here } = changed;
        let short = |hash: &str| hash.chars().take(12).collect::<String>();
        Error::usage(format!(
            "{} was trained on other data: the files that the spec names have changed or moved since (sha256 {} there, {} \
             here)",
            folder.display(),
            short(&there),
            short(&here),
        ))
        .with_help("choose another folder with --out, or train on the data as they are now with --data-changed")
    }
}
