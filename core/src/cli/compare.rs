//! `lr-run compare RUN…`: prints a table of runs.

use super::args::CompareArgs;
use super::{Error, print};
use crate::exit::Exit;

/// Prints a table of runs.
pub fn compare(args: &CompareArgs) -> Result<Exit, Error> {
    print(&crate::compare::compare(&args.runs).map_err(Error::usage)?);
    Ok(Exit::Success)
}
