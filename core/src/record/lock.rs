//! The lock on a run's folder. Only one process at a time can have it. The operating system releases the lock when the
//! process ends, in whatever way. On network file systems such locks may not reach other machines. So the file also
//! names its owner, and the owner rewrites it every ten seconds.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use super::files::{LOCK, PROBE};
use super::machine;

/// The interval at which the owner rewrites the file.
const BEAT: Duration = Duration::from_secs(10);

/// An owner on another machine counts as dead if it has not rewritten the file for this long.
const STALE: Duration = Duration::from_secs(60);

/// The lock on a run's folder, released when dropped.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
    /// The thread that rewrites the file ends when this is dropped.
    alive: Option<Sender<()>>,
    heart: Option<JoinHandle<()>>,
}

/// The reason why a folder cannot be locked.
pub(super) enum LockError {
    /// Another process owns it: `process 123 on host`.
    Held(String),
    Io(io::Error),
}

impl Lock {
    /// Locks `folder`, which must exist.
    pub fn take(folder: &Path) -> Result<Lock, LockError> {
        let path = folder.join(LOCK);
        let mut options = OpenOptions::new();
        let mut file = options.read(true).write(true).create(true).truncate(false).open(path).map_err(LockError::Io)?;
        // `is_held` in another process takes the lock for a moment, so one failure is not final.
        let mut tries = 5;
        let locked = loop {
            match file.try_lock() {
                Ok(()) => break true,
                Err(TryLockError::WouldBlock) if tries > 0 => {
                    tries -= 1;
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(TryLockError::WouldBlock) => {
                    let owner = owner(&mut file).unwrap_or_else(|| "another process".to_owned());
                    return Err(LockError::Held(owner));
                }
                // Some network file systems have no locks. There the content of the file decides.
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => break false,
                Err(TryLockError::Error(error)) => return Err(LockError::Io(error)),
            }
        };
        if let Some(owner) = live_owner(&mut file, folder, locked) {
            return Err(LockError::Held(owner));
        }
        let text = format!("process {} on {}\n", std::process::id(), machine::host());
        write(&mut file, &text).map_err(LockError::Io)?;
        let mut beating = file.try_clone().map_err(LockError::Io)?;
        let (alive, ended) = channel();
        let beat = move || {
            while ended.recv_timeout(BEAT) == Err(RecvTimeoutError::Timeout) {
                // A failed write is skipped. The next one may succeed.
                let _ = write(&mut beating, &text);
            }
        };
        let heart = std::thread::Builder::new().name("lock".to_owned()).spawn(beat).map_err(LockError::Io)?;
        Ok(Lock { file, alive: Some(alive), heart: Some(heart) })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.alive.take();
        if let Some(heart) = self.heart.take() {
            let _ = heart.join();
        }
        // The file must not name an owner any more, or a process on another machine would wait until the name is stale.
        let _ = self.file.set_len(0);
    }
}

fn write(file: &mut File, text: &str) -> io::Result<()> {
    file.seek(SeekFrom::Start(0))?;
    file.write_all(text.as_bytes())?;
    file.set_len(text.len() as u64)
}

/// Returns the owner that the file names. `None` if it names no owner.
fn owner(file: &mut File) -> Option<String> {
    let mut owner = String::new();
    let read = file.seek(SeekFrom::Start(0)).and_then(|_| file.read_to_string(&mut owner));
    Some(owner.trim().to_owned()).filter(|owner| read.is_ok() && !owner.is_empty())
}

/// Returns the owner that is named in `file`, the lock of `folder`, if its last write is recent. This finds owners on
/// other machines, whose locks may not reach this machine. If `locked` is true, this process has locked the file, so no
/// other process on this machine can be the owner.
fn live_owner(file: &mut File, folder: &Path, locked: bool) -> Option<String> {
    let owner = owner(file)?;
    let here = owner.rsplit_once(" on ").is_none_or(|(_, host)| host == machine::host());
    if here && locked {
        return None;
    }
    let shown = file.metadata().and_then(|metadata| metadata.modified()).ok()?;
    let probe = folder.join(PROBE);
    let now = File::create(&probe).and_then(|probe| probe.metadata()?.modified());
    let _ = std::fs::remove_file(&probe);
    // If the clock went backwards or cannot be read, the last write counts as recent.
    let silent = now.ok().and_then(|now| now.duration_since(shown).ok()).unwrap_or_default();
    (silent < STALE).then_some(owner)
}

/// Returns whether a live process owns the run in `folder`.
pub fn is_held(folder: &Path) -> bool {
    let Ok(mut file) = File::open(folder.join(LOCK)) else { return false };
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => true,
        locked => live_owner(&mut file, folder, locked.is_ok()).is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folder_has_one_owner_at_a_time() {
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

    /// A process on another machine has its name in the file, and its lock does not reach this machine.
    #[test]
    fn owner_on_another_machine_counts_while_it_writes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(LOCK);
        std::fs::write(&path, "process 7 on elsewhere\n").unwrap();
        assert!(is_held(folder.path()));
        let Err(LockError::Held(owner)) = Lock::take(folder.path()) else { panic!("taken") };
        assert_eq!(owner, "process 7 on elsewhere");
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        file.set_modified(std::time::SystemTime::now() - STALE - BEAT).unwrap();
        assert!(!is_held(folder.path()));
        let lock = Lock::take(folder.path()).ok().unwrap();
        assert!(std::fs::read_to_string(&path).unwrap().starts_with(&format!("process {} on ", std::process::id())));
        drop(lock);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "", "the lock was released");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    /// This test runs itself in a second process, which takes the lock and is killed.
    #[test]
    fn killed_process_releases_the_lock() {
        const FOLDER: &str = "LR_RUN_TEST_LOCK_FOLDER";
        if let Some(folder) = std::env::var_os(FOLDER) {
            let _lock = Lock::take(Path::new(&folder)).ok().unwrap();
            let _ = io::stdin().read(&mut [0]);
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let mut other = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "record::lock::tests::killed_process_releases_the_lock"])
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
