//! The computing half of a run: steps and evaluations. It decides nothing.

mod closure;
mod evaluate;
mod loss;
mod memory;
mod meter;
mod state;

use tch::{Device, Tensor, no_grad};

use super::Error;
use crate::batches::Batches;
use crate::engine::{Ema, Optimizer, Step};
use crate::model::Model;
use crate::network::{ForwardMode, forward};
use crate::plan::{Batching, Loss};
use crate::store::Store;

pub use closure::Closure;
pub use evaluate::{evaluate, predict};
pub(super) use loss::Measure;
pub use loss::mean_loss;
pub use memory::{MemoryEstimate, StartFn};
pub(super) use meter::{Bad, Meter, Sums};

use super::track::StepValues;

/// The model, its parameters, the optimizer and the data.
#[derive(Debug)]
pub struct Trainer {
    pub seed: u64,
    pub device: Device,
    pub model: Model,
    pub store: Store,
    pub optimizer: Box<dyn Optimizer>,
    /// A moving average of the weights, which is evaluated in addition to the weights.
    pub ema: Option<Ema>,
    pub loss: Loss,
    pub data: Examples,
    pub batching: Batching,
}

/// The data of a run on its device.
#[derive(Debug)]
pub struct Examples {
    /// The part of the data that contains the training examples and the held-out examples.
    pub all: Batches,
    /// Rows of `all` to train on.
    pub train_rows: Vec<u32>,
    pub val: Validation,
    /// The test part. `None` if the data set has none.
    pub test: Option<Batches>,
    /// The variance of the targets over the training examples, averaged over the outputs. It is the mean squared error
    /// of always predicting the mean target, and 0 for classes.
    pub target_variance: f64,
}

/// The examples that decisions use.
#[derive(Clone, Debug, PartialEq)]
pub enum Validation {
    /// Held-out rows of the training part.
    HeldOut(Vec<u32>),
    /// The test part, with `validation = 0`.
    Test,
    /// The rows to train on, with `validation = 0` and without a test part.
    Train,
}

impl Trainer {
    /// Returns the rows to train on in the order of `epoch` (from 1).
    pub(super) fn order(&self, epoch: u64) -> Vec<u32> {
        self.batching.shuffle.order(&self.data.train_rows, self.seed, epoch)
    }

    /// Makes step number `step` (from 0): one optimizer update on the examples `rows`. Adds the batch's loss and metric
    /// to `meter`.
    pub(super) fn step(
        &mut self,
        rows: &[u32],
        step: u64,
        values: &StepValues,
        meter: &mut Meter,
    ) -> Result<(), Error> {
        let Trainer { seed, model, store, optimizer, ema, loss, data, batching, .. } = self;
        let seed = *seed;
        let batch = data.all.gather_for_step(rows, batching.augment.as_ref(), seed, step)?;
        let output = forward(model, &batch.x, store, ForwardMode::Train { seed, step })?;
        let value = mean_loss(*loss, &output, &batch.y)?;
        let grads = store.gradients(&value, false)?;
        meter.add(step + 1, &value, &output, &batch.y)?;
        let mut closure = Closure { model, batch: &batch, loss: *loss, seed, step };
        optimizer.step(&mut Step {
            store,
            grads: &grads,
            lr: &values.lr,
            hyper: &values.hyper,
            loss: &value,
            batch: &mut closure,
        })?;
        if let Some(ema) = ema {
            ema.update(store)?;
        }
        Ok(())
    }

    /// Returns the name of the first parameter that has a NaN or infinite element. `None` if all are finite.
    pub(super) fn non_finite_parameter(&self) -> Result<Option<&str>, Error> {
        let is_finite =
            |tensor: &Tensor| no_grad(|| tensor.f_isfinite()?.f_all()?.f_int64_value(&[])).map(|it| it != 0);
        if is_finite(self.store.flat())? {
            return Ok(None);
        }
        let mut params = self.store.declaration().params().iter().zip(self.store.views());
        let found = params.find(|(_, view)| !is_finite(view).unwrap_or(true));
        Ok(Some(found.map_or("", |(param, _)| param.name.as_str())))
    }

    /// Returns the averaged weights. `None` if the run keeps no average or has made no step.
    pub(super) fn average(&self) -> Option<&Tensor> {
        self.ema.as_ref().and_then(|ema| ema.weights())
    }
}
