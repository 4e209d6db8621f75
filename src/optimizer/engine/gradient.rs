//! Gradients as rules see them, as tensors: for rules that do not walk elements.

use tch::{TchError, Tensor};

use super::{Clip, Error, Segments, Treatment};
use crate::store::Store;

/// The gradient of one parameter `p`: its sign, clipped (`scale` is the clip's own), with coupled decay added; in the
/// parameter's shape and kind.
pub fn treated(
    grad: &Tensor,
    p: &Tensor,
    treatment: &Treatment,
    clip: Clip,
    scale: Option<&Tensor>,
) -> Result<Tensor, TchError> {
    let mut g = grad.f_to_kind(p.kind())?;
    if treatment.maximize {
        g = g.f_neg()?;
    }
    if let Some(scale) = scale {
        g = g.f_mul(&scale.f_to_kind(p.kind())?)?;
    }
    if let Clip::Value(limit) = clip {
        g = g.f_clamp(-limit, limit)?;
    }
    match treatment.decays(0.0) {
        (0.0, _) => Ok(g),
        (l2, _) => g.f_add(&p.f_detach()?.f_mul_scalar(l2)?),
    }
}

/// All gradients in one row in the store's order, zeros where there is none, each as its group treats it.
pub fn flat(
    grads: &[Tensor],
    store: &Store,
    segments: &Segments,
    treatments: &[Treatment],
    clip: Clip,
) -> Result<Tensor, Error> {
    let scale = clip.scale(grads)?;
    let mut rows = Vec::with_capacity(segments.len());
    for segment in segments.iter() {
        let (grad, p) = (&grads[segment.param], store.get(segment.param).f_detach()?);
        let row = match grad.defined() {
            true => treated(grad, &p, &treatments[segment.group], clip, scale.as_ref())?,
            false => p.f_zeros_like()?,
        };
        rows.push(row.f_reshape([-1])?);
    }
    Ok(Tensor::f_cat(&rows, 0)?)
}
