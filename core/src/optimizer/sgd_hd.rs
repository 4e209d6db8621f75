//! SGD that adapts its own rate by hypergradient descent (Baydin et al. 2018, arXiv 1703.04782): SGD-HD, and SGDN-HD
//! with a momentum.
//!
//! αₜ = αₜ₋₁ + β·⟨gₜ, dₜ₋₁⟩, because −⟨gₜ, dₜ₋₁⟩ is the derivative of the loss with respect to the last step's rate. b
//! ← μ·b + g, d = b, or g + μ·b with `nesterov`, and θ ← θ − α·d. β is `hypergrad_lr`, and α₀ is `lr`. With μ = 0 this
//! is the paper's algorithm 4, and with `nesterov` its algorithm 5. Otherwise it is the authors' `SGDHD`, which has
//! momentum in PyTorch's form. α can become negative.
//!
//! The paper has neither schedules nor groups. Here group i moves by sᵢ·α, where sᵢ is its rate (with `lr_mult` and
//! schedule) divided by the `lr` of `[optimizer]`. So a schedule and an `lr_mult` scale the rate that the method finds.
//! By the chain rule α then follows Σᵢ βᵢ·sᵢ·⟨gᵢ, dᵢ⟩ with the sᵢ of the step before. Coupled weight decay is part of
//! g, as in the authors' code. The effect of decoupled decay on the loss is not in the hypergradient.
//!
//! | key | default |
//! |---|---|
//! | `lr` | 1e-3 (the paper's; the authors' code has no default) |
//! | `hypergrad_lr` | 1e-6 (the authors' code; 1e-3 in the paper's experiments) |
//! | `momentum` | 0 |
//! | `nesterov` | false |
//! | `weight_decay` | 0 |
//! | `decoupled_weight_decay` | false |

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{
    Build, Decision, Group, GroupOptions, Hyper, Move, Num, OptimizerConfig, Program, Rates, Sums, TwoPass, UpdateRule,
    configure, two_pass,
};
use crate::spec::{BelowOne, Entry, NonNegative, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "sgd_hd",
    summary: "gradient descent whose rate follows its hypergradient (Baydin et al. 2018)",
    example: "type = \"sgd_hd\"\nlr = 1e-3\nhypergrad_lr = 1e-3\nmomentum = 0.9\nnesterov = true",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn OptimizerConfig>> {
    let lr = section.or("lr", Positive(1e-3)).0;
    let hypergrad_lr = section.or("hypergrad_lr", NonNegative(1e-6)).0;
    let momentum = section.or("momentum", BelowOne(0.0)).0;
    let nesterov = section.or("nesterov", false);
    let options = GroupOptions::read(section, 0.0, false);
    if nesterov && momentum == 0.0 {
        section.error("nesterov", "Nesterov's momentum needs a momentum", "only with a `momentum` above 0");
        return None;
    }
    Some(configure(SgdHd { lr, hypergrad_lr, momentum, nesterov }, lr, options))
}

/// The state of hypergradient descent, for all groups together.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Found {
    /// α minus its first value.
    offset: f64,
    /// sᵢ of each group i at the last step.
    shares: Vec<f64>,
}

impl Found {
    /// Returns the rate of each group at this step. `lr` is α₀, and `hypergrad_lr` returns β of a group. The sum of
    /// each parameter is ⟨g, d⟩.
    pub fn next(&mut self, lr: f64, hypergrad_lr: impl Fn(usize) -> f64, sums: &Sums<'_, 1>) -> Vec<f64> {
        // Adds in the order of the parameters, so that rounding does not depend on the groups.
        for param in sums.params {
            let before = self.shares.get(param.group).copied().unwrap_or_default();
            self.offset += hypergrad_lr(param.group) * before * param.sums[0];
        }
        self.shares = sums.lr.iter().map(|nominal| nominal / lr).collect();
        self.shares.iter().map(|share| share * (lr + self.offset)).collect()
    }
}

#[derive(Clone, Debug)]
struct SgdHd {
    /// The rate of the table, not of the step.
    lr: f64,
    hypergrad_lr: f64,
    momentum: f64,
    nesterov: bool,
}

impl UpdateRule for SgdHd {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        let SgdHd { hypergrad_lr, momentum, .. } = self;
        vec![Hyper::non_negative("hypergrad_lr", hypergrad_lr), Hyper::below_one("momentum", momentum)]
    }

    fn rates(&self) -> Rates {
        Rates { finds_its_own: true, ..Rates::default() }
    }

    fn keeps_state_of(&self, base: &Self) -> bool {
        self.nesterov == base.nesterov
    }

    fn program(groups: Vec<Group<Self>>) -> Program {
        match groups[0].rule.nesterov {
            false => two_pass!(SgdHd, 1, 0, 1, 2, groups),
            true => two_pass!(SgdHd, 2, 0, 1, 2, groups),
        }
    }
}

/// Makes the decision with the scalars μ and rate of each group.
fn decide(groups: &[Cow<'_, Group<SgdHd>>], sums: &Sums<'_, 1>, found: &mut Found) -> Decision<2> {
    let rates = found.next(groups[0].rule.lr, |group| groups[group].rule.hypergrad_lr, sums);
    Decision::by_group(sums, |group| Move { k: [groups[group].rule.momentum, rates[group]], lr: rates[group] })
}

/// SGD-HD with d = b.
impl TwoPass<1, 0, 1, 2> for SgdHd {
    type HostState = Found;
    const SLOTS: [&'static str; 1] = ["momentum_buffer"];

    fn before(&self, _t: u64, _group: usize, _lr: f64, _found: &Found) -> [f64; 0] {
        []
    }

    #[inline(always)]
    fn measure<N: Num>(_p: N, g: N, [b]: [N; 1], _: &[N; 0]) -> ([N; 1], [N; 1]) {
        ([b.clone()], [g * b])
    }

    fn decide(groups: &[Cow<'_, Group<Self>>], sums: &Sums<'_, 1>, found: &mut Found) -> Decision<2> {
        decide(groups, sums, found)
    }

    #[inline(always)]
    fn update<N: Num>(p: N, g: N, [b]: [N; 1], [momentum, rate]: &[N; 2]) -> (N, [N; 1]) {
        let b = momentum.clone().mul_add(b, g);
        ((-rate.clone()).mul_add(b.clone(), p), [b])
    }
}

/// SGD-HD with `nesterov`. The direction cannot be computed from b alone, so it is a slot.
impl TwoPass<2, 0, 1, 2> for SgdHd {
    type HostState = Found;
    const SLOTS: [&'static str; 2] = ["momentum_buffer", "direction"];

    fn before(&self, _t: u64, _group: usize, _lr: f64, _found: &Found) -> [f64; 0] {
        []
    }

    #[inline(always)]
    fn measure<N: Num>(_p: N, g: N, [b, d]: [N; 2], _: &[N; 0]) -> ([N; 2], [N; 1]) {
        ([b, d.clone()], [g * d])
    }

    fn decide(groups: &[Cow<'_, Group<Self>>], sums: &Sums<'_, 1>, found: &mut Found) -> Decision<2> {
        decide(groups, sums, found)
    }

    #[inline(always)]
    fn update<N: Num>(p: N, g: N, [b, _]: [N; 2], [momentum, rate]: &[N; 2]) -> (N, [N; 2]) {
        let b = momentum.clone().mul_add(b, g.clone());
        let d = momentum.clone().mul_add(b.clone(), g);
        ((-rate.clone()).mul_add(d.clone(), p), [b, d])
    }
}
