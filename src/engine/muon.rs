//! The computation of Muon with tensors. Its formulas are in `optimizer/muon.rs`.

use tch::{Kind, TchError, Tensor};

use super::adam::adam_step;
use super::tensor_rule::{self, Slot, TensorRule};
use super::{Error, Layout, Optimizer};
use crate::libtorch::addmm;
use crate::optimizer::{AdjustLr, Group, Muon, NsDtype};
use crate::store::Store;

/// Starts Muon over a store.
pub fn start(groups: Vec<Group<Muon>>, layout: Layout, store: &Store) -> Result<Box<dyn Optimizer>, Error> {
    tensor_rule::start(groups, layout, store)
}

/// Returns `matrix` with its singular values moved near 1.
fn orthogonal(rule: &Muon, matrix: &Tensor) -> Result<Tensor, TchError> {
    let (rows, columns) = matrix.size2()?;
    let mut x = match rule.ns_dtype {
        NsDtype::Bfloat16 => matrix.f_to_kind(Kind::BFloat16)?,
        NsDtype::Parameter => matrix.shallow_clone(),
    };
    if rows > columns {
        x = x.f_transpose(0, 1)?;
    }
    let norm = x.f_norm()?;
    let norm = if rule.eps_added { norm.f_add_scalar(rule.eps)? } else { norm.f_clamp_min(rule.eps)? };
    let mut x = x.f_div(&norm)?;
    let [a, b, c] = rule.ns_coefficients;
    for _ in 0..rule.ns_steps {
        let gram = x.f_matmul(&x.f_transpose(0, 1)?)?;
        let polynomial = addmm(&gram, &gram, &gram, b, c)?;
        x = addmm(&x, &polynomial, &x, a, 1.0)?;
    }
    if rows > columns { x.f_transpose(0, 1) } else { Ok(x) }
}

fn adjusted(rule: &Muon, lr: f64, rows: f64, columns: f64) -> f64 {
    match rule.adjust_lr_fn {
        AdjustLr::Original => lr * (rows / columns).max(1.0).sqrt(),
        AdjustLr::MatchRmsAdamw => lr * 0.2 * rows.max(columns).sqrt(),
    }
}

impl TensorRule for Muon {
    fn slots(&self, shape: &[i64]) -> Vec<Slot> {
        match self.orthogonalize && shape.len() > 1 {
            true => vec![Slot::zeros("momentum_buffer", shape)],
            false => vec![Slot::zeros("exp_avg", shape), Slot::zeros("exp_avg_sq", shape)],
        }
    }

    fn update(&self, t: u64, lr: f64, p: &mut Tensor, g: Tensor, state: &mut [Tensor]) -> Result<(), TchError> {
        let buffer = match state {
            [exp_avg, exp_avg_sq] => {
                let lr = lr * self.fallback_lr_ratio;
                let _ = p.f_mul_scalar_(1.0 - lr * self.fallback_weight_decay)?;
                return adam_step(&self.fallback, t, lr, p, g, exp_avg, exp_avg_sq);
            }
            buffer => &mut buffer[0],
        };
        let of_g = if self.ema { 1.0 - self.momentum } else { 1.0 };
        let g = g.f_mul_scalar(of_g)?;
        let _ = buffer.f_mul_scalar_(self.momentum)?.f_add_(&g)?;
        let u = if self.nesterov { g.f_add(&buffer.f_mul_scalar(self.momentum)?)? } else { buffer.shallow_clone() };
        let matrix = u.f_flatten(1, -1)?;
        let (rows, columns) = matrix.size2()?;
        let lr_of_o = adjusted(self, lr, rows as f64, columns as f64);
        let o = orthogonal(self, &matrix)?.f_to_kind(p.kind())?.f_reshape(p.size())?;
        let _ = p.f_mul_scalar_(1.0 - lr * self.weight_decay)?.f_sub_(&o.f_mul_scalar(lr_of_o)?)?;
        Ok(())
    }
}
