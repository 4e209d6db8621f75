//! `lr-run diff RUN RUN`: prints how two runs differ.

use super::args::DiffArgs;
use super::{Error, print};
use crate::compare::diff::{diff as diff_runs, shown};
use crate::exit::Exit;

/// Prints the differences between two runs.
pub fn diff(args: &DiffArgs) -> Result<Exit, Error> {
    print(&shown(&diff_runs(&args.a, &args.b).map_err(Error::usage)?));
    Ok(Exit::Success)
}
