//! How a run goes on that another process began.

use std::path::Path;

use super::{Error, longer};
use crate::checkpoint::{CheckpointError, Checkpoints, Kept, Made};
use crate::plan::Plan;
use crate::record::{RUN_JSON, Resumed, RunDirectory, RunRecord, Started, Status, Warning};

/// What a run's folder has to go on from.
pub struct Resume {
    pub checkpoints: Checkpoints,
    /// The newest state that is whole.
    pub kept: Option<Kept>,
    pub warnings: Vec<Warning>,
}

impl Resume {
    /// Lets `plan` run as the state was made, as far as the spec leaves that open, and tells where it does not.
    pub fn adjust(&mut self, plan: &mut Plan, fingerprint: &str) -> Result<(), Error> {
        let Some(kept) = &self.kept else { return Ok(()) };
        let Made { threads, device, libtorch, data_fingerprint, experiment, .. } = &kept.made;
        if *experiment != longer::experiment(&plan.resolved) {
            return Err(Error::usage(
                "the checkpoint in the run's folder is that of another experiment\nhelp: start over with --force",
            ));
        }
        if data_fingerprint != fingerprint {
            return Err(Error::usage(
                "the run was begun with other data: what the spec names has changed since, or lies elsewhere\n\
                 help: choose another folder with --out, or start over with --force",
            ));
        }
        if !plan.threads_given {
            plan.threads = *threads;
        }
        let mut differs = |setting: &'static str, before: &str, now: &str| {
            if before != now {
                let (before, now) = (before.to_owned(), now.to_owned());
                self.warnings.push(Warning::SettingChanged { setting, before, now });
            }
        };
        differs("threads =", &threads.to_string(), &plan.threads.to_string());
        differs("device =", device, &super::job::device_name(plan.device));
        differs("libtorch", libtorch, &crate::libtorch::version());
        Ok(())
    }
}

/// Looks for the state to go on from; for none where the run begins anew.
pub fn find(directory: &RunDirectory, anew: bool) -> Result<Resume, Error> {
    if anew {
        let checkpoints = Checkpoints::none(directory.path());
        return Ok(Resume { checkpoints, kept: None, warnings: Vec::new() });
    }
    let (checkpoints, kept, troubles) = Checkpoints::find(directory.path())?;
    let warnings = troubles.into_iter().map(|trouble| Warning::OlderCheckpoint { trouble }).collect();
    Ok(Resume { checkpoints, kept, warnings })
}

/// Refuses to make a run longer that has nothing to go on from, that would have ended where it did whatever its length, or
/// that has ended inside an epoch: a longer one would not have been evaluated there.
pub fn check_longer(kept: Option<&Kept>, plan: &Plan, folder: &Path) -> Result<(), Error> {
    let how = RunRecord::read(&folder.join(RUN_JSON)).map_or(Status::Running, |record| record.status);
    let refuse = |reason: &str| {
        let help = "choose another folder with --out, or replace that run with --force";
        Err(Error::usage(format!("{} holds a shorter run, {reason}\nhelp: {help}", folder.display())))
    };
    if matches!(how, Status::StoppedAtTarget | Status::StoppedEarly | Status::Diverged) {
        return refuse(&format!("which {how}, as a longer one would have"));
    }
    match kept.map(|kept| kept.state.numbers.position) {
        None => refuse("of which no checkpoint was kept: `[checkpoint] keep = true` keeps the last one"),
        Some(at) if at.evaluated && at.step < at.epoch * plan.horizon.steps_per_epoch => {
            refuse("which ended inside an epoch: its last evaluation is none of a longer run's")
        }
        Some(_) => Ok(()),
    }
}

/// What is told of `kept`.
pub fn resumed(kept: &Kept) -> Resumed {
    let (position, reached) = (kept.state.numbers.position, kept.state.numbers.reached.clone());
    Resumed { epoch: position.epoch, step: position.step, reached, epochs_csv_bytes: kept.made.epochs_csv_bytes }
}

/// What the states of the run that `started` tells of are made under.
pub fn made(started: &Started, fingerprint: &str, experiment: String) -> Made {
    Made {
        lr_run: env!("CARGO_PKG_VERSION").to_owned(),
        libtorch: crate::libtorch::version(),
        device: started.device.clone(),
        threads: started.threads as usize,
        data_fingerprint: fingerprint.to_owned(),
        experiment,
        epochs_csv_bytes: 0,
    }
}

impl From<CheckpointError> for Error {
    fn from(error: CheckpointError) -> Self {
        Error::usage(error)
    }
}
