//! The computation of each kind of layer.

use tch::{Device, TchError, Tensor};

use super::{Error, ForwardMode};
use crate::libtorch::upload;
use crate::model::{Activation, Layer};
use crate::random::Stream;
use crate::store::Store;

/// The ε of batch normalization: PyTorch's default.
const BATCH_NORM_EPS: f64 = 1e-5;

/// The weight of a batch in the running statistics: PyTorch's default.
const BATCH_NORM_MOMENTUM: f64 = 0.1;

/// Applies `layers` to `x`, one after another.
pub fn run(layers: &[Layer], x: &Tensor, store: &Store, mode: ForwardMode) -> Result<Tensor, Error> {
    let mut last: Option<Tensor> = None;
    for layer in layers {
        let input = last.as_ref().unwrap_or(x);
        let output = apply(layer, input, store, mode).map_err(|source| {
            let layer = name(layer).to_owned();
            Error { layer, input: input.size(), source }
        })?;
        last = output.or(last);
    }
    Ok(last.unwrap_or_else(|| x.shallow_clone()))
}

/// Returns the name of a layer for error messages.
fn name(layer: &Layer) -> &str {
    match layer {
        Layer::Linear { name, .. }
        | Layer::Conv2d { name, .. }
        | Layer::BatchNorm { name, .. }
        | Layer::MaxPool2 { name }
        | Layer::Activation { name, .. }
        | Layer::Dropout { name, .. } => name,
        Layer::Flatten => "flatten",
        Layer::ChannelsLast => "input",
    }
}

/// Returns the output of one layer. `None` if the layer does not change `x`.
fn apply(layer: &Layer, x: &Tensor, store: &Store, mode: ForwardMode) -> Result<Option<Tensor>, TchError> {
    match layer {
        Layer::Linear { weight, bias, .. } => x.f_linear(store.get(*weight), Some(store.get(*bias))).map(Some),
        Layer::Conv2d { weight, bias, padding, .. } => {
            let padding = [*padding as i64; 2];
            x.f_conv2d(store.get(*weight), Some(store.get(*bias)), [1, 1], padding, [1, 1], 1).map(Some)
        }
        Layer::BatchNorm { weight, bias, running_mean, running_var, .. } => {
            let affine = [*weight, *bias].map(|index| store.get(index));
            let running = [*running_mean, *running_var].map(|index| store.buffer(index));
            batch_norm(x, affine, running, mode).map(Some)
        }
        Layer::MaxPool2 { .. } => x.f_max_pool2d([2, 2], [2, 2], [0, 0], [1, 1], false).map(Some),
        Layer::Activation { function, .. } => activation(*function, x).map(Some),
        Layer::Dropout { name, p } => dropout(*p, name, x, mode),
        Layer::Flatten => x.f_flatten(1, -1).map(Some),
        Layer::ChannelsLast => channels_last(x),
    }
}

fn activation(function: Activation, x: &Tensor) -> Result<Tensor, TchError> {
    match function {
        Activation::Relu => x.f_relu(),
        Activation::Tanh => x.f_tanh(),
        Activation::Sigmoid => x.f_sigmoid(),
        Activation::Gelu => x.f_gelu("none"),
        Activation::Silu => x.f_silu(),
        Activation::Elu => x.f_elu(),
        Activation::LeakyRelu => x.f_leaky_relu(),
    }
}

/// Normalizes `x` `[batch, channels, …]`. `running` are the running mean and variance, which training updates in place.
fn batch_norm(
    x: &Tensor,
    [weight, bias]: [&Tensor; 2],
    running: [&Tensor; 2],
    mode: ForwardMode,
) -> Result<Tensor, TchError> {
    // As in Keras: a frozen layer normalizes by its running statistics and leaves them alone.
    let frozen = !weight.requires_grad() && !bias.requires_grad();
    let training = mode != ForwardMode::Eval && !frozen;
    let [mean, var] = match mode {
        ForwardMode::Reevaluate { .. } if training => [None, None],
        _ => running.map(Some),
    };
    let momentum = match mode {
        // With this weight, the running statistics are the plain mean over the batches so far.
        ForwardMode::Calibrate { batch, .. } => 1.0 / (batch + 1) as f64,
        _ => BATCH_NORM_MOMENTUM,
    };
    x.f_batch_norm(Some(weight), Some(bias), mean, var, training, momentum, BATCH_NORM_EPS, false)
}

fn dropout(p: f64, name: &str, x: &Tensor, mode: ForwardMode) -> Result<Option<Tensor>, TchError> {
    let (seed, counter) = match mode {
        ForwardMode::Train { seed, step } | ForwardMode::Reevaluate { seed, step } => (seed, step),
        // Counters that no step reaches.
        ForwardMode::Calibrate { seed, batch } => (seed, u64::MAX - batch),
        ForwardMode::Eval => return Ok(None),
    };
    if p == 0.0 {
        return Ok(None);
    }
    let mut mask = vec![0f32; x.numel()];
    Stream::new(seed, &format!("dropout/{name}"), counter).dropout_mask(p, &mut mask);
    let mask = upload(&Tensor::f_from_slice(&mask)?, x.device())?.f_to_kind(x.kind())?;
    x.f_mul(&mask.f_view(x.size().as_slice())?).map(Some)
}

fn channels_last(x: &Tensor) -> Result<Option<Tensor>, TchError> {
    let &[batch, channels, height, width] = x.size().as_slice() else { return Ok(None) };
    if x.device() != Device::Cpu {
        return Ok(None);
    }
    let pixels = match channels {
        // The elements of one channel have the same order either way. The view makes libtorch see them as
        // channels-last.
        1 => x.f_contiguous()?.f_view([batch, height, width, 1])?,
        _ => x.f_permute([0, 2, 3, 1])?.f_contiguous()?,
    };
    pixels.f_permute([0, 3, 1, 2]).map(Some)
}
