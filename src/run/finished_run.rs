//! The folder of a finished run, for the commands that use its weights.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cli::Error;
use crate::dataset::Preprocessing;
use crate::record::{BEST_WEIGHTS, PREPROCESSING, SPEC_TOML, WEIGHTS};
use crate::spec::{Spec, Value, ValueKind};

/// A finished run.
pub struct FinishedRun<'a> {
    pub folder: &'a Path,
    /// The resolved spec, on any device and without a file of initial weights: it is not needed, and may not exist.
    pub spec: Spec,
    /// The file of the weights after the last step, or after the best epoch.
    pub weights: PathBuf,
}

impl FinishedRun<'_> {
    /// Opens the run in `folder`.
    pub fn open(folder: &Path, best: bool) -> Result<FinishedRun<'_>, Error> {
        let spec = folder.join(SPEC_TOML);
        let weights = folder.join(if best { BEST_WEIGHTS } else { WEIGHTS });
        for path in [&spec, &weights] {
            if !path.is_file() {
                let message = format!("{} is not a finished run: there is no {}", folder.display(), path.display());
                return Err(Error::usage(message).with_help("name the folder that `lr-run path SPEC` prints"));
            }
        }
        let mut spec = Spec::load(&spec, &["device=auto".to_owned()])?;
        if let Some(Value { kind: ValueKind::Table(model), .. }) = spec.table.get_mut("model") {
            model.remove("weights");
        }
        Ok(FinishedRun { folder, spec, weights })
    }

    /// Reads what the run learned from its training rows besides the weights. Returns `None` for a run of an older lr-run,
    /// which did not write it.
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
