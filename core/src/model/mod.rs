//! Architectures. A `[model]` table becomes a [`Model`]: declared parameters, and a list of layers that use them.
//!
//! Nothing here computes. `lr_run::network` runs the layers with libtorch.

mod activation;
mod cnn;
mod layer;
mod lenet;
mod linear;
mod mlp;

use std::path::Path;

use crate::params::Declaration;
use crate::spec::{Entry, Section};

pub use activation::Activation;
pub use layer::{Inits, Layer};

/// Every model that `[model] type = "…"` can name.
pub const REGISTRY: &[Entry<Build>] = &[cnn::ENTRY, lenet::ENTRY, linear::ENTRY, mlp::ENTRY];

/// Builds a model for data of a given shape from its table. Paths in the table are relative to the folder. Returns
/// `None` if errors were logged.
pub type Build = fn(&mut Section<'_>, &Shape, &Path) -> Option<Model>;

/// The sizes that the data demand of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The shape of one input: `[1, 28, 28]` (channels, height, width) or `[features]`.
    pub input: Vec<usize>,
    /// The number of classes, or of values to predict.
    pub outputs: usize,
}

impl Shape {
    /// Returns the number of elements of one input.
    pub fn features(&self) -> usize {
        self.input.iter().product()
    }

    /// Returns channels, height and width. Returns `None` if the inputs are not images.
    pub fn image(&self) -> Option<[usize; 3]> {
        self.input.as_slice().try_into().ok()
    }
}

/// An architecture with its sizes.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// A few words for people, such as `mlp 784-128-10`.
    pub description: String,
    /// Names, shapes and initial values of the parameters.
    pub declaration: Declaration,
    /// The layers, from inputs `[batch, …]` to outputs `[batch, outputs]`.
    pub layers: Vec<Layer>,
    /// The smallest batch that the model can be trained on.
    pub min_batch_size: usize,
    /// Parameters with one element that the results report by name, such as `slope`. Each is a name and the index of
    /// the parameter.
    pub reported: Vec<(&'static str, usize)>,
}

impl Model {
    /// Returns a model that trains on batches of any size and reports no parameter.
    pub fn new(description: String, declaration: Declaration, layers: Vec<Layer>) -> Self {
        Model { description, declaration, layers, min_batch_size: 1, reported: Vec::new() }
    }
}

/// Returns channels, height and width of the inputs. Logs an error and returns `None` if they are not images, or
/// smaller than `min_size` in height or width.
fn image_or_log(section: &Section<'_>, shape: &Shape, model: &str, min_size: usize) -> Option<[usize; 3]> {
    let Some([channels, height, width]) = shape.image() else {
        let message = format!("the model \"{model}\" takes images, but the data has inputs of shape {:?}", shape.input);
        section.error("type", message, "\"mlp\" and \"linear\" take any input");
        return None;
    };
    if height < min_size || width < min_size {
        let message = format!(
            "the model \"{model}\" needs images of at least {min_size}×{min_size} pixels, not {height}×{width}"
        );
        section.error("type", message, "\"mlp\" takes any input");
        return None;
    }
    Some([channels, height, width])
}

#[cfg(test)]
mod tests;
