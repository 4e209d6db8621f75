//! DoG, distance over gradients (Ivgi, Hinder and Carmon 2023, arXiv 2302.12022): gradient descent that finds its own
//! rate; the authors' `dog.DoG`, optax's `contrib.dog`. With a rate for every parameter tensor it is
//! [L-DoG](super::ldog).
//!
//! r̄ ← max(r̄, ‖θ − θ₀‖), G ← G + ‖g‖², η = r̄/√(G + ε), θ ← θ − lr·η·g. r̄ begins with `reps_rel`·(1 + ‖θ₀‖); the
//! authors recommend 1e-4 for models with batch normalization. With `init_eta` it begins with 0, and η is `init_eta`
//! until something has moved. (The authors' code does not multiply that by `lr`; optax does.)
//!
//! The norms are over a group, as the authors have it; optax knows no groups. `lr` multiplies what is found: 1 is the
//! method. The authors evaluate at an average of the weights. Decoupled weight decay goes by lr·η; theirs is coupled.
//!
//! | key | default |
//! |---|---|
//! | `lr` | 1 |
//! | `reps_rel` | 1e-6 |
//! | `init_eta` | none |
//! | `eps` | 1e-8 |
//! | `weight_decay` | 0 |
//! | `decoupled_weight_decay` | false |

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::engine::{Decision, Group, Measured, Move, Seen, Share, measured};
use super::{Build, Hyper, Initial, Method, Num, Rates, Treatment, UpdateRule};
use crate::spec::{Entry, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "dog",
    summary: "gradient descent whose rate is distance over gradients (Ivgi et al. 2023)",
    example: "type = \"dog\"\nlr = 1.0\nreps_rel = 1e-6",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn Method>> {
    Some(read(section, false))
}

/// Reads the table of DoG or, `by_parameter`, L-DoG.
pub(super) fn read(section: &mut Section<'_>, by_parameter: bool) -> Box<dyn Method> {
    let lr = section.or("lr", Positive(1.0)).0;
    let reps_rel = section.or("reps_rel", Positive(1e-6)).0;
    let init_eta = section.optional::<Positive>("init_eta").map(|eta| eta.0);
    let eps = section.or("eps", Positive(1e-8)).0;
    let treatment = Treatment::read(section, 0.0, false);
    measured(Dog { reps_rel, init_eta, eps, by_parameter }, lr, treatment)
}

#[derive(Clone, Debug)]
struct Dog {
    reps_rel: f64,
    init_eta: Option<f64>,
    eps: f64,
    /// A rate for every parameter tensor, not one for a group.
    by_parameter: bool,
}

impl UpdateRule for Dog {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        Vec::new()
    }

    fn rates(&self) -> Rates {
        Rates { finds_its_own: true, ..Rates::default() }
    }
}

/// What is known of a group, or of a parameter tensor.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Trail {
    /// r̄; none before the first step.
    distance: Option<f64>,
    /// G.
    squares: f64,
}

impl Trail {
    /// η of this step, from its ‖θ − θ₀‖², ‖θ₀‖² and ‖g‖².
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

impl Measured<1, 0, 3, 1> for Dog {
    /// By group, or by parameter.
    type Memory = Vec<Trail>;
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

    fn decide(groups: &[Cow<'_, Group<Self>>], seen: &Seen<'_, 3>, trails: &mut Vec<Trail>) -> Decision<1> {
        // A group cannot have another type, and so all of them are by group or all by parameter.
        let of_share = |share: &Share<3>| if groups[0].rule.by_parameter { share.param } else { share.group };
        let len = seen.params.iter().map(|share| of_share(share) + 1).max().unwrap_or(0);
        trails.resize(len.max(trails.len()), Trail::default());
        let mut sums: Vec<Option<(usize, [f64; 3])>> = vec![None; trails.len()];
        for share in seen.params {
            let (_, total) = sums[of_share(share)].get_or_insert((share.group, [0.0; 3]));
            total.iter_mut().zip(share.sums).for_each(|(total, sum)| *total += sum);
        }
        let follow = |(trail, sums): (&mut Trail, Option<(usize, [f64; 3])>)| match sums {
            Some((group, sums)) => trail.follow(&groups[group].rule, sums),
            None => 0.0,
        };
        let etas: Vec<f64> = trails.iter_mut().zip(sums).map(follow).collect();
        let rates: Vec<f64> = seen.params.iter().map(|share| seen.lr[share.group] * etas[of_share(share)]).collect();
        let moves = rates.iter().map(|&lr| Move { k: [lr], lr }).collect();
        // Of L-DoG the mean over a group's parameter tensors.
        let effective = |group: usize| {
            let own = || seen.params.iter().zip(&rates).filter(|(share, _)| share.group == group);
            own().map(|(_, rate)| rate).sum::<f64>() / own().count().max(1) as f64
        };
        Decision { moves, effective_lr: (0..seen.lr.len()).map(effective).collect() }
    }

    #[inline(always)]
    fn update<N: Num>(p: N, g: N, state: [N; 1], [rate]: &[N; 1]) -> (N, [N; 1]) {
        ((-rate.clone()).mul_add(g, p), state)
    }
}
