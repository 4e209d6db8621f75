//! The rollback after a divergence. Training returns to the end of the last epoch and continues with lower rates.

use super::super::Error;
use super::Run;
use crate::record::{Divergence, Event, Rollback};

impl Run<'_, '_, '_> {
    /// Returns whether there is a state to roll back to and the spec allows another rollback.
    pub(super) fn can_roll_back(&self) -> bool {
        self.rollback.is_some() && self.track.may_roll_back()
    }

    /// Restores the state at the end of the last epoch, lowers the rates and reports it. The time spent so far still
    /// counts.
    pub(super) fn roll_back(&mut self, divergence: Divergence) -> Result<(), Error> {
        let (Some(state), Some(policy)) = (self.rollback.take(), self.track.stops.on_divergence) else {
            return Ok(());
        };
        self.restore(&state)?;
        self.rollback = Some(state);
        let rollback = Rollback {
            divergence,
            epoch: self.track.at.epoch,
            scale: self.track.scale() * policy.factor,
            left: policy.times - self.track.rollbacks.len() as u64 - 1,
        };
        (self.emit)(&Event::RolledBack(rollback.clone()))?;
        self.track.rollbacks.push(rollback);
        Ok(())
    }
}
