//! Opening what a person's spec names: a file, and nothing that would be read without end.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::Error;

/// Opens the regular file at `path`; with it, its length in bytes.
pub fn open(path: &Path) -> Result<(File, u64), Error> {
    let failed = |error: &dyn std::fmt::Display| Error(format!("{}: {error}", path.display()));
    // Looked at before it is opened: opening a pipe would wait for its writer.
    let found = std::fs::metadata(path).map_err(|error| failed(&error))?;
    if !found.is_file() {
        return Err(failed(&"this is no file"));
    }
    Ok((File::open(path).map_err(|error| failed(&error))?, found.len()))
}

/// All of the regular file at `path`.
pub fn read_whole(path: &Path) -> Result<Vec<u8>, Error> {
    let (mut file, length) = open(path)?;
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    file.read_to_end(&mut bytes).map_err(|error| Error(format!("{}: {error}", path.display())))?;
    Ok(bytes)
}
