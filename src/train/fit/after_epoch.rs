//! What follows an epoch: its evaluation, its row, and all that is decided by it.

use std::collections::BTreeMap;
use std::time::Instant;

use tch::{Tensor, no_grad};

use super::super::meter::Bad;
use super::super::state::Position;
use super::super::{Error, Validation};
use super::{End, Run};
use crate::metric::Part;
use crate::record::{Divergence, Event, RateChanged, Reached, Row};
use crate::schedule::Observation;

impl Run<'_, '_, '_> {
    /// Whether a parameter is not a number any more, although the loss still is.
    pub(super) fn look_at_parameters(&self) -> Result<Option<End>, Error> {
        let is_finite =
            |tensor: &Tensor| no_grad(|| tensor.f_isfinite()?.f_all()?.f_int64_value(&[])).map(|it| it != 0);
        if is_finite(self.job.store.flat())? {
            return Ok(None);
        }
        let params = self.job.store.declaration().params().iter().zip(self.job.store.views());
        let bad = params.filter(|(_, view)| !is_finite(view).unwrap_or(true)).map(|(param, _)| param.name.as_str());
        let loss = format!("finite (`{}` is not)", bad.take(1).collect::<String>());
        Ok(Some(End::Diverged(Divergence { step: self.at.step, lr: self.lr[0], loss })))
    }

    /// Evaluates after an epoch with the weights that the optimizer means for it.
    pub(super) fn evaluate(&mut self) -> Result<Option<End>, Error> {
        self.at.evaluated = true;
        if let Some(end) = self.look_at_parameters()? {
            return Ok(Some(end));
        }
        let own = self.job.put_meant(self.at.step)?;
        let ended = self.evaluate_store();
        if let Some(own) = own {
            self.job.store.assign_all(&own)?;
        }
        ended
    }

    /// Evaluates what the store holds, writes its row, and shows it to everything that decides by it.
    fn evaluate_store(&mut self) -> Result<Option<End>, Error> {
        let (before, train) = (Instant::now(), self.meter.scores()?);
        let Position { epoch, step, .. } = self.at;
        let val = self.job.scores_of_validation()?;
        let bad = val.map(|scores| Bad { step, loss: scores.loss }).filter(|bad| !bad.loss.is_finite());
        if let Some(bad) = bad.filter(|_| self.can_go_back()) {
            // The epoch will come again, and with it its row.
            return Ok(Some(self.diverged(bad)));
        }
        let test = match (self.job.test_every_epoch, &self.job.val) {
            (true, Validation::Test) => val,
            (true, _) => self.job.scores_of_test()?,
            (false, _) => None,
        };
        let ema = self.job.scores_of_ema()?;
        let eval_seconds = before.elapsed().as_secs_f64();
        self.seconds.eval += eval_seconds;
        let train_seconds = self.seconds.epoch;
        let effective_lr = self.job.optimizer.effective_lr().unwrap_or_default();
        let (lr, hyper) = (self.lr.clone(), self.hyper_by_name());
        let row = Row { epoch, step, train, val, test, ema, lr, hyper, effective_lr, train_seconds, eval_seconds };
        (self.emit)(&Event::Epoch(row.clone()))?;
        self.last = Some(row.clone());
        if self.watch.see(row.get(self.watch.monitor().metric), epoch) {
            self.best = Some(self.watched_weights()?);
        }
        if let Some(bad) = bad {
            return Ok(Some(self.diverged(bad)));
        }
        if let (Some(target), None) = (&self.job.target, &self.reached) {
            let value = row.get(target.monitor.metric).filter(|&value| target.is_reached_by(value));
            if let Some(value) = value {
                let seconds = self.seconds.train + self.seconds.eval;
                let metric = target.monitor.metric;
                let reached = Reached { metric, value, epoch, step, seconds };
                (self.emit)(&Event::TargetReached(reached.clone()))?;
                self.reached = Some(reached);
                if target.stop {
                    return Ok(Some(End::Target));
                }
            }
        }
        if let Some((watch, patience)) = &mut self.early {
            watch.see(row.get(watch.monitor().metric), epoch);
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
        let clock = self.clock(self.at.step);
        let metric = |metric| row.get(metric);
        let (seen, scale) = (Observation { epoch: row.epoch, clock, metric: &metric, scale: 1.0 }, self.scale());
        for group in &mut self.job.groups {
            for mut change in group.observe(&seen) {
                if let Event::RateChanged(RateChanged { quantity, from, to, .. }) = &mut change
                    && quantity == "lr"
                {
                    (*from, *to) = (*from * scale, *to * scale);
                }
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
        let average = average.filter(|_| self.watch.monitor().metric.part == Part::Ema);
        Ok(no_grad(|| average.unwrap_or(self.job.store.all()).f_detach_copy())?)
    }
}
