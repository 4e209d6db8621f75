//! The preparation of a run: its folder, its data, and the state to resume from.

use std::path::Path;

use super::changed_data;
use super::extend::is_extension;
use super::job::read_data;
use super::resume::{self, Resume};
use crate::cli::{Error, RunArgs};
use crate::dataset::Data;
use crate::plan::Plan;
use crate::record::{OpenError, Opened, RunDirectory, RunRecord};

/// The result of the preparation.
pub enum Prepared {
    /// The run had finished before.
    Finished(Box<RunRecord>),
    Ready(Box<Ready>),
}

/// A run that can train: this process holds its folder.
pub struct Ready {
    pub plan: Plan,
    pub data: Data,
    pub directory: RunDirectory,
    pub resume: Resume,
}

/// Prepares the run of `plan`, from the file `spec`, in `folder`.
pub fn prepare(mut plan: Plan, spec: &Path, folder: &Path, args: &RunArgs) -> Result<Prepared, Error> {
    let (done, shorter) = match RunDirectory::inspect(folder, &plan.resolved, args.force) {
        Err(OpenError::Different { there, .. }) if is_extension(&plan, folder, &there)? => (None, Some(there)),
        found => (found?, None),
    };
    let done = match done {
        Some(record) if !plan.reads_files_of_the_user() => return Ok(Prepared::Finished(record)),
        done => done,
    };
    // The data are read before the folder is created, so that an error leaves no folder.
    let data = read_data(&plan, args.offline, args.show.quiet)?;
    let mut start_over = args.force;
    if plan.reads_files_of_the_user() {
        let changed = changed_data::find(&plan, &data.fingerprint, folder, spec, args.force);
        start_over |= changed.as_ref().is_some_and(|it| it.folder == folder);
        if let Some(changed) = changed.filter(|_| !args.data_changed) {
            return Err(changed.into());
        }
    }
    if let Some(record) = done.filter(|_| !start_over) {
        return Ok(Prepared::Finished(record));
    }
    let directory = match shorter.as_ref().filter(|_| !start_over) {
        Some(there) => RunDirectory::open_extended(folder, &plan.resolved, there)?,
        None => match RunDirectory::open(folder, &plan.resolved, start_over)? {
            Opened::Ready(directory) => directory,
            Opened::Finished(record) => return Ok(Prepared::Finished(record)),
        },
    };
    let mut resume = resume::find(&directory, start_over)?;
    if shorter.is_some() && !start_over {
        resume::check_extension(resume.checkpoint.as_ref(), &plan, folder)?;
    }
    resume.adjust(&mut plan, &data.fingerprint)?;
    Ok(Prepared::Ready(Box::new(Ready { plan, data, directory, resume })))
}
