//! A comparison of the disk space that a run needs with the space that is free.

use std::path::Path;

use indicatif::BinaryBytes;
use tracing::info;

use crate::cli::Error;
use crate::record::{FreeSpace, Layout, Reserve, Started, Warning};
use crate::train::Sizes;

/// The bytes for `spec.toml`, `run.json` and the ends of blocks.
const SMALL_FILES: u64 = 32 << 10;

/// An estimate of the bytes of a number in `epochs.csv`.
const NUMBER: u64 = 20;

/// The disk space that a run needs, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpaceEstimate {
    rows: u64,
    /// All files of weights.
    weights: u64,
    checkpoint: u64,
    /// True if the spec asks for checkpoints. Otherwise only a signal and a run of more than half a minute make one.
    saves_often: bool,
}

impl SpaceEstimate {
    pub fn new(started: &Started, sizes: Sizes, saves_often: bool) -> Self {
        let rows = 2 + started.length.total_steps / started.length.steps_per_epoch.max(1);
        let columns = Layout::of(started).header().len() as u64;
        let rows = rows.saturating_mul(columns).saturating_mul(NUMBER);
        SpaceEstimate { rows, weights: sizes.weights, checkpoint: sizes.checkpoint, saves_often }
    }

    /// Returns the space for the files that must not be lost at the end: the last state or the weights, and the
    /// summary.
    fn last(&self) -> u64 {
        self.weights.max(self.checkpoint).saturating_add(SMALL_FILES)
    }

    /// Returns the space for all files, with `states` checkpoints in addition to the last one.
    fn with(&self, states: u64) -> u64 {
        let states = self.checkpoint.saturating_mul(states);
        self.rows.saturating_add(SMALL_FILES).saturating_add(self.last()).saturating_add(states)
    }

    /// Returns the space without which the run cannot end well. Two states are kept while a third is written.
    fn least(&self) -> u64 {
        self.with(if self.saves_often { 2 } else { 0 })
    }

    /// Returns the size of the largest file.
    fn largest_file(&self) -> u64 {
        self.rows.max(self.weights / 2).max(self.checkpoint)
    }

    fn shares(&self) -> String {
        let parts = [("rows", self.rows), ("weights", self.weights), ("a checkpoint", self.checkpoint)];
        let parts: Vec<String> = parts.iter().map(|(name, bytes)| format!("{name} {}", BinaryBytes(*bytes))).collect();
        parts.join(", ")
    }
}

/// Reserves the space for the end of the run. Returns an error if the run needs more than is free on the disk of
/// `folder`, and a warning if it may need more.
pub fn reserve(folder: &Path, estimate: &SpaceEstimate) -> Result<(Reserve, Option<Warning>), Error> {
    let free = FreeSpace::of(folder);
    info!(needed = estimate.least(), free = free.map(|free| free.usable), "estimated disk space");
    let warning = free.map(|free| check(folder, free, estimate)).transpose()?.flatten();
    let reserve = Reserve::take(folder, estimate.last()).map_err(|error| {
        let needed = BinaryBytes(estimate.last());
        no_room(format!("{needed} cannot be reserved in {}: {error}", folder.display()), estimate)
    })?;
    Ok((reserve, warning))
}

fn check(folder: &Path, free: FreeSpace, estimate: &SpaceEstimate) -> Result<Option<Warning>, Error> {
    let needed = estimate.least();
    if needed > free.whole {
        let (needed, free) = (BinaryBytes(needed), BinaryBytes(free.whole));
        let message = format!("this run needs at least {needed} in {}, and {free} are free there", folder.display());
        return Err(no_room(message, estimate));
    }
    if let Some(limit) = free.largest_file.filter(|&limit| estimate.largest_file() > limit) {
        let (largest, limit) = (BinaryBytes(estimate.largest_file()), BinaryBytes(limit));
        let message = format!("this run writes a file of about {largest}, and `ulimit -f` allows {limit}");
        return Err(no_room(message, estimate));
    }
    // A tenth of the free space is left to other programs.
    let likely = estimate.with(2);
    Ok((likely > free.usable / 10 * 9).then(|| Warning::LittleSpace {
        folder: folder.display().to_string(),
        needed: BinaryBytes(likely).to_string(),
        free: BinaryBytes(free.usable).to_string(),
        shares: estimate.shares(),
    }))
}

fn no_room(message: String, estimate: &SpaceEstimate) -> Error {
    let shares = estimate.shares();
    Error::failed(format!("{message}\n\u{20} {shares}"))
        .with_help("free some space, or choose another folder with --out")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn checked(free: u64, saves_often: bool) -> Result<Option<String>, String> {
        let estimate = SpaceEstimate { rows: 0, weights: 2 * MIB, checkpoint: 4 * MIB, saves_often };
        let free = FreeSpace { usable: free, whole: free, largest_file: None };
        let checked = check(Path::new("results/a"), free, &estimate);
        checked.map(|warning| warning.map(|it| it.to_string())).map_err(|error| error.to_string())
    }

    #[test]
    fn needed_space_is_compared_with_the_free_space() {
        assert_eq!(checked(20 * MIB, true), Ok(None));
        let warning = checked(12 * MIB, false).unwrap().unwrap();
        assert!(warning.contains("may need 12.06 MiB in results/a, and 12.00 MiB are free"), "{warning}");
        let error = checked(12 * MIB, true).unwrap_err();
        assert_eq!(
            error,
            "this run needs at least 12.06 MiB in results/a, and 12.00 MiB are free there\n  rows 0 B, weights 2.00 MiB, \
             a checkpoint 4.00 MiB\nhelp: free some space, or choose another folder with --out"
        );
        assert!(checked(4 * MIB, false).is_err());
    }

    #[test]
    fn limit_of_a_file_is_respected() {
        let estimate = SpaceEstimate { rows: 5000, weights: 2000, checkpoint: 4000, saves_often: false };
        let free = |limit| FreeSpace { usable: MIB, whole: MIB, largest_file: Some(limit) };
        assert_eq!(check(Path::new("a"), free(5000), &estimate).unwrap(), None);
        let error = check(Path::new("a"), free(4999), &estimate).unwrap_err().to_string();
        assert!(error.contains("a file of about 4.88 KiB, and `ulimit -f` allows 4.88 KiB"), "{error}");
    }
}
