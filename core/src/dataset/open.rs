//! Opens the files that a spec names. Only regular files are opened, because reading a device or a pipe might never
//! end.

use std::fs::File;
use std::io;
use std::path::Path;

use super::Error;

/// Opens the regular file at `path`. Returns it with its length in bytes.
pub fn open(path: &Path) -> Result<(File, u64), Error> {
    let failed = |why: &str| Error(format!("{}: {why}", path.display()));
    // Check before opening: opening a pipe would wait for its writer.
    let found = std::fs::metadata(path).map_err(|error| failed(&explain(&error)))?;
    if found.is_dir() {
        return Err(failed("this is a folder, not a file"));
    }
    if !found.is_file() {
        return Err(failed("this is not a regular file"));
    }
    Ok((File::open(path).map_err(|error| failed(&explain(&error)))?, found.len()))
}

/// Returns the message for a file that cannot be opened, without the system's error number.
fn explain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".into(),
        io::ErrorKind::PermissionDenied => "you may not read this file".into(),
        _ => {
            let text = error.to_string();
            text.split(" (os error").next().unwrap_or(&text).to_owned()
        }
    }
}
