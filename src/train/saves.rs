//! When a run's state is kept.

use std::time::{Duration, Instant};

/// How often, besides at an epoch's end and when a signal ends the run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Every {
    Time(Duration),
    /// At multiples of these steps.
    Steps(u64),
}

/// Which of a run's states are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Saving {
    pub every: Option<Every>,
    /// The last one, too, so that a longer run can go on from it.
    pub keep: bool,
}

/// At an epoch's end the state is kept when so much time has passed since it last was.
const PAUSE: Duration = Duration::from_secs(30);

/// Knows when the state was kept last.
#[derive(Debug)]
pub(super) struct Saves {
    every: Option<Every>,
    last: Instant,
}

impl Saves {
    pub fn new(every: Option<Every>) -> Self {
        Saves { every, last: Instant::now() }
    }

    /// The state is kept now.
    pub fn kept(&mut self) {
        self.last = Instant::now();
    }

    /// Whether the state after `step` is to be kept, inside an epoch.
    pub fn are_due(&self, step: u64) -> bool {
        match self.every {
            Some(Every::Time(time)) => self.last.elapsed() >= time,
            Some(Every::Steps(steps)) => step.is_multiple_of(steps),
            None => false,
        }
    }

    /// Whether the state after an epoch, which ended with `step`, is to be kept.
    pub fn are_due_between_epochs(&self, step: u64) -> bool {
        self.are_due(step) || self.last.elapsed() >= PAUSE
    }
}
