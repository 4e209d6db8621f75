//! The computation of Shampoo with tensors. Its formulas are in `optimizer/shampoo.rs`.

use tch::{Kind, TchError, Tensor};

use super::tensor_rule::{self, Slot, TensorRule};
use super::{Error, Layout, Optimizer};
use crate::optimizer::{Group, Shampoo};
use crate::store::Store;

/// Starts Shampoo over a store.
pub fn start(groups: Vec<Group<Shampoo>>, layout: Layout, store: &Store) -> Result<Box<dyn Optimizer>, Error> {
    tensor_rule::start(groups, layout, store)
}

/// The names of Hᵢ and its root for the first eight dimensions. No model has parameters with more.
const FACTORS: [[&str; 2]; 8] = [
    ["pre_cond_0", "inv_pre_cond_0"],
    ["pre_cond_1", "inv_pre_cond_1"],
    ["pre_cond_2", "inv_pre_cond_2"],
    ["pre_cond_3", "inv_pre_cond_3"],
    ["pre_cond_4", "inv_pre_cond_4"],
    ["pre_cond_5", "inv_pre_cond_5"],
    ["pre_cond_6", "inv_pre_cond_6"],
    ["pre_cond_7", "inv_pre_cond_7"],
];

/// Returns the ascending eigenvalues of the symmetric `matrix`, and its eigenvectors as columns. Computes in f64,
/// because LAPACK fails in f32 on matrices such as those of inputs that are always zero. Returns NaN for a matrix that
/// has overflowed, so that the run ends as diverged and not with an error.
pub(super) fn eigen(matrix: &Tensor) -> Result<(Tensor, Tensor), TchError> {
    match matrix.f_sum(Kind::Double)?.f_double_value(&[])?.is_finite() {
        true => {
            let (values, vectors) = matrix.f_to_kind(Kind::Double)?.f_linalg_eigh("L")?;
            Ok((values.f_to_kind(matrix.kind())?, vectors.f_to_kind(matrix.kind())?))
        }
        false => Ok((matrix.f_mean_dim(0, false, None)?.f_mul_scalar(f64::NAN)?, matrix.f_mul_scalar(f64::NAN)?)),
    }
}

/// Returns (`factor` + `eps`·1)^(−1/`root`).
fn inverse_root(factor: &Tensor, eps: f64, root: f64) -> Result<Tensor, TchError> {
    let identity = Tensor::f_eye(factor.size()[0], (factor.kind(), factor.device()))?;
    let (values, vectors) = eigen(&factor.f_add(&identity.f_mul_scalar(eps)?)?)?;
    let powers = values.f_clamp_min(eps)?.f_pow_tensor_scalar(-1.0 / root)?;
    vectors.f_mul(&powers)?.f_matmul(&vectors.f_transpose(0, 1)?)
}

impl TensorRule for Shampoo {
    fn slots(&self, shape: &[i64]) -> Vec<Slot> {
        let factors = FACTORS.iter().zip(shape).flat_map(|(names, &n)| names.map(|name| Slot::zeros(name, &[n, n])));
        std::iter::once(Slot::zeros("momentum_buffer", shape)).chain(factors).collect()
    }

    fn update(&self, t: u64, lr: f64, p: &mut Tensor, g: Tensor, state: &mut [Tensor]) -> Result<(), TchError> {
        let Some((buffer, factors)) = state.split_first_mut() else { return Ok(()) };
        let g = if t > 1 { g.f_lerp(buffer, self.momentum)? } else { g };
        let (factors, _) = factors.as_chunks_mut::<2>();
        let root = 2.0 * factors.len() as f64;
        let mut moved = g.shallow_clone();
        for (axis, [factor, inverse]) in (0..).zip(factors) {
            let rows = g.f_movedim_int(axis, 0)?.f_reshape([factor.size()[0], -1])?;
            let _ = factor.f_add_(&rows.f_matmul(&rows.f_transpose(0, 1)?)?)?;
            if (t - 1).is_multiple_of(self.every) {
                inverse.f_copy_(&inverse_root(factor, self.matrix_eps, root)?)?;
            }
            moved = moved.f_tensordot(inverse, [axis], [0])?.f_movedim_int(-1, axis)?;
        }
        buffer.f_copy_(&moved)?;
        let _ = p.f_sub_(&moved.f_mul_scalar(lr)?)?;
        Ok(())
    }
}
