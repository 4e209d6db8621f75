//! One dense layer: linear regression or, with cross-entropy, multinomial logistic regression.
//!
//! Parameters: `linear.weight` `[outputs, features]` and `linear.bias` `[outputs]`. If there is one feature and one
//! output, the results report them as `slope` and `intercept`.
//!
//! | key | default | |
//! |---|---|---|
//! | `init`, `bias_init` | "default" | initializers of weights and biases |

use std::path::Path;

use super::{Build, Inits, Layer, Model, Shape};
use crate::params::Declaration;
use crate::spec::{Entry, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "linear",
    summary: "one dense layer: linear or logistic regression",
    example: "type = \"linear\"\ninit = { type = \"normal\", sd = 1.0 }\nbias_init = \"zeros\"",
    build,
};

fn build(section: &mut Section<'_>, shape: &Shape, _folder: &Path) -> Option<Model> {
    let inits = Inits::read(section);
    let features = shape.features();
    let outputs = shape.outputs;
    let mut declaration = Declaration::default();
    let linear = Layer::linear(&mut declaration, "linear", features, outputs, inits);
    let mut model = Model::new(format!("linear {features}-{outputs}"), declaration, vec![Layer::Flatten, linear]);
    if (features, outputs) == (1, 1) {
        model.reported = vec![("slope", 0), ("intercept", 1)];
    }
    Some(model)
}
