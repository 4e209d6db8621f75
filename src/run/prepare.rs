//! The preparation of a run: its folder, its data, and the state to resume from.

use std::path::Path;

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

/// Prepares the run of `plan` in `folder`.
pub fn prepare(mut plan: Plan, folder: &Path, args: &RunArgs) -> Result<Prepared, Error> {
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
    if let Some(record) = done {
        if record.data_fingerprint == data.fingerprint {
            return Ok(Prepared::Finished(record));
        }
        return Err(Error::usage(format!(
            "{} is finished, but it was trained on other data: the files that the spec names have changed or moved\n\
             help: choose another folder with --out, or replace that run with --force",
            folder.display()
        )));
    }
    let directory = match &shorter {
        Some(there) => RunDirectory::open_extended(folder, &plan.resolved, there)?,
        None => match RunDirectory::open(folder, &plan.resolved, args.force)? {
            Opened::Ready(directory) => directory,
            Opened::Finished(record) => return Ok(Prepared::Finished(record)),
        },
    };
    let mut resume = resume::find(&directory, args.force)?;
    if shorter.is_some() {
        resume::check_extension(resume.checkpoint.as_ref(), &plan, folder)?;
    }
    resume.adjust(&mut plan, &data.fingerprint)?;
    Ok(Prepared::Ready(Box::new(Ready { plan, data, directory, resume })))
}
