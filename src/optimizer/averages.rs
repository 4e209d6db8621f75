//! Exponential averages, in the arithmetic of PyTorch's loops over tensors: most rules keep some.

use super::Num;

/// β·m + (1−β)·x, by `other` = 1−β: as PyTorch's `lerp_` has it.
#[inline(always)]
pub(super) fn running<N: Num>(x: N, m: N, other: &N) -> N {
    other.clone().mul_add(x - m.clone(), m)
}

/// β·v + (1−β)·x², as PyTorch's `addcmul_` has it.
#[inline(always)]
pub(super) fn squares<N: Num>(x: N, v: N, [beta, other]: [&N; 2]) -> N {
    (other.clone() * x.clone()).mul_add(x, beta.clone() * v)
}

/// 1 − βᵗ: what part of an average that began with 0 is filled after `t` steps.
pub(super) fn correction(beta: f64, t: u64) -> f64 {
    1.0 - beta.powi(t.min(i32::MAX as u64) as i32)
}
