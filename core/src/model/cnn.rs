//! DeepOBS's 2c2d (Schneider et al., ICLR 2019): a padded 5×5 convolution with 32 output channels, ReLU, 2×2
//! max-pooling, a padded 5×5 convolution with 64 output channels, ReLU, 2×2 max-pooling, a dense layer with 1024
//! outputs, ReLU, and a dense layer to the outputs. For images of 28×28 pixels and 10 classes it has 3,274,634
//! parameters.
//!
//! DeepOBS initializes with `init = { type = "truncated_normal", sd = 0.05 }` and
//! `bias_init = { type = "constant", value = 0.05 }`. The default here is PyTorch's.
//!
//! With `batch_norm = true` (not in DeepOBS) the output of each convolution is normalized before its activation.
//!
//! Parameters: `conv1`, `conv2`, `fc1`, `fc2`, and with `batch_norm` also `norm1` and `norm2`. Each has a `.weight` and
//! a `.bias`. The norms also have a `.running_mean` and a `.running_var`.
//!
//! | key | default | |
//! |---|---|---|
//! | `batch_norm` | false | true: normalizes after each convolution |
//! | `init`, `bias_init` | "default" | initializers of weights and biases |

use std::path::Path;

use super::{Activation, Build, Inits, Layer, Model, Shape, image_or_log};
use crate::params::Declaration;
use crate::spec::{Entry, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "cnn",
    summary: "DeepOBS's 2c2d: two convolutions, two dense layers",
    example: "type = \"cnn\"\ninit = { type = \"truncated_normal\", sd = 0.05 }\n\
              bias_init = { type = \"constant\", value = 0.05 }",
    build,
};

fn build(section: &mut Section<'_>, shape: &Shape, _folder: &Path) -> Option<Model> {
    let batch_norm = section.or("batch_norm", false);
    let inits = Inits::read(section);
    let [channels, height, width] = image_or_log(section, shape, "cnn", 4)?;
    let mut declaration = Declaration::default();
    let conv1 = Layer::conv2d(&mut declaration, "conv1", [channels, 32], 5, 2, inits);
    let conv2 = Layer::conv2d(&mut declaration, "conv2", [32, 64], 5, 2, inits);
    let fc1 = Layer::linear(&mut declaration, "fc1", 64 * (height / 4) * (width / 4), 1024, inits);
    let fc2 = Layer::linear(&mut declaration, "fc2", 1024, shape.outputs, inits);
    let mut norm = |name, channels| batch_norm.then(|| Layer::batch_norm(&mut declaration, name, channels));
    let norm1 = norm("norm1", 32);
    let norm2 = norm("norm2", 64);
    let mut layers = vec![Layer::ChannelsLast, conv1];
    layers.extend(norm1);
    // max(relu(x)) = relu(max(x)): pooling first leaves a quarter of the elements to activate.
    layers.extend([Layer::max_pool_2("pool1"), Layer::activation("conv1", Activation::Relu), conv2]);
    layers.extend(norm2);
    layers.extend([Layer::max_pool_2("pool2"), Layer::activation("conv2", Activation::Relu)]);
    layers.extend([Layer::Flatten, fc1, Layer::activation("fc1", Activation::Relu), fc2]);
    let description = "cnn 32-64-1024".to_owned() + if batch_norm { ", batch norm" } else { "" };
    Some(Model::new(description, declaration, layers))
}
