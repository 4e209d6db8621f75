//! The forward pass: computes a model's layers with libtorch.

mod layers;

use tch::{TchError, Tensor};

use crate::model::Model;
use crate::store::Store;

/// The purpose of a forward pass. It decides what dropout and batch normalization do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForwardMode {
    /// A training step. `step` counts from 0.
    Train { seed: u64, step: u64 },
    /// Another pass over the batch of a training step. Same as [`ForwardMode::Train`], but running statistics do not
    /// change: the first pass has updated them.
    Reevaluate { seed: u64, step: u64 },
    /// A pass that recomputes running statistics as the plain mean over batches. `batch` counts from 0. In other
    /// respects it is the same as training.
    Calibrate { seed: u64, batch: u64 },
    /// Evaluation: no dropout, and running statistics are used as they are.
    Eval,
}

/// An error of libtorch in a layer.
#[derive(Debug, thiserror::Error)]
#[error("in layer `{layer}`, on an input of shape {input:?}: {}", crate::libtorch::message(.source))]
pub struct Error {
    pub layer: String,
    pub input: Vec<i64>,
    pub source: TchError,
}

/// Returns the outputs `[batch, outputs]` of `model` for inputs `[batch, …]`, with the parameters in `store`.
pub fn forward(model: &Model, x: &Tensor, store: &Store, mode: ForwardMode) -> Result<Tensor, Error> {
    layers::run(&model.layers, x, store, mode)
}

/// Returns the parameters that `model` reports, as pairs of name and value.
pub fn reported(model: &Model, store: &Store) -> Vec<(String, f64)> {
    model.reported.iter().map(|&(name, index)| (name.to_owned(), store.get(index).double_value(&[]))).collect()
}

#[cfg(test)]
mod tests;
