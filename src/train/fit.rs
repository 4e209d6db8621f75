//! Training from the first evaluation, or from a saved state, to the last step.

mod after_epoch;
mod rollback;

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tch::{Device, Tensor};

use super::state::{Position, Seconds, State, StateValues};
use super::track::{Saves, Track};
use super::trainer::{Bad, Measure, Meter};
use super::{Emit, Error, Failure, Interrupt, Job, SaveState, TrainResult, Trainer, Validation};
use crate::network::reported;
use crate::record::{Divergence, Event, Outcome, Progress, Row, Scores, Status};

/// The shortest time between two progress events.
const PROGRESS: Duration = Duration::from_millis(200);

/// The number of steps between two checks of the loss on a GPU. Each check waits for the GPU.
const READ_EVERY: u64 = 100;

/// The reason why training ended.
enum End {
    Length,
    Time,
    Target,
    EarlyStop,
    Diverged(Divergence),
    Signal,
}

/// Trains `job` to its end: from the beginning, or from a state that `save` received in an earlier process. Does not
/// report the end of the run: the caller does that after it has saved the weights.
///
/// If a row cannot be written, tries to save a state that evaluates this epoch again.
pub fn fit(
    job: Job,
    from: Option<State>,
    save: &mut SaveState<'_>,
    emit: &mut Emit<'_>,
    interrupt: &Interrupt,
) -> Result<TrainResult, Failure> {
    let (trainer, track, saving) = job.split();
    let meter = Meter::new(Measure::of(trainer.loss), trainer.device).map_err(Failure::before_training)?;
    let saves = Saves::new(saving.every);
    let keep_last = saving.keep;
    let (best, rollback, unwritten) = (None, None, None);
    let mut run = Run { trainer, track, meter, best, rollback, saves, keep_last, unwritten, save, emit, interrupt };
    match run.begin(from).and_then(|()| run.train()).and_then(|end| Ok((run.test(&end)?, end))) {
        Ok((test, end)) => Ok(run.finish(end, test)),
        Err(error) => Err(run.fail(error)),
    }
}

struct Run<'a, 'e, 's> {
    trainer: Trainer,
    track: Track,
    /// The sums of this epoch.
    meter: Meter,
    /// The parameters after the best epoch.
    best: Option<Tensor>,
    /// The state at the end of the last epoch, if the run may roll back.
    rollback: Option<State>,
    saves: Saves,
    /// True if the last state is saved, too.
    keep_last: bool,
    /// The row that could not be written.
    unwritten: Option<Row>,
    save: &'a mut SaveState<'s>,
    emit: &'a mut Emit<'e>,
    interrupt: &'a Interrupt,
}

impl Run<'_, '_, '_> {
    /// Restores the state to begin from, if there is one.
    fn begin(&mut self, from: Option<State>) -> Result<(), Error> {
        if let Some(state) = from {
            self.rollback = state.rollback().map(|state| state.deep_copy()).transpose()?;
            self.restore(&state)?;
            self.track.rollbacks = state.values.rollbacks;
            self.track.seconds = state.seconds;
        }
        Ok(())
    }

    /// Trains to the end, and rolls back after each divergence for which the spec allows it.
    fn train(&mut self) -> Result<End, Error> {
        loop {
            match self.train_until_end()? {
                End::Diverged(divergence) if self.can_roll_back() => self.roll_back(divergence)?,
                end => {
                    // A run that ends by its length has saved its last state already.
                    if self.keep_last && matches!(end, End::Time | End::Target | End::EarlyStop) {
                        self.save_state()?;
                    }
                    return Ok(end);
                }
            }
        }
    }

    fn train_until_end(&mut self) -> Result<End, Error> {
        // The next row has the rates of the last step, or of the first step if there is none yet.
        self.track.set_rates(self.track.at.step.saturating_sub(1))?;
        loop {
            if self.track.at.evaluated {
                if self.track.made_all_steps() {
                    return Ok(End::Length);
                }
                self.track.next_epoch();
                self.meter = Meter::new(Measure::of(self.trainer.loss), self.trainer.device)?;
            }
            if self.track.at.epoch > 0 {
                match self.epoch()? {
                    Some(End::Time) => return Ok(self.evaluate()?.unwrap_or(End::Time)),
                    Some(end) => return Ok(end),
                    None => {}
                }
            }
            if let Some(end) = self.evaluate()? {
                return Ok(end);
            }
            if let Some(end) = self.between_epochs()? {
                return Ok(end);
            }
        }
    }

    /// Keeps a copy of the state to roll back to, if the spec asks for it. Saves the state if it is due, or if a signal
    /// has arrived before the last step. Returns the end of the run in the second case.
    fn between_epochs(&mut self) -> Result<Option<End>, Error> {
        let over = self.track.made_all_steps();
        let signal = self.is_interrupted() && !over;
        let due = if over { self.keep_last } else { self.saves.are_due_between_epochs(self.track.at.step) };
        if self.track.stops.on_divergence.is_some() {
            self.rollback = Some(self.state()?.deep_copy()?);
        }
        if signal || due {
            self.save_state()?;
        }
        Ok(signal.then_some(End::Signal))
    }

    fn is_interrupted(&self) -> bool {
        self.interrupt.load(Ordering::Relaxed) != 0
    }

    fn save_state(&mut self) -> Result<(), Error> {
        let mut state = self.state()?;
        if let Some(rollback) = &self.rollback {
            state.add_rollback(rollback);
        }
        (self.save)(&state)?;
        self.saves.saved();
        Ok(())
    }

    /// Returns the current state. Its tensors share the memory that training writes to.
    fn state(&self) -> Result<State, Error> {
        let track = &self.track;
        Ok(State {
            values: StateValues {
                position: track.at,
                meter: self.meter.sums()?,
                groups: track.save_rates(),
                optimizer: self.trainer.optimizer.host_state(),
                watch: track.watch.state(),
                early: track.early(),
                loss_before: track.loss_before,
                reached: track.reached.clone(),
                last: track.last.clone(),
                rollbacks: track.rollbacks.clone(),
                back: None,
            },
            seconds: Seconds { total: track.total_seconds(), ..track.seconds },
            tensors: self.trainer.tensors(self.best.as_ref())?,
        })
    }

    /// Returns to `state`. The time spent so far and the number of rollbacks do not change.
    fn restore(&mut self, state: &State) -> Result<(), Error> {
        self.track.check(&state.values)?;
        self.best = self.trainer.restore(state)?;
        self.track.restore(&state.values)?;
        self.meter = Meter::with(Measure::of(self.trainer.loss), self.trainer.device, state.values.meter)?;
        Ok(())
    }

    /// Trains the rest of the epoch. Returns the reason why the run ends, or `None` if the epoch was completed.
    fn epoch(&mut self) -> Result<Option<End>, Error> {
        let order = self.trainer.order(self.track.at.epoch);
        let steps = self.track.steps_in_epoch();
        let done = self.track.at.step_in_epoch;
        let began = Instant::now();
        let earlier = self.track.seconds;
        let mut reported = Instant::now();
        let batches = order.chunks(self.trainer.batching.batch_size);
        for rows in batches.take(steps as usize).skip(done as usize) {
            let bad = self.step(rows)?;
            let spent = began.elapsed().as_secs_f64();
            self.track.seconds.epoch = earlier.epoch + spent;
            self.track.seconds.train = earlier.train + spent;
            if let Some(bad) = bad {
                return Ok(Some(End::Diverged(self.track.divergence(bad))));
            }
            let last = self.track.at.step_in_epoch == steps;
            let signal = self.is_interrupted();
            if signal || !last && self.saves.are_due(self.track.at.step) {
                if let Some(end) = self.check_parameters()? {
                    return Ok(Some(end));
                }
                self.save_state()?;
            }
            if signal {
                return Ok(Some(End::Signal));
            }
            if self.track.is_out_of_time() {
                return Ok(Some(End::Time));
            }
            if reported.elapsed() >= PROGRESS {
                reported = Instant::now();
                let loss = self.meter.scores()?.map_or(f64::NAN, |scores| scores.loss);
                let Position { epoch, step, step_in_epoch, .. } = self.track.at;
                let progress = Progress { epoch, step, step_in_epoch, steps_in_epoch: steps, loss };
                (self.emit)(&Event::Progress(progress))?;
            }
        }
        Ok(None)
    }

    /// Makes one optimizer update on `rows`. Returns the first step with a non-finite loss, if it is known. On a GPU
    /// this check reads the sums only every [`READ_EVERY`] steps and at the last step of an epoch.
    fn step(&mut self, rows: &[u32]) -> Result<Option<Bad>, Error> {
        let track = &mut self.track;
        track.set_rates(track.at.step)?;
        self.trainer.step(rows, track.at.step, &track.values, &mut self.meter)?;
        track.at.step += 1;
        track.at.step_in_epoch += 1;
        let last = track.at.step_in_epoch == track.length.horizon.steps_per_epoch || track.made_all_steps();
        let read = self.trainer.device == Device::Cpu || track.at.step.is_multiple_of(READ_EVERY) || last;
        Ok(if read { self.meter.bad()? } else { None })
    }

    /// Evaluates the test part at the end of the run, with the optimizer's evaluation weights.
    fn test(&mut self, end: &End) -> Result<Option<Scores>, Error> {
        let began = Instant::now();
        self.trainer.put_eval_weights(self.track.at.step)?;
        let test = match (end, &self.trainer.data.val, &self.track.last) {
            (End::Diverged(_) | End::Signal, ..) => None,
            // The last row has the scores of the test part already.
            (_, Validation::Test, Some(last)) => last.val,
            (_, _, Some(Row { test: Some(test), .. })) => Some(*test),
            _ => self.trainer.scores_of_test()?,
        };
        self.track.seconds.eval += began.elapsed().as_secs_f64();
        Ok(test)
    }

    fn finish(mut self, end: End, test: Option<Scores>) -> TrainResult {
        let (status, ended_by) = match &end {
            End::Length => (Status::Completed, self.track.length.key),
            End::Time => (Status::Completed, "time"),
            End::Target => (Status::StoppedAtTarget, "target"),
            End::EarlyStop => (Status::StoppedEarly, "early_stop"),
            End::Diverged(_) => (Status::Diverged, "divergence"),
            End::Signal => (Status::Interrupted, "signal"),
        };
        let diverged = if let End::Diverged(divergence) = end { Some(divergence) } else { None };
        let fitted = reported(&self.trainer.model, &self.trainer.store);
        let outcome = Outcome { test, fitted, diverged, ..self.outcome(status, ended_by) };
        let ema = self.trainer.average().map(Tensor::shallow_clone);
        TrainResult { outcome, store: self.trainer.store, best: self.best, ema }
    }

    /// Ends the run with an error. The failure has the results up to the error.
    fn fail(mut self, error: Error) -> Failure {
        let unwritten = self.unwritten.take();
        if unwritten.is_some() {
            // The epoch will be evaluated again, and get its row then.
            self.track.at.evaluated = false;
            let _ = self.save_state();
        }
        let mut outcome = self.outcome(Status::Failed, "error");
        outcome.last = unwritten.or(outcome.last);
        Failure { error, outcome: Box::new(outcome) }
    }

    /// Returns the outcome so far.
    fn outcome(&mut self, status: Status, ended_by: &str) -> Outcome {
        let track = &mut self.track;
        Outcome {
            status,
            ended_by: ended_by.to_owned(),
            target: track.stops.target.as_ref().map(ToString::to_string),
            reached: track.reached.take(),
            best: track.watch.best(),
            last: track.last.take(),
            test: None,
            fitted: Vec::new(),
            diverged: None,
            rollbacks: std::mem::take(&mut track.rollbacks),
            train_seconds: track.seconds.train,
            eval_seconds: track.seconds.eval,
            total_seconds: track.total_seconds(),
        }
    }
}
