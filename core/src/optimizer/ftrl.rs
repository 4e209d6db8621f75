//! FTRL-Proximal, "follow the regularized leader" (McMahan et al. 2013, "Ad click prediction"). It is `Ftrl` in Keras.
//!
//! With p = −`learning_rate_power`:
//! - n' = n + g², q = n'ᵖ/lr, and q₋₁ = nᵖ/lr₋₁ with the rate of the step before;
//! - z ← z + g + 2·`l2_shrinkage`·θ − (q − q₋₁)·θ;
//! - θ ← (clip(z, ±`l1`) − z) / (q + `beta`/lr + 2·`l2`), n ← n'. θ is exactly 0 where |z| ≤ `l1`.
//!
//! Without `l1` and `l2`, FTRL is Adagrad with another start: z is 0 at first, so the first step forgets most of the
//! initial weight.
//!
//! Keras also uses the current rate in q₋₁. With a constant rate the results are the same. When the rate falls, Keras's
//! weights all shrink with it, down to 0 at the end of a cosine. lr-run, like the paper, uses the rate of the step
//! before. At a rate of 0, by which Keras divides, nothing changes. A weight that has had no gradient is 0 if
//! `initial_accumulator_value = 0` and there is no `l2` or `beta` (0/0 in Keras).
//!
//! | key | default | Keras's name |
//! |---|---|---|
//! | `lr` | 1e-3 | `learning_rate` |
//! | `learning_rate_power` | -0.5 | |
//! | `initial_accumulator_value` | 0.1 | |
//! | `l1` | 0 | `l1_regularization_strength` |
//! | `l2` | 0 | `l2_regularization_strength` |
//! | `l2_shrinkage` | 0 | `l2_shrinkage_regularization_strength` |
//! | `beta` | 0 | |
//! | `weight_decay` | 0 | |
//! | `decoupled_weight_decay` | true | always |

use serde::{Deserialize, Serialize};

use super::{
    Build, Elementwise, Group, GroupOptions, Hyper, Initial, Num, OptimizerConfig, Program, UpdateRule, configure,
    convention, elementwise,
};
use crate::spec::{Entry, NonNegative, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "ftrl",
    summary: "follow the regularized leader, for sparse weights (McMahan et al. 2013)",
    example: "type = \"ftrl\"\nlr = 0.05\nl1 = 1e-3",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn OptimizerConfig>> {
    // Only Keras has this optimizer, so both conventions are the same.
    convention(section);
    let lr = section.or("lr", Positive(1e-3)).0;
    let power = section.or("learning_rate_power", -0.5);
    let initial = section.or("initial_accumulator_value", NonNegative(0.1)).0;
    let l1 = section.or("l1", NonNegative(0.0)).0;
    let l2 = section.or("l2", NonNegative(0.0)).0;
    let l2_shrinkage = section.or("l2_shrinkage", NonNegative(0.0)).0;
    let beta = section.or("beta", NonNegative(0.0)).0;
    let options = GroupOptions::read(section, 0.0, true);
    if power > 0.0 {
        let message = "`learning_rate_power` is above 0, so the rates of weights would grow with their gradients";
        section.error("learning_rate_power", message, "expected 0 or below");
        return None;
    }
    let rule = Ftrl { power: -power, initial, l1, l2, l2_shrinkage, beta };
    Some(configure(rule, lr, options))
}

/// The slots have Keras's names.
const SLOTS: [&str; 2] = ["accumulator", "linear"];

#[derive(Clone, Debug)]
struct Ftrl {
    /// −`learning_rate_power`.
    power: f64,
    initial: f64,
    l1: f64,
    l2: f64,
    l2_shrinkage: f64,
    beta: f64,
}

impl UpdateRule for Ftrl {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        vec![
            Hyper::non_negative("l1", &mut self.l1),
            Hyper::non_negative("l2", &mut self.l2),
            Hyper::non_negative("l2_shrinkage", &mut self.l2_shrinkage),
            Hyper::non_negative("beta", &mut self.beta),
        ]
    }

    /// Makes a program with square roots if p = ½ in all groups: they are ten times as fast as powers.
    fn program(groups: Vec<Group<Self>>) -> Program {
        match groups.iter().all(|group| group.rule.power == 0.5) {
            true => elementwise!(Ftrl, 2, 5, groups),
            false => elementwise!(Ftrl, 2, 6, groups),
        }
    }
}

/// The rate of the last step whose rate was not 0.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Last(Option<f64>);

impl Ftrl {
    /// Returns 1/lr, 1/lr − 1/lr₋₁, `l1`, `beta`/lr + 2·`l2`, and 2·`l2_shrinkage`. At a rate of 0 all are 0, so that
    /// the step changes nothing.
    fn numbers(&self, lr: f64, Last(last): &mut Last) -> [f64; 5] {
        if lr == 0.0 {
            return [0.0; 5];
        }
        let before = last.replace(lr).unwrap_or(lr);
        let more = self.beta / lr + 2.0 * self.l2;
        [1.0 / lr, 1.0 / lr - 1.0 / before, self.l1, more, 2.0 * self.l2_shrinkage]
    }
}

/// Returns θ, n and z after the step. `power(x)` is xᵖ, and `growth` computes n'ᵖ − nᵖ from n'ᵖ, nᵖ and n' − n.
#[inline(always)]
fn stepped<N: Num>(
    p: N,
    g: N,
    [n, z]: [N; 2],
    [inverse, change, l1, more, shrinkage]: &[N; 5],
    power: impl Fn(N) -> N,
    growth: impl Fn(N, N, N) -> N,
) -> (N, [N; 2]) {
    let squared = g.clone() * g.clone();
    let before = power(n.clone());
    let new_n = n.clone() + squared.clone();
    let now = power(new_n.clone());
    let rise = growth(now.clone(), before.clone(), squared) * inverse.clone() + before * change.clone();
    let new_z = z.clone() + (g + shrinkage.clone() * p.clone() - rise * p.clone());
    let clipped = new_z.clone().max(-l1.clone()).min(l1.clone());
    let q = now * inverse.clone() + more.clone();
    let best = q.clone().select_positive((clipped - new_z.clone()) / q, N::of(0.0));
    let moves = |new, old| inverse.clone().select_positive(new, old);
    (moves(best, p), [moves(new_n, n), moves(new_z, z)])
}

/// FTRL with p = ½, by square roots.
impl Elementwise<2, 5> for Ftrl {
    type HostState = Last;
    const SLOTS: [&'static str; 2] = SLOTS;

    fn initial(&self) -> [Initial; 2] {
        [Initial::Value(self.initial), Initial::Value(0.0)]
    }

    fn scalars(&self, _t: u64, lr: f64, last: &mut Last) -> [f64; 5] {
        self.numbers(lr, last)
    }

    #[inline(always)]
    fn update<N: Num>(p: N, g: N, state: [N; 2], k: &[N; 5]) -> (N, [N; 2]) {
        // This is √n' − √n without the rounding error of a small difference.
        let growth = |now: N, before: N, more: N| {
            let sum = now + before;
            sum.clone().select_positive(more / sum, N::of(0.0))
        };
        stepped(p, g, state, k, N::sqrt, growth)
    }
}

/// FTRL with any power, which is the last of the scalars.
impl Elementwise<2, 6> for Ftrl {
    type HostState = Last;
    const SLOTS: [&'static str; 2] = SLOTS;

    fn initial(&self) -> [Initial; 2] {
        [Initial::Value(self.initial), Initial::Value(0.0)]
    }

    fn scalars(&self, _t: u64, lr: f64, last: &mut Last) -> [f64; 6] {
        let [a, b, c, d, e] = self.numbers(lr, last);
        [a, b, c, d, e, self.power]
    }

    #[inline(always)]
    fn update<N: Num>(p: N, g: N, state: [N; 2], [k @ .., power]: &[N; 6]) -> (N, [N; 2]) {
        stepped(p, g, state, k, |x| x.powf(power.clone()), |now, before, _| now - before)
    }
}
