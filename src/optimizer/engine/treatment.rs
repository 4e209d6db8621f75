//! What the engine does around every rule: the sign of the gradient, and weight decay.

use super::super::Decay;
use crate::spec::{NonNegative, Section};

/// What becomes of parameter and gradient before a rule sees them, for one group.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Treatment {
    pub decay: Decay,
    /// The loss is to grow: g ← −g, before everything else but clipping, which does not look at signs.
    pub maximize: bool,
}

impl Treatment {
    /// Reads `weight_decay`, `decoupled_weight_decay` and `maximize`.
    pub fn read(section: &mut Section<'_>, weight_decay: f64, decoupled: bool) -> Treatment {
        let amount = section.or("weight_decay", NonNegative(weight_decay)).0;
        let decay = match section.or("decoupled_weight_decay", decoupled) {
            true => Decay::Decoupled(amount),
            false => Decay::Coupled(amount),
        };
        Treatment { decay, maximize: section.or("maximize", false) }
    }

    /// The same for a rule that decoupled decay would break, which is refused: `why` follows a colon.
    pub fn coupled(section: &mut Section<'_>, why: &str) -> Option<Treatment> {
        let treatment = Treatment::read(section, 0.0, false);
        if let Decay::Decoupled(_) = treatment.decay {
            let message = format!("weight decay cannot be decoupled here: {why}");
            section.error("decoupled_weight_decay", message, "only `false`: λ·θ is added to the gradient");
            return None;
        }
        Some(treatment)
    }

    /// Reads `maximize`; weight decay is the rule's own affair.
    pub fn without_decay(section: &mut Section<'_>) -> Treatment {
        Treatment { decay: Decay::OfRule, maximize: section.or("maximize", false) }
    }

    /// −1 or 1, which the gradient is multiplied by.
    pub(super) fn sign(self) -> f64 {
        if self.maximize { -1.0 } else { 1.0 }
    }

    /// λ of coupled decay, and 1 − `lr`·λ of decoupled.
    pub(super) fn decays(self, lr: f64) -> (f64, f64) {
        match self.decay {
            Decay::Coupled(amount) => (amount, 1.0),
            Decay::Decoupled(amount) => (0.0, 1.0 - lr * amount),
            Decay::OfRule => (0.0, 1.0),
        }
    }
}
