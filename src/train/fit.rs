//! Training, from the first evaluation to the last step.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tch::{Tensor, no_grad};

use super::again::Again;
use super::meter::{Bad, Meter};
use super::rules::Watch;
use super::{Emit, Error, Fitted, Interrupt, Job, Validation, metric_of};
use crate::model::Pass;
use crate::optimizer::Step;
use crate::record::{Divergence, Event, Outcome, Progress, Reached, Row, Scores, Status};
use crate::schedule::{Clock, Observation};

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

/// Trains `job` to its end. The last event is the last epoch's: that the run has ended is for the caller to tell, once
/// its weights are kept.
pub fn fit(job: Job, emit: &mut Emit<'_>, interrupt: &Interrupt) -> Result<Fitted, Error> {
    let watch = Watch::new(job.best_by.clone(), 0.0);
    let early = job.early_stop.as_ref().map(|stop| (Watch::new(stop.monitor.clone(), stop.min_delta), stop.patience));
    let mut run = Run {
        started: Instant::now(),
        step: 0,
        lr: vec![0.0; job.groups.len()],
        hyper: vec![Vec::new(); job.groups.len()],
        train_seconds: 0.0,
        eval_seconds: 0.0,
        reached: None,
        last: None,
        best: None,
        watch,
        early,
        job,
        emit,
        interrupt,
    };
    let end = run.whole()?;
    run.finish(end)
}

struct Run<'a, 'e> {
    job: Job,
    emit: &'a mut Emit<'e>,
    interrupt: &'a Interrupt,
    started: Instant,
    /// Steps done.
    step: u64,
    /// Each group's rate at the last step.
    lr: Vec<f64>,
    /// Each group's scheduled hyper-parameters there.
    hyper: Vec<Vec<(&'static str, f64)>>,
    train_seconds: f64,
    eval_seconds: f64,
    reached: Option<Reached>,
    last: Option<Row>,
    best: Option<Tensor>,
    watch: Watch,
    early: Option<(Watch, u64)>,
}

impl Run<'_, '_> {
    fn whole(&mut self) -> Result<End, Error> {
        self.set_rates()?;
        if let Some(end) = self.evaluate(0, None, 0.0)? {
            return Ok(end);
        }
        let mut epoch = 0;
        while self.step < self.job.horizon.total_steps {
            epoch += 1;
            let before = Instant::now();
            let (meter, ended) = self.epoch(epoch)?;
            let scores = meter.scores()?;
            let seconds = before.elapsed().as_secs_f64();
            self.train_seconds += seconds;
            match ended {
                Some(End::Time) => {
                    let ended = self.evaluate(epoch, scores, seconds)?;
                    return Ok(ended.unwrap_or(End::Time));
                }
                Some(end) => return Ok(end),
                None => {}
            }
            if let Some(end) = self.evaluate(epoch, scores, seconds)? {
                return Ok(end);
            }
        }
        Ok(End::Length)
    }

    fn clock(&self) -> Clock {
        let horizon = self.job.horizon;
        Clock { step: self.step, total_steps: horizon.total_steps, steps_per_epoch: horizon.steps_per_epoch }
    }

    fn set_rates(&mut self) -> Result<(), Error> {
        let clock = self.clock();
        for ((lr, hyper), group) in self.lr.iter_mut().zip(&mut self.hyper).zip(&self.job.groups) {
            *lr = group.lr(clock);
            group.hyper(clock, hyper)?;
        }
        Ok(())
    }

    /// One epoch, or what is left of the run; what ended it before its last step, if anything did.
    fn epoch(&mut self, epoch: u64) -> Result<(Meter, Option<End>), Error> {
        let job = &self.job;
        let order = job.shuffle.order(&job.train_rows, job.seed, epoch);
        let left = (job.horizon.total_steps - self.step).min(job.horizon.steps_per_epoch);
        let batch_size = job.batch_size;
        let mut meter = Meter::new(job.loss.metric(), job.device)?;
        let mut told = Instant::now();
        for (rows, step_in_epoch) in order.chunks(batch_size).zip(1..=left) {
            self.update(rows, &mut meter)?;
            let look = self.job.device == tch::Device::Cpu || self.step.is_multiple_of(LOOK) || step_in_epoch == left;
            if look && let Some(bad) = meter.bad()? {
                return Ok((meter, Some(self.diverged(bad))));
            }
            if self.interrupt.load(Ordering::Relaxed) != 0 {
                return Ok((meter, Some(End::Signal)));
            }
            if self.job.time_limit.is_some_and(|limit| self.started.elapsed() >= limit) {
                return Ok((meter, Some(End::Time)));
            }
            if told.elapsed() >= PROGRESS {
                told = Instant::now();
                let loss = meter.scores()?.map_or(f64::NAN, |scores| scores.loss);
                let progress = Progress { epoch, step: self.step, step_in_epoch, steps_in_epoch: left, loss };
                (self.emit)(&Event::Progress(progress))?;
            }
        }
        Ok((meter, None))
    }

    /// One optimizer update on `rows`.
    fn update(&mut self, rows: &[u32], meter: &mut Meter) -> Result<(), Error> {
        self.set_rates()?;
        let Job { seed, model, store, optimizer, ema, loss, examples, .. } = &mut self.job;
        let batch = examples.gather(rows)?;
        let (seed, step) = (*seed, self.step);
        let output = model.forward(&batch.x, store, Pass::Train { seed, step })?;
        let value = loss.of(&output, &batch.y)?;
        let grads = Tensor::f_run_backward(&[&value], store.views(), false, false)?;
        self.step += 1;
        meter.add(self.step, &value, &output, &batch.y)?;
        let (loss, model) = (*loss, &**model);
        let mut again = Again { model, batch: &batch, loss, seed, step };
        let (lr, hyper, loss) = (self.lr.as_slice(), self.hyper.as_slice(), &value);
        optimizer.step(&mut Step { store, grads: &grads, lr, hyper, loss, batch: &mut again })?;
        if let Some(ema) = ema {
            ema.update(store)?;
        }
        Ok(())
    }

    /// Evaluates after `epoch` with the weights that the optimizer means for it.
    fn evaluate(&mut self, epoch: u64, train: Option<Scores>, train_seconds: f64) -> Result<Option<End>, Error> {
        let own = self.job.put_meant(self.step)?;
        let ended = self.evaluate_store(epoch, train, train_seconds);
        if let Some(own) = own {
            self.job.store.assign_all(&own)?;
        }
        ended
    }

    /// Evaluates what the store holds after `epoch`, writes its row, and shows it to everything that decides by it.
    fn evaluate_store(&mut self, epoch: u64, train: Option<Scores>, train_seconds: f64) -> Result<Option<End>, Error> {
        let before = Instant::now();
        let val = self.job.scores_of_validation()?;
        let test = match (self.job.test_every_epoch, &self.job.val) {
            (true, Validation::Test) => val,
            (true, _) => self.job.scores_of_test()?,
            (false, _) => None,
        };
        let ema = self.job.scores_of_ema()?;
        let eval_seconds = before.elapsed().as_secs_f64();
        self.eval_seconds += eval_seconds;
        let effective_lr = self.job.optimizer.effective_lr().unwrap_or_default();
        let (lr, hyper) = (self.lr.clone(), self.hyper_by_name());
        let row =
            Row { epoch, step: self.step, train, val, test, ema, lr, hyper, effective_lr, train_seconds, eval_seconds };
        (self.emit)(&Event::Epoch(row.clone()))?;
        self.last = Some(row.clone());
        let name = self.job.loss.metric().name();
        let of = |metric: &str| metric_of(&row, name, metric);
        if self.watch.see(of(&self.watch.monitor().metric), epoch) {
            self.best = Some(self.watched_weights()?);
        }
        if let Some(loss) = val.map(|scores| scores.loss).filter(|loss| !loss.is_finite()) {
            return Ok(Some(self.diverged(Bad { step: self.step, loss })));
        }
        if let (Some(target), None) = (&self.job.target, &self.reached) {
            let value = of(&target.monitor.metric).filter(|&value| target.is_reached_by(value));
            if let Some(value) = value {
                let seconds = self.train_seconds + self.eval_seconds;
                let metric = target.monitor.metric.clone();
                let reached = Reached { metric, value, epoch, step: self.step, seconds };
                (self.emit)(&Event::TargetReached(reached.clone()))?;
                self.reached = Some(reached);
                if target.stop {
                    return Ok(Some(End::Target));
                }
            }
        }
        if let Some((watch, patience)) = &mut self.early {
            watch.see(of(&watch.monitor().metric), epoch);
            if watch.since() >= *patience {
                return Ok(Some(End::Early));
            }
        }
        self.observe(&row)?;
        Ok(None)
    }

    /// Shows `row` to the groups' rules. Epoch 0, before training, is nothing that a rule could have changed.
    fn observe(&mut self, row: &Row) -> Result<(), Error> {
        if row.epoch == 0 {
            return Ok(());
        }
        let clock = self.clock();
        let name = self.job.loss.metric().name();
        let metric = |metric: &str| metric_of(row, name, metric);
        let seen = Observation { epoch: row.epoch, clock, metric: &metric, scale: 1.0 };
        for group in &mut self.job.groups {
            for change in group.observe(&seen) {
                (self.emit)(&change)?;
            }
        }
        Ok(())
    }

    /// Of each scheduled hyper-parameter the groups' values at the last step.
    fn hyper_by_name(&self) -> BTreeMap<String, Vec<f64>> {
        let mut by_name: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for &(name, value) in self.hyper.iter().flatten() {
            by_name.entry(name.to_owned()).or_default().push(value);
        }
        by_name
    }

    /// A copy of the weights that the watched metric is of.
    fn watched_weights(&self) -> Result<Tensor, Error> {
        let average = self.job.ema.as_ref().and_then(|ema| ema.weights());
        let average = average.filter(|_| self.watch.monitor().metric.starts_with("ema_"));
        Ok(no_grad(|| average.unwrap_or(self.job.store.all()).f_detach_copy())?)
    }

    fn diverged(&self, bad: Bad) -> End {
        End::Diverged(Divergence { step: bad.step, lr: self.lr[0], loss: bad.loss.to_string() })
    }

    fn finish(mut self, end: End) -> Result<Fitted, Error> {
        let before = Instant::now();
        self.job.put_meant(self.step)?;
        // Validation by the test part has evaluated it already.
        let test = match (&end, &self.job.val, &self.last) {
            (End::Diverged(_) | End::Signal, ..) => None,
            (_, Validation::Test, Some(last)) => last.val,
            (_, _, Some(Row { test: Some(test), .. })) => Some(*test),
            _ => self.job.scores_of_test()?,
        };
        self.eval_seconds += before.elapsed().as_secs_f64();
        let (status, ended_by) = match &end {
            End::Length => (Status::Completed, self.job.length_key),
            End::Time => (Status::Completed, "time"),
            End::Target => (Status::StoppedAtTarget, "target"),
            End::Early => (Status::StoppedEarly, "early_stop"),
            End::Diverged(_) => (Status::Diverged, "divergence"),
            End::Signal => (Status::Interrupted, "signal"),
        };
        let diverged = if let End::Diverged(divergence) = end { Some(divergence) } else { None };
        let outcome = Outcome {
            status,
            ended_by: ended_by.to_owned(),
            target: self.job.target.as_ref().map(ToString::to_string),
            reached: self.reached,
            best: self.watch.best(),
            last: self.last,
            test,
            fitted: self.job.model.fitted(&self.job.store),
            diverged,
            train_seconds: self.train_seconds,
            eval_seconds: self.eval_seconds,
            total_seconds: self.started.elapsed().as_secs_f64(),
        };
        let ema = self.job.ema.as_ref().and_then(|ema| ema.weights()).map(Tensor::shallow_clone);
        Ok(Fitted { outcome, store: self.job.store, best: self.best, ema })
    }
}
