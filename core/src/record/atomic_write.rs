//! Files that appear whole or not at all: each is written under another name, synced to disk, then renamed.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::files::PARTIAL;
use super::words::{Access, in_words};

/// Writes `content` to `path`, and replaces an older file. Returns the file, open at its end.
pub fn atomic_write(path: &Path, content: &[u8]) -> io::Result<File> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(PARTIAL);
    let partial = PathBuf::from(partial);
    let write = || -> io::Result<File> {
        let mut file = File::create(&partial)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&partial, path)?;
        Ok(file)
    };
    let written = write();
    if written.is_err() {
        let _ = fs::remove_file(&partial);
    }
    let file = written.map_err(|error| cannot_write(path, &error))?;
    // Syncing the folder makes the rename durable. Not every file system can do that, so an error is ignored.
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
    Ok(file)
}

/// Adds to `error` the file that could not be written.
pub(super) fn cannot_write(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot write {}: {}", path.display(), in_words(error, Access::Write)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_content_replaces_the_old_and_leaves_no_other_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        atomic_write(&path, b"a long first content").unwrap();
        let mut file = atomic_write(&path, b"second").unwrap();
        file.write_all(b", appended").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "second, appended");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn failed_write_leaves_nothing_and_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taken");
        fs::create_dir(&path).unwrap();
        let error = atomic_write(&path, b"x").unwrap_err().to_string();
        assert!(error.contains("taken"), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
