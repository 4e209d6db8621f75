//! Training, from the first evaluation, or from a state that was kept, to the last step.

mod after_epoch;
mod back;

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tch::Tensor;

use super::again::Again;
use super::loss::Measure;
use super::meter::{Bad, Meter, Sums};
use super::rules::{Seen, Watch};
use super::saves::Saves;
use super::state::{Numbers, Position, Seconds, State};
use super::{Emit, Error, Fitted, Interrupt, Job, Keep, Validation};
use crate::engine::Step;
use crate::network::{ForwardMode, forward, reported};
use crate::record::{Divergence, Event, Outcome, Progress, Reached, Reduced, Row, Status};
use crate::schedule::Clock;

/// How often a person is told where training is.
const PROGRESS: Duration = Duration::from_millis(200);

/// Steps between looks at what a GPU has summed up; each look waits for it.
const LOOK: u64 = 100;

/// Why training ended.
enum End {
    Length,
    Time,
    Target,
    Early,
    Diverged(Divergence),
    Signal,
}

/// Trains `job` to its end, from the beginning or from a state that `keep` was given by an earlier run of it. The last
/// event is the last epoch's: that the run has ended is for the caller to tell, once its weights are kept.
pub fn fit(
    mut job: Job,
    from: Option<State>,
    keep: &mut Keep<'_>,
    emit: &mut Emit<'_>,
    interrupt: &Interrupt,
) -> Result<Fitted, Error> {
    let best = from.as_ref().map(|state| job.take(state)).transpose()?.flatten();
    let back = from.as_ref().and_then(State::back).map(|back| back.deep_copy()).transpose()?;
    let (numbers, seconds) = from.map(|state| (state.numbers, state.seconds)).unzip();
    let seen = |of: fn(&Numbers) -> Option<Seen>| numbers.as_ref().and_then(of).unwrap_or_default();
    let watch = Watch::new(job.best_by, 0.0, seen(|numbers| Some(numbers.watch)));
    let early = job
        .early_stop
        .as_ref()
        .map(|stop| (Watch::new(stop.monitor, stop.min_delta, seen(|numbers| numbers.early)), stop.patience));
    let sums = numbers.as_ref().map_or_else(Sums::default, |numbers| numbers.meter);
    let mut run = Run {
        began: Instant::now(),
        at: numbers.as_ref().map_or_else(Position::default, |numbers| numbers.position),
        meter: Meter::with(Measure::of(job.loss), job.device, sums)?,
        lr: vec![0.0; job.groups.len()],
        hyper: vec![Vec::new(); job.groups.len()],
        seconds: seconds.unwrap_or_default(),
        reached: numbers.as_ref().and_then(|numbers| numbers.reached.clone()),
        reductions: numbers.as_ref().map(|numbers| numbers.reductions.clone()).unwrap_or_default(),
        back,
        last: numbers.and_then(|numbers| numbers.last),
        best,
        watch,
        early,
        saves: Saves::new(job.saving.every),
        job,
        keep,
        emit,
        interrupt,
    };
    let end = run.whole()?;
    run.finish(end)
}

struct Run<'a, 'e, 'k> {
    job: Job,
    keep: &'a mut Keep<'k>,
    emit: &'a mut Emit<'e>,
    interrupt: &'a Interrupt,
    began: Instant,
    at: Position,
    /// Of this epoch.
    meter: Meter,
    /// Each group's rate at the last step.
    lr: Vec<f64>,
    /// Each group's scheduled hyper-parameters there.
    hyper: Vec<Vec<(&'static str, f64)>>,
    /// `total` is that of the runs before this process.
    seconds: Seconds,
    reached: Option<Reached>,
    last: Option<Row>,
    best: Option<Tensor>,
    watch: Watch,
    early: Option<(Watch, u64)>,
    saves: Saves,
    reductions: Vec<Reduced>,
    /// Where to go back to, if the run may.
    back: Option<State>,
}

impl Run<'_, '_, '_> {
    fn whole(&mut self) -> Result<End, Error> {
        loop {
            match self.until_an_end()? {
                End::Diverged(divergence) if self.can_go_back() => self.go_back(divergence)?,
                end => {
                    // That of a run which ends by its length is kept already.
                    if self.job.saving.keep && matches!(end, End::Time | End::Target | End::Early) {
                        self.save()?;
                    }
                    return Ok(end);
                }
            }
        }
    }

    fn until_an_end(&mut self) -> Result<End, Error> {
        // Those of the last step are the next row's; before the first, those of the first.
        self.set_rates(self.at.step.saturating_sub(1))?;
        loop {
            if self.at.evaluated {
                if self.at.step >= self.job.horizon.total_steps {
                    return Ok(End::Length);
                }
                self.at = Position { epoch: self.at.epoch + 1, step_in_epoch: 0, evaluated: false, ..self.at };
                self.meter = Meter::with(Measure::of(self.job.loss), self.job.device, Sums::default())?;
                self.seconds.epoch = 0.0;
            }
            if self.at.epoch > 0 {
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

    /// Keeps the state where it is time to, and ends the run where a signal has come.
    fn between_epochs(&mut self) -> Result<Option<End>, Error> {
        let over = self.at.step >= self.job.horizon.total_steps;
        let signal = self.interrupt.load(Ordering::Relaxed) != 0 && !over;
        let due = if over { self.job.saving.keep } else { self.saves.are_due_between_epochs(self.at.step) };
        if self.job.reduce.is_some() {
            self.back = Some(self.state()?.deep_copy()?);
        }
        if signal || due {
            self.save()?;
        }
        Ok(signal.then_some(End::Signal))
    }

    fn save(&mut self) -> Result<(), Error> {
        let mut state = self.state()?;
        if let Some(back) = &self.back {
            state.put_back(back);
        }
        (self.keep)(&state)?;
        self.saves.kept();
        Ok(())
    }

    /// The state as it is, in the memory that training uses.
    fn state(&self) -> Result<State, Error> {
        Ok(State {
            numbers: Numbers {
                position: self.at,
                meter: self.meter.sums()?,
                groups: self.job.groups.iter().map(super::Rate::save).collect(),
                optimizer: self.job.optimizer.host_state(),
                watch: self.watch.seen(),
                early: self.early.as_ref().map(|(watch, _)| watch.seen()),
                reached: self.reached.clone(),
                last: self.last.clone(),
                reductions: self.reductions.clone(),
                back: None,
            },
            seconds: Seconds { total: self.total_seconds(), ..self.seconds },
            tensors: self.job.tensors(self.best.as_ref())?,
        })
    }

    fn total_seconds(&self) -> f64 {
        self.seconds.total + self.began.elapsed().as_secs_f64()
    }

    fn clock(&self, step: u64) -> Clock {
        let horizon = self.job.horizon;
        Clock { step, total_steps: horizon.total_steps, steps_per_epoch: horizon.steps_per_epoch }
    }

    fn set_rates(&mut self, step: u64) -> Result<(), Error> {
        let (clock, scale) = (self.clock(step), self.scale());
        for ((lr, hyper), group) in self.lr.iter_mut().zip(&mut self.hyper).zip(&self.job.groups) {
            *lr = group.lr(clock) * scale;
            group.hyper(clock, hyper)?;
        }
        Ok(())
    }

    /// What is left of the epoch or of the run; what ended it before its last step, if anything did.
    fn epoch(&mut self) -> Result<Option<End>, Error> {
        let job = &self.job;
        let order = job.shuffle.order(&job.train_rows, job.seed, self.at.epoch);
        let steps = (job.horizon.total_steps - self.at.step + self.at.step_in_epoch).min(job.horizon.steps_per_epoch);
        let (batch_size, done) = (job.batch_size, self.at.step_in_epoch);
        let (before, earlier) = (Instant::now(), self.seconds);
        let mut told = Instant::now();
        for rows in order.chunks(batch_size).take(steps as usize).skip(done as usize) {
            let bad = self.update(rows)?;
            let spent = before.elapsed().as_secs_f64();
            self.seconds.epoch = earlier.epoch + spent;
            self.seconds.train = earlier.train + spent;
            if let Some(bad) = bad {
                return Ok(Some(self.diverged(bad)));
            }
            let last = self.at.step_in_epoch == steps;
            let signal = self.interrupt.load(Ordering::Relaxed) != 0;
            if signal || !last && self.saves.are_due(self.at.step) {
                if let Some(end) = self.look_at_parameters()? {
                    return Ok(Some(end));
                }
                self.save()?;
            }
            if signal {
                return Ok(Some(End::Signal));
            }
            if self.job.time_limit.is_some_and(|limit| self.total_seconds() >= limit.as_secs_f64()) {
                return Ok(Some(End::Time));
            }
            if told.elapsed() >= PROGRESS {
                told = Instant::now();
                let loss = self.meter.scores()?.map_or(f64::NAN, |scores| scores.loss);
                let Position { epoch, step, step_in_epoch, .. } = self.at;
                let progress = Progress { epoch, step, step_in_epoch, steps_in_epoch: steps, loss };
                (self.emit)(&Event::Progress(progress))?;
            }
        }
        Ok(None)
    }

    /// One optimizer update on `rows`; the first step whose loss was not finite, where that was looked for.
    fn update(&mut self, rows: &[u32]) -> Result<Option<Bad>, Error> {
        self.set_rates(self.at.step)?;
        let Job { seed, model, store, optimizer, ema, loss, examples, augment, .. } = &mut self.job;
        let (seed, step) = (*seed, self.at.step);
        let batch = examples.gather_for_step(rows, augment.as_ref(), seed, step)?;
        let output = forward(model, &batch.x, store, ForwardMode::Train { seed, step })?;
        let value = loss.of(&output, &batch.y)?;
        let grads = Tensor::f_run_backward(&[&value], store.views(), false, false)?;
        self.at.step += 1;
        self.at.step_in_epoch += 1;
        self.meter.add(self.at.step, &value, &output, &batch.y)?;
        let mut again = Again { model, batch: &batch, loss: *loss, seed, step };
        let (lr, hyper, loss) = (self.lr.as_slice(), self.hyper.as_slice(), &value);
        optimizer.step(&mut Step { store, grads: &grads, lr, hyper, loss, batch: &mut again })?;
        if let Some(ema) = ema {
            ema.update(store)?;
        }
        let horizon = self.job.horizon;
        let last = self.at.step_in_epoch == horizon.steps_per_epoch || self.at.step == horizon.total_steps;
        let look = self.job.device == tch::Device::Cpu || self.at.step.is_multiple_of(LOOK) || last;
        Ok(if look { self.meter.bad()? } else { None })
    }

    fn diverged(&self, bad: Bad) -> End {
        End::Diverged(Divergence { step: bad.step, lr: self.lr[0], loss: bad.loss.to_string() })
    }

    fn finish(mut self, end: End) -> Result<Fitted, Error> {
        let before = Instant::now();
        self.job.put_meant(self.at.step)?;
        // Validation by the test part has evaluated it already.
        let test = match (&end, &self.job.val, &self.last) {
            (End::Diverged(_) | End::Signal, ..) => None,
            (_, Validation::Test, Some(last)) => last.val,
            (_, _, Some(Row { test: Some(test), .. })) => Some(*test),
            _ => self.job.scores_of_test()?,
        };
        self.seconds.eval += before.elapsed().as_secs_f64();
        let (status, ended_by) = match &end {
            End::Length => (Status::Completed, self.job.length_key),
            End::Time => (Status::Completed, "time"),
            End::Target => (Status::StoppedAtTarget, "target"),
            End::Early => (Status::StoppedEarly, "early_stop"),
            End::Diverged(_) => (Status::Diverged, "divergence"),
            End::Signal => (Status::Interrupted, "signal"),
        };
        let diverged = if let End::Diverged(divergence) = end { Some(divergence) } else { None };
        let (Seconds { train, eval, .. }, total_seconds) = (self.seconds, self.total_seconds());
        let outcome = Outcome {
            status,
            ended_by: ended_by.to_owned(),
            target: self.job.target.as_ref().map(ToString::to_string),
            reached: self.reached,
            best: self.watch.best(),
            last: self.last,
            test,
            fitted: reported(&self.job.model, &self.job.store),
            diverged,
            reductions: self.reductions,
            train_seconds: train,
            eval_seconds: eval,
            total_seconds,
        };
        let ema = self.job.ema.as_ref().and_then(|ema| ema.weights()).map(Tensor::shallow_clone);
        Ok(Fitted { outcome, store: self.job.store, best: self.best, ema })
    }
}
