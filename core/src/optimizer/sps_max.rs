//! SGD with the stochastic Polyak step size, SPS_max (Loizou et al. 2021, arXiv 2002.10542). It is `polyak_sgd` in
//! optax.
//!
//! η = min((f − f*)₊ / (c·‖g‖² + ε), lr), θ ← θ − η·g. f is the batch's loss. f* (`f_star`) is its smallest possible
//! value: 0 for cross-entropy and squared errors.
//!
//! If f < f*, η is 0, as in the authors' `Sps` and in optax's `variant = "sps+"`. In this case the paper and optax's
//! `"sps"` would step uphill. optax has `scaling` in place of c. In its code (its documentation has another formula)
//! `scaling` = c, `max_learning_rate` = lr/c, and `eps` = c·ε. Its defaults are c = 1, lr = 1 and no ε.
//!
//! `growth` is the paper's smoothing: η is at most `growth` times the last η that was not 0, and `lr` bounds only the
//! first η. The authors use a growth of 2^(1/n) with n batches per epoch. In their code an η of 0 stays 0 for ever.
//!
//! The comment at the top of `core/src/optimizer/polyak.rs` describes groups with different rates, schedules and weight
//! decay. Each group has its own c. All groups share f*, ε and `growth`.
//!
//! | key | default |
//! |---|---|
//! | `lr` (the largest rate) | 1 |
//! | `c` | 0.5 (the authors' value for networks: 0.2) |
//! | `f_star` | 0 |
//! | `eps` | 1e-8 |
//! | `growth` | no smoothing |
//! | `weight_decay` | 0 |
//! | `decoupled_weight_decay` | false |

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::polyak::{minimizes, part, penalized};
use super::{
    Build, Decision, Group, GroupOptions, Hyper, Move, Num, OptimizerConfig, Program, Rates, Sums, TwoPass, UpdateRule,
    configure, two_pass,
};
use crate::spec::{Entry, NonNegative, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "sps_max",
    summary: "gradient descent with Polyak's step size from the batch's loss (Loizou et al. 2021)",
    example: "type = \"sps_max\"\nlr = 1.0\nc = 0.5\nf_star = 0.0",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn OptimizerConfig>> {
    let lr = section.or("lr", Positive(1.0)).0;
    let c = section.or("c", Positive(0.5)).0;
    let f_star = section.or("f_star", 0.0);
    let eps = section.or("eps", NonNegative(1e-8)).0;
    let growth = section.optional::<Positive>("growth").map(|growth| growth.0);
    let options = GroupOptions::read(section, 0.0, false);
    if growth.is_some_and(|growth| growth < 1.0) {
        section.error("growth", "a `growth` below 1 could only lower the rate", "expected 1 or above");
        return None;
    }
    minimizes(section, options).then(|| configure(SpsMax { c, f_star, eps, growth }, lr, options))
}

#[derive(Clone, Debug)]
struct SpsMax {
    c: f64,
    f_star: f64,
    eps: f64,
    growth: Option<f64>,
}

impl UpdateRule for SpsMax {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        vec![Hyper::non_negative("c", &mut self.c), Hyper::non_negative("eps", &mut self.eps)]
    }

    fn rates(&self) -> Rates {
        let no_schedule = self.growth.map(|_| "with `growth` the rate starts at `lr` and is then independent of it");
        Rates { no_schedule, finds_its_own: true, ..Rates::default() }
    }

    fn shared(&self) -> Vec<(&'static str, f64)> {
        vec![("f_star", self.f_star), ("eps", self.eps), ("growth", self.growth.unwrap_or(0.0))]
    }

    fn program(groups: Vec<Group<Self>>) -> Program {
        two_pass!(SpsMax, 0, 0, 2, 1, groups)
    }
}

/// The last κ that was not 0. `None` before there was one.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Last(Option<f64>);

impl TwoPass<0, 0, 2, 1> for SpsMax {
    type HostState = Last;
    const SLOTS: [&'static str; 0] = [];

    fn before(&self, _t: u64, _group: usize, _lr: f64, _last: &Last) -> [f64; 0] {
        []
    }

    #[inline(always)]
    fn measure<N: Num>(p: N, g: N, _: [N; 0], _: &[N; 0]) -> ([N; 0], [N; 2]) {
        ([], [g.clone() * g, p.clone() * p])
    }

    fn decide(groups: &[Cow<'_, Group<Self>>], sums: &Sums<'_, 2>, last: &mut Last) -> Decision<1> {
        let SpsMax { f_star, eps, growth, .. } = groups[0].rule;
        let gap = penalized(groups, sums, 1) - f_star;
        let part = part(sums, gap, |it| sums.lr[it.group] * groups[it.group].rule.c * it.sums[0], eps);
        let cap = growth.zip(last.0).map_or(1.0, |(growth, last)| growth * last);
        let part = part.min(cap);
        if part > 0.0 {
            last.0 = Some(part);
        }
        Decision::by_group(sums, |group| Move { k: [sums.lr[group] * part], lr: sums.lr[group] * part })
    }

    #[inline(always)]
    fn update<N: Num>(p: N, g: N, _: [N; 0], [rate]: &[N; 1]) -> (N, [N; 0]) {
        ((-rate.clone()).mul_add(g, p), [])
    }
}
