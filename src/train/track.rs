//! The deciding half of a run: its rates, the conditions that end it, and its best epoch. It computes no tensors.

mod best;
mod saves;

use std::collections::BTreeMap;
use std::time::Instant;

use super::state::{Position, Seconds, StateValues};
use super::trainer::Bad;
use super::{Error, Job};
use crate::plan::{Evaluation, Length, OutOfRange, Rate, Stops, Target};
use crate::record::{Divergence, RateChanged, Reached, Rollback, Row};
use crate::schedule::{Clock, Observation};
use crate::spec::Horizon;

pub(super) use best::{BestSoFar, Watch};
pub(super) use saves::Saves;

/// The position of a run, its rates, and everything that decides when it ends.
pub(super) struct Track {
    rates: Vec<Rate>,
    pub length: Length,
    pub stops: Stops,
    pub evaluation: Evaluation,
    /// The values of the last step.
    pub values: StepValues,
    pub watch: Watch,
    early: Option<Watch>,
    pub reached: Option<Reached>,
    /// The validation loss before training.
    pub loss_before: Option<f64>,
    /// True after the warning that the training loss is far above `loss_before`.
    pub warned_of_explosion: bool,
    /// The row of the last evaluated epoch.
    pub last: Option<Row>,
    pub rollbacks: Vec<Rollback>,
    pub at: Position,
    /// The wall time so far. `total` is the wall time of earlier processes.
    pub seconds: Seconds,
    began: Instant,
}

/// The learning rates and scheduled hyper-parameters of one step.
#[derive(Clone, Debug)]
pub(super) struct StepValues {
    /// One learning rate per group.
    pub lr: Vec<f64>,
    /// The scheduled hyper-parameters of each group, as pairs of name and value.
    pub hyper: Vec<Vec<(&'static str, f64)>>,
}

impl StepValues {
    /// Evaluates `rates` at `clock`, with learning rates multiplied by `scale`: see [`Track::scale`].
    pub fn at(rates: &[Rate], clock: Clock, scale: f64) -> Result<StepValues, OutOfRange> {
        let mut values = StepValues { lr: vec![0.0; rates.len()], hyper: vec![Vec::new(); rates.len()] };
        values.set(rates, clock, scale)?;
        Ok(values)
    }

    /// Replaces the values by those at `clock`. Allocates nothing.
    fn set(&mut self, rates: &[Rate], clock: Clock, scale: f64) -> Result<(), OutOfRange> {
        for ((lr, hyper), rate) in self.lr.iter_mut().zip(&mut self.hyper).zip(rates) {
            *lr = rate.lr(clock) * scale;
            rate.hyper(clock, hyper)?;
        }
        Ok(())
    }
}

impl Track {
    /// Starts before the first step.
    pub fn new(rates: Vec<Rate>, length: Length, stops: Stops, evaluation: Evaluation) -> Track {
        let watch = Watch::new(evaluation.best_by, 0.0, BestSoFar::default());
        let early =
            stops.early_stop.as_ref().map(|stop| Watch::new(stop.monitor, stop.min_delta, BestSoFar::default()));
        Track {
            values: StepValues { lr: vec![0.0; rates.len()], hyper: vec![Vec::new(); rates.len()] },
            rates,
            length,
            stops,
            evaluation,
            watch,
            early,
            reached: None,
            loss_before: None,
            warned_of_explosion: false,
            last: None,
            rollbacks: Vec::new(),
            at: Position::default(),
            seconds: Seconds::default(),
            began: Instant::now(),
        }
    }

    /// Checks that `values` belong to a run with these groups and this length.
    pub fn check(&self, values: &StateValues) -> Result<(), Error> {
        let (there, here) = (values.groups.len(), self.rates.len());
        if there != here {
            return Err(Error::State(format!("it has {there} groups, but the run has {here}")));
        }
        let at = values.position;
        if !at.is_in(self.length.horizon) {
            let Horizon { total_steps, steps_per_epoch } = self.length.horizon;
            let Position { epoch, step, step_in_epoch, .. } = at;
            return Err(Error::State(format!(
                "it was saved after {step} steps, {step_in_epoch} of them in epoch {epoch}, but the run has \
                 {total_steps} steps, {steps_per_epoch} per epoch"
            )));
        }
        Ok(())
    }

    /// Returns to the position of `values`. The time spent so far and the number of rollbacks do not change.
    pub fn restore(&mut self, values: &StateValues) -> Result<(), Error> {
        for (rate, saved) in self.rates.iter_mut().zip(&values.groups) {
            rate.load(saved).map_err(|error| Error::State(error.to_string()))?;
        }
        self.at = values.position;
        self.watch.restore(values.watch);
        if let (Some(early), Some(best)) = (&mut self.early, values.early) {
            early.restore(best);
        }
        self.reached = values.reached.clone();
        self.loss_before = values.loss_before;
        self.last = values.last.clone();
        Ok(())
    }

    /// Returns the states of the groups' rules.
    pub fn save_rates(&self) -> Vec<serde_json::Value> {
        self.rates.iter().map(Rate::save).collect()
    }

    /// Returns the state of early stopping. `None` if the run has no early stopping.
    pub fn early(&self) -> Option<BestSoFar> {
        self.early.as_ref().map(Watch::state)
    }

    /// Returns the wall time of the run in seconds, including that of earlier processes.
    pub fn total_seconds(&self) -> f64 {
        self.seconds.total + self.began.elapsed().as_secs_f64()
    }

    /// Returns whether the run has reached its time limit.
    pub fn is_out_of_time(&self) -> bool {
        self.stops.time_limit.is_some_and(|limit| self.total_seconds() >= limit.as_secs_f64())
    }

    /// Returns whether the run has made all its steps.
    pub fn made_all_steps(&self) -> bool {
        self.at.step >= self.length.horizon.total_steps
    }

    /// Returns the number of steps in the current epoch. The last epoch can be shorter than the others.
    pub fn steps_in_epoch(&self) -> u64 {
        let Horizon { total_steps, steps_per_epoch } = self.length.horizon;
        (total_steps - self.at.step + self.at.step_in_epoch).min(steps_per_epoch)
    }

    /// Sets the rates for step number `step` (from 0).
    pub fn set_rates(&mut self, step: u64) -> Result<(), Error> {
        let clock = self.length.clock(step);
        let scale = self.scale();
        Ok(self.values.set(&self.rates, clock, scale)?)
    }

    /// Moves to the first step of the next epoch.
    pub fn next_epoch(&mut self) {
        self.at = Position { epoch: self.at.epoch + 1, step_in_epoch: 0, evaluated: false, ..self.at };
        self.seconds.epoch = 0.0;
    }

    /// Adds `row` to the search for the best epoch. Returns whether it is the best so far.
    pub fn is_best(&mut self, row: &Row) -> bool {
        self.watch.add(row.get(self.watch.monitor().metric), row.epoch)
    }

    /// Returns the target and when it was reached, if `row` is the first row that reaches it. `None` otherwise.
    pub fn reaches_target(&self, row: &Row) -> Option<(&Target, Reached)> {
        let target = self.stops.target.as_ref().filter(|_| self.reached.is_none())?;
        let metric = target.monitor.metric;
        let value = row.get(metric).filter(|&value| target.is_reached_by(value))?;
        let seconds = self.seconds.train + self.seconds.eval;
        Some((target, Reached { metric, value, epoch: row.epoch, step: row.step, seconds }))
    }

    /// Adds `row` to early stopping. Returns whether its patience is over.
    pub fn is_stalled(&mut self, row: &Row) -> bool {
        let (Some(early), Some(stop)) = (&mut self.early, &self.stops.early_stop) else { return false };
        early.add(row.get(early.monitor().metric), row.epoch);
        early.since() >= stop.patience
    }

    /// Returns the limit if the training loss `loss` exceeds it. The limit is `factor` times the validation loss before
    /// training, but at least `variance`, the loss of the best constant. `None` if the loss does not exceed it.
    pub fn exceeded(&self, loss: f64, factor: f64, variance: f64) -> Option<f64> {
        let limit = (factor * self.loss_before?).max(variance);
        (loss > limit).then_some(limit)
    }

    /// Passes `row` to the groups' rules. Returns the changes that they made. Skips epoch 0, which no rule has
    /// affected.
    pub fn observe(&mut self, row: &Row) -> Vec<RateChanged> {
        if row.epoch == 0 {
            return Vec::new();
        }
        let clock = self.length.clock(self.at.step);
        let rollback_scale = self.scale();
        let metric = |metric| row.get(metric);
        // Rules observe rates without the scale of rollbacks: see [`Track::scale`].
        let observation = Observation { epoch: row.epoch, clock, metric: &metric, scale: 1.0 };
        let mut changes = Vec::new();
        for rate in &mut self.rates {
            for change in rate.observe(&observation) {
                let scale = if change.quantity == "lr" { rollback_scale } else { 1.0 };
                changes.push(RateChanged {
                    epoch: row.epoch,
                    group: rate.name.clone(),
                    quantity: change.quantity.to_owned(),
                    from: change.from * scale,
                    to: change.to * scale,
                    reason: change.reason,
                });
            }
        }
        changes
    }

    /// Returns each scheduled hyper-parameter's values at the last step, one per group.
    pub fn hyper_by_name(&self) -> BTreeMap<String, Vec<f64>> {
        let mut by_name: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for &(name, value) in self.values.hyper.iter().flatten() {
            by_name.entry(name.to_owned()).or_default().push(value);
        }
        by_name
    }

    /// Describes a divergence at the current rates.
    pub fn divergence(&self, bad: Bad) -> Divergence {
        Divergence { step: bad.step, lr: self.values.lr[0], loss: bad.loss.to_string() }
    }

    /// Returns the factor on all learning rates after the rollbacks so far. It multiplies the rates that the rules
    /// return, so it also lowers a rate that a rule holds at its `min_lr`.
    pub fn scale(&self) -> f64 {
        self.rollbacks.last().map_or(1.0, |last| last.scale)
    }

    /// Returns whether the spec allows another rollback.
    pub fn may_roll_back(&self) -> bool {
        self.stops.on_divergence.is_some_and(|policy| (self.rollbacks.len() as u64) < policy.times)
    }
}

impl Job {
    /// Splits the job into its two halves.
    pub(super) fn split(self) -> (super::Trainer, Track, crate::plan::Saving) {
        let track = Track::new(self.rates, self.length, self.stops, self.evaluation);
        (self.trainer, track, self.saving)
    }
}
