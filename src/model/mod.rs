//! Architectures. A `[model]` table becomes a [`Model`], which declares its parameters without libtorch and computes
//! its outputs with it.

mod activation;
mod cnn;
mod layers;
mod lenet;
mod linear;
mod mlp;

use std::fmt::Debug;

use tch::{TchError, Tensor};

use crate::params::{Declaration, Store};
use crate::spec::{Entry, Section};

pub use activation::Activation;

/// Every model that `[model] type = "…"` can name.
pub const REGISTRY: &[Entry<Build>] = &[cnn::ENTRY, lenet::ENTRY, linear::ENTRY, mlp::ENTRY];

/// Builds a model for inputs of a shape from its table; `None` when errors were logged.
pub type Build = fn(&mut Section<'_>, &Shape) -> Option<Box<dyn Model>>;

/// What a model takes and gives, by the data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// One input: `[1, 28, 28]` (channels, height, width) or `[features]`.
    pub input: Vec<usize>,
    /// Classes, or numbers to predict.
    pub outputs: usize,
}

impl Shape {
    /// Elements of one input.
    pub fn features(&self) -> usize {
        self.input.iter().product()
    }

    /// Channels, height and width, if inputs are images.
    pub fn image(&self) -> Option<[usize; 3]> {
        self.input.as_slice().try_into().ok()
    }
}

/// How a batch goes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// Dropout and the like act, on streams keyed by the run's seed and the step (from 0).
    Train {
        seed: u64,
        step: u64,
    },
    /// A step's batch once more: as [`Pass::Train`], but running statistics have seen it.
    Again {
        seed: u64,
        step: u64,
    },
    /// Running statistics are taken anew, as the plain mean over batches from number 0 on; otherwise as training.
    Calibrate {
        seed: u64,
        batch: u64,
    },
    Eval,
}

/// An architecture with its sizes.
pub trait Model: Debug + Send {
    /// Names, shapes and initial values of the parameters.
    fn declaration(&self) -> &Declaration;

    /// In a few words: `mlp 784-128-10`.
    fn describe(&self) -> String;

    /// Examples that a batch must have to train on.
    fn least_batch(&self) -> usize {
        1
    }

    /// Outputs `[batch, outputs]` for inputs `[batch, …]`.
    fn forward(&self, x: &Tensor, store: &Store, pass: Pass) -> Result<Tensor, Error>;

    /// What the trained model is, where it can be said in a few numbers.
    fn fitted(&self, _store: &Store) -> Vec<(String, f64)> {
        Vec::new()
    }
}

/// libtorch refused in a layer.
#[derive(Debug, thiserror::Error)]
#[error("in layer `{layer}`, on an input of shape {input:?}: {}", crate::libtorch::message(.source))]
pub struct Error {
    pub layer: String,
    pub input: Vec<i64>,
    pub source: TchError,
}

/// Logs that `model` takes images only, when the data are none.
fn image_or_log(section: &Section<'_>, shape: &Shape, model: &str) -> Option<[usize; 3]> {
    let image = shape.image();
    if image.is_none() {
        let message =
            format!("the model \"{model}\" takes images, but the data have inputs of shape {:?}", shape.input);
        section.error("type", message, "\"mlp\" and \"linear\" take any input");
    }
    image
}

#[cfg(test)]
mod tests;
