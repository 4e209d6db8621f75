//! The folder of a finished run, for the commands that use its weights.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cli::Error;
use crate::dataset::Preprocessing;
use crate::record::{BEST_WEIGHTS, PREPROCESSING, SPEC_TOML, WEIGHTS};
use crate::spec::{Spec, Value, ValueKind, one_of};

/// A finished run.
pub struct FinishedRun<'a> {
    pub folder: &'a Path,
    /// The resolved spec, for any device. It names no file of initial weights, which is not needed and may no longer
    /// exist.
    pub spec: Spec,
    /// The file of the weights after the last step, or after the best epoch.
    pub weights: PathBuf,
}

/// The keys that do not change the run.
const FREE: [&str; 3] = ["relative_to", "device", "threads"];

impl FinishedRun<'_> {
    /// Opens the run in `folder`. `set` overrides keys of its spec that do not change the run.
    pub fn open<'a>(folder: &'a Path, best: bool, set: &[String]) -> Result<FinishedRun<'a>, Error> {
        let spec = folder.join(SPEC_TOML);
        let weights = folder.join(if best { BEST_WEIGHTS } else { WEIGHTS });
        for path in [&spec, &weights] {
            if !path.is_file() {
                let message = format!("{} is not a finished run: there is no {}", folder.display(), path.display());
                return Err(Error::usage(message).with_help("name the folder that `lr-run path SPEC` prints"));
            }
        }
        let key = |set: &str| set.split('=').next().unwrap_or_default().trim().to_owned();
        if let Some(other) = set.iter().find(|set| !FREE.contains(&key(set).as_str())) {
            let message = format!("`-s {other}` would change the run in {}", folder.display());
            return Err(Error::usage(message).with_help(&format!("the keys that can be set here: {}", one_of(FREE))));
        }
        let overrides: Vec<String> = std::iter::once("device=auto".to_owned()).chain(set.iter().cloned()).collect();
        let mut spec = Spec::load(&spec, &overrides)?;
        if let Some(Value { kind: ValueKind::Table(model), .. }) = spec.table.get_mut("model") {
            model.remove("weights");
        }
        Ok(FinishedRun { folder, spec, weights })
    }

    /// Reads the preprocessing that the run learned from its training rows. `None` for a run of an older lr-run, which
    /// did not write it.
    pub fn preprocessing(&self) -> Result<Option<Preprocessing>, Error> {
        let path = self.folder.join(PREPROCESSING);
        if !path.exists() {
            return Ok(None);
        }
        let text = fs::read(&path).map_err(|error| Error::usage(format!("{}: {error}", path.display())))?;
        let found = Preprocessing::from_json(&text)
            .map_err(|error| Error::usage(format!("{} is not the preprocessing of a run: {error}", path.display())))?;
        Ok(Some(found))
    }
}
