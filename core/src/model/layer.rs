//! The kinds of layers that architectures are made of.

use super::Activation;
use crate::params::{Declaration, Init, Initializer};
use crate::spec::Section;

/// One step from inputs to outputs. Parameters and buffers are given by their index in the model's [`Declaration`].
///
/// Each layer has a name, which appears in error messages. Activations and dropouts carry the name of the layer that
/// they follow.
#[derive(Clone, Debug, PartialEq)]
pub enum Layer {
    /// y = x·Wᵀ + b: `[batch, inputs]` → `[batch, outputs]`. W has shape `[outputs, inputs]`.
    Linear { name: String, weight: usize, bias: usize },
    /// A convolution with square kernels and stride 1: `[batch, inputs, height, width]` → `[batch, outputs, …]`.
    /// `padding` zeros are added on each side.
    Conv2d { name: String, weight: usize, bias: usize, padding: usize },
    /// Batch normalization (Ioffe and Szegedy 2015), as PyTorch's `BatchNorm1d` and `BatchNorm2d`:
    /// (x − mean)/√(var + 1e-5)·weight + bias, for each channel over the batch and the pixels.
    ///
    /// Training uses the mean and the biased variance of the batch. It moves the running mean a tenth of the way
    /// towards the batch's mean, and the running variance a tenth of the way towards the batch's unbiased variance.
    /// Evaluation uses the running mean and variance.
    BatchNorm { name: String, weight: usize, bias: usize, running_mean: usize, running_var: usize },
    /// The maximum of each 2×2 square of pixels.
    MaxPool2 { name: String },
    /// A function of each element.
    Activation { name: String, function: Activation },
    /// Inverted dropout. In training each element becomes 0 with probability `p`, and is divided by 1 − p otherwise.
    /// The mask follows from the run's seed, the layer's name and the step.
    Dropout { name: String, p: f64 },
    /// `[batch, …]` → `[batch, features]`.
    Flatten,
    /// Stores the channels of a pixel next to each other, without a change of shape. Convolutions and poolings on the
    /// CPU are faster on images in this order, and keep it. Does nothing on a GPU.
    ChannelsLast,
}

impl Layer {
    /// Declares `<name>.weight` and `<name>.bias` of a [`Layer::Linear`].
    pub fn linear(to: &mut Declaration, name: &str, inputs: usize, outputs: usize, inits: Inits) -> Self {
        let weight = to.add(format!("{name}.weight"), &[outputs, inputs], inits.weight.for_fans(inputs, outputs));
        let bias = to.add(format!("{name}.bias"), &[outputs], inits.bias.for_fans(inputs, outputs));
        Layer::Linear { name: name.to_owned(), weight, bias }
    }

    /// Declares `<name>.weight` of shape `[outputs, inputs, kernel, kernel]` and `<name>.bias` of a [`Layer::Conv2d`].
    pub fn conv2d(
        to: &mut Declaration,
        name: &str,
        [inputs, outputs]: [usize; 2],
        kernel: usize,
        padding: usize,
        inits: Inits,
    ) -> Self {
        let fan_in = inputs * kernel * kernel;
        let fan_out = outputs * kernel * kernel;
        let shape = [outputs, inputs, kernel, kernel];
        let weight = to.add(format!("{name}.weight"), &shape, inits.weight.for_fans(fan_in, fan_out));
        let bias = to.add(format!("{name}.bias"), &[outputs], inits.bias.for_fans(fan_in, fan_out));
        Layer::Conv2d { name: name.to_owned(), weight, bias, padding }
    }

    /// Declares `<name>.weight`, `<name>.bias` and the buffers `<name>.running_mean` and `<name>.running_var` of a
    /// [`Layer::BatchNorm`].
    pub fn batch_norm(to: &mut Declaration, name: &str, channels: usize) -> Self {
        let weight = to.add(format!("{name}.weight"), &[channels], Init::Constant(1.0));
        let bias = to.add(format!("{name}.bias"), &[channels], Init::Constant(0.0));
        let running_mean = to.add_buffer(format!("{name}.running_mean"), &[channels], 0.0);
        let running_var = to.add_buffer(format!("{name}.running_var"), &[channels], 1.0);
        Layer::BatchNorm { name: name.to_owned(), weight, bias, running_mean, running_var }
    }

    /// Returns a [`Layer::MaxPool2`].
    pub fn max_pool_2(name: &str) -> Self {
        Layer::MaxPool2 { name: name.to_owned() }
    }

    /// Returns a [`Layer::Activation`] that follows the layer `after`.
    pub fn activation(after: &str, function: Activation) -> Self {
        Layer::Activation { name: after.to_owned(), function }
    }

    /// Returns a [`Layer::Dropout`] that follows the layer `after`.
    pub fn dropout(after: &str, p: f64) -> Self {
        Layer::Dropout { name: after.to_owned(), p }
    }
}

/// The initializers of a model's weights and biases.
#[derive(Clone, Copy, Debug)]
pub struct Inits {
    pub weight: Initializer,
    pub bias: Initializer,
}

impl Inits {
    /// Reads the keys `init` and `bias_init`. Both default to PyTorch's initializer.
    pub fn read(section: &mut Section<'_>) -> Self {
        let weight = Initializer::read(section, "init", Initializer::Default);
        let bias = Initializer::read(section, "bias_init", Initializer::Default);
        Inits { weight, bias }
    }
}
