//! COCOB-Backprop: every weight bets on its own gradients and needs no learning rate (Orabona and Tommasi 2017, arXiv
//! 1705.07795); optax's `contrib.cocob`.
//!
//! With the gradients c = lr·g of a weight that began at θ₀: L = max(ε, |c| so far), G = Σ|c|, reward
//! R ← max(R − c·(θ − θ₀), 0), C = −Σc, and θ ← θ₀ + C / (L·max(G + L, α·L)) · (L + R).
//!
//! ε is optax's. With `eps = 0`, which is the article's, a weight stays while its gradients are 0: L is 0 then.
//! A rate that never changes cancels out, but for what ε is compared with. One that follows a schedule weighs the
//! gradients; the article has none.
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

use super::engine::{Decision, Group, Measured, Move, Seen, measured};
use super::{Build, Hyper, Initial, Method, Num, Rates, Treatment, UpdateRule};
use crate::spec::{Entry, NonNegative, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "cocob",
    summary: "every weight bets on its gradients, without a learning rate (Orabona and Tommasi 2017)",
    example: "type = \"cocob\"\nalpha = 100.0",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn Method>> {
    let lr = section.or("lr", Positive(1.0)).0;
    let alpha = section.or("alpha", Positive(100.0)).0;
    let eps = section.or("eps", NonNegative(1e-8)).0;
    let why = "each step begins at the first weights again, and would undo it";
    let treatment = Treatment::coupled(section, why);
    Some(measured(Cocob { alpha, eps }, lr, treatment?))
}

#[derive(Clone, Debug)]
struct Cocob {
    alpha: f64,
    /// What L begins with.
    eps: f64,
}

impl UpdateRule for Cocob {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        vec![Hyper::non_negative("alpha", &mut self.alpha)]
    }

    fn rates(&self) -> Rates {
        Rates {
            one_rate: Some(
                "the rate is a factor of the gradients, and one that stays as it is cancels out of COCOB's steps",
            ),
            finds_its_own: true,
            ..Rates::default()
        }
    }
}

/// θ of the state.
#[inline(always)]
fn bet<N: Num>([start, sum, largest, magnitude, reward]: [N; 5], alpha: N) -> N {
    let fraction = sum / (magnitude + largest.clone()).max(alpha * largest.clone());
    let wealth = (largest.clone() + reward) / largest.clone();
    largest.select_positive(fraction.mul_add(wealth, start.clone()), start)
}

impl Measured<5, 2, 2, 1> for Cocob {
    type Memory = ();
    /// optax's names.
    const SLOTS: [&'static str; 5] = ["init_particles", "cumulative_gradients", "scale", "subgradients", "reward"];

    fn initial(&self) -> [Initial; 5] {
        let zero = Initial::Value(0.0);
        [Initial::Parameter, zero, Initial::Value(self.eps), zero, zero]
    }

    fn before(&self, _t: u64, _group: usize, lr: f64, (): &()) -> [f64; 2] {
        [lr, self.alpha]
    }

    /// The state, ‖step‖² and ‖g‖².
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

    fn decide(groups: &[Cow<'_, Group<Self>>], seen: &Seen<'_, 2>, (): &mut ()) -> Decision<1> {
        let rate = |group| {
            let [step, gradient] = seen.of_group(group).map(f64::sqrt);
            if gradient > 0.0 { step / gradient } else { 0.0 }
        };
        Decision::by_group(seen, |group| Move { k: [groups[group].rule.alpha], lr: rate(group) })
    }

    #[inline(always)]
    fn update<N: Num>(_p: N, _g: N, state: [N; 5], [alpha]: &[N; 1]) -> (N, [N; 5]) {
        (bet(state.clone(), alpha.clone()), state)
    }
}
