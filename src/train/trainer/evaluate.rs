//! Loss and metric of a model on a part of the data.

use tch::{Device, Kind, Tensor, no_grad};

use super::loss::{Measure, mean_loss};
use super::meter::Meter;
use super::{Trainer, Validation};
use crate::batches::Batches;
use crate::libtorch::elements;
use crate::model::Model;
use crate::network::{ForwardMode, forward};
use crate::plan::Loss;
use crate::record::Scores;
use crate::store::Store;
use crate::train::Error;

/// The number of examples that are evaluated at once. It bounds memory and does not change the result.
pub(super) const BATCH: usize = 256;

/// The number of batches from which running statistics are computed for weights that no step has used. The authors of
/// Schedule-Free use the same number. The statistics are averaged with equal weights, as in PyTorch's `update_bn`.
const CALIBRATION: usize = 50;

/// Returns mean loss and metric of `model` with the parameters in `store` on `rows` of `examples`. `None` if there are
/// no rows.
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
            meter.add(0, &mean_loss(loss, &output, &batch.y)?, &output, &batch.y)?;
        }
        Ok(meter.scores()?)
    })
}

/// Returns the outputs of `model` with the parameters in `store` for all of `examples`, one example after another. For
/// classes, the outputs are probabilities.
pub fn predict(model: &Model, store: &Store, loss: Loss, examples: &Batches) -> Result<Vec<f32>, Error> {
    no_grad(|| {
        let rows: Vec<u32> = (0..examples.len() as u32).collect();
        let mut outputs = Vec::new();
        for rows in rows.chunks(BATCH) {
            let batch = examples.gather(rows)?;
            let output = forward(model, &batch.x, store, ForwardMode::Eval)?;
            let output = match loss {
                Loss::CrossEntropy { .. } => output.f_softmax(-1, Kind::Double)?,
                Loss::Mse { .. } => output,
            };
            let output = output.f_to_device(Device::Cpu)?.f_to_kind(Kind::Float)?.f_contiguous()?;
            outputs.extend_from_slice(elements::<f32>(&output));
        }
        Ok(outputs)
    })
}

impl Trainer {
    /// Puts the optimizer's evaluation weights into the store if it keeps separate ones. Returns the previous
    /// parameters and buffers. `None` if nothing changed. `step` is the number of steps made.
    pub fn put_eval_weights(&mut self, step: u64) -> Result<Option<Tensor>, Error> {
        let Some(weights) = self.optimizer.eval_weights(&self.store)? else { return Ok(None) };
        let before = no_grad(|| self.store.all().f_detach_copy())?;
        self.store.assign(&weights)?;
        if step > 0 && !self.store.declaration().buffers().is_empty() {
            self.calibrate()?;
        }
        Ok(Some(before))
    }

    /// Computes running statistics with the weights in the store, from batches of the first epoch.
    fn calibrate(&mut self) -> Result<(), Error> {
        let order = self.order(1);
        let Trainer { seed, model, store, data, batching, .. } = self;
        let seed = *seed;
        let augment = batching.augment.as_ref();
        let batches = order.chunks(batching.batch_size).filter(|rows| rows.len() >= model.min_batch_size);
        no_grad(|| {
            for (rows, batch) in batches.take(CALIBRATION).zip(0..) {
                let x = data.all.gather_for_step(rows, augment, seed, batch)?.x;
                let _ = forward(model, &x, store, ForwardMode::Calibrate { seed, batch })?;
            }
            Ok(())
        })
    }

    /// Returns the scores of validation with the averaged weights. `None` if the run keeps no average, or before the
    /// first step.
    pub fn scores_of_ema(&mut self) -> Result<Option<Scores>, Error> {
        let average = self.average().map(Tensor::shallow_clone);
        let Some(average) = average else { return Ok(None) };
        let own = no_grad(|| self.store.all().f_detach_copy())?;
        self.store.assign_all(&average)?;
        let scores = self.scores_of_validation();
        self.store.assign_all(&own)?;
        scores
    }

    /// Returns the scores of the examples that decisions use.
    pub fn scores_of_validation(&self) -> Result<Option<Scores>, Error> {
        match &self.data.val {
            Validation::HeldOut(rows) => self.scores(&self.data.all, rows),
            Validation::Train => self.scores(&self.data.all, &self.data.train_rows),
            Validation::Test => self.scores_of_test(),
        }
    }

    /// Returns the index, in its part, of the first validation example whose loss is NaN or infinite. `None` if every
    /// loss is finite.
    pub fn first_without_finite_loss(&self) -> Result<Option<u32>, Error> {
        let whole_test: Vec<u32>;
        let (examples, rows) = match (&self.data.val, &self.data.test) {
            (Validation::HeldOut(rows), _) => (&self.data.all, rows),
            (Validation::Test, Some(test)) => {
                whole_test = (0..test.len() as u32).collect();
                (test, &whole_test)
            }
            _ => (&self.data.all, &self.data.train_rows),
        };
        let is_bad = |rows: &[u32]| -> Result<bool, Error> {
            let scores = evaluate(&self.model, &self.store, self.loss, examples, rows, self.device)?;
            Ok(scores.is_some_and(|scores| !scores.loss.is_finite()))
        };
        for rows in rows.chunks(BATCH) {
            if is_bad(rows)? {
                for &row in rows {
                    if is_bad(&[row])? {
                        return Ok(Some(row));
                    }
                }
            }
        }
        Ok(None)
    }

    /// Returns the scores of the test part. `None` if there is none.
    pub fn scores_of_test(&self) -> Result<Option<Scores>, Error> {
        let Some(test) = &self.data.test else { return Ok(None) };
        let rows: Vec<u32> = (0..test.len() as u32).collect();
        self.scores(test, &rows)
    }

    fn scores(&self, examples: &Batches, rows: &[u32]) -> Result<Option<Scores>, Error> {
        evaluate(&self.model, &self.store, self.loss, examples, rows, self.device)
    }
}
