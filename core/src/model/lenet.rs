//! LeNet as in Caffe (after LeCun et al. 1998): a 5×5 convolution with 20 output channels, 2×2 max-pooling, a 5×5
//! convolution with 50 output channels, 2×2 max-pooling, a dense layer with 500 outputs, ReLU, and a dense layer to the
//! outputs. There is no padding, and no activation after the convolutions.
//!
//! Parameters: `conv1`, `conv2`, `fc1`, `fc2`. Each has a `.weight` and a `.bias`.
//!
//! | key | default | |
//! |---|---|---|
//! | `init`, `bias_init` | "default" | initializers of weights and biases |

use std::path::Path;

use super::{Activation, Build, Inits, Layer, Model, Shape, image_or_log};
use crate::params::Declaration;
use crate::spec::{Entry, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "lenet",
    summary: "Caffe's LeNet: two convolutions, two dense layers",
    example: "type = \"lenet\"",
    build,
};

fn build(section: &mut Section<'_>, shape: &Shape, _folder: &Path) -> Option<Model> {
    let inits = Inits::read(section);
    let [channels, height, width] = image_or_log(section, shape, "lenet", 16)?;
    let pooled = |size: usize| ((size - 4) / 2 - 4) / 2;
    let mut declaration = Declaration::default();
    let conv1 = Layer::conv2d(&mut declaration, "conv1", [channels, 20], 5, 0, inits);
    let conv2 = Layer::conv2d(&mut declaration, "conv2", [20, 50], 5, 0, inits);
    let fc1 = Layer::linear(&mut declaration, "fc1", 50 * pooled(height) * pooled(width), 500, inits);
    let fc2 = Layer::linear(&mut declaration, "fc2", 500, shape.outputs, inits);
    let layers = vec![
        Layer::ChannelsLast,
        conv1,
        Layer::max_pool_2("pool1"),
        conv2,
        Layer::max_pool_2("pool2"),
        Layer::Flatten,
        fc1,
        Layer::activation("fc1", Activation::Relu),
        fc2,
    ];
    Some(Model::new("lenet 20-50-500".to_owned(), declaration, layers))
}
