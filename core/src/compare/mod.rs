//! Comparison of runs: finds them under the given folders and shows them as tables.

mod find;
mod name;
pub mod stats;
mod table;

use std::path::PathBuf;

pub use find::{CompareError, Found, LeftOut, RecordedRun, find};

/// Returns a table for each metric with the runs in and under `paths`, best first. The text ends in a line break.
pub fn compare(paths: &[PathBuf]) -> Result<String, CompareError> {
    Ok(table::page(&find(paths)?))
}
