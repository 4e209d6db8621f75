//! The times at which a run's state is saved.

use std::time::{Duration, Instant};

use crate::plan::Every;

/// The time since the last save after which the state is saved at the end of an epoch.
const PAUSE: Duration = Duration::from_secs(30);

/// The clock of saved states.
#[derive(Debug)]
pub(in crate::train) struct Saves {
    every: Option<Every>,
    last: Instant,
}

impl Saves {
    pub fn new(every: Option<Every>) -> Self {
        Saves { every, last: Instant::now() }
    }

    /// Records that the state is saved now.
    pub fn saved(&mut self) {
        self.last = Instant::now();
    }

    /// Returns whether to save the state after `step`, inside an epoch.
    pub fn are_due(&self, step: u64) -> bool {
        match self.every {
            Some(Every::Time(time)) => self.last.elapsed() >= time,
            Some(Every::Steps(steps)) => step.is_multiple_of(steps),
            None => false,
        }
    }

    /// Returns whether to save the state after an epoch that ended with `step`.
    pub fn are_due_between_epochs(&self, step: u64) -> bool {
        self.are_due(step) || self.last.elapsed() >= PAUSE
    }
}
