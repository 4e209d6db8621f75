//! Shampoo (Gupta, Koren and Singer 2018, arXiv 1802.09568). It is `Shampoo` in pytorch_optimizer.
//!
//! The gradient G is multiplied along each of its k dimensions by an inverse root of its second moments along that
//! dimension: Hᵢ ← Hᵢ + Gᵢ·Gᵢᵀ, where Gᵢ is G laid out with dimension i as rows, G ← G ×ᵢ (Hᵢ + ε·1)^(−1/2k) for each
//! i, θ ← θ − lr·G. So a matrix becomes L^(−¼)·G·R^(−¼), and for a vector this is full-matrix Adagrad. H holds sums,
//! not means: at a constant rate steps shrink as 1/√t. ε is `matrix_eps`.
//!
//! The roots are computed at the first step and then every `preconditioning_compute_steps` steps, from eigenvalues that
//! are bounded below by ε. (pytorch_optimizer computes them at steps that are multiples of that number, and moves
//! nothing before the first of these. It uses singular values, which gives the same results where ε is well above the
//! rounding error.) A parameter whose gradient first appears later starts to move when the roots are computed next.
//! Components that the roots have not seen yet are multiplied by up to ε^(−½). If the roots are not computed at each
//! step, the default ε makes steps a thousand times too large. Use about 1e-2.
//!
//! With a momentum μ, from the second step on, G is first replaced by μ·(the last step's preconditioned gradient) +
//! (1−μ)·gradient, as in pytorch_optimizer. The output of one step is input to the next, so this may diverge if the
//! roots magnify it.
//!
//! Coupled decay is applied before the momentum, as in all optimizers of lr-run. pytorch_optimizer applies it
//! afterwards.
//!
//! | key | default |
//! |---|---|
//! | `lr` | 1e-3 |
//! | `momentum` | 0 |
//! | `weight_decay` | 0 |
//! | `decoupled_weight_decay` | false |
//! | `preconditioning_compute_steps` | 1 |
//! | `matrix_eps` | 1e-6 |

use super::{Build, Group, GroupOptions, Hyper, OptimizerConfig, Program, UpdateRule, configure};
use crate::spec::{BelowOne, Count, Entry, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "shampoo",
    summary: "inverse roots of the gradient's second moments along each dimension (Gupta et al. 2018)",
    example: "type = \"shampoo\"\nlr = 0.1\npreconditioning_compute_steps = 50\nmatrix_eps = 1e-2",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn OptimizerConfig>> {
    let lr = section.or("lr", Positive(1e-3)).0;
    let momentum = section.or("momentum", BelowOne(0.0)).0;
    let options = GroupOptions::read(section, 0.0, false);
    let every = section.or("preconditioning_compute_steps", Count(1)).0 as u64;
    let matrix_eps = section.or("matrix_eps", Positive(1e-6)).0;
    Some(configure(Shampoo { momentum, every, matrix_eps }, lr, options))
}

#[derive(Clone, Debug)]
pub struct Shampoo {
    pub momentum: f64,
    pub every: u64,
    pub matrix_eps: f64,
}

impl UpdateRule for Shampoo {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        vec![Hyper::below_one("momentum", &mut self.momentum)]
    }

    fn program(groups: Vec<Group<Self>>) -> Program {
        Program::own(groups)
    }
}
