//! What methods share that take their rate from the loss: Polyak's step (1987) under a cap, over groups.
//!
//! The step along −d that brings the loss's linear model down to the bound f* is (f − f*)/⟨g, d⟩. Groups may have unequal
//! rates: their directions are then in the proportion of these, dᵢ = lrᵢ·gᵢ, and all go by the same part κ of their
//! rates,
//!
//! κ = (f − f*)₊ / Σᵢ lrᵢ·‖gᵢ‖², ηᵢ = lrᵢ·κ.
//!
//! With one rate η is (f − f*)₊/‖g‖², and κ ≤ 1 caps it at `lr`: so a schedule moves the cap. It is as if the weights of
//! a group with twice the rate were measured in a unit √2 smaller.
//!
//! Coupled weight decay: the loss that the gradient with λ·θ belongs to has the penalty ½·Σᵢ λᵢ·‖θᵢ‖², and f is that
//! loss. Decoupled decay goes by ηᵢ and belongs to no loss; f is then the batch's own. A clipped gradient is not the
//! loss's: where clipping scales it by s, the step along it becomes 1/s times longer.

use std::borrow::Cow;

use super::{Decay, Group, GroupOptions, ParamSums, Sums, UpdateRule};
use crate::spec::Section;

/// Whether the loss is to shrink; logs why not.
pub(super) fn minimizes(section: &Section<'_>, options: GroupOptions) -> bool {
    if options.maximize {
        let message = "the rate is found by how far the loss is above its lower bound: it cannot grow by the same";
        section.error("maximize", message, "only false with this optimizer");
    }
    !options.maximize
}

/// f with the penalty of coupled decay; ‖θ‖² is among each parameter's sums at `squares`.
pub(super) fn penalized<R: UpdateRule, const Q: usize>(
    groups: &[Cow<'_, Group<R>>],
    sums: &Sums<'_, Q>,
    squares: usize,
) -> f64 {
    let penalty = |param: &ParamSums<Q>| match groups[param.group].options.decay {
        Decay::Coupled(amount) => 0.5 * amount * param.sums[squares],
        Decay::Decoupled(_) | Decay::OfRule => 0.0,
    };
    // In the order of the parameters, whatever their groups, so that rounding does not depend on these.
    sums.loss + sums.params.iter().map(penalty).sum::<f64>()
}

/// κ, not capped: `gap`₊ over the sum of `slope` and of `eps` times the base group's rate; `slope` has of each parameter
/// lr·‖g‖². 0 where nothing slopes, and there is nowhere to go.
pub(super) fn part<const Q: usize>(
    sums: &Sums<'_, Q>,
    gap: f64,
    slope: impl Fn(&ParamSums<Q>) -> f64,
    eps: f64,
) -> f64 {
    let slope = sums.params.iter().map(slope).sum::<f64>() + eps * sums.lr[0];
    if slope > 0.0 { gap.max(0.0) / slope } else { 0.0 }
}
