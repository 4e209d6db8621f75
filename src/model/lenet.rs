//! LeNet as Caffe has it (after LeCun et al. 1998): conv 5×5 to 20, max-pool 2, conv 5×5 to 50, max-pool 2, 500 ReLU,
//! outputs. No padding, and no activation after the convolutions.
//!
//! Parameters: `conv1`, `conv2`, `fc1`, `fc2`, each `.weight` and `.bias`. Keys: `init`, `bias_init`.

use tch::Tensor;

use super::layers::{Conv2d, Inits, Linear, activate, channels_last, flatten, max_pool_2};
use super::{Activation, Build, Error, Model, Pass, Shape, image_or_log};
use crate::params::{Declaration, Store};
use crate::spec::{Entry, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "lenet",
    summary: "Caffe's LeNet: two convolutions, two dense layers",
    example: "type = \"lenet\"",
    build,
};

fn build(section: &mut Section<'_>, shape: &Shape) -> Option<Box<dyn Model>> {
    let inits = Inits::read(section);
    let [channels, height, width] = image_or_log(section, shape, "lenet")?;
    if height < 16 || width < 16 {
        let message = format!("the model \"lenet\" needs images of at least 16×16 pixels, not {height}×{width}");
        section.error("type", message, "\"mlp\" takes any input");
        return None;
    }
    let pooled = |size: usize| ((size - 4) / 2 - 4) / 2;
    let mut declaration = Declaration::default();
    let conv1 = Conv2d::declare(&mut declaration, "conv1", [channels, 20], 5, 0, inits);
    let conv2 = Conv2d::declare(&mut declaration, "conv2", [20, 50], 5, 0, inits);
    let fc1 = Linear::declare(&mut declaration, "fc1", 50 * pooled(height) * pooled(width), 500, inits);
    let fc2 = Linear::declare(&mut declaration, "fc2", 500, shape.outputs, inits);
    Some(Box::new(LeNet { declaration, conv1, conv2, fc1, fc2 }))
}

#[derive(Debug)]
struct LeNet {
    declaration: Declaration,
    conv1: Conv2d,
    conv2: Conv2d,
    fc1: Linear,
    fc2: Linear,
}

impl Model for LeNet {
    fn declaration(&self) -> &Declaration {
        &self.declaration
    }

    fn describe(&self) -> String {
        "lenet 20-50-500".to_owned()
    }

    fn forward(&self, x: &Tensor, store: &Store, _pass: Pass) -> Result<Tensor, Error> {
        let x = max_pool_2("pool1", &self.conv1.forward(&channels_last(x)?, store)?)?;
        let x = max_pool_2("pool2", &self.conv2.forward(&x, store)?)?;
        let x = self.fc1.forward(&flatten(&x)?, store)?;
        self.fc2.forward(&activate(Activation::Relu, "fc1", &x)?, store)
    }
}
