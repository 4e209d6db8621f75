//! Going back after a divergence, to the end of the last epoch, and on from there at lower rates.

use super::super::loss::Measure;
use super::super::meter::Meter;
use super::super::{Error, Reduce};
use super::Run;
use crate::record::{Divergence, Event, Reduced};

impl Run<'_, '_, '_> {
    /// What the divergences so far have made of every rate.
    pub(super) fn scale(&self) -> f64 {
        self.reductions.last().map_or(1.0, |last| last.scale)
    }

    pub(super) fn can_go_back(&self) -> bool {
        let left = |reduce: Reduce| (self.reductions.len() as u64) < reduce.times;
        self.back.is_some() && self.job.reduce.is_some_and(left)
    }

    /// Restores the state at the end of the last epoch, lowers the rates and tells of it. Time that was spent stays spent.
    pub(super) fn go_back(&mut self, divergence: Divergence) -> Result<(), Error> {
        let (Some(back), Some(Reduce { factor, times })) = (&self.back, self.job.reduce) else { return Ok(()) };
        self.best = self.job.take(back)?;
        let numbers = &back.numbers;
        self.at = numbers.position;
        self.meter = Meter::with(Measure::of(self.job.loss), self.job.device, numbers.meter)?;
        self.watch.set_seen(numbers.watch);
        if let (Some((watch, _)), Some(seen)) = (&mut self.early, numbers.early) {
            watch.set_seen(seen);
        }
        self.reached = numbers.reached.clone();
        self.last = numbers.last.clone();
        let (epoch, scale) = (self.at.epoch, self.scale() * factor);
        let left = times - self.reductions.len() as u64 - 1;
        let reduced = Reduced { divergence, epoch, scale, left };
        (self.emit)(&Event::Reduced(reduced.clone()))?;
        self.reductions.push(reduced);
        Ok(())
    }
}
