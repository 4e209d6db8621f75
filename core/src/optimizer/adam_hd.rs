//! Adam that adapts its own rate by hypergradient descent: Adam-HD (Baydin et al. 2018, arXiv 1703.04782, algorithm 6).
//!
//! αₜ = αₜ₋₁ + β·⟨gₜ, dₜ₋₁⟩ with Adam's direction d = m̂/(√v̂ + ε), θ ← θ − α·d. m̂ = m/bc₁ and v̂ = v/bc₂ as in Adam,
//! β is `hypergrad_lr`, and α₀ is `lr`. Schedules, groups and weight decay work as in `sgd_hd`.
//!
//! The authors' PyTorch code, `AdamHD`, differs from the paper in two ways. It adds ε to √v, not to √v̂ (as Adam's
//! `eps_hat` does). It also updates α after every tensor in turn, so that the tensors of one step use different rates.
//! lr-run follows the paper.
//!
//! | key | default |
//! |---|---|
//! | `lr` | 1e-3 |
//! | `hypergrad_lr` | 1e-8 (the authors' code; 1e-7 and 1e-8 in the paper's experiments) |
//! | `betas` | [0.9, 0.999] |
//! | `eps` | 1e-8 |
//! | `weight_decay` | 0 |
//! | `decoupled_weight_decay` | false |

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::adam::{direction, moments};
use super::averages::correction;
use super::sgd_hd::Found;
use super::{
    Build, Decision, Group, GroupOptions, Hyper, Move, Num, OptimizerConfig, Program, Rates, Sums, TwoPass, UpdateRule,
    configure, two_pass,
};
use crate::spec::{BelowOne, Entry, NonNegative, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "adam_hd",
    summary: "Adam whose rate follows its hypergradient (Baydin et al. 2018)",
    example: "type = \"adam_hd\"\nlr = 1e-3\nhypergrad_lr = 1e-7",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn OptimizerConfig>> {
    let lr = section.or("lr", Positive(1e-3)).0;
    let hypergrad_lr = section.or("hypergrad_lr", NonNegative(1e-8)).0;
    let [beta1, beta2] = section.or("betas", [BelowOne(0.9), BelowOne(0.999)]);
    let eps = section.or("eps", NonNegative(1e-8)).0;
    let options = GroupOptions::read(section, 0.0, false);
    Some(configure(AdamHd { lr, hypergrad_lr, beta1: beta1.0, beta2: beta2.0, eps }, lr, options))
}

#[derive(Clone, Debug)]
struct AdamHd {
    /// The rate of the table, not of the step.
    lr: f64,
    hypergrad_lr: f64,
    beta1: f64,
    beta2: f64,
    eps: f64,
}

impl UpdateRule for AdamHd {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        let AdamHd { hypergrad_lr, beta1, beta2, eps, .. } = self;
        vec![
            Hyper::below_one("beta1", beta1),
            Hyper::below_one("beta2", beta2),
            Hyper::non_negative("eps", eps),
            Hyper::non_negative("hypergrad_lr", hypergrad_lr),
        ]
    }

    fn rates(&self) -> Rates {
        Rates { finds_its_own: true, ..Rates::default() }
    }

    fn program(groups: Vec<Group<Self>>) -> Program {
        two_pass!(AdamHd, 2, 3, 1, 6, groups)
    }
}

impl AdamHd {
    /// Returns 1/bc₁, 1/√bc₂ and ε, the scalars of [`direction`].
    fn of_direction(&self, t: u64) -> [f64; 3] {
        [1.0 / correction(self.beta1, t), 1.0 / correction(self.beta2, t).sqrt(), self.eps]
    }
}

/// The rate, and for each group the scalars of the last direction.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct PreviousStep {
    found: Found,
    of_direction: Vec<[f64; 3]>,
}

impl TwoPass<2, 3, 1, 6> for AdamHd {
    type HostState = PreviousStep;
    const SLOTS: [&'static str; 2] = ["exp_avg", "exp_avg_sq"];

    fn before(&self, _t: u64, group: usize, _lr: f64, previous: &PreviousStep) -> [f64; 3] {
        // Before the first step m and so the direction are 0.
        previous.of_direction.get(group).copied().unwrap_or([1.0; 3])
    }

    #[inline(always)]
    fn measure<N: Num>(_p: N, g: N, [m, v]: [N; 2], [a, b, c]: &[N; 3]) -> ([N; 2], [N; 1]) {
        let d = direction(m.clone(), v.clone(), [a, b, c]);
        ([m, v], [g * d])
    }

    fn decide(groups: &[Cow<'_, Group<Self>>], sums: &Sums<'_, 1>, previous: &mut PreviousStep) -> Decision<6> {
        let rates = previous.found.next(groups[0].rule.lr, |group| groups[group].rule.hypergrad_lr, sums);
        previous.of_direction = groups.iter().map(|group| group.rule.of_direction(sums.t)).collect();
        Decision::by_group(sums, |group| {
            let (rule, [a, b, c], lr) = (&groups[group].rule, previous.of_direction[group], rates[group]);
            Move { k: [1.0 - rule.beta1, rule.beta2, 1.0 - rule.beta2, lr * a, b, c], lr }
        })
    }

    #[inline(always)]
    fn update<N: Num>(
        p: N,
        g: N,
        [m, v]: [N; 2],
        [one_minus_beta1, beta2, one_minus_beta2, a, b, c]: &[N; 6],
    ) -> (N, [N; 2]) {
        let (m, v) = moments(g, m, v, [one_minus_beta1, beta2, one_minus_beta2]);
        (p - direction(m.clone(), v.clone(), [a, b, c]), [m, v])
    }
}
