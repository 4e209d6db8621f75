//! L4 chooses its rate so that the linearized loss falls by a given fraction of its distance to a target (Rolinek and
//! Martius 2018, arXiv 1802.05074).
//!
//! m is the average of g as in Adam, and m̂ = m/bc₁. The fraction is α, the target is γ·L, and v is the direction:
//!
//! L ← min(L, f) (at the first step γ₀·f), η = α·(f − γ·L) / (⟨m̂, v⟩ + ε), θ ← θ − η·v, L ← (1 + 1/τ)·L.
//!
//! - `direction = "momentum"` (L4Mom): v = m̂;
//! - `direction = "adam"` (L4Adam): v = m̂/(√v̂ + δ) with Adam's v̂. δ is `adam_eps`.
//!
//! f is the batch's loss, which must never be below 0. L is its recent minimum. α is the group's learning rate, so a
//! schedule or a group's `lr_mult` scales the step. All groups share γ, γ₀, τ and ε. With coupled weight decay, f
//! includes the penalty ½·λ·‖θ‖². Decoupled decay is refused: the rate has no upper bound, so decay by such a rate
//! could change the sign of weights.
//!
//! | key | default |
//! |---|---|
//! | `lr` (α) | 0.15 |
//! | `direction` | "momentum" |
//! | `gamma` (γ) | 0.9 |
//! | `init_factor` (γ₀) | 0.75 |
//! | `tau` (τ) | 1000 |
//! | `eps` (ε) | 1e-12 |
//! | `momentum` (with "momentum") | 0.9 |
//! | `betas` (with "adam") | [0.9, 0.999] |
//! | `adam_eps` (δ, with "adam") | 1e-4, as in the authors' code |
//! | `weight_decay` | 0 |

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::adam::{direction, moments};
use super::averages::{correction, running};
use super::polyak::{minimizes, penalized};
use super::{
    Build, Decay, Decision, Group, GroupOptions, Hyper, Move, Num, OptimizerConfig, Program, Rates, Sums, TwoPass,
    UpdateRule, configure, two_pass,
};
use crate::choice;
use crate::spec::{BelowOne, Entry, NonNegative, Positive, Section, Unit};

pub const ENTRY: Entry<Build> = Entry {
    name: "l4",
    summary: "a fraction of the step that brings the linearized loss to its target (Rolinek and Martius 2018)",
    example: "type = \"l4\"\nlr = 0.15\ndirection = \"adam\"",
    build,
};

choice! {
    /// The direction of a step.
    pub enum Direction {
        /// The average of the gradients.
        Momentum = "momentum",
        /// Adam's direction.
        Adam = "adam",
    }
}

fn build(section: &mut Section<'_>) -> Option<Box<dyn OptimizerConfig>> {
    let lr = section.or("lr", Positive(0.15)).0;
    let along = section.or("direction", Direction::Momentum);
    let goal = Goal {
        gamma: section.or("gamma", Unit(0.9)).0,
        init_factor: section.or("init_factor", Unit(0.75)).0,
        tau: section.or("tau", Positive(1000.0)).0,
        eps: section.or("eps", Positive(1e-12)).0,
    };
    let options = GroupOptions::read(section, 0.0, false);
    let method = match along {
        Direction::Momentum => {
            let beta = section.or("momentum", BelowOne(0.9)).0;
            configure(Momentum { beta, goal }, lr, options)
        }
        Direction::Adam => {
            let [beta1, beta2] = section.or("betas", [BelowOne(0.9), BelowOne(0.999)]);
            let eps = section.or("adam_eps", NonNegative(1e-4)).0;
            configure(Adam { beta1: beta1.0, beta2: beta2.0, eps, goal }, lr, options)
        }
    };
    if let Decay::Decoupled(_) = options.decay {
        let message = "L4's rate has no upper bound, so decay by it could change the sign of weights";
        section.error("decoupled_weight_decay", message, "must be false with this optimizer");
        return None;
    }
    minimizes(section, options).then_some(method)
}

/// The options that determine the target of the loss.
#[derive(Clone, Copy, Debug)]
struct Goal {
    gamma: f64,
    init_factor: f64,
    tau: f64,
    eps: f64,
}

/// L4Mom.
#[derive(Clone, Debug)]
struct Momentum {
    beta: f64,
    goal: Goal,
}

/// L4Adam.
#[derive(Clone, Debug)]
struct Adam {
    beta1: f64,
    beta2: f64,
    eps: f64,
    goal: Goal,
}

/// L, or `None` before the first step.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Least(Option<f64>);

impl Goal {
    /// Returns the options that must be equal in all groups.
    fn shared(self) -> Vec<(&'static str, f64)> {
        let Goal { gamma, init_factor, tau, eps } = self;
        vec![("gamma", gamma), ("init_factor", init_factor), ("tau", tau), ("eps", eps)]
    }

    /// Returns η/α at a step with the loss `f`. `bc1` returns bc₁ of a group. The first sum of each parameter is
    /// ⟨m, bc₁·v⟩, which is bc₁²·⟨m̂, v⟩.
    fn rate(&self, f: f64, least: &mut Least, sums: &Sums<'_, 2>, bc1: impl Fn(usize) -> f64) -> f64 {
        let now = least.0.map_or(self.init_factor * f, |least| least.min(f));
        least.0 = Some((1.0 + 1.0 / self.tau) * now);
        let slope: f64 = sums.params.iter().map(|param| param.sums[0] / bc1(param.group).powi(2)).sum();
        (f - self.gamma * now) / (slope + self.eps)
    }
}

impl UpdateRule for Momentum {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        vec![Hyper::below_one("momentum", &mut self.beta)]
    }

    fn rates(&self) -> Rates {
        Rates { finds_its_own: true, ..Rates::default() }
    }

    fn shared(&self) -> Vec<(&'static str, f64)> {
        self.goal.shared()
    }

    fn program(groups: Vec<Group<Self>>) -> Program {
        two_pass!(Momentum, 1, 1, 2, 1, groups)
    }
}

impl TwoPass<1, 1, 2, 1> for Momentum {
    type HostState = Least;
    const SLOTS: [&'static str; 1] = ["exp_avg"];

    fn before(&self, _t: u64, _group: usize, _lr: f64, _least: &Least) -> [f64; 1] {
        [1.0 - self.beta]
    }

    #[inline(always)]
    fn measure<N: Num>(p: N, g: N, [m]: [N; 1], [taken]: &[N; 1]) -> ([N; 1], [N; 2]) {
        let m = running(g, m, taken);
        ([m.clone()], [m.clone() * m, p.clone() * p])
    }

    fn decide(groups: &[Cow<'_, Group<Self>>], sums: &Sums<'_, 2>, least: &mut Least) -> Decision<1> {
        let bc1 = |group: usize| correction(groups[group].rule.beta, sums.t);
        let rate = groups[0].rule.goal.rate(penalized(groups, sums, 1), least, sums, bc1);
        Decision::by_group(sums, |group| {
            let lr = sums.lr[group] * rate;
            Move { k: [lr / bc1(group)], lr }
        })
    }

    #[inline(always)]
    fn update<N: Num>(p: N, _g: N, [m]: [N; 1], [a]: &[N; 1]) -> (N, [N; 1]) {
        ((-a.clone()).mul_add(m.clone(), p), [m])
    }
}

impl UpdateRule for Adam {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        let Adam { beta1, beta2, eps, .. } = self;
        vec![Hyper::below_one("beta1", beta1), Hyper::below_one("beta2", beta2), Hyper::non_negative("adam_eps", eps)]
    }

    fn rates(&self) -> Rates {
        Rates { finds_its_own: true, ..Rates::default() }
    }

    fn shared(&self) -> Vec<(&'static str, f64)> {
        self.goal.shared()
    }

    fn program(groups: Vec<Group<Self>>) -> Program {
        two_pass!(Adam, 2, 5, 2, 3, groups)
    }
}

impl Adam {
    /// Returns 1/√bc₂ and δ, the scalars of the denominator.
    fn of_denominator(&self, t: u64) -> [f64; 2] {
        [1.0 / correction(self.beta2, t).sqrt(), self.eps]
    }
}

impl TwoPass<2, 5, 2, 3> for Adam {
    type HostState = Least;
    const SLOTS: [&'static str; 2] = ["exp_avg", "exp_avg_sq"];

    fn before(&self, t: u64, _group: usize, _lr: f64, _least: &Least) -> [f64; 5] {
        let ([b, c], beta2) = (self.of_denominator(t), self.beta2);
        [1.0 - self.beta1, beta2, 1.0 - beta2, b, c]
    }

    #[inline(always)]
    fn measure<N: Num>(
        p: N,
        g: N,
        [m, v]: [N; 2],
        [one_minus_beta1, beta2, one_minus_beta2, b, c]: &[N; 5],
    ) -> ([N; 2], [N; 2]) {
        let (m, v) = moments(g, m, v, [one_minus_beta1, beta2, one_minus_beta2]);
        let slope = m.clone() * direction(m.clone(), v.clone(), [&N::of(1.0), b, c]);
        ([m, v], [slope, p.clone() * p])
    }

    fn decide(groups: &[Cow<'_, Group<Self>>], sums: &Sums<'_, 2>, least: &mut Least) -> Decision<3> {
        let bc1 = |group: usize| correction(groups[group].rule.beta1, sums.t);
        let rate = groups[0].rule.goal.rate(penalized(groups, sums, 1), least, sums, bc1);
        Decision::by_group(sums, |group| {
            let (lr, [b, c]) = (sums.lr[group] * rate, groups[group].rule.of_denominator(sums.t));
            Move { k: [lr / bc1(group), b, c], lr }
        })
    }

    #[inline(always)]
    fn update<N: Num>(p: N, _g: N, [m, v]: [N; 2], [a, b, c]: &[N; 3]) -> (N, [N; 2]) {
        (p - direction(m.clone(), v.clone(), [a, b, c]), [m, v])
    }
}
