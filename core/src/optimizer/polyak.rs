//! Polyak's step size (1987) with an upper bound, for several groups. The optimizers that compute their rate from the
//! loss share it.
//!
//! The step along −d that brings the linear model of the loss down to the bound f* is (f − f*)/⟨g, d⟩. If groups have
//! different rates, their directions are in proportion to these, dᵢ = lrᵢ·gᵢ, and all groups use the same fraction κ of
//! their rates:
//!
//! κ = (f − f*)₊ / Σᵢ lrᵢ·‖gᵢ‖², ηᵢ = lrᵢ·κ.
//!
//! With one rate, η is (f − f*)₊/‖g‖², and κ ≤ 1 bounds it by `lr`, so a schedule moves the bound. Twice the rate has
//! the same effect as measuring a group's weights in a unit larger by √2.
//!
//! With coupled weight decay, the gradient with λ·θ is that of the loss with the penalty ½·Σᵢ λᵢ·‖θᵢ‖², and f is that
//! loss. Decoupled decay is scaled by ηᵢ. It is not part of any loss, so f is the batch's own loss. A clipped gradient
//! is not the gradient of the loss: if clipping scales it by s, the step along it becomes 1/s times as long.

use std::borrow::Cow;

use super::{Decay, Group, GroupOptions, ParamSums, Sums, UpdateRule};
use crate::spec::Section;

/// Returns true if the loss is minimized. Otherwise logs why it must be.
pub(super) fn minimizes(section: &Section<'_>, options: GroupOptions) -> bool {
    if options.maximize {
        let message = "this optimizer chooses its rate so that the loss falls, so it cannot maximize the loss";
        section.error("maximize", message, "must be false with this optimizer");
    }
    !options.maximize
}

/// Returns f with the penalty of coupled decay. Each parameter's ‖θ‖² is its sum number `squares`.
pub(super) fn penalized<R: UpdateRule, const Q: usize>(
    groups: &[Cow<'_, Group<R>>],
    sums: &Sums<'_, Q>,
    squares: usize,
) -> f64 {
    let penalty = |param: &ParamSums<Q>| match groups[param.group].options.decay {
        Decay::Coupled(amount) => 0.5 * amount * param.sums[squares],
        Decay::Decoupled(_) | Decay::OfRule => 0.0,
    };
    // Adds in the order of the parameters, so that rounding does not depend on the groups.
    sums.loss + sums.params.iter().map(penalty).sum::<f64>()
}

/// Returns κ without its upper bound: `gap`₊ / (the sum of `slope` over the parameters + `eps`·the base group's rate).
/// For each parameter, `slope` returns lr·‖g‖². Returns 0 if the denominator is 0.
pub(super) fn part<const Q: usize>(
    sums: &Sums<'_, Q>,
    gap: f64,
    slope: impl Fn(&ParamSums<Q>) -> f64,
    eps: f64,
) -> f64 {
    let slope = sums.params.iter().map(slope).sum::<f64>() + eps * sums.lr[0];
    if slope > 0.0 { gap.max(0.0) / slope } else { 0.0 }
}
