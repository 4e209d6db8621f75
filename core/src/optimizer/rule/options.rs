//! The options that the engine applies before every rule: the sign of the gradient, and weight decay.

use super::{MAX_SCALARS, SegmentScalars};
use crate::spec::{NonNegative, Section};

/// The form of weight decay. λ is the spec's `weight_decay`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Decay {
    /// g ← g + λ·θ before the rule: an L2 penalty.
    Coupled(f64),
    /// θ ← θ·(1 − lr·λ) before the rule (Loshchilov and Hutter 2019, arXiv 1711.05101).
    Decoupled(f64),
    /// The rule decays weights itself, or they do not decay.
    OfRule,
}

impl Decay {
    /// Returns λ. `None` if the engine does not apply it.
    pub(super) fn amount(&mut self) -> Option<&mut f64> {
        match self {
            Decay::Coupled(amount) | Decay::Decoupled(amount) => Some(amount),
            Decay::OfRule => None,
        }
    }
}

/// The options that act on the parameters and gradients of one group before a rule sees them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GroupOptions {
    pub decay: Decay,
    /// True to maximize the loss: g ← −g before weight decay and the rule. (Clipping does not depend on the sign.)
    pub maximize: bool,
}

impl GroupOptions {
    /// Reads `weight_decay`, `decoupled_weight_decay` and `maximize`.
    pub fn read(section: &mut Section<'_>, weight_decay: f64, decoupled: bool) -> GroupOptions {
        let amount = section.or("weight_decay", NonNegative(weight_decay)).0;
        let decay = match section.or("decoupled_weight_decay", decoupled) {
            true => Decay::Decoupled(amount),
            false => Decay::Coupled(amount),
        };
        GroupOptions { decay, maximize: section.or("maximize", false) }
    }

    /// Reads the same keys for a rule that decoupled decay would break. If decay is decoupled, logs an error and
    /// returns `None`. `why` is the reason, which follows a colon in the message.
    pub fn coupled(section: &mut Section<'_>, why: &str) -> Option<GroupOptions> {
        let options = GroupOptions::read(section, 0.0, false);
        if let Decay::Decoupled(_) = options.decay {
            let message = format!("weight decay cannot be decoupled here: {why}");
            section.error("decoupled_weight_decay", message, "must be false: then λ·θ is added to the gradient");
            return None;
        }
        Some(options)
    }

    /// Reads `maximize`, for a rule that decays weights itself.
    pub fn without_decay(section: &mut Section<'_>) -> GroupOptions {
        GroupOptions { decay: Decay::OfRule, maximize: section.or("maximize", false) }
    }

    /// Returns the factor of the gradient, −1 or 1.
    pub fn sign(self) -> f64 {
        if self.maximize { -1.0 } else { 1.0 }
    }

    /// Returns λ of coupled decay, and 1 − `lr`·λ of decoupled decay.
    pub fn decays(self, lr: f64) -> (f64, f64) {
        match self.decay {
            Decay::Coupled(amount) => (amount, 1.0),
            Decay::Decoupled(amount) => (0.0, 1.0 - lr * amount),
            Decay::OfRule => (0.0, 1.0),
        }
    }

    /// Returns the scalars of a segment: the rule's scalars `k`, and the scalars of these options at the rate `lr`.
    pub(super) fn scalars(self, k: &[f64], lr: f64) -> SegmentScalars {
        let (l2, shrink) = self.decays(lr);
        let mut all = [0.0; MAX_SCALARS];
        all[..k.len()].copy_from_slice(k);
        SegmentScalars { k: all, l2, shrink, sign: self.sign() }
    }
}
