//! Gradients as tensors, prepared by the options of their groups, for rules that are not elementwise.

use tch::{TchError, Tensor};

use super::{Error, Segments, clip};
use crate::optimizer::{Clip, GroupOptions};
use crate::store::Store;

/// Returns the gradient of one parameter `p` in the parameter's shape and kind. It is negated to maximize, clipped
/// (`scale` is the factor of [`Clip::Norm`]), and has coupled decay added.
pub fn prepared(
    grad: &Tensor,
    p: &Tensor,
    options: &GroupOptions,
    clip: Clip,
    scale: Option<&Tensor>,
) -> Result<Tensor, TchError> {
    let mut g = grad.f_to_kind(p.kind())?;
    if options.maximize {
        g = g.f_neg()?;
    }
    if let Some(scale) = scale {
        g = g.f_mul(&scale.f_to_kind(p.kind())?)?;
    }
    if let Clip::Value(limit) = clip {
        g = g.f_clamp(-limit, limit)?;
    }
    match options.decays(0.0) {
        (0.0, _) => Ok(g),
        (l2, _) => g.f_add(&p.f_detach()?.f_mul_scalar(l2)?),
    }
}

/// Returns the parameters as one row in the store's order, with zeros for those without a gradient.
pub fn with_gradient(grads: &[Tensor], store: &Store, segments: &Segments) -> Result<Tensor, Error> {
    if grads.iter().all(Tensor::defined) {
        return Ok(store.flat().shallow_clone());
    }
    let rows = segments.iter().map(|segment| {
        let p = store.get(segment.param).f_detach()?;
        let p = if grads[segment.param].defined() { p } else { p.f_zeros_like()? };
        Ok(p.f_reshape([-1])?)
    });
    let rows: Vec<Tensor> = rows.collect::<Result<_, Error>>()?;
    Ok(Tensor::f_cat(&rows, 0)?)
}

/// Returns all gradients as one row in the store's order, prepared by the options of their groups. Where there is no
/// gradient the row has zeros.
pub fn flat(
    grads: &[Tensor],
    store: &Store,
    segments: &Segments,
    options: &[GroupOptions],
    clip: Clip,
) -> Result<Tensor, Error> {
    let scale = clip::scale(clip, grads)?;
    let mut rows = Vec::with_capacity(segments.len());
    for segment in segments.iter() {
        let (grad, p) = (&grads[segment.param], store.get(segment.param).f_detach()?);
        let row = match grad.defined() {
            true => prepared(grad, &p, &options[segment.group], clip, scale.as_ref())?,
            false => p.f_zeros_like()?,
        };
        rows.push(row.f_reshape([-1])?);
    }
    Ok(Tensor::f_cat(&rows, 0)?)
}
