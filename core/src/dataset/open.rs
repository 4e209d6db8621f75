//! Opening the files that a spec names. Only regular files: reading a device or a pipe might never end.

use std::fs::File;
use std::path::Path;

use super::Error;

/// Opens the regular file at `path`. Returns it with its length in bytes.
pub fn open(path: &Path) -> Result<(File, u64), Error> {
    let failed = |error: &dyn std::fmt::Display| Error(format!("{}: {error}", path.display()));
    // Check before opening: opening a pipe would wait for its writer.
    let found = std::fs::metadata(path).map_err(|error| failed(&error))?;
    if !found.is_file() {
        return Err(failed(&"this is not a regular file"));
    }
    Ok((File::open(path).map_err(|error| failed(&error))?, found.len()))
}
