//! A momentum that moves inversely to the rate, as in PyTorch's `OneCycleLR` and `CyclicLR`.
//!
//! | key | default | |
//! |---|---|---|
//! | `cycle_momentum` | depends on the rule | whether momentum (β₁ for the Adam family) follows the cycle |
//! | `base_momentum` | 0.85 (`cyclic`: 0.8) | the momentum at the highest rate |
//! | `max_momentum` | 0.95 (`cyclic`: 0.9) | the momentum at the lowest rate |

use super::{Context, words};
use crate::spec::{BelowOne, Section};

/// The range of a cycled momentum.
#[derive(Clone, Copy, Debug)]
pub struct CycledMomentum {
    /// The momentum at the highest rate.
    pub base: f64,
    /// The momentum at the lowest rate.
    pub max: f64,
}

impl CycledMomentum {
    /// Reads the three keys. `None` if momentum does not follow the cycle.
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
                    section.mark_known(key);
                    section.error(key, format!("`{key}` needs `cycle_momentum = true`"), "it has no effect here");
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
            section.error(
                "base_momentum",
                "`base_momentum` is above `max_momentum`",
                format!("expected at most {}", words::number(max)),
            );
        }
        Some(CycledMomentum { base, max })
    }
}
