//! DeepOBS's 2c2d (Schneider et al., ICLR 2019): conv 5×5 same to 32, ReLU, max-pool 2, conv 5×5 same to 64, ReLU,
//! max-pool 2, 1024 ReLU, outputs. On 28×28 pixels: 3,274,634 parameters.
//!
//! DeepOBS begins with `init = { type = "truncated_normal", sd = 0.05 }` and
//! `bias_init = { type = "constant", value = 0.05 }`; the default here is PyTorch's.
//!
//! With `batch_norm = true` (not DeepOBS's) each convolution is normalized before its activation.
//!
//! Parameters: `conv1`, `conv2`, `fc1`, `fc2`, with `batch_norm` also `norm1` and `norm2`, each `.weight` and `.bias`.
//! Keys: `batch_norm`, `init`, `bias_init`.

use tch::Tensor;

use super::layers::{BatchNorm, Conv2d, Inits, Linear, activate, channels_last, flatten, max_pool_2};
use super::{Activation, Build, Error, Model, Pass, Shape, image_or_log};
use crate::params::{Declaration, Store};
use crate::spec::{Entry, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "cnn",
    summary: "DeepOBS's 2c2d: two convolutions, two dense layers",
    example: "type = \"cnn\"\ninit = { type = \"truncated_normal\", sd = 0.05 }\n\
              bias_init = { type = \"constant\", value = 0.05 }",
    build,
};

fn build(section: &mut Section<'_>, shape: &Shape) -> Option<Box<dyn Model>> {
    let batch_norm = section.or("batch_norm", false);
    let inits = Inits::read(section);
    let [channels, height, width] = image_or_log(section, shape, "cnn")?;
    if height < 4 || width < 4 {
        let message = format!("the model \"cnn\" needs images of at least 4×4 pixels, not {height}×{width}");
        section.error("type", message, "\"mlp\" takes any input");
        return None;
    }
    let mut declaration = Declaration::default();
    let conv1 = Conv2d::declare(&mut declaration, "conv1", [channels, 32], 5, 2, inits);
    let conv2 = Conv2d::declare(&mut declaration, "conv2", [32, 64], 5, 2, inits);
    let fc1 = Linear::declare(&mut declaration, "fc1", 64 * (height / 4) * (width / 4), 1024, inits);
    let fc2 = Linear::declare(&mut declaration, "fc2", 1024, shape.outputs, inits);
    let mut norm = |name, channels| batch_norm.then(|| BatchNorm::declare(&mut declaration, name, channels));
    let norms = [norm("norm1", 32), norm("norm2", 64)];
    Some(Box::new(Cnn { declaration, conv1, conv2, norms, fc1, fc2 }))
}

#[derive(Debug)]
struct Cnn {
    declaration: Declaration,
    conv1: Conv2d,
    conv2: Conv2d,
    /// Of the convolutions.
    norms: [Option<BatchNorm>; 2],
    fc1: Linear,
    fc2: Linear,
}

impl Model for Cnn {
    fn declaration(&self) -> &Declaration {
        &self.declaration
    }

    fn describe(&self) -> String {
        "cnn 32-64-1024".to_owned() + if self.norms[0].is_some() { ", batch norm" } else { "" }
    }

    fn forward(&self, x: &Tensor, store: &Store, pass: Pass) -> Result<Tensor, Error> {
        let normalized = |x: Tensor, norm: &Option<BatchNorm>| match norm {
            Some(norm) => norm.forward(&x, store, pass),
            None => Ok(x),
        };
        let [norm1, norm2] = &self.norms;
        // max(relu(x)) = relu(max(x)): pooling first leaves a quarter to activate.
        let x = normalized(self.conv1.forward(&channels_last(x)?, store)?, norm1)?;
        let x = activate(Activation::Relu, "conv1", &max_pool_2("pool1", &x)?)?;
        let x = normalized(self.conv2.forward(&x, store)?, norm2)?;
        let x = activate(Activation::Relu, "conv2", &max_pool_2("pool2", &x)?)?;
        let x = self.fc1.forward(&flatten(&x)?, store)?;
        self.fc2.forward(&activate(Activation::Relu, "fc1", &x)?, store)
    }
}
