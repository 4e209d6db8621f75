//! One process at a time has a run's folder. The operating system holds the lock, so it ends with the process, however
//! that ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::Duration;

use super::machine;

/// The locked file. It stays when the run is over: to delete it would let two processes lock two files of one name.
pub(super) const LOCK: &str = ".lock";

/// A run's folder, held until this is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

/// A folder that cannot be had.
pub(super) enum LockError {
    /// By whom it is held: `process 123 on host`.
    Held(String),
    Io(io::Error),
}

impl Lock {
    /// Takes `folder`, which exists.
    pub fn take(folder: &Path) -> Result<Lock, LockError> {
        let path = folder.join(LOCK);
        let mut options = OpenOptions::new();
        let mut file = options.read(true).write(true).create(true).truncate(false).open(path).map_err(LockError::Io)?;
        // `is_held` of another process takes the lock for a moment; that is no reason to give up.
        let mut tries = 5;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if tries > 0 => {
                    tries -= 1;
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(TryLockError::WouldBlock) => {
                    let mut owner = String::new();
                    let known = file.read_to_string(&mut owner).is_ok() && !owner.trim().is_empty();
                    let owner = if known { owner.trim() } else { "another process" };
                    return Err(LockError::Held(owner.to_owned()));
                }
                // Some network file systems have no locks; runs there go without.
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => break,
                Err(TryLockError::Error(error)) => return Err(LockError::Io(error)),
            }
        }
        let owner = format!("process {} on {}\n", std::process::id(), machine::host());
        file.set_len(0).and_then(|()| file.write_all(owner.as_bytes())).map_err(LockError::Io)?;
        Ok(Lock { _file: file })
    }
}

/// Whether a live process has the run in `folder`.
pub fn is_held(folder: &Path) -> bool {
    let Ok(file) = File::open(folder.join(LOCK)) else { return false };
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_held_once_and_freed_with_its_holder() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_held(folder.path()));
        let lock = Lock::take(folder.path()).ok().unwrap();
        assert!(is_held(folder.path()));
        let Err(LockError::Held(owner)) = Lock::take(folder.path()) else { panic!("held twice") };
        assert!(owner.starts_with(&format!("process {} on ", std::process::id())), "{owner}");
        drop(lock);
        assert!(!is_held(folder.path()));
        assert!(Lock::take(folder.path()).is_ok());
    }

    /// This test runs itself in a second process, which takes the lock and is killed.
    #[test]
    fn a_process_that_is_killed_lets_go() {
        const FOLDER: &str = "LR_RUN_TEST_LOCK_FOLDER";
        if let Some(folder) = std::env::var_os(FOLDER) {
            let _lock = Lock::take(Path::new(&folder)).ok().unwrap();
            let _ = io::stdin().read(&mut [0]);
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let mut other = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "record::lock::tests::a_process_that_is_killed_lets_go"])
            .env(FOLDER, folder.path())
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let pause = || std::thread::sleep(Duration::from_millis(10));
        let held = (0..1000).any(|_| {
            pause();
            is_held(folder.path())
        });
        let refused = match Lock::take(folder.path()) {
            Err(LockError::Held(owner)) => owner,
            _ => String::new(),
        };
        other.kill().unwrap();
        other.wait().unwrap();
        assert!(held && refused.starts_with(&format!("process {} on ", other.id())), "{held} {refused}");
        assert!(Lock::take(folder.path()).is_ok());
    }
}
