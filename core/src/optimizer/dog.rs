//! DoG, distance over gradients (Ivgi, Hinder and Carmon 2023, arXiv 2302.12022), is gradient descent that finds its
//! own rate. It is the authors' `dog.DoG`, and `contrib.dog` in optax. [L-DoG](super::ldog) finds a rate for every
//! parameter tensor.
//!
//! r̄ ← max(r̄, ‖θ − θ₀‖), G ← G + ‖g‖², η = r̄/√(G + ε), θ ← θ − lr·η·g. r̄ starts at `reps_rel`·(1 + ‖θ₀‖). The
//! authors recommend 1e-4 for models with batch normalization. With `init_eta`, r̄ starts at 0, and η is `init_eta`
//! until something has moved. (optax multiplies that by `lr`, the authors' code does not.)
//!
//! The norms are over a group, as in the authors' code. optax has no groups. `lr` multiplies the rate that the method
//! finds. `lr = 1` is the method as published. The authors evaluate an average of the weights. Decoupled weight decay
//! is scaled by lr·η. The authors' weight decay is coupled.
//!
//! | key | default |
//! |---|---|
//! | `lr` | 1 |
//! | `reps_rel` | 1e-6 |
//! | `init_eta` | not set |
//! | `eps` | 1e-8 |
//! | `weight_decay` | 0 |
//! | `decoupled_weight_decay` | false |

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{
    Build, Decision, Group, GroupOptions, Hyper, Initial, Move, Num, OptimizerConfig, ParamSums, Program, Rates, Sums,
    TwoPass, UpdateRule, configure, two_pass,
};
use crate::spec::{Entry, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "dog",
    summary: "gradient descent whose rate is distance over gradients (Ivgi et al. 2023)",
    example: "type = \"dog\"\nlr = 1.0\nreps_rel = 1e-6",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn OptimizerConfig>> {
    Some(read(section, false))
}

/// Reads the table of DoG or, with `by_parameter`, of L-DoG.
pub(super) fn read(section: &mut Section<'_>, by_parameter: bool) -> Box<dyn OptimizerConfig> {
    let lr = section.or("lr", Positive(1.0)).0;
    let reps_rel = section.or("reps_rel", Positive(1e-6)).0;
    let init_eta = section.optional::<Positive>("init_eta").map(|eta| eta.0);
    let eps = section.or("eps", Positive(1e-8)).0;
    let options = GroupOptions::read(section, 0.0, false);
    configure(Dog { reps_rel, init_eta, eps, by_parameter }, lr, options)
}

#[derive(Clone, Debug)]
struct Dog {
    reps_rel: f64,
    init_eta: Option<f64>,
    eps: f64,
    /// True if every parameter tensor has its own rate, false if every group has.
    by_parameter: bool,
}

impl UpdateRule for Dog {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        Vec::new()
    }

    fn rates(&self) -> Rates {
        Rates { finds_its_own: true, ..Rates::default() }
    }

    fn program(groups: Vec<Group<Self>>) -> Program {
        two_pass!(Dog, 1, 0, 3, 1, groups)
    }
}

/// The state of a group or of a parameter tensor.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Trail {
    /// r̄. `None` before the first step.
    distance: Option<f64>,
    /// G.
    squares: f64,
}

impl Trail {
    /// Updates the state with a step's ‖θ − θ₀‖², ‖θ₀‖² and ‖g‖². Returns η of the step.
    fn follow(&mut self, rule: &Dog, [apart, initial, g_squared]: [f64; 3]) -> f64 {
        let first = || if rule.init_eta.is_some() { 0.0 } else { rule.reps_rel * (1.0 + initial.sqrt()) };
        let distance = self.distance.unwrap_or_else(first).max(apart.sqrt());
        *self = Trail { distance: Some(distance), squares: self.squares + g_squared };
        match rule.init_eta {
            Some(eta) if distance == 0.0 => eta,
            _ => distance / (self.squares + rule.eps).sqrt(),
        }
    }
}

impl TwoPass<1, 0, 3, 1> for Dog {
    /// One trail for each group or for each parameter tensor.
    type HostState = Vec<Trail>;
    const SLOTS: [&'static str; 1] = ["init_buffer"];

    fn initial(&self) -> [Initial; 1] {
        [Initial::Parameter]
    }

    fn before(&self, _t: u64, _group: usize, _lr: f64, _trails: &Vec<Trail>) -> [f64; 0] {
        []
    }

    #[inline(always)]
    fn measure<N: Num>(p: N, g: N, [first]: [N; 1], _: &[N; 0]) -> ([N; 1], [N; 3]) {
        let apart = p - first.clone();
        let sums = [apart.clone() * apart, first.clone() * first.clone(), g.clone() * g];
        ([first], sums)
    }

    fn decide(groups: &[Cow<'_, Group<Self>>], sums: &Sums<'_, 3>, trails: &mut Vec<Trail>) -> Decision<1> {
        // Groups cannot have different types, so all have rates by group or all by parameter.
        let trail_of = |param: &ParamSums<3>| if groups[0].rule.by_parameter { param.param } else { param.group };
        let len = sums.params.iter().map(|param| trail_of(param) + 1).max().unwrap_or(0);
        trails.resize(len.max(trails.len()), Trail::default());
        let mut totals: Vec<Option<(usize, [f64; 3])>> = vec![None; trails.len()];
        for param in sums.params {
            let (_, total) = totals[trail_of(param)].get_or_insert((param.group, [0.0; 3]));
            total.iter_mut().zip(param.sums).for_each(|(total, sum)| *total += sum);
        }
        let follow = |(trail, total): (&mut Trail, Option<(usize, [f64; 3])>)| match total {
            Some((group, total)) => trail.follow(&groups[group].rule, total),
            None => 0.0,
        };
        let etas: Vec<f64> = trails.iter_mut().zip(totals).map(follow).collect();
        let rates: Vec<f64> = sums.params.iter().map(|param| sums.lr[param.group] * etas[trail_of(param)]).collect();
        let moves = rates.iter().map(|&lr| Move { k: [lr], lr }).collect();
        // For L-DoG this is the mean over a group's parameter tensors.
        let effective = |group: usize| {
            let own = || sums.params.iter().zip(&rates).filter(|(param, _)| param.group == group);
            own().map(|(_, rate)| rate).sum::<f64>() / own().count().max(1) as f64
        };
        Decision { moves, effective_lr: (0..sums.lr.len()).map(effective).collect() }
    }

    #[inline(always)]
    fn update<N: Num>(p: N, g: N, state: [N; 1], [rate]: &[N; 1]) -> (N, [N; 1]) {
        ((-rate.clone()).mul_add(g, p), state)
    }
}
