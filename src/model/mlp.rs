//! A multilayer perceptron: dense layers with an activation between them.
//!
//! Parameters: `layers.<i>.weight` `[out, in]`, `layers.<i>.bias` `[out]`, `i` from 0; with `batch_norm` also
//! `norms.<i>.weight` and `norms.<i>.bias` `[out]`.
//!
//! | key | default | |
//! |---|---|---|
//! | `hidden` | [128] | width of each hidden layer |
//! | `activation` | "relu" | |
//! | `batch_norm` | false | before each activation |
//! | `dropout` | 0 | after each activation |
//! | `init`, `bias_init` | PyTorch's | |

use tch::Tensor;

use super::layers::{BatchNorm, Inits, Linear, activate, dropout, flatten};
use super::{Activation, Build, Error, Model, Pass, Shape};
use crate::params::{Declaration, Store};
use crate::spec::{BelowOne, Count, Entry, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "mlp",
    summary: "dense layers with an activation between them",
    example: "type = \"mlp\"\nhidden = [128]\nactivation = \"relu\"\ndropout = 0.0",
    build,
};

fn build(section: &mut Section<'_>, shape: &Shape) -> Option<Box<dyn Model>> {
    let hidden: Vec<Count> = section.or("hidden", vec![Count(128)]);
    let activation = section.or("activation", Activation::Relu);
    let batch_norm = section.or("batch_norm", false);
    let dropout = section.or("dropout", BelowOne(0.0)).0;
    let inits = Inits::read(section);
    let mut widths = vec![shape.features()];
    widths.extend(hidden.iter().map(|count| count.0));
    widths.push(shape.outputs);
    let mut declaration = Declaration::default();
    let declare = |(i, pair): (usize, &[usize])| {
        Linear::declare(&mut declaration, &format!("layers.{i}"), pair[0], pair[1], inits)
    };
    let layers = widths.windows(2).enumerate().map(declare).collect();
    let hidden = &widths[1..widths.len() - 1];
    let norm = |(i, &width): (usize, &usize)| BatchNorm::declare(&mut declaration, &format!("norms.{i}"), width);
    let norms = if batch_norm { hidden.iter().enumerate().map(norm).collect() } else { Vec::new() };
    Some(Box::new(Mlp { declaration, layers, norms, widths, activation, dropout }))
}

#[derive(Debug)]
struct Mlp {
    declaration: Declaration,
    layers: Vec<Linear>,
    /// Of the hidden layers; none without `batch_norm`.
    norms: Vec<BatchNorm>,
    widths: Vec<usize>,
    activation: Activation,
    dropout: f64,
}

impl Model for Mlp {
    fn declaration(&self) -> &Declaration {
        &self.declaration
    }

    fn describe(&self) -> String {
        let widths: Vec<String> = self.widths.iter().map(usize::to_string).collect();
        format!("mlp {}", widths.join("-")) + if self.norms.is_empty() { "" } else { ", batch norm" }
    }

    fn least_batch(&self) -> usize {
        // One example has no variance.
        if self.norms.is_empty() { 1 } else { 2 }
    }

    fn forward(&self, x: &Tensor, store: &Store, pass: Pass) -> Result<Tensor, Error> {
        let mut x = flatten(x)?;
        for (i, layer) in self.layers.iter().enumerate() {
            x = layer.forward(&x, store)?;
            if i + 1 < self.layers.len() {
                let name = format!("layers.{i}");
                if let Some(norm) = self.norms.get(i) {
                    x = norm.forward(&x, store, pass)?;
                }
                x = activate(self.activation, &name, &x)?;
                x = dropout(self.dropout, &name, x, pass)?;
            }
        }
        Ok(x)
    }
}
