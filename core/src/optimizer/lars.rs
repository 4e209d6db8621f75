//! LARS is gradient descent with a rate of its own for each layer (You et al. 2017, arXiv 1708.03888), as in
//! pytorch_optimizer and optax.
//!
//! c = `trust_coefficient`·‖θ‖ / (‖g‖ + λ·‖θ‖ + ε) with the norms of the parameter tensor. c is 1 if ‖θ‖ or the
//! denominator is 0. Then u = c·(g + λ·θ), b ← μ·b + (1−d)·u, θ ← θ − lr·b. With Nesterov's momentum: θ ← θ − lr·(u +
//! μ·b).
//!
//! A parameter with fewer than two dimensions, such as a bias, uses u = g, because such parameters are often 0 at first
//! and small ever after. With `exempt_vectors = false` they are treated like the others, as in the paper and in optax.
//!
//! With `lr_in_momentum = true` the rate goes into the buffer, as in the paper and in optax: b ← μ·b + (1−d)·lr·u, θ ←
//! θ − b. The option ε comes from optax, where the denominator is ‖g + λ·θ‖ + ε.
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

use super::{
    Build, Decision, Group, GroupOptions, Hyper, Move, Num, OptimizerConfig, ParamSums, Program, Sums, TwoPass,
    UpdateRule, configure, two_pass,
};
use crate::spec::{BelowOne, Entry, NonNegative, Positive, Section, Unit};

pub const ENTRY: Entry<Build> = Entry {
    name: "lars",
    summary: "gradient descent with each layer's rate in proportion to its weights over gradients (You et al. 2017)",
    example: "type = \"lars\"\nlr = 2.0\nmomentum = 0.9\nweight_decay = 5e-4",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn OptimizerConfig>> {
    let lr = section.or("lr", Positive(1e-3)).0;
    let momentum = section.or("momentum", BelowOne(0.9)).0;
    let dampening = section.or("dampening", Unit(0.0)).0;
    let nesterov = section.or("nesterov", false);
    let weight_decay = section.or("weight_decay", NonNegative(0.0)).0;
    let trust_coefficient = section.or("trust_coefficient", Positive(1e-3)).0;
    let eps = section.or("eps", NonNegative(0.0)).0;
    let exempt_vectors = section.or("exempt_vectors", true);
    let lr_in_momentum = section.or("lr_in_momentum", false);
    let options = GroupOptions::without_decay(section);
    if nesterov && momentum == 0.0 {
        section.error("nesterov", "Nesterov's momentum needs a momentum", "only with a `momentum` above 0");
        return None;
    }
    let of_layer = OfLayer { trust_coefficient, eps, weight_decay, exempt_vectors };
    let rule = Lars { momentum, dampening, nesterov, lr_in_momentum, of_layer };
    Some(configure(rule, lr, options))
}

#[derive(Clone, Debug)]
struct Lars {
    momentum: f64,
    dampening: f64,
    nesterov: bool,
    lr_in_momentum: bool,
    of_layer: OfLayer,
}

/// The options that turn g into u.
#[derive(Clone, Debug)]
struct OfLayer {
    trust_coefficient: f64,
    eps: f64,
    weight_decay: f64,
    exempt_vectors: bool,
}

impl OfLayer {
    /// Returns c and λ for one parameter.
    fn ratio(&self, param: &ParamSums<2>) -> (f64, f64) {
        if self.exempt_vectors && param.dims < 2 {
            return (1.0, 0.0);
        }
        let [p_norm, g_norm] = param.sums.map(f64::sqrt);
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

    fn keeps_state_of(&self, base: &Self) -> bool {
        (self.momentum == 0.0) == (base.momentum == 0.0)
    }

    fn program(groups: Vec<Group<Self>>) -> Program {
        match groups[0].rule.momentum == 0.0 {
            true => two_pass!(Lars, 0, 0, 2, 2, groups),
            false => two_pass!(Lars, 1, 0, 2, 5, groups),
        }
    }
}

/// Makes the decision with the scalars `k(rule, lr, c, λ)` for each parameter.
fn decision<const K: usize>(
    groups: &[Cow<'_, Group<Lars>>],
    sums: &Sums<'_, 2>,
    k: impl Fn(&Lars, f64, f64, f64) -> [f64; K],
) -> Decision<K> {
    let of_param = |param: &ParamSums<2>| {
        let (rule, lr) = (&groups[param.group].rule, sums.lr[param.group]);
        let (ratio, weight_decay) = rule.of_layer.ratio(param);
        Move { k: k(rule, lr, ratio, weight_decay), lr }
    };
    Decision { moves: sums.params.iter().map(of_param).collect(), effective_lr: Vec::new() }
}

/// LARS without momentum.
impl TwoPass<0, 0, 2, 2> for Lars {
    type HostState = ();
    const SLOTS: [&'static str; 0] = [];

    fn before(&self, _t: u64, _group: usize, _lr: f64, (): &()) -> [f64; 0] {
        []
    }

    #[inline(always)]
    fn measure<N: Num>(p: N, g: N, _: [N; 0], _: &[N; 0]) -> ([N; 0], [N; 2]) {
        ([], squares(p, g))
    }

    fn decide(groups: &[Cow<'_, Group<Self>>], sums: &Sums<'_, 2>, (): &mut ()) -> Decision<2> {
        decision(groups, sums, |_, lr, ratio, weight_decay| [-lr * ratio, weight_decay])
    }

    #[inline(always)]
    fn update<N: Num>(p: N, g: N, _: [N; 0], [rate, weight_decay]: &[N; 2]) -> (N, [N; 0]) {
        let g = weight_decay.clone().mul_add(p.clone(), g);
        (rate.clone().mul_add(g, p), [])
    }
}

impl TwoPass<1, 0, 2, 5> for Lars {
    type HostState = ();
    const SLOTS: [&'static str; 1] = ["momentum_buffer"];

    fn before(&self, _t: u64, _group: usize, _lr: f64, (): &()) -> [f64; 0] {
        []
    }

    #[inline(always)]
    fn measure<N: Num>(p: N, g: N, [b]: [N; 1], _: &[N; 0]) -> ([N; 1], [N; 2]) {
        ([b], squares(p, g))
    }

    fn decide(groups: &[Cow<'_, Group<Self>>], sums: &Sums<'_, 2>, (): &mut ()) -> Decision<5> {
        decision(groups, sums, |rule, lr, ratio, weight_decay| {
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
