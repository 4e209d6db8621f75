//! One dense layer: linear regression, or (with cross-entropy) multinomial logistic regression.
//!
//! Parameters: `linear.weight` `[outputs, features]`, `linear.bias` `[outputs]`. Keys: `init`, `bias_init`.

use tch::Tensor;

use super::layers::{Inits, Linear, flatten};
use super::{Build, Error, Model, Pass, Shape};
use crate::params::{Declaration, Store};
use crate::spec::{Entry, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "linear",
    summary: "one dense layer: linear or logistic regression",
    example: "type = \"linear\"\ninit = { type = \"normal\", sd = 1.0 }\nbias_init = \"zeros\"",
    build,
};

fn build(section: &mut Section<'_>, shape: &Shape) -> Option<Box<dyn Model>> {
    let inits = Inits::read(section);
    let mut declaration = Declaration::default();
    let layer = Linear::declare(&mut declaration, "linear", shape.features(), shape.outputs, inits);
    Some(Box::new(LinearModel { declaration, layer, features: shape.features(), outputs: shape.outputs }))
}

#[derive(Debug)]
struct LinearModel {
    declaration: Declaration,
    layer: Linear,
    features: usize,
    outputs: usize,
}

impl Model for LinearModel {
    fn declaration(&self) -> &Declaration {
        &self.declaration
    }

    fn describe(&self) -> String {
        format!("linear {}-{}", self.features, self.outputs)
    }

    fn forward(&self, x: &Tensor, store: &Store, _pass: Pass) -> Result<Tensor, Error> {
        self.layer.forward(&flatten(x)?, store)
    }

    fn fitted(&self, store: &Store) -> Vec<(String, f64)> {
        if (self.features, self.outputs) != (1, 1) {
            return Vec::new();
        }
        let value = |index: usize| store.get(index).double_value(&[]);
        vec![("slope".to_owned(), value(0)), ("intercept".to_owned(), value(1))]
    }
}
