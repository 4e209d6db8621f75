//! DoWG, distance over weighted gradients (Khaled, Mishchenko and Jin 2023, arXiv 2305.16284), is gradient descent that
//! finds its own rate. It is `contrib.dowg` in optax, and the authors' `DoWG`.
//!
//! r² ← max(r², ‖θ − θ₀‖²), v ← v + r²·‖g‖², η = r²/(√v + ε), θ ← θ − lr·η·g. r² starts at `init_estim_sq_dist`, which
//! is ε if it is left out. The norms are over all parameters. The paper has no ε in η.
//!
//! `lr` multiplies the rate that the method finds. `lr = 1` is the method as published. Decoupled weight decay is
//! scaled by lr·η. optax's weight decay is coupled.
//!
//! | key | default |
//! |---|---|
//! | `lr` | 1 |
//! | `init_estim_sq_dist` | ε |
//! | `eps` | 1e-4 |
//! | `weight_decay` | 0 |
//! | `decoupled_weight_decay` | false |

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{
    Build, Decision, Group, GroupOptions, Hyper, Initial, Move, Num, OptimizerConfig, Program, Rates, Sums, TwoPass,
    UpdateRule, configure, two_pass,
};
use crate::spec::{Entry, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "dowg",
    summary: "gradient descent whose rate is distance over weighted gradients (Khaled et al. 2023)",
    example: "type = \"dowg\"\nlr = 1.0\neps = 1e-4",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn OptimizerConfig>> {
    let lr = section.or("lr", Positive(1.0)).0;
    let eps = section.or("eps", Positive(1e-4)).0;
    let initial = section.optional::<Positive>("init_estim_sq_dist").map_or(eps, |initial| initial.0);
    let options = GroupOptions::read(section, 0.0, false);
    Some(configure(DoWg { initial, eps }, lr, options))
}

#[derive(Clone, Debug, PartialEq)]
struct DoWg {
    /// The first value of r².
    initial: f64,
    eps: f64,
}

impl UpdateRule for DoWg {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        Vec::new()
    }

    fn rates(&self) -> Rates {
        Rates { finds_its_own: true, ..Rates::default() }
    }

    fn shared(&self) -> Vec<(&'static str, f64)> {
        vec![("eps", self.eps), ("init_estim_sq_dist", self.initial)]
    }

    fn program(groups: Vec<Group<Self>>) -> Program {
        two_pass!(DoWg, 1, 0, 2, 1, groups)
    }
}

/// The state of all groups together.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Trail {
    /// r². 0 before the first step.
    distance: f64,
    /// v.
    squares: f64,
}

impl TwoPass<1, 0, 2, 1> for DoWg {
    type HostState = Trail;
    const SLOTS: [&'static str; 1] = ["x0"];

    fn initial(&self) -> [Initial; 1] {
        [Initial::Parameter]
    }

    fn before(&self, _t: u64, _group: usize, _lr: f64, _trail: &Trail) -> [f64; 0] {
        []
    }

    #[inline(always)]
    fn measure<N: Num>(p: N, g: N, [x0]: [N; 1], _: &[N; 0]) -> ([N; 1], [N; 2]) {
        let apart = p - x0.clone();
        ([x0], [apart.clone() * apart, g.clone() * g])
    }

    fn decide(groups: &[Cow<'_, Group<Self>>], sums: &Sums<'_, 2>, trail: &mut Trail) -> Decision<1> {
        let rule = &groups[0].rule;
        let [apart, g_squared] = sums.total();
        let distance = if sums.t == 1 { rule.initial } else { trail.distance }.max(apart);
        *trail = Trail { distance, squares: trail.squares + distance * g_squared };
        let eta = distance / (trail.squares.sqrt() + rule.eps);
        Decision::by_group(sums, |group| Move { k: [sums.lr[group] * eta], lr: sums.lr[group] * eta })
    }

    #[inline(always)]
    fn update<N: Num>(p: N, g: N, state: [N; 1], [rate]: &[N; 1]) -> (N, [N; 1]) {
        ((-rate.clone()).mul_add(g, p), state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conflict_names_the_key_of_the_spec() {
        let base = DoWg { initial: 1e-4, eps: 1e-4 };
        let group = DoWg { initial: 1e-3, eps: 1e-4 };
        let conflict = group.compatible_with(&base).unwrap_err();
        assert_eq!(conflict.key, Some("init_estim_sq_dist"));
    }
}
