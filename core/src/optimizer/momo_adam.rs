//! MoMo-Adam is Adam with a rate computed from the loss (Schaipp et al. 2024, arXiv 2305.07583). It is
//! `contrib.momo_adam` in optax.
//!
//! m and v are as in Adam, and D = √(v/bc₂) + ε. The averages f̄ of the losses and γ of ⟨g, θ⟩ are as in `momo`, but
//! with β₁ and starting at 0. With ‖m‖² = Σ m²/D:
//!
//! τ = min(lr/bc₁, [(1 + lr·λ)·(f̄ − bc₁·f* − γ) + ⟨m, θ⟩]₊ / ‖m‖²), θ ← θ/(1 + lr·λ) − τ·m/D.
//!
//! The effective rate, comparable with Adam's rate, is bc₁·τ. Weight decay, `proximal`, `adapt_lower_bound` and groups
//! work as in `momo`.
//!
//! | key | default |
//! |---|---|
//! | `lr` (the largest rate) | 1e-2 |
//! | `betas` | [0.9, 0.999] |
//! | `eps` | 1e-8 |
//! | `lower_bound` | 0 |
//! | `adapt_lower_bound` | false |
//! | `weight_decay` | 0 |
//! | `proximal` | false |

use std::borrow::Cow;

use super::adam::{direction, moments};
use super::averages::correction;
use super::momo::{Averaging, Bound, Decay, Model, Stride};
use super::polyak::minimizes;
use super::{
    Build, Decision, Group, GroupOptions, Hyper, Move, Num, OptimizerConfig, Program, Rates, Sums, TwoPass, UpdateRule,
    configure, two_pass,
};
use crate::spec::{BelowOne, Entry, NonNegative, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "momo_adam",
    summary: "Adam with a rate from the loss (Schaipp et al. 2024)",
    example: "type = \"momo_adam\"\nlr = 1e-2\nbetas = [0.9, 0.999]",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn OptimizerConfig>> {
    let lr = section.or("lr", Positive(1e-2)).0;
    let [beta1, beta2] = section.or("betas", [BelowOne(0.9), BelowOne(0.999)]);
    let eps = section.or("eps", NonNegative(1e-8)).0;
    let bound = Bound::read(section);
    let decay = Decay::read(section);
    let options = GroupOptions::without_decay(section);
    let rule = MomoAdam { beta1: beta1.0, beta2: beta2.0, eps, bound, decay };
    minimizes(section, options).then(|| configure(rule, lr, options))
}

#[derive(Clone, Debug)]
struct MomoAdam {
    beta1: f64,
    beta2: f64,
    eps: f64,
    bound: Bound,
    decay: Decay,
}

impl UpdateRule for MomoAdam {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        let MomoAdam { beta1, beta2, eps, decay, .. } = self;
        vec![
            Hyper::below_one("beta1", beta1),
            Hyper::below_one("beta2", beta2),
            Hyper::non_negative("eps", eps),
            Hyper::non_negative("weight_decay", &mut decay.amount),
        ]
    }

    fn rates(&self) -> Rates {
        Rates { finds_its_own: true, ..Rates::default() }
    }

    fn shared(&self) -> Vec<(&'static str, f64)> {
        let mut shared = vec![("betas", self.beta1)];
        shared.extend(self.bound.shared());
        shared
    }

    fn program(groups: Vec<Group<Self>>) -> Program {
        two_pass!(MomoAdam, 2, 5, 3, 4, groups)
    }
}

impl MomoAdam {
    /// Returns 1/√bc₂ and ε, the scalars of D.
    fn of_norm(&self, t: u64) -> [f64; 2] {
        [1.0 / correction(self.beta2, t).sqrt(), self.eps]
    }
}

impl TwoPass<2, 5, 3, 4> for MomoAdam {
    type HostState = Model;
    const SLOTS: [&'static str; 2] = ["exp_avg", "exp_avg_sq"];

    fn before(&self, t: u64, _group: usize, _lr: f64, _model: &Model) -> [f64; 5] {
        let [b, c] = self.of_norm(t);
        [1.0 - self.beta1, self.beta2, 1.0 - self.beta2, b, c]
    }

    #[inline(always)]
    fn measure<N: Num>(
        p: N,
        g: N,
        [m, v]: [N; 2],
        [one_minus_beta1, beta2, one_minus_beta2, b, c]: &[N; 5],
    ) -> ([N; 2], [N; 3]) {
        let (m, v) = moments(g.clone(), m, v, [one_minus_beta1, beta2, one_minus_beta2]);
        let square = m.clone() * direction(m.clone(), v.clone(), [&N::of(1.0), b, c]);
        ([m.clone(), v], [g * p.clone(), square, m * p])
    }

    fn decide(groups: &[Cow<'_, Group<Self>>], sums: &Sums<'_, 3>, model: &mut Model) -> Decision<4> {
        let averaging = |group: &Cow<'_, Group<MomoAdam>>| {
            let MomoAdam { beta1, decay, .. } = group.rule;
            Averaging { taken: 1.0 - beta1, filled: correction(beta1, sums.t), decay }
        };
        let averaging: Vec<Averaging> = groups.iter().map(averaging).collect();
        let strides = model.stride(groups[0].rule.bound, &averaging, sums);
        Decision::by_group(sums, |group| {
            let Stride { shrink, step, rate } = strides[group];
            let [b, c] = groups[group].rule.of_norm(sums.t);
            Move { k: [shrink, step, b, c], lr: rate }
        })
    }

    #[inline(always)]
    fn update<N: Num>(p: N, _g: N, [m, v]: [N; 2], [shrink, step, b, c]: &[N; 4]) -> (N, [N; 2]) {
        (shrink.clone() * p - direction(m.clone(), v.clone(), [step, b, c]), [m, v])
    }
}
