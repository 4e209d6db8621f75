//! A multilayer perceptron: dense layers with an activation between them.
//!
//! Parameters: `layers.<i>.weight` `[out, in]` and `layers.<i>.bias` `[out]`, with `i` from 0. With `batch_norm` there
//! are also `norms.<i>.weight`, `norms.<i>.bias`, `norms.<i>.running_mean` and `norms.<i>.running_var`, each `[out]`.
//!
//! | key | default | |
//! |---|---|---|
//! | `hidden` | `[128]` | the width of each hidden layer |
//! | `activation` | "relu" | the function after each hidden layer: "relu", "tanh", "sigmoid", "gelu", "silu", "elu" or "leaky_relu" |
//! | `batch_norm` | false | true: normalizes before each activation |
//! | `dropout` | 0 | the probability of dropping an element after each activation |
//! | `init`, `bias_init` | "default" | initializers of weights and biases |

use std::path::Path;

use super::{Activation, Build, Inits, Layer, Model, Shape};
use crate::params::Declaration;
use crate::spec::{BelowOne, Count, Entry, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "mlp",
    summary: "dense layers with an activation between them",
    example: "type = \"mlp\"\nhidden = [128]\nactivation = \"relu\"\ndropout = 0.0",
    build,
};

fn build(section: &mut Section<'_>, shape: &Shape, _folder: &Path) -> Option<Model> {
    let hidden: Vec<Count> = section.or("hidden", vec![Count(128)]);
    let activation = section.or("activation", Activation::Relu);
    let batch_norm = section.or("batch_norm", false);
    let dropout = section.or("dropout", BelowOne(0.0)).0;
    let inits = Inits::read(section);
    let mut widths = vec![shape.features()];
    widths.extend(hidden.iter().map(|count| count.0));
    widths.push(shape.outputs);

    let mut declaration = Declaration::default();
    let mut dense = Vec::new();
    for (i, pair) in widths.windows(2).enumerate() {
        dense.push(Layer::linear(&mut declaration, &format!("layers.{i}"), pair[0], pair[1], inits));
    }
    let mut norms = Vec::new();
    for (i, width) in hidden.iter().enumerate() {
        norms.push(batch_norm.then(|| Layer::batch_norm(&mut declaration, &format!("norms.{i}"), width.0)));
    }

    let output = dense.pop()?;
    let mut layers = vec![Layer::Flatten];
    for (i, (linear, norm)) in dense.into_iter().zip(norms).enumerate() {
        let name = format!("layers.{i}");
        layers.push(linear);
        layers.extend(norm);
        layers.push(Layer::activation(&name, activation));
        layers.push(Layer::dropout(&name, dropout));
    }
    layers.push(output);

    let joined = widths.iter().map(usize::to_string).collect::<Vec<_>>().join("-");
    let normalized = batch_norm && !hidden.is_empty();
    let description = format!("mlp {joined}") + if normalized { ", batch norm" } else { "" };
    let mut model = Model::new(description, declaration, layers);
    // Batch normalization of a single example would divide by a variance of 0.
    model.min_batch_size = if normalized { 2 } else { 1 };
    Some(model)
}
