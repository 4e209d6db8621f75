//! MoMo is momentum with a rate computed from the loss (Schaipp et al. 2024, arXiv 2305.07583). It is `contrib.momo` in
//! optax.
//!
//! Three running averages with the weight β start from their first values: d of the gradients g, f̄ of the losses, and
//! γ of ⟨g, θ⟩. They make a linear model of the loss. With it and its lower bound f*,
//!
//! τ = min(lr, [(1 + lr·λ)·(f̄ − f* − γ) + ⟨d, θ⟩]₊ / ‖d‖²), θ ← θ/(1 + lr·λ) − τ·d.
//!
//! Weight decay λ is part of the method, as the last formula shows: it is decoupled from g, and scaled by `lr` for
//! every τ. In the paper and the authors' code τ·d is also divided by 1 + lr·λ, which minimizes the model with its
//! penalty. `proximal = true` does the same here.
//!
//! With `adapt_lower_bound`, f* is estimated. If the model's value h = (f̄ − γ) + ⟨d, θ⟩/(1 + lr·λ) is below f*, f*
//! becomes max(h/2, `lower_bound`). After the step it becomes max(f̄ − γ + ⟨d, θ⟩ − ½·τ·‖d‖², `lower_bound`).
//!
//! Groups may have different rates and λ (optax has no groups): τᵢ = lrᵢ·s with one s in [0, 1], s = min(1, [f̄ − f* −
//! γ + Σᵢ wᵢ·⟨dᵢ, θᵢ⟩]₊ / Σᵢ wᵢ·lrᵢ·‖dᵢ‖²), wᵢ = 1/(1 + lrᵢ·λᵢ). This solves the paper's problem with a norm in which
//! group i has the weight 1/lrᵢ. With one group it is τ above. All groups share f*, its options, and β. With gradient
//! clipping, γ and d no longer belong to the loss that f̄ averages.
//!
//! | key | default |
//! |---|---|
//! | `lr` (the largest rate) | 1 |
//! | `beta` | 0.9 |
//! | `lower_bound` | 0 |
//! | `adapt_lower_bound` | false |
//! | `weight_decay` | 0 |
//! | `proximal` | false |

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::polyak::minimizes;
use super::{
    Build, Decision, Group, GroupOptions, Hyper, Move, Num, OptimizerConfig, Program, Rates, Sums, TwoPass, UpdateRule,
    configure, two_pass,
};
use crate::spec::{BelowOne, Entry, NonNegative, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "momo",
    summary: "momentum with a rate from the loss (Schaipp et al. 2024)",
    example: "type = \"momo\"\nlr = 1.0\nbeta = 0.9\nlower_bound = 0.0",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn OptimizerConfig>> {
    let lr = section.or("lr", Positive(1.0)).0;
    let beta = section.or("beta", BelowOne(0.9)).0;
    let bound = Bound::read(section);
    let decay = Decay::read(section);
    let options = GroupOptions::without_decay(section);
    minimizes(section, options).then(|| configure(Momo { beta, bound, decay }, lr, options))
}

/// The lower bound of the loss.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bound {
    lower: f64,
    adapts: bool,
}

impl Bound {
    /// Reads `lower_bound` and `adapt_lower_bound`.
    pub fn read(section: &mut Section<'_>) -> Self {
        Bound { lower: section.or("lower_bound", 0.0), adapts: section.or("adapt_lower_bound", false) }
    }
}

impl Bound {
    /// Returns the options that must be equal in all groups.
    pub fn shared(self) -> [(&'static str, f64); 2] {
        [("lower_bound", self.lower), ("adapt_lower_bound", f64::from(self.adapts))]
    }
}

/// Weight decay as in MoMo and MoMo-Adam.
#[derive(Clone, Copy, Debug)]
pub(super) struct Decay {
    pub amount: f64,
    proximal: bool,
}

impl Decay {
    /// Reads `weight_decay` and `proximal`.
    pub fn read(section: &mut Section<'_>) -> Self {
        let amount = section.or("weight_decay", NonNegative(0.0)).0;
        Decay { amount, proximal: section.or("proximal", false) }
    }
}

/// The linear model of the loss, for all groups together. An average that started at 0 has to be divided by its bias
/// correction.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Model {
    /// f̄.
    loss: f64,
    /// Each parameter's part of γ.
    gamma: Vec<f64>,
    /// The estimate of f*. `None` before the first step, and if f* is not estimated.
    bound: Option<f64>,
}

/// The averages and weight decay of one group at a step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Averaging {
    /// The weight of the newest value in averages.
    pub taken: f64,
    /// The bias correction of the averages.
    pub filled: f64,
    pub decay: Decay,
}

/// The step of one group: θ ← θ·`shrink` − `step`·d.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stride {
    pub shrink: f64,
    pub step: f64,
    /// lr·s.
    pub rate: f64,
}

impl Model {
    /// Updates the model with a step, and returns the stride of each group. The sums of each parameter are ⟨g, θ⟩, ‖d‖²
    /// (in the optimizer's norm) and ⟨d, θ⟩. In them, d is not divided by its bias correction.
    pub fn stride(&mut self, bound: Bound, groups: &[Averaging], sums: &Sums<'_, 3>) -> Vec<Stride> {
        let base = &groups[0];
        self.loss += base.taken * (sums.loss - self.loss);
        let shrink = |group: usize| 1.0 / (1.0 + sums.lr[group] * groups[group].decay.amount);
        let mut value = self.loss / base.filled;
        let (mut along, mut shrunk_along, mut square, mut shrunk_square) = (0.0, 0.0, 0.0, 0.0);
        // Adds in the order of the parameters, so that rounding does not depend on the groups.
        for param in sums.params {
            let (group, [now, norm, product]) = (&groups[param.group], param.sums);
            if self.gamma.len() <= param.param {
                self.gamma.resize(param.param + 1, 0.0);
            }
            let gamma = &mut self.gamma[param.param];
            *gamma += group.taken * (now - *gamma);
            value -= *gamma / group.filled;
            let product = product / group.filled;
            let norm = sums.lr[param.group] * norm / (group.filled * group.filled);
            along += product;
            shrunk_along += shrink(param.group) * product;
            square += norm;
            shrunk_square += shrink(param.group) * norm;
        }
        let reached = value + shrunk_along;
        let mut least = self.bound.unwrap_or(bound.lower);
        if bound.adapts && reached < least {
            least = (reached / 2.0).max(bound.lower);
        }
        let part = if shrunk_square > 0.0 { ((reached - least).max(0.0) / shrunk_square).min(1.0) } else { 0.0 };
        if bound.adapts {
            self.bound = Some((value + along - 0.5 * part * square).max(bound.lower));
        }
        let stride = |(index, group): (usize, &Averaging)| {
            let (shrink, rate) = (shrink(index), sums.lr[index] * part);
            let of_step = if group.decay.proximal { shrink } else { 1.0 };
            Stride { shrink, step: of_step * rate / group.filled, rate }
        };
        groups.iter().enumerate().map(stride).collect()
    }
}

#[derive(Clone, Debug)]
struct Momo {
    beta: f64,
    bound: Bound,
    decay: Decay,
}

impl UpdateRule for Momo {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        let Momo { beta, decay, .. } = self;
        vec![Hyper::below_one("beta", beta), Hyper::non_negative("weight_decay", &mut decay.amount)]
    }

    fn rates(&self) -> Rates {
        Rates { finds_its_own: true, ..Rates::default() }
    }

    fn shared(&self) -> Vec<(&'static str, f64)> {
        let mut shared = vec![("beta", self.beta)];
        shared.extend(self.bound.shared());
        shared
    }

    fn program(groups: Vec<Group<Self>>) -> Program {
        two_pass!(Momo, 1, 2, 3, 2, groups)
    }
}

impl Momo {
    /// Returns the weight of the newest value in averages.
    fn taken(&self, t: u64) -> f64 {
        if t == 1 { 1.0 } else { 1.0 - self.beta }
    }
}

impl TwoPass<1, 2, 3, 2> for Momo {
    type HostState = Model;
    const SLOTS: [&'static str; 1] = ["exp_avg"];

    fn before(&self, t: u64, _group: usize, _lr: f64, _model: &Model) -> [f64; 2] {
        let taken = self.taken(t);
        [1.0 - taken, taken]
    }

    #[inline(always)]
    fn measure<N: Num>(p: N, g: N, [d]: [N; 1], [kept, taken]: &[N; 2]) -> ([N; 1], [N; 3]) {
        let d = taken.clone().mul_add(g.clone(), kept.clone() * d);
        ([d.clone()], [g * p.clone(), d.clone() * d.clone(), d * p])
    }

    fn decide(groups: &[Cow<'_, Group<Self>>], sums: &Sums<'_, 3>, model: &mut Model) -> Decision<2> {
        let averaging = |group: &Cow<'_, Group<Momo>>| {
            let rule = &group.rule;
            Averaging { taken: rule.taken(sums.t), filled: 1.0, decay: rule.decay }
        };
        let averaging: Vec<Averaging> = groups.iter().map(averaging).collect();
        let strides = model.stride(groups[0].rule.bound, &averaging, sums);
        Decision::by_group(sums, |group| {
            let Stride { shrink, step, rate } = strides[group];
            Move { k: [shrink, step], lr: rate }
        })
    }

    #[inline(always)]
    fn update<N: Num>(p: N, _g: N, [d]: [N; 1], [shrink, step]: &[N; 2]) -> (N, [N; 1]) {
        ((-step.clone()).mul_add(d.clone(), shrink.clone() * p), [d])
    }
}
