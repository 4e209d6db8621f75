//! LARS: gradient descent at a rate of its own for each layer (You et al. 2017, arXiv 1708.03888); pytorch_optimizer's
//! and optax's.
//!
//! c = `trust_coefficient`·‖θ‖ / (‖g‖ + λ·‖θ‖ + ε) with the norms of the parameter tensor, 1 where ‖θ‖ or the
//! denominator is 0; u = c·(g + λ·θ), b ← μ·b + (1−d)·u, θ ← θ − lr·b; Nesterov's: θ ← θ − lr·(u + μ·b).
//!
//! A parameter of fewer than two dimensions, such as a bias, takes u = g: at first such are often 0, and small ever
//! after. With `exempt_vectors = false` it is treated as the others, as in the article and in optax.
//!
//! With `lr_in_momentum = true` the rate goes into the buffer, as in the article and in optax: b ← μ·b + (1−d)·lr·u,
//! θ ← θ − b. optax's denominator is ‖g + λ·θ‖ + ε; ε is its.
//!
//! | key | default | optax |
//! |---|---|---|
//! | `lr` | 1e-3 | |
//! | `momentum` | 0.9 | |
//! | `dampening` | 0 | |
//! | `nesterov` | false | |
//! | `weight_decay` | 0 | |
//! | `trust_coefficient` | 1e-3 | |
//! | `eps` | 0 | |
//! | `exempt_vectors` | true | false |
//! | `lr_in_momentum` | false | true |

use std::borrow::Cow;

use super::engine::{Decision, Group, Measured, Move, Seen, Share, measured};
use super::{Build, Hyper, Method, Num, Treatment, UpdateRule};
use crate::spec::{BelowOne, Entry, NonNegative, Positive, Section, Unit};

pub const ENTRY: Entry<Build> = Entry {
    name: "lars",
    summary: "gradient descent by layers: rates as large as weights over gradients (You et al. 2017)",
    example: "type = \"lars\"\nlr = 2.0\nmomentum = 0.9\nweight_decay = 5e-4",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn Method>> {
    let lr = section.or("lr", Positive(1e-3)).0;
    let momentum = section.or("momentum", BelowOne(0.9)).0;
    let dampening = section.or("dampening", Unit(0.0)).0;
    let nesterov = section.or("nesterov", false);
    let weight_decay = section.or("weight_decay", NonNegative(0.0)).0;
    let trust_coefficient = section.or("trust_coefficient", Positive(1e-3)).0;
    let eps = section.or("eps", NonNegative(0.0)).0;
    let exempt_vectors = section.or("exempt_vectors", true);
    let lr_in_momentum = section.or("lr_in_momentum", false);
    let treatment = Treatment::without_decay(section);
    if nesterov && momentum == 0.0 {
        section.error("nesterov", "Nesterov's momentum needs a momentum", "with it `momentum` is above 0");
        return None;
    }
    let of_layer = OfLayer { trust_coefficient, eps, weight_decay, exempt_vectors };
    let rule = Lars { momentum, dampening, nesterov, lr_in_momentum, of_layer };
    Some(match momentum == 0.0 {
        true => measured::<_, 0, 0, 2, 2>(rule, lr, treatment),
        false => measured::<_, 1, 0, 2, 5>(rule, lr, treatment),
    })
}

#[derive(Clone, Debug)]
struct Lars {
    momentum: f64,
    dampening: f64,
    nesterov: bool,
    lr_in_momentum: bool,
    of_layer: OfLayer,
}

/// What makes u of g.
#[derive(Clone, Debug)]
struct OfLayer {
    trust_coefficient: f64,
    eps: f64,
    weight_decay: f64,
    exempt_vectors: bool,
}

impl OfLayer {
    /// c and λ for one parameter.
    fn ratio(&self, share: &Share<2>) -> (f64, f64) {
        if self.exempt_vectors && share.dims < 2 {
            return (1.0, 0.0);
        }
        let [p_norm, g_norm] = share.sums.map(f64::sqrt);
        let below = g_norm + self.weight_decay * p_norm + self.eps;
        let ratio = if p_norm > 0.0 && below > 0.0 { self.trust_coefficient * p_norm / below } else { 1.0 };
        (ratio, self.weight_decay)
    }
}

impl UpdateRule for Lars {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        let OfLayer { trust_coefficient, eps, weight_decay, .. } = &mut self.of_layer;
        vec![
            Hyper::below_one("momentum", &mut self.momentum),
            Hyper::unit("dampening", &mut self.dampening),
            Hyper::non_negative("trust_coefficient", trust_coefficient),
            Hyper::non_negative("eps", eps),
            Hyper::non_negative("weight_decay", weight_decay),
        ]
    }
}

/// A decision from `k(rule, lr, c, λ)` of each parameter.
fn decision<const K: usize>(
    groups: &[Cow<'_, Group<Lars>>],
    seen: &Seen<'_, 2>,
    k: impl Fn(&Lars, f64, f64, f64) -> [f64; K],
) -> Decision<K> {
    let of_param = |share: &Share<2>| {
        let (rule, lr) = (&groups[share.group].rule, seen.lr[share.group]);
        let (ratio, weight_decay) = rule.of_layer.ratio(share);
        Move { k: k(rule, lr, ratio, weight_decay), lr }
    };
    Decision { moves: seen.params.iter().map(of_param).collect(), effective_lr: Vec::new() }
}

/// Without momentum.
impl Measured<0, 0, 2, 2> for Lars {
    type Memory = ();
    const SLOTS: [&'static str; 0] = [];

    fn before(&self, _t: u64, _group: usize, _lr: f64, (): &()) -> [f64; 0] {
        []
    }

    #[inline(always)]
    fn measure<N: Num>(p: N, g: N, _: [N; 0], _: &[N; 0]) -> ([N; 0], [N; 2]) {
        ([], squares(p, g))
    }

    fn decide(groups: &[Cow<'_, Group<Self>>], seen: &Seen<'_, 2>, (): &mut ()) -> Decision<2> {
        decision(groups, seen, |_, lr, ratio, weight_decay| [-lr * ratio, weight_decay])
    }

    #[inline(always)]
    fn update<N: Num>(p: N, g: N, _: [N; 0], [rate, weight_decay]: &[N; 2]) -> (N, [N; 0]) {
        let g = weight_decay.clone().mul_add(p.clone(), g);
        (rate.clone().mul_add(g, p), [])
    }
}

impl Measured<1, 0, 2, 5> for Lars {
    type Memory = ();
    const SLOTS: [&'static str; 1] = ["momentum_buffer"];

    fn before(&self, _t: u64, _group: usize, _lr: f64, (): &()) -> [f64; 0] {
        []
    }

    #[inline(always)]
    fn measure<N: Num>(p: N, g: N, [b]: [N; 1], _: &[N; 0]) -> ([N; 1], [N; 2]) {
        ([b], squares(p, g))
    }

    fn decide(groups: &[Cow<'_, Group<Self>>], seen: &Seen<'_, 2>, (): &mut ()) -> Decision<5> {
        decision(groups, seen, |rule, lr, ratio, weight_decay| {
            let (inside, outside) = if rule.lr_in_momentum { (lr, 1.0) } else { (1.0, lr) };
            let taken = inside * ratio * (1.0 - rule.dampening);
            let (of_gradient, of_buffer) = if rule.nesterov { (lr * ratio, rule.momentum) } else { (0.0, 1.0) };
            [rule.momentum, weight_decay, taken, -of_gradient, -outside * of_buffer]
        })
    }

    #[inline(always)]
    fn update<N: Num>(p: N, g: N, [b]: [N; 1], k: &[N; 5]) -> (N, [N; 1]) {
        let [momentum, weight_decay, taken, of_gradient, of_buffer] = k;
        let g = weight_decay.clone().mul_add(p.clone(), g);
        let b = taken.clone().mul_add(g.clone(), momentum.clone() * b);
        let p = of_gradient.clone().mul_add(g, p);
        (of_buffer.clone().mul_add(b.clone(), p), [b])
    }
}

#[inline(always)]
fn squares<N: Num>(p: N, g: N) -> [N; 2] {
    [p.clone() * p, g.clone() * g]
}
