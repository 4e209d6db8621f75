//! Adam with D-Adaptation, which finds its own rate (Defazio and Mishchenko 2023, arXiv 2301.07733). It is the authors'
//! `dadaptation.DAdaptAdam`.
//!
//! d is a lower bound of the distance from the first parameters to the solution. γ is d·lr, times √bc₂/bc₁ with
//! `use_bias_correction`. ⟨⟩ and ‖·‖₁ are over all parameters. Each step computes
//! - a = γ·⟨g, s/(√v + ε)⟩ from the old s and v;
//! - m ← β₁·m + (1−β₁)·γ·g, v ← β₂·v + (1−β₂)·g²;
//! - s ← √β₂·s + (1−√β₂)·γ·g, r ← √β₂·r + (1−√β₂)·a;
//! - d̂ = r/((1−√β₂)·‖s‖₁), d ← max(d, min(d̂, d·`growth_rate`)) (no limit by default);
//! - θ ← θ − m/(√v + ε).
//!
//! `lr` and its schedule multiply the rate that the method finds. `lr = 1` is the method as published. Decoupled weight
//! decay (the package's `decouple`) is scaled by γ: θ ← θ·(1 − γ·λ).
//!
//! A group with a rate of 0 is left out of the sums and does not move. (In the package, decoupled decay still shrinks
//! such a group, and its m still moves it if its rate was not always 0.) When ‖s‖₁ is 0, nothing moves and no step is
//! counted.
//!
//! | key | default |
//! |---|---|
//! | `lr` | 1 |
//! | `betas` | [0.9, 0.999] |
//! | `eps` | 1e-8 |
//! | `d0` | 1e-6 |
//! | `growth_rate` | no limit |
//! | `use_bias_correction` | false |
//! | `weight_decay` | 0 |
//! | `decoupled_weight_decay` | false |

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{
    Build, Decision, Group, GroupOptions, Hyper, Move, Num, OptimizerConfig, Program, Rates, Sums, TwoPass, UpdateRule,
    configure, two_pass,
};
use crate::spec::{BelowOne, Entry, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "dadapt_adam",
    summary: "Adam with D-Adaptation: it finds its own rate (Defazio and Mishchenko 2023)",
    example: "type = \"dadapt_adam\"\nlr = 1.0\nbetas = [0.9, 0.999]\nd0 = 1e-6",
    build,
};

/// The first value of d, in both optimizers with D-Adaptation and in Prodigy.
pub(super) const D0: Positive = Positive(1e-6);

/// The reason why all groups of these three optimizers have the same rate, except for those with 0.
pub(super) const ONE_RATE: &str =
    "it finds one rate for all parameters; only a group that must not move can have another rate, 0";

/// Reads `growth_rate`. The default is ∞. `None` (logged) if it is below 1.
pub(super) fn growth_rate(section: &mut Section<'_>) -> Option<f64> {
    let Some(Positive(rate)) = section.optional("growth_rate") else { return Some(f64::INFINITY) };
    if rate < 1.0 {
        section.error("growth_rate", "the estimate of the distance cannot shrink", "expected a factor of 1 or above");
        return None;
    }
    Some(rate)
}

/// Returns √bc₂/bc₁ at step `t` (from 1).
pub(super) fn bias_correction(beta1: f64, beta2: f64, t: u64) -> f64 {
    let t = t.min(i32::MAX as u64) as i32;
    (1.0 - beta2.powi(t)).sqrt() / (1.0 - beta1.powi(t))
}

fn build(section: &mut Section<'_>) -> Option<Box<dyn OptimizerConfig>> {
    let lr = section.or("lr", Positive(1.0)).0;
    let [beta1, beta2] = section.or("betas", [BelowOne(0.9), BelowOne(0.999)]);
    let eps = section.or("eps", Positive(1e-8)).0;
    let d0 = section.or("d0", D0).0;
    let growth_rate = growth_rate(section);
    let use_bias_correction = section.or("use_bias_correction", false);
    let options = GroupOptions::read(section, 0.0, false);
    let rule = DAdaptAdam { beta1: beta1.0, beta2: beta2.0, eps, d0, growth_rate: growth_rate?, use_bias_correction };
    Some(configure(rule, lr, options))
}

#[derive(Clone, Debug, PartialEq)]
struct DAdaptAdam {
    beta1: f64,
    beta2: f64,
    eps: f64,
    d0: f64,
    growth_rate: f64,
    use_bias_correction: bool,
}

impl UpdateRule for DAdaptAdam {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        let DAdaptAdam { beta1, beta2, eps, .. } = self;
        vec![Hyper::below_one("beta1", beta1), Hyper::below_one("beta2", beta2), Hyper::non_negative("eps", eps)]
    }

    fn rates(&self) -> Rates {
        Rates { one_rate: Some(ONE_RATE), finds_its_own: true, ..Rates::default() }
    }

    fn shared(&self) -> Vec<(&'static str, f64)> {
        vec![
            ("betas", self.beta1),
            ("betas", self.beta2),
            ("d0", self.d0),
            ("growth_rate", self.growth_rate),
            ("use_bias_correction", f64::from(self.use_bias_correction)),
        ]
    }

    fn program(groups: Vec<Group<Self>>) -> Program {
        two_pass!(DAdaptAdam, 3, 7, 2, 2, groups)
    }
}

impl DAdaptAdam {
    /// Returns γ.
    fn rate(&self, lr: f64, found: &Found) -> f64 {
        let correction = match self.use_bias_correction {
            true => bias_correction(self.beta1, self.beta2, found.steps + 1),
            false => 1.0,
        };
        self.d(found) * lr * correction
    }

    fn d(&self, found: &Found) -> f64 {
        if found.steps == 0 { self.d0 } else { found.d }
    }
}

/// The state of all groups together. Before the first step it is not used.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Found {
    /// The number of steps that moved something.
    steps: u64,
    d: f64,
    /// r.
    numerator: f64,
}

impl TwoPass<3, 7, 2, 2> for DAdaptAdam {
    type HostState = Found;
    const SLOTS: [&'static str; 3] = ["exp_avg", "exp_avg_sq", "s"];

    /// Returns β₁, (1−β₁)·γ, β₂, 1−β₂, √β₂, (1−√β₂)·γ and ε. At a rate of 0 returns factors that leave m, v and s
    /// unchanged, and ε.
    fn before(&self, _t: u64, _group: usize, lr: f64, found: &Found) -> [f64; 7] {
        if lr == 0.0 {
            return [1.0, 0.0, 1.0, 0.0, 1.0, 0.0, self.eps];
        }
        let (rate, root) = (self.rate(lr, found), self.beta2.sqrt());
        let (of_m, of_s) = (rate * (1.0 - self.beta1), rate * (1.0 - root));
        [self.beta1, of_m, self.beta2, 1.0 - self.beta2, root, of_s, self.eps]
    }

    #[inline(always)]
    fn measure<N: Num>(_p: N, g: N, [m, v, s]: [N; 3], k: &[N; 7]) -> ([N; 3], [N; 2]) {
        let [beta1, of_m, beta2, of_v, root, of_s, eps] = k;
        let product = g.clone() * (s.clone() / (v.clone().sqrt() + eps.clone()));
        let m = of_m.clone().mul_add(g.clone(), beta1.clone() * m);
        let v = (of_v.clone() * g.clone()).mul_add(g.clone(), beta2.clone() * v);
        let s = of_s.clone().mul_add(g, root.clone() * s);
        ([m, v, s.clone()], [product, s.abs()])
    }

    fn decide(groups: &[Cow<'_, Group<Self>>], sums: &Sums<'_, 2>, found: &mut Found) -> Decision<2> {
        let base = &groups[0].rule;
        let (d, root) = (base.d(found), base.beta2.sqrt());
        let rates: Vec<f64> = groups.iter().zip(sums.lr).map(|(group, &lr)| group.rule.rate(lr, found)).collect();
        let (mut sum, mut size) = (0.0, 0.0);
        for param in sums.params.iter().filter(|param| sums.lr[param.group] > 0.0) {
            let [product, of_s] = param.sums;
            sum += rates[param.group] * product;
            size += of_s;
        }
        if size == 0.0 {
            return Decision::by_group(sums, |_| Move { k: [0.0, 1.0], lr: 0.0 });
        }
        let numerator = root * found.numerator + (1.0 - root) * sum;
        let estimate = numerator / ((1.0 - root) * size);
        *found = Found { steps: found.steps + 1, d: d.max(estimate.min(d * base.growth_rate)), numerator };
        Decision::by_group(sums, |group| {
            let moves = if sums.lr[group] > 0.0 { 1.0 } else { 0.0 };
            Move { k: [moves, groups[group].rule.eps], lr: rates[group] }
        })
    }

    #[inline(always)]
    fn update<N: Num>(p: N, _g: N, [m, v, s]: [N; 3], [moves, eps]: &[N; 2]) -> (N, [N; 3]) {
        (p - moves.clone() * m.clone() / (v.clone().sqrt() + eps.clone()), [m, v, s])
    }
}
