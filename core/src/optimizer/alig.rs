//! ALI-G uses Polyak's step size for networks that can fit their data (Berrada et al. 2020, arXiv 1906.05661). It is
//! `AliG` in pytorch_optimizer.
//!
//! η = min(f / (‖g‖² + δ), lr), θ ← θ − η·g. f is the batch's loss. Its minimum is taken to be 0. If f < 0, η is 0. δ
//! is `eps`. A momentum μ has the paper's form of Nesterov's momentum: b ← μ·b − η·g, θ ← θ − η·g + μ·b. With
//! `adjusted_momentum` the rate is not part of the buffer: b ← μ·b − g, θ ← θ − η·g + η·μ·b.
//!
//! The comment at the top of `core/src/optimizer/polyak.rs` describes groups with different rates, schedules and weight
//! decay. All groups share δ. The authors keep weights inside a ball by projection instead of weight decay. This is not
//! implemented.
//!
//! | key | default |
//! |---|---|
//! | `lr` (the largest rate) | 0.1, the authors' value for networks (pytorch_optimizer's `max_lr` has no default) |
//! | `momentum` | 0 (the authors' value for networks: 0.9) |
//! | `adjusted_momentum` | false |
//! | `eps` | 1e-6, as in pytorch_optimizer (the authors' code: 1e-5) |
//! | `weight_decay` | 0 |
//! | `decoupled_weight_decay` | false |

use std::borrow::Cow;

use super::polyak::{minimizes, part, penalized};
use super::{
    Build, Decision, Group, GroupOptions, Hyper, Move, Num, OptimizerConfig, Program, Rates, Sums, TwoPass, UpdateRule,
    configure, two_pass,
};
use crate::spec::{BelowOne, Entry, NonNegative, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "alig",
    summary: "Polyak's step size with an upper bound, also with momentum (Berrada et al. 2020)",
    example: "type = \"alig\"\nlr = 0.1\nmomentum = 0.9",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn OptimizerConfig>> {
    let lr = section.or("lr", Positive(0.1)).0;
    let momentum = section.or("momentum", BelowOne(0.0)).0;
    let adjusted = section.or("adjusted_momentum", false);
    let eps = section.or("eps", NonNegative(1e-6)).0;
    let options = GroupOptions::read(section, 0.0, false);
    let rule = AliG { momentum, adjusted, eps };
    minimizes(section, options).then(|| configure(rule, lr, options))
}

#[derive(Clone, Debug)]
struct AliG {
    momentum: f64,
    adjusted: bool,
    eps: f64,
}

impl UpdateRule for AliG {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        vec![Hyper::below_one("momentum", &mut self.momentum), Hyper::non_negative("eps", &mut self.eps)]
    }

    fn rates(&self) -> Rates {
        Rates { finds_its_own: true, ..Rates::default() }
    }

    fn shared(&self) -> Vec<(&'static str, f64)> {
        vec![("eps", self.eps)]
    }

    fn keeps_state_of(&self, base: &Self) -> bool {
        (self.momentum == 0.0) == (base.momentum == 0.0)
    }

    fn program(groups: Vec<Group<Self>>) -> Program {
        match groups[0].rule.momentum == 0.0 {
            true => two_pass!(AliG, 0, 0, 2, 1, groups),
            false => two_pass!(AliG, 1, 0, 2, 4, groups),
        }
    }
}

/// Returns the rate of each group.
fn rates(groups: &[Cow<'_, Group<AliG>>], sums: &Sums<'_, 2>) -> Vec<f64> {
    let loss = penalized(groups, sums, 1);
    let part = part(sums, loss, |it| sums.lr[it.group] * it.sums[0], groups[0].rule.eps).min(1.0);
    sums.lr.iter().map(|lr| lr * part).collect()
}

/// Returns the terms of ‖g‖² and ‖θ‖².
#[inline(always)]
fn squares<N: Num>(p: N, g: N) -> [N; 2] {
    [g.clone() * g, p.clone() * p]
}

/// ALI-G without momentum.
impl TwoPass<0, 0, 2, 1> for AliG {
    type HostState = ();
    const SLOTS: [&'static str; 0] = [];

    fn before(&self, _t: u64, _group: usize, _lr: f64, (): &()) -> [f64; 0] {
        []
    }

    #[inline(always)]
    fn measure<N: Num>(p: N, g: N, _: [N; 0], _: &[N; 0]) -> ([N; 0], [N; 2]) {
        ([], squares(p, g))
    }

    fn decide(groups: &[Cow<'_, Group<Self>>], sums: &Sums<'_, 2>, (): &mut ()) -> Decision<1> {
        let rates = rates(groups, sums);
        Decision::by_group(sums, |group| Move { k: [rates[group]], lr: rates[group] })
    }

    #[inline(always)]
    fn update<N: Num>(p: N, g: N, _: [N; 0], [rate]: &[N; 1]) -> (N, [N; 0]) {
        ((-rate.clone()).mul_add(g, p), [])
    }
}

impl TwoPass<1, 0, 2, 4> for AliG {
    type HostState = ();
    const SLOTS: [&'static str; 1] = ["momentum_buffer"];

    fn before(&self, _t: u64, _group: usize, _lr: f64, (): &()) -> [f64; 0] {
        []
    }

    #[inline(always)]
    fn measure<N: Num>(p: N, g: N, [b]: [N; 1], _: &[N; 0]) -> ([N; 1], [N; 2]) {
        ([b], squares(p, g))
    }

    fn decide(groups: &[Cow<'_, Group<Self>>], sums: &Sums<'_, 2>, (): &mut ()) -> Decision<4> {
        let rates = rates(groups, sums);
        Decision::by_group(sums, |group| {
            let (rate, &AliG { momentum, adjusted, .. }) = (rates[group], &groups[group].rule);
            let (inside, outside) = if adjusted { (1.0, rate) } else { (rate, 1.0) };
            Move { k: [momentum, rate, inside, outside * momentum], lr: rate }
        })
    }

    #[inline(always)]
    fn update<N: Num>(p: N, g: N, [b]: [N; 1], [momentum, rate, inside, of_buffer]: &[N; 4]) -> (N, [N; 1]) {
        let b = (-inside.clone()).mul_add(g.clone(), momentum.clone() * b);
        let p = (-rate.clone()).mul_add(g, p);
        (of_buffer.clone().mul_add(b.clone(), p), [b])
    }
}
