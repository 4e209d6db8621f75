//! SOAP: Adam in the eigenbasis of Shampoo's factors (Vyas et al. 2024, arXiv 2409.11321); the authors' code, and
//! pytorch_optimizer's `SOAP`.
//!
//! Hᵢ ← βₛ·Hᵢ + (1−βₛ)·Gᵢ·Gᵢᵀ along each dimension i as in Shampoo, and Qᵢ its eigenvectors, the largest eigenvalue's
//! first. The first step only begins these. At each later one g' = g ×ᵢ Qᵢᵀ and m' = m ×ᵢ Qᵢᵀ are gradient and first
//! moment in that basis, where v is kept; what Adam (in its `eps_hat` form) makes of them goes back, ×ᵢ Qᵢ, and onto θ.
//! Then θ ← θ·(1 − lr·λ), and Hᵢ takes g in. Each `precondition_frequency` steps Qᵢ is brought up to date by one power
//! iteration: the columns of Hᵢ·Qᵢ, by descending eigenvalue (and v with them), made orthogonal by QR. Steps count from
//! the second one.
//!
//! A dimension above `max_precondition_dim` is left as it is, as is a vector without `precondition_1d`. The authors'
//! `merge_dims` and `normalize_grads`, off with them, are not here. Both codes compute the QR in f32; here it is in the
//! parameters' own kind.
//!
//! | key | default |
//! |---|---|
//! | `lr` | 3e-3 |
//! | `betas` | [0.95, 0.95] |
//! | `shampoo_beta` | β₂ |
//! | `eps` | 1e-8 |
//! | `weight_decay` | 0.01 |
//! | `precondition_frequency` | 10 |
//! | `max_precondition_dim` | 10000 |
//! | `precondition_1d` | false |
//! | `correct_bias` | true |

use tch::{TchError, Tensor};

use super::adam::Adam;
use super::engine::{Slot, Whole, whole};
use super::shampoo::eigen;
use super::{Build, Hyper, Method, Treatment, UpdateRule};
use crate::spec::{BelowOne, Count, Entry, NonNegative, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "soap",
    summary: "Adam in the eigenbasis of Shampoo's factors (Vyas et al. 2024)",
    example: "type = \"soap\"\nlr = 3e-3\nbetas = [0.95, 0.95]\nprecondition_frequency = 10",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn Method>> {
    let lr = section.or("lr", Positive(3e-3)).0;
    let [beta1, beta2] = section.or("betas", [BelowOne(0.95), BelowOne(0.95)]);
    let rule = Soap {
        shampoo_beta: section.optional("shampoo_beta").map(|BelowOne(beta)| beta),
        adam: Adam { beta1: beta1.0, beta2: beta2.0, eps: section.or("eps", NonNegative(1e-8)).0, eps_hat: true },
        weight_decay: section.or("weight_decay", NonNegative(0.01)).0,
        precondition_frequency: section.or("precondition_frequency", Count(10)).0 as u64,
        max_precondition_dim: section.or("max_precondition_dim", Count(10_000)).0,
        precondition_1d: section.or("precondition_1d", false),
        correct_bias: section.or("correct_bias", true),
    };
    Some(whole(rule, lr, Treatment::without_decay(section)))
}

#[derive(Clone, Debug)]
struct Soap {
    adam: Adam,
    shampoo_beta: Option<f64>,
    weight_decay: f64,
    precondition_frequency: u64,
    max_precondition_dim: usize,
    precondition_1d: bool,
    correct_bias: bool,
}

impl UpdateRule for Soap {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        let mut hypers = self.adam.hypers();
        hypers.push(Hyper::non_negative("weight_decay", &mut self.weight_decay));
        hypers
    }
}

/// Hᵢ and Qᵢ, under the authors' names, for the first eight dimensions; no model has parameters of more.
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

impl Soap {
    /// The dimensions that have factors, and how long they are.
    fn axes(&self, shape: &[i64]) -> Vec<(usize, i64)> {
        let fits = |&(_, n): &(usize, i64)| n as usize <= self.max_precondition_dim;
        let sizes = shape.iter().copied().take(FACTORS.len()).enumerate().filter(fits);
        if shape.len() > 1 || self.precondition_1d { sizes.collect() } else { Vec::new() }
    }
}

/// `x` in the factors' bases, or from there back.
fn rotated(x: &Tensor, axes: &[(usize, i64)], factors: &[[Tensor; 2]], back: bool) -> Result<Tensor, TchError> {
    let mut x = x.shallow_clone();
    for (&(axis, _), [_, q]) in axes.iter().zip(factors) {
        x = x.f_tensordot(q, [axis as i64], [i64::from(back)])?.f_movedim_int(-1, axis as i64)?;
    }
    Ok(x)
}

impl Whole for Soap {
    const KEEPS: &'static [&'static str] = &["exp_avg", "exp_avg_sq", "GG", "Q"];

    fn slots(&self, shape: &[i64]) -> Vec<Slot> {
        let factors =
            self.axes(shape).into_iter().flat_map(|(axis, n)| FACTORS[axis].map(|it| Slot::zeros(it, &[n, n])));
        ["exp_avg", "exp_avg_sq"].map(|it| Slot::zeros(it, shape)).into_iter().chain(factors).collect()
    }

    fn update(&self, t: u64, lr: f64, p: &mut Tensor, g: Tensor, state: &mut [Tensor]) -> Result<(), TchError> {
        let axes = self.axes(&g.size());
        let Some(([m, v], factors)) = state.split_first_chunk_mut::<2>() else { return Ok(()) };
        let (factors, _) = factors.as_chunks_mut::<2>();
        let steps = t - 1;
        if steps > 0 {
            let of_g = rotated(&g, &axes, factors, false)?;
            let mut of_m = rotated(&m.f_detach_copy()?, &axes, factors, false)?;
            let mut moved = g.f_zeros_like()?;
            // After so many steps there is no bias left to correct.
            let steps = if self.correct_bias { steps } else { u64::MAX };
            self.adam.step(steps, lr, &mut moved, of_g, &mut of_m, v)?;
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
