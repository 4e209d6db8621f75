//! Layers that the architectures are made of. Each names itself in errors.

use tch::{Device, TchError, Tensor};

use super::{Error, Pass};
use crate::params::{Declaration, Init, Initializer, Store};
use crate::random::Stream;
use crate::spec::Section;

/// Initializers of a model's weights and biases, from the keys `init` and `bias_init`.
#[derive(Clone, Copy, Debug)]
pub struct Inits {
    pub weight: Initializer,
    pub bias: Initializer,
}

impl Inits {
    /// Reads `init` and `bias_init`; PyTorch's defaults.
    pub fn read(section: &mut Section<'_>) -> Self {
        let weight = Initializer::read(section, "init", Initializer::Default);
        let bias = Initializer::read(section, "bias_init", Initializer::Default);
        Inits { weight, bias }
    }
}

/// Puts the layer's name and its input's shape to an error of libtorch.
fn in_layer(layer: &str, x: &Tensor, result: Result<Tensor, TchError>) -> Result<Tensor, Error> {
    result.map_err(|source| Error { layer: layer.to_owned(), input: x.size(), source })
}

/// y = x·Wᵀ + b, with W of shape `[outputs, inputs]`.
#[derive(Clone, Debug)]
pub struct Linear {
    name: String,
    weight: usize,
    bias: usize,
}

impl Linear {
    /// Declares `<name>.weight` and `<name>.bias`.
    pub fn declare(to: &mut Declaration, name: &str, inputs: usize, outputs: usize, inits: Inits) -> Self {
        let weight = to.add(format!("{name}.weight"), &[outputs, inputs], inits.weight.for_fans(inputs, outputs));
        let bias = to.add(format!("{name}.bias"), &[outputs], inits.bias.for_fans(inputs, outputs));
        Linear { name: name.to_owned(), weight, bias }
    }

    /// `[batch, inputs]` → `[batch, outputs]`.
    pub fn forward(&self, x: &Tensor, store: &Store) -> Result<Tensor, Error> {
        in_layer(&self.name, x, x.f_linear(store.get(self.weight), Some(store.get(self.bias))))
    }
}

/// A two-dimensional convolution with square kernels, stride 1.
#[derive(Clone, Debug)]
pub struct Conv2d {
    name: String,
    weight: usize,
    bias: usize,
    padding: i64,
}

impl Conv2d {
    /// Declares `<name>.weight` of shape `[outputs, inputs, kernel, kernel]` and `<name>.bias`.
    pub fn declare(
        to: &mut Declaration,
        name: &str,
        [inputs, outputs]: [usize; 2],
        kernel: usize,
        padding: usize,
        inits: Inits,
    ) -> Self {
        let (fan_in, fan_out) = (inputs * kernel * kernel, outputs * kernel * kernel);
        let shape = [outputs, inputs, kernel, kernel];
        let weight = to.add(format!("{name}.weight"), &shape, inits.weight.for_fans(fan_in, fan_out));
        let bias = to.add(format!("{name}.bias"), &[outputs], inits.bias.for_fans(fan_in, fan_out));
        Conv2d { name: name.to_owned(), weight, bias, padding: padding as i64 }
    }

    /// `[batch, inputs, height, width]` → `[batch, outputs, …]`.
    pub fn forward(&self, x: &Tensor, store: &Store) -> Result<Tensor, Error> {
        let (weight, bias) = (store.get(self.weight), store.get(self.bias));
        in_layer(&self.name, x, x.f_conv2d(weight, Some(bias), [1, 1], [self.padding; 2], [1, 1], 1))
    }
}

/// Batch normalization (Ioffe and Szegedy 2015): (x − mean)/√(var + 1e-5)·weight + bias, for each channel over the batch
/// and the pixels. In training with the batch's own mean and (biased) variance, which move the running ones by a tenth;
/// in evaluation with the running ones. PyTorch's `BatchNorm1d` and `BatchNorm2d`.
#[derive(Clone, Debug)]
pub struct BatchNorm {
    name: String,
    weight: usize,
    bias: usize,
    running_mean: usize,
    running_var: usize,
}

impl BatchNorm {
    /// Declares `<name>.weight`, `<name>.bias` and the buffers `<name>.running_mean` and `<name>.running_var`.
    pub fn declare(to: &mut Declaration, name: &str, channels: usize) -> Self {
        let weight = to.add(format!("{name}.weight"), &[channels], Init::Constant(1.0));
        let bias = to.add(format!("{name}.bias"), &[channels], Init::Constant(0.0));
        let running_mean = to.add_buffer(format!("{name}.running_mean"), &[channels], 0.0);
        let running_var = to.add_buffer(format!("{name}.running_var"), &[channels], 1.0);
        BatchNorm { name: name.to_owned(), weight, bias, running_mean, running_var }
    }

    /// `[batch, channels, …]` → the same shape.
    pub fn forward(&self, x: &Tensor, store: &Store, pass: Pass) -> Result<Tensor, Error> {
        let running = || (Some(store.buffer(self.running_mean)), Some(store.buffer(self.running_var)));
        let (training, momentum, (mean, var)) = match pass {
            Pass::Train { .. } => (true, 0.1, running()),
            Pass::Again { .. } => (true, 0.1, (None, None)),
            Pass::Calibrate { batch, .. } => (true, 1.0 / (batch + 1) as f64, running()),
            Pass::Eval => (false, 0.1, running()),
        };
        let (weight, bias) = (Some(store.get(self.weight)), Some(store.get(self.bias)));
        in_layer(&self.name, x, x.f_batch_norm(weight, bias, mean, var, training, momentum, 1e-5, false))
    }
}

/// Images `[batch, channels, height, width]` with the channels of a pixel beside each other in memory. On the CPU
/// convolutions and poolings are faster on them, and keep the order; on a GPU they are left as they are.
pub fn channels_last(x: &Tensor) -> Result<Tensor, Error> {
    let reordered = || {
        let &[batch, channels, height, width] = x.size().as_slice() else { return Ok(x.shallow_clone()) };
        // One channel lies in either order; only a view says that it is this one.
        let pixels = match channels {
            1 => x.f_contiguous()?.f_view([batch, height, width, 1])?,
            _ => x.f_permute([0, 2, 3, 1])?.f_contiguous()?,
        };
        pixels.f_permute([0, 3, 1, 2])
    };
    if x.device() == Device::Cpu { in_layer("input", x, reordered()) } else { Ok(x.shallow_clone()) }
}

/// The largest of each 2×2 square.
pub fn max_pool_2(name: &str, x: &Tensor) -> Result<Tensor, Error> {
    in_layer(name, x, x.f_max_pool2d([2, 2], [2, 2], [0, 0], [1, 1], false))
}

/// `[batch, …]` → `[batch, features]`.
pub fn flatten(x: &Tensor) -> Result<Tensor, Error> {
    in_layer("flatten", x, x.f_flatten(1, -1))
}

/// ReLU or another activation, named for errors after the layer before it.
pub fn activate(activation: super::Activation, name: &str, x: &Tensor) -> Result<Tensor, Error> {
    in_layer(name, x, activation.apply(x))
}

/// Inverted dropout: in training each element is 0 with probability `p`, else divided by 1 − p. The mask is a stream of
/// the run's seed, the layer and the step.
pub fn dropout(p: f64, name: &str, x: Tensor, pass: Pass) -> Result<Tensor, Error> {
    let (seed, step) = match pass {
        Pass::Train { seed, step } | Pass::Again { seed, step } => (seed, step),
        // Streams that no step has.
        Pass::Calibrate { seed, batch } => (seed, u64::MAX - batch),
        Pass::Eval => return Ok(x),
    };
    if p == 0.0 {
        return Ok(x);
    }
    let mut mask = vec![0f32; x.numel()];
    Stream::new(seed, &format!("dropout/{name}"), step).dropout_mask(p, &mut mask);
    let masked = || {
        let mask = Tensor::f_from_slice(&mask)?.f_to_device(x.device())?.f_to_kind(x.kind())?;
        x.f_mul(&mask.f_view(x.size().as_slice())?)
    };
    in_layer(name, &x, masked())
}
