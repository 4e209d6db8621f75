//! Exponential averages, which most rules keep. They are rounded as in PyTorch's optimizers that loop over tensors.

use super::Num;

/// Returns β·m + (1−β)·x, with `other` = 1−β, rounded as in PyTorch's `lerp_`.
#[inline(always)]
pub(super) fn running<N: Num>(x: N, m: N, other: &N) -> N {
    other.clone().mul_add(x - m.clone(), m)
}

/// Returns β·v + (1−β)·x², with `other` = 1−β, rounded as in PyTorch's `addcmul_`.
#[inline(always)]
pub(super) fn squares<N: Num>(x: N, v: N, [beta, other]: [&N; 2]) -> N {
    (other.clone() * x.clone()).mul_add(x, beta.clone() * v)
}

/// Returns 1 − βᵗ, the bias correction of an average that started at 0, after `t` steps.
pub(super) fn correction(beta: f64, t: u64) -> f64 {
    1.0 - beta.powi(t.min(i32::MAX as u64) as i32)
}
