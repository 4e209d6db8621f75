//! LAMB is Adam with a step length of its own for each parameter tensor (You et al. 2020, arXiv 1904.00962). It is
//! `lamb` in optax and `Lamb` in Keras.
//!
//! m and v are as in Adam, r = (m/bc₁) / (√(v/bc₂) + ε), u = r + λ·θ, and θ ← θ − lr·(‖θ‖/‖u‖)·u. The norms are taken
//! over the parameter tensor. If one of them is 0, the ratio is 1.
//!
//! With `decoupled_weight_decay = true`, as in Keras, λ·θ is not part of the ratio: θ ← θ·(1 − lr·λ), then u = r.
//! pytorch_optimizer's `Lamb` follows an earlier version of the paper: no bias correction, and ‖θ‖ at most 10.
//!
//! | key | default | Keras |
//! |---|---|---|
//! | `lr` | 1e-3 | |
//! | `betas` | [0.9, 0.999] | |
//! | `eps` | 1e-6 | 1e-7 |
//! | `weight_decay` | 0 | |
//! | `decoupled_weight_decay` | false | true |

use std::borrow::Cow;

use super::adam::{self, moments};
use super::averages::correction;
use super::{
    Build, Convention, Decay, Decision, Group, GroupOptions, Hyper, Move, Num, OptimizerConfig, ParamSums, Program,
    Sums, TwoPass, UpdateRule, configure, convention, two_pass,
};
use crate::spec::{BelowOne, Entry, NonNegative, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "lamb",
    summary: "Adam with steps in proportion to each layer's weights (You et al. 2020)",
    example: "type = \"lamb\"\nlr = 1e-3\nbetas = [0.9, 0.999]\nweight_decay = 0.01",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn OptimizerConfig>> {
    let keras = convention(section) == Convention::Keras;
    let lr = section.or("lr", Positive(1e-3)).0;
    let [beta1, beta2] = section.or("betas", [BelowOne(0.9), BelowOne(0.999)]).map(|beta| beta.0);
    let eps = section.or("eps", NonNegative(if keras { 1e-7 } else { 1e-6 })).0;
    let weight_decay = section.or("weight_decay", NonNegative(0.0)).0;
    let mut options = GroupOptions::without_decay(section);
    let weight_decay = match section.or("decoupled_weight_decay", keras) {
        true => {
            options.decay = Decay::Decoupled(weight_decay);
            None
        }
        false => Some(weight_decay),
    };
    Some(configure(Lamb { beta1, beta2, eps, weight_decay }, lr, options))
}

#[derive(Clone, Debug)]
struct Lamb {
    beta1: f64,
    beta2: f64,
    eps: f64,
    /// λ. `None` if weight decay is decoupled, so that it is not part of the ratio.
    weight_decay: Option<f64>,
}

impl UpdateRule for Lamb {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        let Lamb { beta1, beta2, eps, weight_decay } = self;
        let mut hypers =
            vec![Hyper::below_one("beta1", beta1), Hyper::below_one("beta2", beta2), Hyper::non_negative("eps", eps)];
        hypers.extend(weight_decay.as_mut().map(|amount| Hyper::non_negative("weight_decay", amount)));
        hypers
    }

    fn program(groups: Vec<Group<Self>>) -> Program {
        two_pass!(Lamb, 2, 7, 2, 5, groups)
    }
}

impl Lamb {
    /// Returns the scalars of [`direction`].
    fn numbers(&self, t: u64) -> [f64; 4] {
        let (bc1, bc2) = (correction(self.beta1, t), correction(self.beta2, t));
        [1.0 / bc1, 1.0 / bc2.sqrt(), self.eps, self.weight_decay.unwrap_or(0.0)]
    }
}

/// Returns u.
#[inline(always)]
fn direction<N: Num>(p: N, m: N, v: N, [a, b, eps, weight_decay]: [&N; 4]) -> N {
    weight_decay.clone().mul_add(p, adam::direction(m, v, [a, b, eps]))
}

impl TwoPass<2, 7, 2, 5> for Lamb {
    type HostState = ();
    const SLOTS: [&'static str; 2] = ["exp_avg", "exp_avg_sq"];

    fn before(&self, t: u64, _group: usize, _lr: f64, (): &()) -> [f64; 7] {
        let [a, b, eps, weight_decay] = self.numbers(t);
        [1.0 - self.beta1, self.beta2, 1.0 - self.beta2, a, b, eps, weight_decay]
    }

    /// Returns the moments, and the terms of ‖θ‖² and ‖u‖².
    #[inline(always)]
    fn measure<N: Num>(p: N, g: N, [m, v]: [N; 2], k: &[N; 7]) -> ([N; 2], [N; 2]) {
        let [one_minus_beta1, beta2, one_minus_beta2, a, b, eps, weight_decay] = k;
        let (m, v) = moments(g, m, v, [one_minus_beta1, beta2, one_minus_beta2]);
        let u = direction(p.clone(), m.clone(), v.clone(), [a, b, eps, weight_decay]);
        ([m, v], [p.clone() * p, u.clone() * u])
    }

    fn decide(groups: &[Cow<'_, Group<Self>>], sums: &Sums<'_, 2>, (): &mut ()) -> Decision<5> {
        let of_param = |param: &ParamSums<2>| {
            let (group, lr) = (&groups[param.group], sums.lr[param.group]);
            let [a, b, eps, weight_decay] = group.rule.numbers(sums.t);
            // The norm of θ after decoupled decay.
            let shrink = if let Decay::Decoupled(amount) = group.options.decay { 1.0 - lr * amount } else { 1.0 };
            let [p_norm, u_norm] = [param.sums[0].sqrt() * shrink.abs(), param.sums[1].sqrt()];
            let ratio = if p_norm > 0.0 && u_norm > 0.0 { p_norm / u_norm } else { 1.0 };
            Move { k: [-lr * ratio, a, b, eps, weight_decay], lr }
        };
        Decision { moves: sums.params.iter().map(of_param).collect(), effective_lr: Vec::new() }
    }

    #[inline(always)]
    fn update<N: Num>(p: N, _g: N, [m, v]: [N; 2], k: &[N; 5]) -> (N, [N; 2]) {
        let [rate, a, b, eps, weight_decay] = k;
        let u = direction(p.clone(), m.clone(), v.clone(), [a, b, eps, weight_decay]);
        (rate.clone().mul_add(u, p), [m, v])
    }
}
