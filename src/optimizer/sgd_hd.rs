//! SGD that moves its own rate by hypergradient descent (Baydin et al. 2018, arXiv 1703.04782): SGD-HD, and SGDN-HD with
//! a momentum.
//!
//! αₜ = αₜ₋₁ + β·⟨gₜ, dₜ₋₁⟩: minus the product of a gradient and the direction of the step before is what the loss's
//! derivative by that step's rate was. b ← μ·b + g, d = b, or g + μ·b with `nesterov`; θ ← θ − α·d. β: `hypergrad_lr`,
//! α₀: `lr`. With μ = 0 it is the article's algorithm 4, with `nesterov` its algorithm 5; without, the authors'
//! `SGDHD`, where momentum is written as PyTorch writes it. Nothing keeps α above 0.
//!
//! Schedules and groups (the article has neither): group i moves by sᵢ·α, where sᵢ is its nominal rate over the base
//! table's `lr`: a schedule and an `lr_mult` scale what is found. By the chain rule α then follows Σᵢ βᵢ·sᵢ·⟨gᵢ, dᵢ⟩ with
//! the sᵢ of the step before. Coupled weight decay is part of g, as in the authors' code; what decoupled decay does to
//! the loss is not in the hypergradient.
//!
//! | key | default |
//! |---|---|
//! | `lr` | 1e-3 (the article's; the authors' code has none) |
//! | `hypergrad_lr` | 1e-6 (the authors' code; 1e-3 in the article's experiments) |
//! | `momentum` | 0 |
//! | `nesterov` | false |
//! | `weight_decay` | 0 |
//! | `decoupled_weight_decay` | false |

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::engine::{Decision, Group, Measured, Move, Seen, measured};
use super::{Build, Hyper, Method, Num, Rates, Treatment, UpdateRule};
use crate::spec::{BelowOne, Entry, NonNegative, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "sgd_hd",
    summary: "gradient descent whose rate follows its hypergradient (Baydin et al. 2018)",
    example: "type = \"sgd_hd\"\nlr = 1e-3\nhypergrad_lr = 1e-3\nmomentum = 0.9\nnesterov = true",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn Method>> {
    let lr = section.or("lr", Positive(1e-3)).0;
    let hypergrad_lr = section.or("hypergrad_lr", NonNegative(1e-6)).0;
    let momentum = section.or("momentum", BelowOne(0.0)).0;
    let nesterov = section.or("nesterov", false);
    let treatment = Treatment::read(section, 0.0, false);
    if nesterov && momentum == 0.0 {
        section.error("nesterov", "Nesterov's momentum needs a momentum", "with it `momentum` is above 0");
        return None;
    }
    let rule = SgdHd { lr, hypergrad_lr, momentum };
    Some(match nesterov {
        false => measured::<_, 1, 0, 1, 2>(rule, lr, treatment),
        true => measured::<_, 2, 0, 1, 2>(rule, lr, treatment),
    })
}

/// What hypergradient descent keeps of all groups together.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Found {
    /// α less its first value.
    offset: f64,
    /// sᵢ of each group at the last step.
    shares: Vec<f64>,
}

impl Found {
    /// The rate of each group at this step. `lr` is α₀, `hypergrad_lr` that of a group; the sum of each parameter is
    /// ⟨g, d⟩.
    pub fn next(&mut self, lr: f64, hypergrad_lr: impl Fn(usize) -> f64, seen: &Seen<'_, 1>) -> Vec<f64> {
        // In the order of the parameters, whatever their groups, so that rounding does not depend on these.
        for share in seen.params {
            let before = self.shares.get(share.group).copied().unwrap_or_default();
            self.offset += hypergrad_lr(share.group) * before * share.sums[0];
        }
        self.shares = seen.lr.iter().map(|nominal| nominal / lr).collect();
        self.shares.iter().map(|share| share * (lr + self.offset)).collect()
    }
}

#[derive(Clone, Debug)]
struct SgdHd {
    /// Of the table, not of the step.
    lr: f64,
    hypergrad_lr: f64,
    momentum: f64,
}

impl UpdateRule for SgdHd {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        let SgdHd { hypergrad_lr, momentum, .. } = self;
        vec![Hyper::non_negative("hypergrad_lr", hypergrad_lr), Hyper::below_one("momentum", momentum)]
    }

    fn rates(&self) -> Rates {
        Rates { finds_its_own: true, ..Rates::default() }
    }
}

/// μ and the rate, of every group.
fn decide(groups: &[Cow<'_, Group<SgdHd>>], seen: &Seen<'_, 1>, found: &mut Found) -> Decision<2> {
    let rates = found.next(groups[0].rule.lr, |group| groups[group].rule.hypergrad_lr, seen);
    Decision::by_group(seen, |group| Move { k: [groups[group].rule.momentum, rates[group]], lr: rates[group] })
}

/// With d = b.
impl Measured<1, 0, 1, 2> for SgdHd {
    type Memory = Found;
    const SLOTS: [&'static str; 1] = ["momentum_buffer"];

    fn before(&self, _t: u64, _group: usize, _lr: f64, _found: &Found) -> [f64; 0] {
        []
    }

    #[inline(always)]
    fn measure<N: Num>(_p: N, g: N, [b]: [N; 1], _: &[N; 0]) -> ([N; 1], [N; 1]) {
        ([b.clone()], [g * b])
    }

    fn decide(groups: &[Cow<'_, Group<Self>>], seen: &Seen<'_, 1>, found: &mut Found) -> Decision<2> {
        decide(groups, seen, found)
    }

    #[inline(always)]
    fn update<N: Num>(p: N, g: N, [b]: [N; 1], [momentum, rate]: &[N; 2]) -> (N, [N; 1]) {
        let b = momentum.clone().mul_add(b, g);
        ((-rate.clone()).mul_add(b.clone(), p), [b])
    }
}

/// With `nesterov`: the direction cannot be had from b alone.
impl Measured<2, 0, 1, 2> for SgdHd {
    type Memory = Found;
    const SLOTS: [&'static str; 2] = ["momentum_buffer", "direction"];

    fn before(&self, _t: u64, _group: usize, _lr: f64, _found: &Found) -> [f64; 0] {
        []
    }

    #[inline(always)]
    fn measure<N: Num>(_p: N, g: N, [b, d]: [N; 2], _: &[N; 0]) -> ([N; 2], [N; 1]) {
        ([b, d.clone()], [g * d])
    }

    fn decide(groups: &[Cow<'_, Group<Self>>], seen: &Seen<'_, 1>, found: &mut Found) -> Decision<2> {
        decide(groups, seen, found)
    }

    #[inline(always)]
    fn update<N: Num>(p: N, g: N, [b, _]: [N; 2], [momentum, rate]: &[N; 2]) -> (N, [N; 2]) {
        let b = momentum.clone().mul_add(b, g.clone());
        let d = momentum.clone().mul_add(b.clone(), g);
        ((-rate.clone()).mul_add(d.clone(), p), [b, d])
    }
}
