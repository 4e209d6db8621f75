//! Gradient clipping, before weight decay and the update rule, as PyTorch's `clip_grad_norm_` and `clip_grad_value_`.

use tch::{Kind, Tensor};

use super::super::Error;

/// What is done to gradients that are too large.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Clip {
    #[default]
    None,
    /// All gradients together are scaled to this L2 norm when theirs is larger: g ← g·min(1, norm/(‖g‖ + 1e-6)).
    Norm(f64),
    /// Each element is cut to ±value.
    Value(f64),
}

impl Clip {
    /// The factor that brings all `grads` to the norm, a scalar tensor (so that a GPU need not wait); none when nothing
    /// is scaled.
    pub fn scale(self, grads: &[Tensor]) -> Result<Option<Tensor>, Error> {
        let Clip::Norm(limit) = self else { return Ok(None) };
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
}
