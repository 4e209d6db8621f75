//! LAMB: Adam whose step each parameter tensor takes at a length of its own (You et al. 2020, arXiv 1904.00962); optax's
//! `lamb`, Keras's `Lamb`.
//!
//! m and v as in Adam, r = (m/bc₁) / (√(v/bc₂) + ε), u = r + λ·θ, and θ ← θ − lr·(‖θ‖/‖u‖)·u; the norms are the tensor's,
//! and where one of them is 0 the ratio is 1.
//!
//! With `decoupled_weight_decay = true`, which is Keras's, λ·θ has no part in the ratio: θ ← θ·(1 − lr·λ), then u = r.
//! pytorch_optimizer's `Lamb` is of an earlier version of the article: no bias correction, ‖θ‖ at most 10.
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
use super::engine::{Decision, Group, Measured, Move, Seen, Share, measured};
use super::{Build, Convention, Decay, Hyper, Method, Num, Treatment, UpdateRule, convention};
use crate::spec::{BelowOne, Entry, NonNegative, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "lamb",
    summary: "Adam by layers: steps as long as their weights' norm (You et al. 2020)",
    example: "type = \"lamb\"\nlr = 1e-3\nbetas = [0.9, 0.999]\nweight_decay = 0.01",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn Method>> {
    let keras = convention(section) == Convention::Keras;
    let lr = section.or("lr", Positive(1e-3)).0;
    let [beta1, beta2] = section.or("betas", [BelowOne(0.9), BelowOne(0.999)]).map(|beta| beta.0);
    let eps = section.or("eps", NonNegative(if keras { 1e-7 } else { 1e-6 })).0;
    let weight_decay = section.or("weight_decay", NonNegative(0.0)).0;
    let mut treatment = Treatment::without_decay(section);
    let weight_decay = match section.or("decoupled_weight_decay", keras) {
        true => {
            treatment.decay = Decay::Decoupled(weight_decay);
            None
        }
        false => Some(weight_decay),
    };
    Some(measured(Lamb { beta1, beta2, eps, weight_decay }, lr, treatment))
}

#[derive(Clone, Debug)]
struct Lamb {
    beta1: f64,
    beta2: f64,
    eps: f64,
    /// λ, where it has a part in the ratio.
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
}

impl Lamb {
    /// What [`direction`] goes by.
    fn numbers(&self, t: u64) -> [f64; 4] {
        let (bc1, bc2) = (correction(self.beta1, t), correction(self.beta2, t));
        [1.0 / bc1, 1.0 / bc2.sqrt(), self.eps, self.weight_decay.unwrap_or(0.0)]
    }
}

/// u.
#[inline(always)]
fn direction<N: Num>(p: N, m: N, v: N, [a, b, eps, weight_decay]: [&N; 4]) -> N {
    weight_decay.clone().mul_add(p, adam::direction(m, v, [a, b, eps]))
}

impl Measured<2, 7, 2, 5> for Lamb {
    type Memory = ();
    const SLOTS: [&'static str; 2] = ["exp_avg", "exp_avg_sq"];

    fn before(&self, t: u64, _group: usize, _lr: f64, (): &()) -> [f64; 7] {
        let [a, b, eps, weight_decay] = self.numbers(t);
        [1.0 - self.beta1, self.beta2, 1.0 - self.beta2, a, b, eps, weight_decay]
    }

    /// The moments, ‖θ‖² and ‖u‖².
    #[inline(always)]
    fn measure<N: Num>(p: N, g: N, [m, v]: [N; 2], k: &[N; 7]) -> ([N; 2], [N; 2]) {
        let [other1, beta2, other2, a, b, eps, weight_decay] = k;
        let (m, v) = moments(g, m, v, [other1, beta2, other2]);
        let u = direction(p.clone(), m.clone(), v.clone(), [a, b, eps, weight_decay]);
        ([m, v], [p.clone() * p, u.clone() * u])
    }

    fn decide(groups: &[Cow<'_, Group<Self>>], seen: &Seen<'_, 2>, (): &mut ()) -> Decision<5> {
        let of_param = |share: &Share<2>| {
            let (group, lr) = (&groups[share.group], seen.lr[share.group]);
            let [a, b, eps, weight_decay] = group.rule.numbers(seen.t);
            // θ's norm as the second pass finds it.
            let shrink = if let Decay::Decoupled(amount) = group.treatment.decay { 1.0 - lr * amount } else { 1.0 };
            let [p_norm, u_norm] = [share.sums[0].sqrt() * shrink.abs(), share.sums[1].sqrt()];
            let ratio = if p_norm > 0.0 && u_norm > 0.0 { p_norm / u_norm } else { 1.0 };
            Move { k: [-lr * ratio, a, b, eps, weight_decay], lr }
        };
        Decision { moves: seen.params.iter().map(of_param).collect(), effective_lr: Vec::new() }
    }

    #[inline(always)]
    fn update<N: Num>(p: N, _g: N, [m, v]: [N; 2], k: &[N; 5]) -> (N, [N; 2]) {
        let [rate, a, b, eps, weight_decay] = k;
        let u = direction(p.clone(), m.clone(), v.clone(), [a, b, eps, weight_decay]);
        (rate.clone().mul_add(u, p), [m, v])
    }
}
