//! SGD with D-Adaptation, which finds its own rate (Defazio and Mishchenko 2023, arXiv 2301.07733). It is the authors'
//! `dadaptation.DAdaptSGD`.
//!
//! d is a lower bound of the distance from the first parameters θ₀ to the solution. γ is d·lr/‖g₁‖, where g₁ is the
//! first gradient. ⟨⟩ and ‖·‖ are over all parameters. Each step computes
//! - r ← r + γ·⟨g, s⟩, s ← s + γ·g;
//! - d̂ = 2·r/‖s‖, d ← max(d, min(d̂, d·`growth_rate`)) (no limit by default);
//! - θ ← μ·θ + (1−μ)·(θ₀ − s).
//!
//! ‖s‖² after the step is computed from ‖s‖², ⟨g, s⟩ and ‖g‖² before it.
//!
//! `lr` and its schedule multiply the rate that the method finds. `lr = 1` is the method as published. g₁ is the first
//! gradient that is not all zeros. A group with a rate of 0 is left out of the sums and does not move. The package
//! moves such a group to θ₀ − s.
//!
//! Weight decay is part of the gradient, also in ‖g₁‖, and each group has its own. The package leaves it out of ‖g₁‖
//! (it calls `add` where the next lines call `add_`) and uses the first group's weight decay for all groups. There is
//! no decoupled decay, because θ₀ − s would not include it.
//!
//! | key | default |
//! |---|---|
//! | `lr` | 1 |
//! | `momentum` (μ) | 0 |
//! | `d0` | 1e-6 |
//! | `growth_rate` | no limit |
//! | `weight_decay` | 0 |

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::dadapt_adam::{D0, ONE_RATE, growth_rate};
use super::{
    Build, Decay, Decision, Group, GroupOptions, Hyper, Initial, Move, Num, OptimizerConfig, Program, Rates, Sums,
    TwoPass, UpdateRule, configure, two_pass,
};
use crate::spec::{BelowOne, Entry, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "dadapt_sgd",
    summary: "SGD with D-Adaptation: it finds its own rate (Defazio and Mishchenko 2023)",
    example: "type = \"dadapt_sgd\"\nlr = 1.0\nmomentum = 0.9\nd0 = 1e-6",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn OptimizerConfig>> {
    let lr = section.or("lr", Positive(1.0)).0;
    let momentum = section.or("momentum", BelowOne(0.0)).0;
    let d0 = section.or("d0", D0).0;
    let growth_rate = growth_rate(section);
    let options = GroupOptions::read(section, 0.0, false);
    if matches!(options.decay, Decay::Decoupled(_)) {
        let message =
            "each step computes the weights from the first ones and the gradients, and would forget decoupled decay";
        section.error("decoupled_weight_decay", message, "leave it out: weight decay is part of the gradient");
        return None;
    }
    section.forget("decoupled_weight_decay");
    Some(configure(DAdaptSgd { momentum, d0, growth_rate: growth_rate? }, lr, options))
}

#[derive(Clone, Debug)]
struct DAdaptSgd {
    momentum: f64,
    d0: f64,
    growth_rate: f64,
}

impl UpdateRule for DAdaptSgd {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        vec![Hyper::below_one("momentum", &mut self.momentum)]
    }

    fn rates(&self) -> Rates {
        Rates { one_rate: Some(ONE_RATE), finds_its_own: true, ..Rates::default() }
    }

    fn shared(&self) -> Vec<(&'static str, f64)> {
        vec![("d0", self.d0), ("growth_rate", self.growth_rate)]
    }

    fn program(groups: Vec<Group<Self>>) -> Program {
        two_pass!(DAdaptSgd, 2, 0, 3, 3, groups)
    }
}

/// The state of all groups together. Before the first gradient it is not used.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Found {
    /// ‖g₁‖. 0 before the first gradient.
    first_norm: f64,
    d: f64,
    /// r.
    numerator: f64,
}

impl TwoPass<2, 0, 3, 3> for DAdaptSgd {
    type HostState = Found;
    const SLOTS: [&'static str; 2] = ["s", "x0"];

    fn initial(&self) -> [Initial; 2] {
        [Initial::Value(0.0), Initial::Parameter]
    }

    fn before(&self, _t: u64, _group: usize, _lr: f64, _found: &Found) -> [f64; 0] {
        []
    }

    #[inline(always)]
    fn measure<N: Num>(_p: N, g: N, [s, x0]: [N; 2], _: &[N; 0]) -> ([N; 2], [N; 3]) {
        let sums = [g.clone() * g.clone(), g * s.clone(), s.clone() * s.clone()];
        ([s, x0], sums)
    }

    fn decide(groups: &[Cow<'_, Group<Self>>], sums: &Sums<'_, 3>, found: &mut Found) -> Decision<3> {
        let base = &groups[0].rule;
        let moving = || sums.params.iter().filter(|param| sums.lr[param.group] > 0.0);
        if found.first_norm == 0.0 {
            let first_norm = moving().map(|param| param.sums[0]).sum::<f64>().sqrt();
            *found = Found { first_norm, d: base.d0, numerator: 0.0 };
        }
        let do_not_move = || Decision::by_group(sums, |_| Move { k: [0.0, 1.0, 0.0], lr: 0.0 });
        if found.first_norm == 0.0 {
            return do_not_move();
        }
        let rate = |lr: f64| found.d * lr / found.first_norm;
        let rates: Vec<f64> = sums.lr.iter().map(|&lr| rate(lr)).collect();
        let (mut numerator, mut square) = (found.numerator, 0.0);
        for param in moving() {
            let ([g_squared, product, s_squared], rate) = (param.sums, rates[param.group]);
            numerator += rate * product;
            square += s_squared + 2.0 * rate * product + rate * rate * g_squared;
        }
        if square <= 0.0 {
            return do_not_move();
        }
        let estimate = 2.0 * numerator / square.sqrt();
        let d = found.d.max(estimate.min(found.d * base.growth_rate));
        *found = Found { first_norm: found.first_norm, d, numerator };
        Decision::by_group(sums, |group| {
            let taken = if sums.lr[group] > 0.0 { 1.0 - groups[group].rule.momentum } else { 0.0 };
            Move { k: [rates[group], 1.0 - taken, taken], lr: rates[group] }
        })
    }

    #[inline(always)]
    fn update<N: Num>(p: N, g: N, [s, x0]: [N; 2], [rate, kept, taken]: &[N; 3]) -> (N, [N; 2]) {
        let s = rate.clone().mul_add(g, s);
        let p = taken.clone().mul_add(x0.clone() - s.clone(), kept.clone() * p);
        (p, [s, x0])
    }
}
