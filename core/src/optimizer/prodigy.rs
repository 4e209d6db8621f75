//! Prodigy is Adam that finds its own rate (Mishchenko and Defazio 2024, arXiv 2306.06101). It is the authors'
//! `prodigyopt.Prodigy`.
//!
//! d estimates the distance from the first parameters θ₀ to the solution. It starts at d₀. γ is d·lr, times √bc₂/bc₁
//! with `use_bias_correction`. ⟨⟩ and ‖·‖₁ are over all parameters. Each step computes
//! - m ← β₁·m + (1−β₁)·d·g, v ← β₂·v + (1−β₂)·d²·g²;
//! - s ← β₃·s + (d/d₀)·γ·g (with `safeguard_warmup` d in place of γ), r ← β₃·r + (d/d₀)·γ·⟨g, θ₀ − θ⟩;
//! - d̂ = d_coef·r/‖s‖₁, and from it d⁺, the next d;
//! - θ ← θ − γ·m/(√v + d⁺·ε).
//!
//! d⁺ is the largest of d₀ and all d̂ so far, but at most `growth_rate`·d. While d = d₀, it is at most
//! `growth_rate`·max(d₀, d̂). By default there is no limit.
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
//! | `beta3` | √β₂ |
//! | `eps` | 1e-8 |
//! | `d0` | 1e-6 |
//! | `d_coef` | 1 |
//! | `growth_rate` | no limit |
//! | `use_bias_correction` | false |
//! | `safeguard_warmup` | false |
//! | `weight_decay` | 0 |
//! | `decoupled_weight_decay` | true |

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::dadapt_adam::{D0, ONE_RATE, bias_correction, growth_rate};
use super::{
    Build, Decision, Group, GroupOptions, Hyper, Initial, Move, Num, OptimizerConfig, Program, Rates, Sums, TwoPass,
    UpdateRule, configure, two_pass,
};
use crate::spec::{BelowOne, Entry, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "prodigy",
    summary: "Adam that finds its own rate, by the distance covered (Mishchenko and Defazio 2024)",
    example: "type = \"prodigy\"\nlr = 1.0\nd_coef = 1.0\nweight_decay = 0.01",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn OptimizerConfig>> {
    let lr = section.or("lr", Positive(1.0)).0;
    let [beta1, beta2] = section.or("betas", [BelowOne(0.9), BelowOne(0.999)]);
    let beta3 = section.optional::<BelowOne>("beta3").map(|beta3| beta3.0);
    let eps = section.or("eps", Positive(1e-8)).0;
    let d0 = section.or("d0", D0).0;
    let d_coef = section.or("d_coef", Positive(1.0)).0;
    let growth_rate = growth_rate(section);
    let use_bias_correction = section.or("use_bias_correction", false);
    let safeguard_warmup = section.or("safeguard_warmup", false);
    let options = GroupOptions::read(section, 0.0, true);
    let (beta1, beta2, growth_rate) = (beta1.0, beta2.0, growth_rate?);
    let rule = Prodigy { beta1, beta2, beta3, eps, d0, d_coef, growth_rate, use_bias_correction, safeguard_warmup };
    Some(configure(rule, lr, options))
}

#[derive(Clone, Debug, PartialEq)]
struct Prodigy {
    beta1: f64,
    beta2: f64,
    beta3: Option<f64>,
    eps: f64,
    d0: f64,
    d_coef: f64,
    growth_rate: f64,
    use_bias_correction: bool,
    safeguard_warmup: bool,
}

impl UpdateRule for Prodigy {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        let Prodigy { beta1, beta2, eps, .. } = self;
        vec![Hyper::below_one("beta1", beta1), Hyper::below_one("beta2", beta2), Hyper::non_negative("eps", eps)]
    }

    fn rates(&self) -> Rates {
        Rates { one_rate: Some(ONE_RATE), finds_its_own: true, ..Rates::default() }
    }

    fn shared(&self) -> Vec<(&'static str, f64)> {
        vec![
            ("betas", self.beta1),
            ("betas", self.beta2),
            ("beta3", self.beta3()),
            ("d0", self.d0),
            ("d_coef", self.d_coef),
            ("growth_rate", self.growth_rate),
            ("use_bias_correction", f64::from(self.use_bias_correction)),
            ("safeguard_warmup", f64::from(self.safeguard_warmup)),
        ]
    }

    fn program(groups: Vec<Group<Self>>) -> Program {
        two_pass!(Prodigy, 4, 6, 2, 2, groups)
    }
}

impl Prodigy {
    fn beta3(&self) -> f64 {
        self.beta3.unwrap_or(self.beta2.sqrt())
    }

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
    /// The largest d̂ so far.
    largest: f64,
    /// r.
    numerator: f64,
}

impl TwoPass<4, 6, 2, 2> for Prodigy {
    type HostState = Found;
    const SLOTS: [&'static str; 4] = ["exp_avg", "exp_avg_sq", "s", "p0"];

    fn initial(&self) -> [Initial; 4] {
        [Initial::Value(0.0), Initial::Value(0.0), Initial::Value(0.0), Initial::Parameter]
    }

    /// Returns β₁, (1−β₁)·d, β₂, (1−β₂)·d², β₃ and the factor of g in s. At a rate of 0 returns factors that leave m, v
    /// and s unchanged.
    fn before(&self, _t: u64, _group: usize, lr: f64, found: &Found) -> [f64; 6] {
        if lr == 0.0 {
            return [1.0, 0.0, 1.0, 0.0, 1.0, 0.0];
        }
        let d = self.d(found);
        let of_s = d / self.d0 * if self.safeguard_warmup { d } else { self.rate(lr, found) };
        [self.beta1, d * (1.0 - self.beta1), self.beta2, d * d * (1.0 - self.beta2), self.beta3(), of_s]
    }

    #[inline(always)]
    fn measure<N: Num>(p: N, g: N, [m, v, s, p0]: [N; 4], k: &[N; 6]) -> ([N; 4], [N; 2]) {
        let [beta1, of_m, beta2, of_v, beta3, of_s] = k;
        let m = of_m.clone().mul_add(g.clone(), beta1.clone() * m);
        let v = (of_v.clone() * g.clone()).mul_add(g.clone(), beta2.clone() * v);
        let s = of_s.clone().mul_add(g.clone(), beta3.clone() * s);
        ([m, v, s.clone(), p0.clone()], [g * (p0 - p), s.abs()])
    }

    fn decide(groups: &[Cow<'_, Group<Self>>], sums: &Sums<'_, 2>, found: &mut Found) -> Decision<2> {
        let base = &groups[0].rule;
        let d = base.d(found);
        let rates: Vec<f64> = groups.iter().zip(sums.lr).map(|(group, &lr)| group.rule.rate(lr, found)).collect();
        let (mut numerator, mut size) = (base.beta3() * found.numerator, 0.0);
        for param in sums.params.iter().filter(|param| sums.lr[param.group] > 0.0) {
            let [product, of_s] = param.sums;
            numerator += d / base.d0 * rates[param.group] * product;
            size += of_s;
        }
        if size == 0.0 {
            return Decision::by_group(sums, |_| Move { k: [0.0, 1.0], lr: 0.0 });
        }
        let estimate = base.d_coef * numerator / size;
        let largest = if found.steps == 0 { base.d0 } else { found.largest }.max(estimate);
        let grown = if d == base.d0 { d.max(estimate) } else { d };
        *found = Found { steps: found.steps + 1, d: largest.min(grown * base.growth_rate), largest, numerator };
        Decision::by_group(sums, |group| Move { k: [rates[group], found.d * groups[group].rule.eps], lr: rates[group] })
    }

    #[inline(always)]
    fn update<N: Num>(p: N, _g: N, [m, v, s, p0]: [N; 4], [rate, eps]: &[N; 2]) -> (N, [N; 4]) {
        (p - rate.clone() * m.clone() / (v.clone().sqrt() + eps.clone()), [m, v, s, p0])
    }
}
