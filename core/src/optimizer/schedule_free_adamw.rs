//! Schedule-Free AdamW (Defazio et al. 2024, arXiv 2405.15682). It is `AdamWScheduleFree` in the package schedulefree
//! and `ScheduleFreeAdamW` in Keras.
//!
//! The direction is d = g / (√(v/bc₂) + ε) + λ·y with v ← β₂·v + (1−β₂)·g² and bc₂ = 1 − β₂ᵗ. Then z ← z − γ·d, x
//! averages z, and y = (1−β₁)·z + β₁·x. The comment at the top of `core/src/optimizer/schedule_free.rs` has the
//! details. Weight decay is part of the rule: the term λ·y moves z.
//!
//! Keras weights all steps equally, c = 1/t. Its other differences are not implemented: it evaluates y, and its weight
//! decay moves y and not z.
//!
//! | key | default | Keras |
//! |---|---|---|
//! | `lr` | 2.5e-3 | |
//! | `betas` | [0.9, 0.999] | |
//! | `eps` | 1e-8 | |
//! | `weight_decay` | 0 | |
//! | `warmup_steps` | 0 | |
//! | `r` | 0 | |
//! | `weight_lr_power` | 2 | 0 |

use super::averages::{correction, squares};
use super::schedule_free::{Averaging, Past, RATES, moved};
use super::{
    Build, Convention, Elementwise, EvalWeights, Group, GroupOptions, Hyper, Initial, Num, OptimizerConfig, Program,
    Rates, UpdateRule, configure, convention, elementwise,
};
use crate::spec::{BelowOne, Entry, NonNegative, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "schedule_free_adamw",
    summary: "AdamW that averages its weights and needs no schedule (Defazio et al. 2024)",
    example: "type = \"schedule_free_adamw\"\nlr = 2.5e-3\nbetas = [0.9, 0.999]",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn OptimizerConfig>> {
    let keras = convention(section) == Convention::Keras;
    let lr = section.or("lr", Positive(2.5e-3)).0;
    let [beta1, beta2] = section.or("betas", [BelowOne(0.9), BelowOne(0.999)]).map(|beta| beta.0);
    let eps = section.or("eps", NonNegative(1e-8)).0;
    let weight_decay = section.or("weight_decay", NonNegative(0.0)).0;
    let options = GroupOptions::without_decay(section);
    let averaging = Averaging::read(section, "betas", beta1, if keras { 0.0 } else { 2.0 })?;
    Some(configure(ScheduleFreeAdamW { averaging, beta2, eps, weight_decay }, lr, options))
}

#[derive(Clone, Debug)]
struct ScheduleFreeAdamW {
    averaging: Averaging,
    beta2: f64,
    eps: f64,
    weight_decay: f64,
}

impl UpdateRule for ScheduleFreeAdamW {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        let ScheduleFreeAdamW { beta2, eps, weight_decay, .. } = self;
        vec![
            Hyper::below_one("beta2", beta2),
            Hyper::non_negative("eps", eps),
            Hyper::non_negative("weight_decay", weight_decay),
        ]
    }

    fn rates(&self) -> Rates {
        RATES
    }

    fn program(groups: Vec<Group<Self>>) -> Program {
        elementwise!(ScheduleFreeAdamW, 2, 8, groups)
    }
}

impl Elementwise<2, 8> for ScheduleFreeAdamW {
    type HostState = Past;
    const SLOTS: [&'static str; 2] = ["z", "exp_avg_sq"];

    fn initial(&self) -> [Initial; 2] {
        [Initial::Parameter, Initial::Value(0.0)]
    }

    fn scalars(&self, t: u64, lr: f64, past: &mut Past) -> [f64; 8] {
        let [share, of_y, of_z] = self.averaging.numbers(t, lr, past);
        let bc2 = correction(self.beta2, t);
        [share, of_y, of_z, self.beta2, 1.0 - self.beta2, 1.0 / bc2.sqrt(), self.eps, self.weight_decay]
    }

    #[inline(always)]
    fn update<N: Num>(y: N, g: N, [z, v]: [N; 2], k: &[N; 8]) -> (N, [N; 2]) {
        let [share, of_y, of_z, beta2, one_minus_beta2, b, eps, weight_decay] = k;
        let v = squares(g.clone(), v, [beta2, one_minus_beta2]);
        let normalized = g / v.clone().sqrt().mul_add(b.clone(), eps.clone());
        let d = weight_decay.clone().mul_add(y.clone(), normalized);
        let (y, z) = moved(y, z, d, [share, of_y, of_z]);
        (y, [z, v])
    }

    fn effective_lr(&self, past: &Past) -> Option<f64> {
        Some(past.lr)
    }

    fn eval_weights(&self) -> Option<EvalWeights> {
        Some(self.averaging.eval_weights())
    }
}
