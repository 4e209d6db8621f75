//! The momentum that a rule cycles inversely to the rate, as PyTorch's `OneCycleLR` and `CyclicLR` do.
//!
//! | key | default | |
//! |---|---|---|
//! | `cycle_momentum` | | whether momentum (β₁ for the Adam family) goes along |
//! | `base_momentum` | 0.85 (`cyclic`: 0.8) | where the rate is highest |
//! | `max_momentum` | 0.95 (`cyclic`: 0.9) | where the rate is lowest |

use super::Context;
use crate::spec::{BelowOne, Section};

/// Momentum from where the rate is lowest to where it is highest.
#[derive(Clone, Copy, Debug)]
pub struct CycledMomentum {
    pub base: f64,
    pub max: f64,
}

impl CycledMomentum {
    /// Reads the three keys; none where momentum does not go along.
    pub fn read(
        section: &mut Section<'_>,
        context: &Context<'_>,
        by_default: bool,
        base: f64,
        max: f64,
    ) -> Option<CycledMomentum> {
        let possible = context.momentum.is_some();
        let wanted = section.or("cycle_momentum", by_default && possible);
        if !wanted {
            for key in ["base_momentum", "max_momentum"] {
                if section.has(key) {
                    section.ask(key);
                    section.error(key, format!("`{key}` goes with `cycle_momentum = true`"), "nothing follows it here");
                }
            }
            return None;
        }
        let base = section.or("base_momentum", BelowOne(base)).0;
        let max = section.or("max_momentum", BelowOne(max)).0;
        if !possible {
            let label = "expected false: an optimizer with `momentum` above 0, or with `betas`, is needed";
            section.error("cycle_momentum", "there is no momentum to cycle", label);
        }
        if base > max {
            section.error("base_momentum", "`base_momentum` is above `max_momentum`", "expected at most that");
        }
        Some(CycledMomentum { base, max })
    }
}
