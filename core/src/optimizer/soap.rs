//! SOAP is Adam in the eigenbasis of Shampoo's factors (Vyas et al. 2024, arXiv 2409.11321), as in the authors' code
//! and in pytorch_optimizer's `SOAP`.
//!
//! Hᵢ ← βₛ·Hᵢ + (1−βₛ)·Gᵢ·Gᵢᵀ along each dimension i as in Shampoo, and the columns of Qᵢ are its eigenvectors, sorted
//! by descending eigenvalue. The first step only initializes these. At each later step g' = g ×ᵢ Qᵢᵀ and m' = m ×ᵢ Qᵢᵀ
//! are gradient and first moment in that basis, in which v is kept. Adam's step from them (in its `eps_hat` form) is
//! rotated back, ×ᵢ Qᵢ, and added to θ. Then θ ← θ·(1 − lr·λ), and Hᵢ is updated with g. Every `precondition_frequency`
//! steps Qᵢ is updated by one power iteration: the columns of Hᵢ·Qᵢ are sorted by descending eigenvalue (v is sorted
//! with them) and made orthogonal by QR. Adam's bias corrections and `precondition_frequency` count steps from the
//! second one on.
//!
//! A dimension above `max_precondition_dim` is not rotated, and neither is a vector without `precondition_1d`. The
//! authors' `merge_dims` and `normalize_grads`, which are off by default, are not implemented. Both codes compute the
//! QR in f32. lr-run computes it in the parameters' own dtype.
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

use super::adam::Adam;
use super::{Build, Group, GroupOptions, Hyper, OptimizerConfig, Program, UpdateRule, configure};
use crate::spec::{BelowOne, Count, Entry, NonNegative, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "soap",
    summary: "Adam in the eigenbasis of Shampoo's factors (Vyas et al. 2024)",
    example: "type = \"soap\"\nlr = 3e-3\nbetas = [0.95, 0.95]\nprecondition_frequency = 10",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn OptimizerConfig>> {
    let lr = section.or("lr", Positive(3e-3)).0;
    let [beta1, beta2] = section.or("betas", [BelowOne(0.95), BelowOne(0.95)]);
    let rule = Soap {
        shampoo_beta: section.optional("shampoo_beta").map(|BelowOne(beta)| beta),
        adam: Adam {
            beta1: beta1.0,
            beta2: beta2.0,
            eps: section.or("eps", NonNegative(1e-8)).0,
            eps_hat: true,
            amsgrad: false,
        },
        weight_decay: section.or("weight_decay", NonNegative(0.01)).0,
        precondition_frequency: section.or("precondition_frequency", Count(10)).0 as u64,
        max_precondition_dim: section.or("max_precondition_dim", Count(10_000)).0,
        precondition_1d: section.or("precondition_1d", false),
        correct_bias: section.or("correct_bias", true),
    };
    Some(configure(rule, lr, GroupOptions::without_decay(section)))
}

#[derive(Clone, Debug)]
pub struct Soap {
    pub adam: Adam,
    pub shampoo_beta: Option<f64>,
    pub weight_decay: f64,
    pub precondition_frequency: u64,
    pub max_precondition_dim: usize,
    pub precondition_1d: bool,
    pub correct_bias: bool,
}

impl UpdateRule for Soap {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        let mut hypers = self.adam.hypers();
        hypers.push(Hyper::non_negative("weight_decay", &mut self.weight_decay));
        hypers
    }

    fn program(groups: Vec<Group<Self>>) -> Program {
        Program::own(groups)
    }
}
