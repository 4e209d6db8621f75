//! A constant factor. In optax `constant_schedule`; PyTorch's `ConstantLR` is this rule for a while, then factor 1: a
//! sequence of two constants.
//!
//! factor(t) = `factor`
//!
//! | key | default | |
//! |---|---|---|
//! | `factor` | 1 | above 0 |

use super::{Build, Clock, Context, Rule, words};
use crate::spec::{Entry, Positive, Section};

pub const ENTRY: Entry<Build> =
    Entry { name: "constant", summary: "the same rate throughout", example: "type = \"constant\"", build };

fn build(section: &mut Section<'_>, _: &Context<'_>) -> Option<Box<dyn Rule>> {
    let factor = section.or("factor", Positive(1.0)).0;
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
