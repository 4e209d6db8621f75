//! The parts of an update that do not depend on the optimizer: `[clip_grad]` and `[ema]`.

use crate::optimizer::Clip;
use crate::spec::{BelowOne, Positive, Section};

/// The parts of an update that do not depend on the optimizer.
#[derive(Clone, Copy, Debug)]
pub struct Updates {
    pub clip: Clip,
    /// The decay of an average of the weights, if the run keeps one.
    pub ema: Option<f64>,
}

/// Reads `[clip_grad]`: `norm` or `value`. Without such a table, nothing is clipped.
pub(super) fn clip(root: &mut Section<'_>) -> Clip {
    if !root.has("clip_grad") {
        root.mark_known("clip_grad");
        return Clip::None;
    }
    let Some(mut section) = root.section("clip_grad") else { return Clip::None };
    let norm = section.optional::<Positive>("norm");
    let value = section.optional::<Positive>("value");
    if norm.is_some() && value.is_some() {
        section.error("value", "both `norm` and `value` are given", "remove one of them");
    }
    if !section.has("norm") && !section.has("value") {
        let expects = "the largest norm of all gradients together. Or add `value`: the largest absolute value of one \
                       element";
        section.missing("norm", expects);
    }
    let resolved = section.finish();
    root.put("clip_grad", resolved);
    match (norm, value) {
        (Some(norm), _) => Clip::Norm(norm.0),
        (_, Some(value)) => Clip::Value(value.0),
        _ => Clip::None,
    }
}

/// Reads `[ema]`: the `decay` of an average of the weights. Returns `None` if there is no such table.
pub(super) fn ema(root: &mut Section<'_>) -> Option<f64> {
    if !root.has("ema") {
        root.mark_known("ema");
        return None;
    }
    let mut section = root.section("ema")?;
    let decay = section.or("decay", BelowOne(0.999)).0;
    let resolved = section.finish();
    root.put("ema", resolved);
    Some(decay)
}
