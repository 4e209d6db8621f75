//! Shampoo (Gupta, Koren and Singer 2018, arXiv 1802.09568); pytorch_optimizer's `Shampoo`.
//!
//! The gradient is multiplied along each of its k dimensions by a root of what was seen along it: Hᵢ ← Hᵢ + Gᵢ·Gᵢᵀ,
//! where Gᵢ is G laid out with dimension i as rows, G ← G ×ᵢ (Hᵢ + ε·1)^(−1/2k) for each i, θ ← θ − lr·G. So a matrix has
//! L^(−¼)·G·R^(−¼), and a vector is full-matrix Adagrad. Sums, not means: steps grow smaller as 1/√t at a constant rate.
//!
//! The roots are taken at the first step and after each `preconditioning_compute_steps` more, by eigenvalues, of which
//! none is below ε. (pytorch_optimizer takes them when that divides the step, and until the first time moves nothing; by
//! singular values, the same where ε can be told from rounding.) A parameter whose gradient first comes later moves from
//! the next time on. What the roots have not seen yet is multiplied by up to ε^(−½): where they are not taken at each
//! step, the default ε makes steps a thousand times too large, and 1e-2 is more like it.
//!
//! With a momentum μ, G is first μ·(the last step's preconditioned gradient) + (1−μ)·gradient, from the second step on:
//! pytorch_optimizer's form. It feeds on its own output, and where roots magnify it may diverge.
//!
//! Coupled decay comes before that, as everywhere here; in pytorch_optimizer after.
//!
//! | key | default |
//! |---|---|
//! | `lr` | 1e-3 |
//! | `momentum` | 0 |
//! | `weight_decay` | 0 |
//! | `decoupled_weight_decay` | false |
//! | `preconditioning_compute_steps` | 1 |
//! | `matrix_eps` | 1e-6 |

use tch::{Kind, TchError, Tensor};

use super::engine::{Slot, Whole, whole};
use super::{Build, Hyper, Method, Treatment, UpdateRule};
use crate::spec::{BelowOne, Count, Entry, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "shampoo",
    summary: "inverse roots of the gradient's second moments along each dimension (Gupta et al. 2018)",
    example: "type = \"shampoo\"\nlr = 0.1\npreconditioning_compute_steps = 50\nmatrix_eps = 1e-2",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn Method>> {
    let lr = section.or("lr", Positive(1e-3)).0;
    let momentum = section.or("momentum", BelowOne(0.0)).0;
    let treatment = Treatment::read(section, 0.0, false);
    let every = section.or("preconditioning_compute_steps", Count(1)).0 as u64;
    let matrix_eps = section.or("matrix_eps", Positive(1e-6)).0;
    Some(whole(Shampoo { momentum, every, matrix_eps }, lr, treatment))
}

#[derive(Clone, Debug)]
struct Shampoo {
    momentum: f64,
    every: u64,
    matrix_eps: f64,
}

impl UpdateRule for Shampoo {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        vec![Hyper::below_one("momentum", &mut self.momentum)]
    }
}

/// Hᵢ and its root, for the first eight dimensions; no model has parameters of more.
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

/// Ascending eigenvalues of the symmetric `matrix`, and its eigenvectors in columns; in f64, because in f32 LAPACK gives
/// up on matrices such as those of inputs that are always zero. Of one that has overflowed NaN, so that the run ends as
/// one that diverged, not with an error.
pub(super) fn eigen(matrix: &Tensor) -> Result<(Tensor, Tensor), TchError> {
    match matrix.f_sum(Kind::Double)?.f_double_value(&[])?.is_finite() {
        true => {
            let (values, vectors) = matrix.f_to_kind(Kind::Double)?.f_linalg_eigh("L")?;
            Ok((values.f_to_kind(matrix.kind())?, vectors.f_to_kind(matrix.kind())?))
        }
        false => Ok((matrix.f_mean_dim(0, false, None)?.f_mul_scalar(f64::NAN)?, matrix.f_mul_scalar(f64::NAN)?)),
    }
}

impl Shampoo {
    /// (`factor` + ε·1)^(−1/`root`).
    fn inverse_root(&self, factor: &Tensor, root: f64) -> Result<Tensor, TchError> {
        let identity = Tensor::f_eye(factor.size()[0], (factor.kind(), factor.device()))?;
        let (values, vectors) = eigen(&factor.f_add(&identity.f_mul_scalar(self.matrix_eps)?)?)?;
        let powers = values.f_clamp_min(self.matrix_eps)?.f_pow_tensor_scalar(-1.0 / root)?;
        vectors.f_mul(&powers)?.f_matmul(&vectors.f_transpose(0, 1)?)
    }
}

impl Whole for Shampoo {
    const KEEPS: &'static [&'static str] = &["momentum_buffer", "pre_cond", "inv_pre_cond"];

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
                inverse.f_copy_(&self.inverse_root(factor, root)?)?;
            }
            moved = moved.f_tensordot(inverse, [axis], [0])?.f_movedim_int(-1, axis)?;
        }
        buffer.f_copy_(&moved)?;
        let _ = p.f_sub_(&moved.f_mul_scalar(lr)?)?;
        Ok(())
    }
}
