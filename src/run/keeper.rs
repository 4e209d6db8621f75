//! Saving the state of a run, even when the disk is full.

use std::cell::{Cell, RefCell};
use std::io;

use crate::checkpoint::{Checkpoints, Provenance};
use crate::record::{Reserve, RunDirectory};
use crate::train::State;

/// The writer of a run's states. It holds disk space in reserve, and frees it when a write fails.
pub struct Keeper<'a> {
    directory: &'a RunDirectory,
    provenance: Provenance,
    checkpoints: RefCell<Checkpoints>,
    reserve: Reserve,
    /// True once a write of another file has failed.
    failed: Cell<bool>,
    /// True once a state was saved although a write had failed.
    kept: Cell<bool>,
}

impl<'a> Keeper<'a> {
    pub fn new(
        directory: &'a RunDirectory,
        provenance: Provenance,
        checkpoints: Checkpoints,
        reserve: Reserve,
    ) -> Self {
        let (failed, kept) = (Cell::new(false), Cell::new(false));
        Keeper { directory, provenance, checkpoints: RefCell::new(checkpoints), reserve, failed, kept }
    }

    /// Saves `state`. If that fails, frees the reserve and tries again. Returns the error even if the second try
    /// succeeds, because there would be no space for further states.
    pub fn save(&self, state: &State) -> io::Result<()> {
        // The rows are written first: a state must not refer to rows that are not on the disk.
        let epochs_csv_bytes = self.directory.sync_epochs_csv()?;
        let provenance = Provenance { epochs_csv_bytes, ..self.provenance.clone() };
        let mut checkpoints = self.checkpoints.borrow_mut();
        let saved = checkpoints.save(&provenance, state);
        let again = saved.is_err() && self.reserve.release() && checkpoints.save(&provenance, state).is_ok();
        self.kept.set(again || self.failed.get() && saved.is_ok());
        saved
    }

    /// Records that a file could not be written, and makes room for the state and the summary.
    pub fn write_failed(&self) {
        self.failed.set(true);
        self.reserve.release();
    }

    /// Makes room for the weights and the summary, which are written last.
    pub fn free_reserve(&self) {
        self.reserve.release();
    }

    /// Returns whether a state was saved although a write had failed.
    pub fn has_kept_the_state(&self) -> bool {
        self.kept.get()
    }

    /// Removes all states of a finished run.
    pub fn remove(self) {
        // A checkpoint that cannot be removed takes space and does no other harm.
        let _ = self.checkpoints.into_inner().remove();
    }
}
