//! The frameworks whose defaults a schedule can have. They disagree on some defaults.

use super::Context;
use crate::choice;
use crate::spec::{Section, one_of};

choice! {
    /// The key `convention` of a spec. It only sets the defaults of other keys, and is not part of the resolved spec.
    pub enum Convention {
        /// PyTorch: `torch.optim.lr_scheduler`.
        Torch = "torch",
        /// Keras: `keras.optimizers.schedules` and the callbacks.
        Keras = "keras",
        /// optax: `optax.schedules`.
        Optax = "optax",
        /// timm: `timm.scheduler`.
        Timm = "timm",
        /// transformers: `transformers.get_scheduler`.
        Transformers = "transformers",
    }
}

impl Convention {
    /// Reads `convention`. `None` if it is not written, or wrong (which is logged).
    pub fn read(section: &mut Section<'_>) -> Option<Convention> {
        let read = section.optional("convention");
        section.forget("convention");
        read
    }

    /// Returns the convention of `context` if it is among `known`, the frameworks that have this rule. Returns `None`
    /// for any other framework and without a convention. Logs an error about any other framework, unless the table has
    /// a warm-up, which the convention may be meant for.
    pub fn among(section: &Section<'_>, context: &Context<'_>, known: &[Convention]) -> Option<Convention> {
        let convention = context.convention?;
        if !known.contains(&convention) && section.has("warmup") {
            return None;
        }
        if !known.contains(&convention) {
            let name = section.table_ref().get("type").and_then(|name| name.as_str()).unwrap_or("schedule");
            let message = format!("{} has no schedule like `{name}`", convention.word());
            let label = match known {
                [] => "leave it out: none of the frameworks has it".to_owned(),
                known => format!("expected {}", one_of(known.iter().map(|known| known.word()))),
            };
            section.error("convention", message, label);
            return None;
        }
        Some(convention)
    }
}
