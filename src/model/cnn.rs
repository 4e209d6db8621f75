//! DeepOBS's 2c2d (Schneider et al., ICLR 2019): conv 5×5 same to 32, ReLU, max-pool 2, conv 5×5 same to 64, ReLU,
//! max-pool 2, 1024 ReLU, outputs. On 28×28 pixels: 3,274,634 parameters.
//!
//! DeepOBS begins with `init = { type = "truncated_normal", sd = 0.05 }` and
//! `bias_init = { type = "constant", value = 0.05 }`; the default here is PyTorch's.
//!
//! Parameters: `conv1`, `conv2`, `fc1`, `fc2`, each `.weight` and `.bias`. Keys: `init`, `bias_init`.

use tch::Tensor;

use super::layers::{Conv2d, Inits, Linear, activate, channels_last, flatten, max_pool_2};
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
    Some(Box::new(Cnn { declaration, conv1, conv2, fc1, fc2 }))
}

#[derive(Debug)]
struct Cnn {
    declaration: Declaration,
    conv1: Conv2d,
    conv2: Conv2d,
    fc1: Linear,
    fc2: Linear,
}

impl Model for Cnn {
    fn declaration(&self) -> &Declaration {
        &self.declaration
    }

    fn describe(&self) -> String {
        "cnn 32-64-1024".to_owned()
    }

    fn forward(&self, x: &Tensor, store: &Store, _pass: Pass) -> Result<Tensor, Error> {
        // max(relu(x)) = relu(max(x)): pooling first leaves a quarter to activate.
        let x = max_pool_2("pool1", &self.conv1.forward(&channels_last(x)?, store)?)?;
        let x = activate(Activation::Relu, "conv1", &x)?;
        let x = max_pool_2("pool2", &self.conv2.forward(&x, store)?)?;
        let x = activate(Activation::Relu, "conv2", &x)?;
        let x = self.fc1.forward(&flatten(&x)?, store)?;
        self.fc2.forward(&activate(Activation::Relu, "fc1", &x)?, store)
    }
}
