//! Runs side by side: finds them under the folders that a person names, and lays them out as a table.

mod find;
mod name;
mod table;

use std::path::PathBuf;

pub use find::{CompareError, Found, LeftOut, Run, find};

/// The runs in or under `paths`, as a table for each metric, best first. The text ends in a line break.
pub fn compare(paths: &[PathBuf]) -> Result<String, CompareError> {
    Ok(table::page(&find(paths)?))
}
