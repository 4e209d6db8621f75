//! A constant factor.
//!
//! factor(t) = `factor`
//!
//! | key | default | |
//! |---|---|---|
//! | `factor` | 1 | the factor, 0 or above, or a rate `{ lr = … }` |
//!
//! Elsewhere: optax's `constant_schedule`, transformers's `constant`. PyTorch's `ConstantLR` holds its factor for a
//! number of steps and then returns to 1. Write it as a sequence of two constants.

use super::convention::Convention::{self, Optax, Torch, Transformers};
use super::level::Level;
use super::{Build, Clock, Context, Rule, words};
use crate::spec::{Entry, Section};

pub const ENTRY: Entry<Build> =
    Entry { name: "constant", summary: "a constant rate", example: "type = \"constant\"", build };

fn build(section: &mut Section<'_>, context: &Context<'_>) -> Option<Box<dyn Rule>> {
    Convention::among(section, context, &[Torch, Optax, Transformers]);
    let factor = Level::or(section, "factor", Level::Factor(1.0), context);
    Some(Box::new(Constant { factor }))
}

#[derive(Debug)]
struct Constant {
    factor: f64,
}

impl Rule for Constant {
    fn factor(&self, _: Clock) -> f64 {
        self.factor
    }

    fn describe(&self) -> String {
        match self.factor == 1.0 {
            true => "constant".into(),
            false => format!("constant ×{}", words::number(self.factor)),
        }
    }
}
