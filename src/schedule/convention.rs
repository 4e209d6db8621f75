//! Whose rule of the name is meant, where frameworks disagree.

use super::Context;
use crate::choice;
use crate::spec::{Section, one_of};

choice! {
    /// The spec's `convention`: it only sets the defaults of other, explicit keys, and is no part of the resolved spec.
    pub enum Convention {
        /// PyTorch's `torch.optim.lr_scheduler`.
        Torch = "torch",
        /// `keras.optimizers.schedules` and Keras's callbacks.
        Keras = "keras",
        /// `optax.schedules`.
        Optax = "optax",
        /// `timm.scheduler`.
        Timm = "timm",
        /// `transformers.get_scheduler`.
        Transformers = "transformers",
    }
}

impl Convention {
    /// Reads `convention`.
    pub fn read(section: &mut Section<'_>) -> Option<Convention> {
        let read = section.optional("convention");
        section.forget("convention");
        read
    }

    /// The convention of `context`, if it is one of those that have this rule. Another is for the warm-up; where there is
    /// none it is logged.
    pub fn among(section: &Section<'_>, context: &Context<'_>, known: &[Convention]) -> Option<Convention> {
        let convention = context.convention?;
        if !known.contains(&convention) && section.has("warmup") {
            return None;
        }
        if !known.contains(&convention) {
            let name = section.table_ref().get("type").and_then(|name| name.as_str()).unwrap_or("schedule");
            let message = format!("{} has no `{name}` of its own", convention.word());
            let label = match known {
                [] => "leave it out: none of them has".to_owned(),
                known => format!("expected {}", one_of(known.iter().map(|known| known.word()))),
            };
            section.error("convention", message, label);
            return None;
        }
        Some(convention)
    }
}
