//! Files that appear whole or not at all: written beside, brought to the disk, then renamed.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::files::PARTIAL;

/// Puts `content` under `path`, in the place of an older file where there is one. Returns the file, open at its end.
pub fn atomic_write(path: &Path, content: &[u8]) -> io::Result<File> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(PARTIAL);
    let beside = PathBuf::from(beside);
    let write = || -> io::Result<File> {
        let mut file = File::create(&beside)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        Ok(file)
    };
    let written = write();
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    let file = written.map_err(|error| cannot_write(path, &error))?;
    // The rename itself lasts only once the folder is on the disk; not every file system can do this.
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
    Ok(file)
}

/// `error`, saying which file could not be written.
pub(super) fn cannot_write(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot write {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_new_content_takes_the_old_ones_place_and_leaves_nothing_beside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        atomic_write(&path, b"a long first content").unwrap();
        let mut file = atomic_write(&path, b"second").unwrap();
        file.write_all(b", appended").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "second, appended");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_cannot_be_put_leaves_nothing_and_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taken");
        fs::create_dir(&path).unwrap();
        let error = atomic_write(&path, b"x").unwrap_err().to_string();
        assert!(error.contains("taken"), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
