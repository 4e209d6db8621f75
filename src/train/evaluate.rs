//! A model's loss and metric on a part of the data, and with which weights.

use tch::{Device, Tensor, no_grad};

use super::loss::Measure;
use super::meter::Meter;
use super::{Error, Job, Loss, Validation};
use crate::batches::Batches;
use crate::model::Model;
use crate::network::{ForwardMode, forward};
use crate::record::Scores;
use crate::store::Store;

/// Examples at once. Evaluation keeps no activations for a backward pass, so this bounds memory, not accuracy.
pub(super) const BATCH: usize = 256;

/// Batches that running statistics are taken from for weights that no step has computed with: as many as the authors of
/// Schedule-Free use, but averaged plainly, as PyTorch's `update_bn` does.
const CALIBRATION: usize = 50;

/// Loss (mean over the examples) and metric of `model` with the values in `store` on `rows` of `examples`.
pub fn evaluate(
    model: &Model,
    store: &Store,
    loss: Loss,
    examples: &Batches,
    rows: &[u32],
    device: Device,
) -> Result<Option<Scores>, Error> {
    no_grad(|| {
        let mut meter = Meter::new(Measure::of(loss), device)?;
        for rows in rows.chunks(BATCH) {
            let batch = examples.gather(rows)?;
            let output = forward(model, &batch.x, store, ForwardMode::Eval)?;
            meter.add(0, &loss.of(&output, &batch.y)?, &output, &batch.y)?;
        }
        Ok(meter.scores()?)
    })
}

impl Job {
    /// Puts the weights that the optimizer means for evaluation into the store, where they are others; what was there.
    pub(super) fn put_meant(&mut self, step: u64) -> Result<Option<Tensor>, Error> {
        let Some(meant) = self.optimizer.eval_weights(&self.store)? else { return Ok(None) };
        let before = no_grad(|| self.store.all().f_detach_copy())?;
        self.store.assign(&meant)?;
        if step > 0 && !self.store.declaration().buffers().is_empty() {
            self.calibrate()?;
        }
        Ok(Some(before))
    }

    /// Takes running statistics anew, with the weights in the store, from batches of the first epoch.
    fn calibrate(&mut self) -> Result<(), Error> {
        let Job { seed, model, store, examples, train_rows, batch_size, shuffle, augment, .. } = self;
        let (seed, augment) = (*seed, augment.as_ref());
        let order = shuffle.order(train_rows, seed, 1);
        let batches = order.chunks(*batch_size).filter(|rows| rows.len() >= model.min_batch_size);
        no_grad(|| {
            for (rows, batch) in batches.take(CALIBRATION).zip(0..) {
                let x = examples.gather_for_step(rows, augment, seed, batch)?.x;
                let _ = forward(model, &x, store, ForwardMode::Calibrate { seed, batch })?;
            }
            Ok(())
        })
    }

    /// Of validation with the average of the weights; none before the first step.
    pub(super) fn scores_of_ema(&mut self) -> Result<Option<Scores>, Error> {
        let average = self.ema.as_ref().and_then(|ema| ema.weights()).map(Tensor::shallow_clone);
        let Some(average) = average else { return Ok(None) };
        let own = no_grad(|| self.store.all().f_detach_copy())?;
        self.store.assign_all(&average)?;
        let scores = self.scores_of_validation();
        self.store.assign_all(&own)?;
        scores
    }

    /// Of what takes the part of validation.
    pub(super) fn scores_of_validation(&self) -> Result<Option<Scores>, Error> {
        match &self.val {
            Validation::HeldOut(rows) => self.scores(&self.examples, rows),
            Validation::Train => self.scores(&self.examples, &self.train_rows),
            Validation::Test => self.scores_of_test(),
        }
    }

    /// Of the test part, where there is one.
    pub(super) fn scores_of_test(&self) -> Result<Option<Scores>, Error> {
        let Some(test) = &self.test else { return Ok(None) };
        let rows: Vec<u32> = (0..test.len() as u32).collect();
        self.scores(test, &rows)
    }

    fn scores(&self, examples: &Batches, rows: &[u32]) -> Result<Option<Scores>, Error> {
        evaluate(&self.model, &self.store, self.loss, examples, rows, self.device)
    }
}
