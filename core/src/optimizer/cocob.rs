//! COCOB-Backprop needs no learning rate: every weight bets on its own gradients (Orabona and Tommasi 2017, arXiv
//! 1705.07795). It is `contrib.cocob` in optax.
//!
//! With the gradients c = lr·g of a weight that started at θ₀: L = max(ε, |c| so far), G = Σ|c|, reward R ← max(R −
//! c·(θ − θ₀), 0), C = −Σc, and θ ← θ₀ + C / (L·max(G + L, α·L)) · (L + R).
//!
//! ε is optax's. With `eps = 0`, as in the paper, L is 0 while a weight's gradients are 0, and the weight does not
//! move. A constant rate cancels out, except in the comparison with ε. A rate that follows a schedule weights the
//! gradients. The paper has no schedule.
//!
//! The effective rate is ‖step‖ / ‖g‖ over a group's parameters: the rate at which plain gradient descent would have
//! moved as far.
//!
//! | key | default |
//! |---|---|
//! | `lr` | 1 |
//! | `alpha` | 100 |
//! | `eps` | 1e-8 |
//! | `weight_decay` | 0 |

use std::borrow::Cow;

use super::{
    Build, Decision, Group, GroupOptions, Hyper, Initial, Move, Num, OptimizerConfig, Program, Rates, Sums, TwoPass,
    UpdateRule, configure, two_pass,
};
use crate::spec::{Entry, NonNegative, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "cocob",
    summary: "every weight bets on its gradients, without a learning rate (Orabona and Tommasi 2017)",
    example: "type = \"cocob\"\nalpha = 100.0",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn OptimizerConfig>> {
    let lr = section.or("lr", Positive(1.0)).0;
    let alpha = section.or("alpha", Positive(100.0)).0;
    let eps = section.or("eps", NonNegative(1e-8)).0;
    let why = "each step starts from the first weights again and would undo it";
    let options = GroupOptions::coupled(section, why);
    Some(configure(Cocob { alpha, eps }, lr, options?))
}

#[derive(Clone, Debug)]
struct Cocob {
    alpha: f64,
    /// The first value of L.
    eps: f64,
}

impl UpdateRule for Cocob {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        vec![Hyper::non_negative("alpha", &mut self.alpha)]
    }

    fn rates(&self) -> Rates {
        Rates {
            one_rate: Some("the rate multiplies the gradients, and a constant factor cancels out of COCOB's steps"),
            finds_its_own: true,
            ..Rates::default()
        }
    }

    fn program(groups: Vec<Group<Self>>) -> Program {
        two_pass!(Cocob, 5, 2, 2, 1, groups)
    }
}

/// Returns θ, computed from the state.
#[inline(always)]
fn bet<N: Num>([start, sum, largest, magnitude, reward]: [N; 5], alpha: N) -> N {
    let fraction = sum / (magnitude + largest.clone()).max(alpha * largest.clone());
    let wealth = (largest.clone() + reward) / largest.clone();
    largest.select_positive(fraction.mul_add(wealth, start.clone()), start)
}

impl TwoPass<5, 2, 2, 1> for Cocob {
    type HostState = ();
    /// The slots have optax's names.
    const SLOTS: [&'static str; 5] = ["init_particles", "cumulative_gradients", "scale", "subgradients", "reward"];

    fn initial(&self) -> [Initial; 5] {
        let zero = Initial::Value(0.0);
        [Initial::Parameter, zero, Initial::Value(self.eps), zero, zero]
    }

    fn before(&self, _t: u64, _group: usize, lr: f64, (): &()) -> [f64; 2] {
        [lr, self.alpha]
    }

    /// Returns the state, and the terms of ‖step‖² and ‖g‖².
    #[inline(always)]
    fn measure<N: Num>(p: N, g: N, state: [N; 5], [lr, alpha]: &[N; 2]) -> ([N; 5], [N; 2]) {
        let [start, sum, largest, magnitude, reward] = state;
        let c = lr.clone() * g.clone();
        let largest = largest.max(c.clone().abs());
        let magnitude = magnitude + c.clone().abs();
        let reward = (-c.clone()).mul_add(p.clone() - start.clone(), reward).max(N::of(0.0));
        let state = [start, sum - c, largest, magnitude, reward];
        let moved = bet(state.clone(), alpha.clone()) - p;
        (state, [moved.clone() * moved, g.clone() * g])
    }

    fn decide(groups: &[Cow<'_, Group<Self>>], sums: &Sums<'_, 2>, (): &mut ()) -> Decision<1> {
        let rate = |group| {
            let [step, gradient] = sums.of_group(group).map(f64::sqrt);
            if gradient > 0.0 { step / gradient } else { 0.0 }
        };
        Decision::by_group(sums, |group| Move { k: [groups[group].rule.alpha], lr: rate(group) })
    }

    #[inline(always)]
    fn update<N: Num>(_p: N, _g: N, state: [N; 5], [alpha]: &[N; 1]) -> (N, [N; 5]) {
        (bet(state.clone(), alpha.clone()), state)
    }
}
