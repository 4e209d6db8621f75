//! The end of an epoch: its evaluation, its row, and the decisions that follow from it.

use std::time::Instant;

use tch::{Tensor, no_grad};

use super::super::state::Position;
use super::super::trainer::Bad;
use super::super::{Error, Validation};
use super::{End, Run};
use crate::metric::Part;
use crate::record::number::figure;
use crate::record::{Divergence, EXPLOSION, Event, Reached, Row, Scores, Warning};

impl Run<'_, '_, '_> {
    /// Returns that the run diverged if a parameter has become NaN or infinite although the loss has not. `None` if all
    /// parameters are finite.
    pub(super) fn check_parameters(&self) -> Result<Option<End>, Error> {
        let found = self.trainer.non_finite_parameter()?;
        Ok(found.map(|name| {
            let loss = format!("finite (`{name}` is not)");
            End::Diverged(Divergence { step: self.track.at.step, lr: self.track.values.lr[0], loss })
        }))
    }

    /// Evaluates after an epoch, with the optimizer's evaluation weights. Returns the reason if the run ends here, or
    /// `None` if it continues.
    pub(super) fn evaluate(&mut self) -> Result<Option<End>, Error> {
        self.track.at.evaluated = true;
        if let Some(end) = self.check_parameters()? {
            return Ok(Some(end));
        }
        let own = self.trainer.put_eval_weights(self.track.at.step)?;
        let ended = self.evaluate_store();
        if let Some(own) = own {
            self.trainer.store.assign_all(&own)?;
        }
        ended
    }

    /// Evaluates the parameters in the store, emits the epoch's row, and makes the decisions that depend on it.
    fn evaluate_store(&mut self) -> Result<Option<End>, Error> {
        let began = Instant::now();
        let train = self.meter.scores()?;
        let Position { epoch, step, .. } = self.track.at;
        let val = self.trainer.scores_of_validation()?;
        let bad = val.map(|scores| Bad { step, loss: scores.loss }).filter(|bad| !bad.loss.is_finite());
        let diverged = bad.map(|bad| self.track.divergence(bad)).or_else(|| self.explosion(train));
        if let Some(divergence) = diverged.clone().filter(|_| self.can_roll_back()) {
            // The epoch will be trained again and get its row then.
            return Ok(Some(End::Diverged(divergence)));
        }
        let test = match (self.track.evaluation.test_every_epoch, &self.trainer.data.val) {
            (true, Validation::Test) => val,
            (true, _) => self.trainer.scores_of_test()?,
            (false, _) => None,
        };
        let ema = self.trainer.scores_of_ema()?;
        let eval_seconds = began.elapsed().as_secs_f64();
        self.track.seconds.eval += eval_seconds;
        let row = Row {
            epoch,
            step,
            train,
            val,
            test,
            ema,
            lr: self.track.values.lr.clone(),
            hyper: self.track.hyper_by_name(),
            effective_lr: self.trainer.optimizer.effective_lr().unwrap_or_default(),
            train_seconds: self.track.seconds.epoch,
            eval_seconds,
        };
        (self.emit)(&Event::Epoch(row.clone())).inspect_err(|_| self.unwritten = Some(row.clone()))?;
        self.track.last = Some(row.clone());
        if epoch == 0 {
            self.report_start(&row)?;
            return Ok(diverged.map(End::Diverged));
        }
        if self.track.is_best(&row) {
            self.best = Some(self.watched_weights()?);
        }
        if let Some(divergence) = diverged {
            return Ok(Some(End::Diverged(divergence)));
        }
        self.warn_of_explosion(&row)?;
        if let Some((target, reached)) = self.track.reaches_target(&row) {
            let stop = target.stop;
            (self.emit)(&Event::TargetReached(reached.clone()))?;
            self.track.reached = Some(reached);
            if stop {
                return Ok(Some(End::Target));
            }
        }
        if self.track.is_stalled(&row) {
            return Ok(Some(End::EarlyStop));
        }
        for change in self.track.observe(&row) {
            (self.emit)(&Event::RateChanged(change))?;
        }
        Ok(None)
    }

    /// Keeps the validation loss before training. Warns if it is not finite, or if the target is already reached.
    /// Decides nothing.
    fn report_start(&mut self, row: &Row) -> Result<(), Error> {
        let loss = row.val.map(|scores| scores.loss);
        self.track.loss_before = loss.filter(|loss| loss.is_finite());
        if let Some(loss) = loss.filter(|loss| !loss.is_finite()) {
            let example = self.trainer.first_without_finite_loss()?;
            (self.emit)(&Event::Warning(Warning::LossBeforeTraining { loss, example }))?;
        }
        if let Some((target, Reached { value, .. })) = self.track.reaches_target(row) {
            let target = target.to_string();
            (self.emit)(&Event::Warning(Warning::TargetBeforeTraining { target, value }))?;
        }
        Ok(())
    }

    /// Returns a divergence if the training loss of the epoch is so large that the spec counts it as one. `None`
    /// otherwise.
    fn explosion(&self, train: Option<Scores>) -> Option<Divergence> {
        let (factor, loss) = (self.track.stops.diverges_above?, train?.loss);
        let limit = self.track.exceeded(loss, factor, self.trainer.data.target_variance)?;
        let (step, lr) = (self.track.at.step, self.track.values.lr[0]);
        Some(Divergence { step, lr, loss: format!("{} (above {})", figure(loss), figure(limit)) })
    }

    /// Warns once if the training loss of the epoch is far above the validation loss before training.
    fn warn_of_explosion(&mut self, row: &Row) -> Result<(), Error> {
        let loss = row.train.map_or(0.0, |scores| scores.loss);
        let limit = self.track.exceeded(loss, EXPLOSION, self.trainer.data.target_variance);
        if let Some(limit) = limit.filter(|_| !self.track.warned_of_explosion) {
            self.track.warned_of_explosion = true;
            (self.emit)(&Event::Warning(Warning::LossExploded { epoch: row.epoch, loss, limit }))?;
        }
        Ok(())
    }

    /// Returns a copy of the weights that the watched metric belongs to.
    fn watched_weights(&self) -> Result<Tensor, Error> {
        let of_average = self.track.watch.monitor().metric.part == Part::Ema;
        let average = self.trainer.average().filter(|_| of_average);
        Ok(no_grad(|| average.unwrap_or(self.trainer.store.all()).f_detach_copy())?)
    }
}
