//! The computation of SOAP with tensors. Its formulas are in `optimizer/soap.rs`.

use tch::{TchError, Tensor};

use super::adam::adam_step;
use super::shampoo::eigen;
use super::tensor_rule::{self, Slot, TensorRule};
use super::{Error, Layout, Optimizer};
use crate::optimizer::{Group, Soap};
use crate::store::Store;

/// Starts SOAP over a store.
pub fn start(groups: Vec<Group<Soap>>, layout: Layout, store: &Store) -> Result<Box<dyn Optimizer>, Error> {
    tensor_rule::start(groups, layout, store)
}

/// The authors' names of Hᵢ and Qᵢ for the first eight dimensions. No model has parameters with more.
const FACTORS: [[&str; 2]; 8] = [
    ["GG_0", "Q_0"],
    ["GG_1", "Q_1"],
    ["GG_2", "Q_2"],
    ["GG_3", "Q_3"],
    ["GG_4", "Q_4"],
    ["GG_5", "Q_5"],
    ["GG_6", "Q_6"],
    ["GG_7", "Q_7"],
];

/// Returns the dimensions that have factors, and their sizes.
fn axes(rule: &Soap, shape: &[i64]) -> Vec<(usize, i64)> {
    let fits = |&(_, n): &(usize, i64)| n as usize <= rule.max_precondition_dim;
    let sizes = shape.iter().copied().take(FACTORS.len()).enumerate().filter(fits);
    if shape.len() > 1 || rule.precondition_1d { sizes.collect() } else { Vec::new() }
}

/// Rotates `x` into the factors' bases, or back from them if `back` is set.
fn rotated(x: &Tensor, axes: &[(usize, i64)], factors: &[[Tensor; 2]], back: bool) -> Result<Tensor, TchError> {
    let mut x = x.shallow_clone();
    for (&(axis, _), [_, q]) in axes.iter().zip(factors) {
        x = x.f_tensordot(q, [axis as i64], [i64::from(back)])?.f_movedim_int(-1, axis as i64)?;
    }
    Ok(x)
}

impl TensorRule for Soap {
    fn slots(&self, shape: &[i64]) -> Vec<Slot> {
        let factors =
            axes(self, shape).into_iter().flat_map(|(axis, n)| FACTORS[axis].map(|it| Slot::zeros(it, &[n, n])));
        ["exp_avg", "exp_avg_sq"].map(|it| Slot::zeros(it, shape)).into_iter().chain(factors).collect()
    }

    fn update(&self, t: u64, lr: f64, p: &mut Tensor, g: Tensor, state: &mut [Tensor]) -> Result<(), TchError> {
        let axes = axes(self, &g.size());
        let Some(([m, v], factors)) = state.split_first_chunk_mut::<2>() else { return Ok(()) };
        let (factors, _) = factors.as_chunks_mut::<2>();
        let steps = t - 1;
        if steps > 0 {
            let of_g = rotated(&g, &axes, factors, false)?;
            let mut of_m = rotated(&m.f_detach_copy()?, &axes, factors, false)?;
            let mut moved = g.f_zeros_like()?;
            // After so many steps the bias correction is 1.
            let steps = if self.correct_bias { steps } else { u64::MAX };
            adam_step(&self.adam, steps, lr, &mut moved, of_g, &mut of_m, v)?;
            let _ = m.f_lerp_(&g, 1.0 - self.adam.beta1)?;
            let _ = p.f_add_(&rotated(&moved, &axes, factors, true)?)?.f_mul_scalar_(1.0 - lr * self.weight_decay)?;
        }
        let shampoo_beta = self.shampoo_beta.unwrap_or(self.adam.beta2);
        for (&(axis, n), [h, q]) in axes.iter().zip(factors) {
            let rows = g.f_movedim_int(axis as i64, 0)?.f_reshape([n, -1])?;
            let _ = h.f_lerp_(&rows.f_matmul(&rows.f_transpose(0, 1)?)?, 1.0 - shampoo_beta)?;
            if steps == 0 {
                q.f_copy_(&eigen(h)?.1.f_flip([1])?)?;
            } else if steps.is_multiple_of(self.precondition_frequency) {
                let product = h.f_matmul(q)?;
                let order = q.f_mul(&product)?.f_sum_dim_intlist(0, false, None)?.f_argsort(0, true)?;
                v.f_copy_(&v.f_index_select(axis as i64, &order)?)?;
                q.f_copy_(&Tensor::f_linalg_qr(&product.f_index_select(1, &order)?, "reduced")?.0)?;
            }
        }
        Ok(())
    }
}
