//! Gradient clipping, before weight decay and the update rule.

use tch::{Kind, Tensor};

use super::Error;
use crate::optimizer::Clip;

/// Returns the factor that limits the joint norm of all `grads` to that of [`Clip::Norm`]. It is a scalar tensor, so
/// that the CPU need not wait for a GPU. `None` for any other clipping, or if there are no gradients.
pub fn scale(clip: Clip, grads: &[Tensor]) -> Result<Option<Tensor>, Error> {
    let Clip::Norm(limit) = clip else { return Ok(None) };
    let mut squares: Option<Tensor> = None;
    for grad in grads.iter().filter(|grad| grad.defined()) {
        let norm = grad.f_norm()?.f_to_kind(Kind::Double)?;
        let square = norm.f_mul(&norm)?;
        squares = Some(match squares {
            Some(sum) => sum.f_add(&square)?,
            None => square,
        });
    }
    let Some(squares) = squares else { return Ok(None) };
    let scale = squares.f_sqrt()?.f_add_scalar(1e-6)?.f_reciprocal()?.f_mul_scalar(limit)?;
    Ok(Some(scale.f_clamp_max(1.0)?))
}
