//! Resumes a run that another process started.

use std::path::Path;

use super::extend;
use crate::checkpoint::{Checkpoint, CheckpointError, Checkpoints, Provenance};
use crate::cli::Error;
use crate::plan::Plan;
use crate::record::{RUN_JSON, Resumed, RunDirectory, RunRecord, Started, Status, Warning};

/// The checkpoints in a run's folder.
pub struct Resume {
    pub checkpoints: Checkpoints,
    /// The newest intact checkpoint. `None` if the run has no checkpoint, or starts over.
    pub checkpoint: Option<Checkpoint>,
    pub warnings: Vec<Warning>,
}

impl Resume {
    /// Sets the threads of `plan` to those of the checkpoint, unless the spec sets them. Adds a warning for each
    /// difference that changes the last digits of the results. Returns an error if the spec or the data differ.
    pub fn adjust(&mut self, plan: &mut Plan, fingerprint: &str) -> Result<(), Error> {
        let Some(checkpoint) = &self.checkpoint else { return Ok(()) };
        let there = &checkpoint.provenance;
        if there.spec_fingerprint != extend::fingerprint(&plan.resolved) {
            return Err(Error::usage(
                "the checkpoint in the run's folder belongs to another spec\nhelp: start over with --force",
            ));
        }
        if there.data_fingerprint != fingerprint {
            return Err(Error::usage(
                "the run started with other data: the files that the spec names have changed or moved\n\
                 help: choose another folder with --out, or start over with --data-changed",
            ));
        }
        if !plan.compute.threads_given {
            plan.compute.threads = there.threads;
        }
        let mut differs = |setting: &'static str, before: &str, now: &str| {
            if before != now {
                let (before, now) = (before.to_owned(), now.to_owned());
                self.warnings.push(Warning::SettingChanged { setting, before, now });
            }
        };
        differs("threads =", &there.threads.to_string(), &plan.compute.threads.to_string());
        differs("device =", &there.device, &plan.compute.device.to_string());
        differs("libtorch", &there.libtorch, &crate::libtorch::version());
        Ok(())
    }
}

/// Finds the checkpoint to resume from. With `start_over`, ignores the checkpoints that are there.
pub fn find(directory: &RunDirectory, start_over: bool) -> Result<Resume, Error> {
    if start_over {
        let checkpoints = Checkpoints::empty(directory.path());
        return Ok(Resume { checkpoints, checkpoint: None, warnings: Vec::new() });
    }
    let (checkpoints, checkpoint, problems) = Checkpoints::find(directory.path())?;
    let warnings = problems.into_iter().map(|trouble| Warning::OlderCheckpoint { trouble }).collect();
    Ok(Resume { checkpoints, checkpoint, warnings })
}

/// Returns an error if the run in `folder` cannot be extended: it has no checkpoint, it ended for a reason other than
/// its length, or it ended inside an epoch, where a longer run is not evaluated.
pub fn check_extension(checkpoint: Option<&Checkpoint>, plan: &Plan, folder: &Path) -> Result<(), Error> {
    let status = RunRecord::read(&folder.join(RUN_JSON)).map_or(Status::Running, |record| record.status);
    let refuse = |reason: &str| {
        let help = "choose another folder with --out, or replace that run with --force";
        Err(Error::usage(format!("{} holds a shorter run, {reason}\nhelp: {help}", folder.display())))
    };
    if matches!(status, Status::StoppedAtTarget | Status::StoppedEarly | Status::Diverged) {
        return refuse(&format!("which {status}, as a longer one would have"));
    }
    match checkpoint.map(|checkpoint| checkpoint.state.values.position) {
        None => refuse("and no checkpoint was kept: `[checkpoint] keep = true` keeps the last one"),
        Some(at) if at.evaluated && at.step < at.epoch * plan.length.horizon.steps_per_epoch => {
            refuse("which ended inside an epoch: a longer run is not evaluated there")
        }
        Some(_) => Ok(()),
    }
}

/// Returns the position of `checkpoint` for the record.
pub fn resumed(checkpoint: &Checkpoint) -> Resumed {
    let values = &checkpoint.state.values;
    Resumed {
        epoch: values.position.epoch,
        step: values.position.step,
        reached: values.reached.clone(),
        epochs_csv_bytes: checkpoint.provenance.epochs_csv_bytes,
    }
}

/// Returns the provenance of the states that the run of `started` will save.
pub fn provenance(started: &Started, data_fingerprint: &str, spec_fingerprint: String) -> Provenance {
    Provenance {
        lr_run: env!("CARGO_PKG_VERSION").to_owned(),
        libtorch: crate::libtorch::version(),
        device: started.compute.device.clone(),
        threads: started.compute.threads as usize,
        data_fingerprint: data_fingerprint.to_owned(),
        spec_fingerprint,
        epochs_csv_bytes: 0,
    }
}

impl From<CheckpointError> for Error {
    fn from(error: CheckpointError) -> Self {
        Error::usage(error)
    }
}
