//! The free space on the disk that holds a run's folder.

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::Path;

use rustix::fs::{FallocateFlags, fallocate, statvfs};

/// The free space of a file system, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FreeSpace {
    /// The space that any user may fill.
    pub usable: u64,
    /// All free space, including the part that only root may fill.
    pub whole: u64,
    /// The largest size that a file of this process may have (`ulimit -f`). `None` without a limit.
    pub largest_file: Option<u64>,
}

impl FreeSpace {
    /// Returns the space of the file system that holds `folder`. `None` if the system does not report it.
    pub fn of(folder: &Path) -> Option<FreeSpace> {
        let found = statvfs(folder).ok().filter(|found| found.f_blocks > 0)?;
        let bytes = |blocks: u64| blocks.saturating_mul(found.f_frsize);
        let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
        Some(FreeSpace {
            usable: bytes(found.f_bavail),
            whole: bytes(found.f_bfree),
            largest_file: largest_file(&limits),
        })
    }
}

/// Returns the soft limit of a file's size, in bytes, from the text of `/proc/self/limits`. `None` without a limit.
fn largest_file(limits: &str) -> Option<u64> {
    let values = limits.lines().find_map(|line| line.strip_prefix("Max file size"))?;
    values.split_whitespace().next()?.parse().ok()
}

/// Space on the disk that is kept free for what a run must not lose: its state and its summary. It is a file without a
/// name, so that the system frees it however the process ends.
#[derive(Debug, Default)]
pub struct Reserve(RefCell<Option<File>>);

impl Reserve {
    /// Reserves `bytes` on the disk that holds `folder`. Returns an error if there is no room. If the file system
    /// cannot reserve space, the reserve is empty.
    pub fn take(folder: &Path, bytes: u64) -> io::Result<Reserve> {
        let reserved = tempfile::tempfile_in(folder).and_then(|file| {
            fallocate(&file, FallocateFlags::empty(), 0, bytes.max(1))?;
            Ok(file)
        });
        match reserved {
            Ok(file) => Ok(Reserve(RefCell::new(Some(file)))),
            Err(error) if is_full(&error) => Err(error),
            Err(_) => Ok(Reserve::default()),
        }
    }

    /// Frees the space. Returns false if the reserve was empty or was freed before.
    pub fn release(&self) -> bool {
        self.0.take().is_some()
    }
}

/// Returns whether `error` says that there is no space left.
pub fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn reserve_takes_space_without_a_name_and_gives_it_back() {
        let folder = tempfile::tempdir().unwrap();
        let free = FreeSpace::of(folder.path()).unwrap();
        assert!(free.usable <= free.whole && free.whole > 0);
        let reserve = Reserve::take(folder.path(), 1 << 16).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        reserve.release();
        assert!(!reserve.release(), "it is released once");
        let Err(error) = Reserve::take(folder.path(), free.whole + (1 << 40)) else { panic!("more than there is") };
        assert!(is_full(&error), "{error}");
    }

    #[test]
    fn limit_of_a_file_is_read() {
        let limits = |soft: &str| {
            format!(
                "Limit                     Soft Limit           Hard Limit           Units     \n\
                 Max cpu time              unlimited            unlimited            seconds   \n\
                 Max file size             {soft}            unlimited            bytes     \n"
            )
        };
        assert_eq!(largest_file(&limits("4096")), Some(4096));
        assert_eq!(largest_file(&limits("unlimited")), None);
        assert_eq!(largest_file(""), None);
    }
}
