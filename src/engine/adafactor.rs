//! The computation of Adafactor with tensors. Its formulas are in `optimizer/adafactor.rs`.

use tch::{Kind, TchError, Tensor};

use super::tensor_rule::{self, Slot, TensorRule};
use super::{Error, Layout, Optimizer};
use crate::optimizer::{Adafactor, Group};
use crate::store::Store;

/// Starts Adafactor over a store.
pub fn start(groups: Vec<Group<Adafactor>>, layout: Layout, store: &Store) -> Result<Box<dyn Optimizer>, Error> {
    tensor_rule::start(groups, layout, store)
}

/// Decays `p` in place.
fn decay(rule: &Adafactor, lr: f64, p: &mut Tensor) -> Result<(), TchError> {
    if rule.weight_decay != 0.0 {
        let _ = p.f_mul_scalar_(1.0 - lr * rule.weight_decay)?;
    }
    Ok(())
}

/// Returns the root mean square as a scalar tensor. So the CPU need not wait for a GPU.
fn rms(tensor: &Tensor) -> Result<Tensor, TchError> {
    tensor.f_norm()?.f_div_scalar((tensor.numel() as f64).sqrt())
}

impl TensorRule for Adafactor {
    fn slots(&self, shape: &[i64]) -> Vec<Slot> {
        let [rest @ .., rows, columns] = shape else { return vec![Slot::zeros("variance", shape)] };
        let row_var = [rest, &[*rows, 1]].concat();
        let col_var = [rest, &[1, *columns]].concat();
        vec![Slot::zeros("row_var", &row_var), Slot::zeros("col_var", &col_var)]
    }

    fn update(&self, t: u64, lr: f64, p: &mut Tensor, g: Tensor, state: &mut [Tensor]) -> Result<(), TchError> {
        let (tiny, epsilon) = match p.kind() {
            Kind::Double => (f64::MIN_POSITIVE, f64::EPSILON),
            _ => (f64::from(f32::MIN_POSITIVE), f64::from(f32::EPSILON)),
        };
        let eps1 = self.eps1.unwrap_or(epsilon);
        let (added, bound) = if self.eps_added { (eps1, 0.0) } else { (0.0, eps1) };
        let t = t as f64;
        let rho = if self.relative_step { lr.min(1.0 / t.sqrt()) } else { lr };
        if self.decay_first {
            decay(self, lr, p)?;
        }
        let alpha = rms(p)?.f_clamp_min(self.eps2)?.f_mul_scalar(rho)?;
        if !self.decay_first {
            decay(self, lr, p)?;
        }
        let square = g.f_square()?.f_add_scalar(added)?;
        let other = t.powf(self.beta2_decay);
        let v = match state {
            [row, column] => {
                let _ = row.f_lerp_(&square.f_mean_dim(-1, true, None)?, other)?;
                let _ = column.f_lerp_(&square.f_mean_dim(-2, true, None)?, other)?;
                let mean = row.f_mean_dim(-2, true, None)?.f_clamp_min(bound.max(tiny))?;
                row.f_div(&mean)?.f_matmul(column)?
            }
            variance => {
                let _ = variance[0].f_lerp_(&square, other)?;
                variance[0].shallow_clone()
            }
        };
        let u = g.f_mul(&v.f_clamp_min((bound * bound).max(tiny))?.f_rsqrt()?)?;
        let step = alpha.f_div(&rms(&u)?.f_div_scalar(self.d)?.f_clamp_min(1.0)?)?;
        let _ = p.f_sub_(&u.f_mul(&step)?)?;
        Ok(())
    }
}
