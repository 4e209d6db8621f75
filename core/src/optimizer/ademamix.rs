//! AdEMAMix is Adam with a second, much longer momentum (Pagliardini, Ablin and Grangier 2024, arXiv 2409.03137). It is
//! `AdEMAMix` in pytorch_optimizer and `ademamix` in optax.
//!
//! m₁ and v are as in Adam, m₂ ← β₃·m₂ + (1−β₃)·g has no bias correction, and θ ← θ − lr·(m₁/bc₁ + α·m₂) / (√(v/bc₂) +
//! ε).
//!
//! With `t_alpha_beta3` = T steps, α grows linearly from 0, and the half-life of β₃ grows linearly from that of β₁. At
//! step t (from 1) up to T they are α·t/T and exp(ln β₁·ln β₃ / ((1−t/T)·ln β₃ + t/T·ln β₁)). The paper sets T to the
//! length of the run. With T = 0, the default, there is no warm-up. optax evaluates these formulas at t − 1.
//!
//! Weight decay is decoupled in the paper and in optax. In pytorch_optimizer it is coupled by default.
//!
//! | key | default |
//! |---|---|
//! | `lr` | 1e-3 |
//! | `betas` | [0.9, 0.999, 0.9999] |
//! | `alpha` | 5 |
//! | `t_alpha_beta3` | 0 |
//! | `eps` | 1e-8 |
//! | `weight_decay` | 0 |
//! | `decoupled_weight_decay` | true |

use super::adam::moments;
use super::averages::{correction, running};
use super::{
    Build, Elementwise, Group, GroupOptions, Hyper, Num, OptimizerConfig, Program, UpdateRule, configure, elementwise,
};
use crate::spec::{BelowOne, Entry, NonNegative, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "ademamix",
    summary: "Adam with a second, much longer momentum (Pagliardini et al. 2024)",
    example: "type = \"ademamix\"\nlr = 1e-3\nbetas = [0.9, 0.999, 0.9999]\nalpha = 5.0",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn OptimizerConfig>> {
    let lr = section.or("lr", Positive(1e-3)).0;
    let [beta1, beta2, beta3] = section.or("betas", [0.9, 0.999, 0.9999].map(BelowOne)).map(|beta| beta.0);
    let alpha = section.or("alpha", NonNegative(5.0)).0;
    let warmup = section.or("t_alpha_beta3", 0);
    let eps = section.or("eps", NonNegative(1e-8)).0;
    let options = GroupOptions::read(section, 0.0, true);
    Some(configure(AdEmaMix { beta1, beta2, beta3, alpha, warmup, eps }, lr, options))
}

#[derive(Clone, Debug)]
struct AdEmaMix {
    beta1: f64,
    beta2: f64,
    beta3: f64,
    alpha: f64,
    /// T, in steps.
    warmup: u64,
    eps: f64,
}

impl AdEmaMix {
    /// Returns α and β₃ at step `t`.
    fn mixed(&self, t: u64) -> (f64, f64) {
        if t >= self.warmup {
            return (self.alpha, self.beta3);
        }
        let part = t as f64 / self.warmup as f64;
        let beta3 = ((1.0 - part) / self.beta1.ln() + part / self.beta3.ln()).recip().exp();
        (self.alpha * part, beta3.min(self.beta3))
    }
}

impl UpdateRule for AdEmaMix {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        let AdEmaMix { beta1, beta2, beta3, alpha, eps, .. } = self;
        vec![
            Hyper::below_one("beta1", beta1),
            Hyper::below_one("beta2", beta2),
            Hyper::below_one("beta3", beta3),
            Hyper::non_negative("alpha", alpha),
            Hyper::non_negative("eps", eps),
        ]
    }

    fn program(groups: Vec<Group<Self>>) -> Program {
        elementwise!(AdEmaMix, 3, 9, groups)
    }
}

impl Elementwise<3, 9> for AdEmaMix {
    type HostState = ();
    const SLOTS: [&'static str; 3] = ["exp_avg", "exp_avg_sq", "exp_avg_slow"];

    /// Returns 1−β₁, β₂, 1−β₂, 1−β₃, α, then the scalars of θ ← θ − lr·(m₁·`a` + α·m₂) / (√v·`b` + ε).
    fn scalars(&self, t: u64, lr: f64, (): &mut ()) -> [f64; 9] {
        let (alpha, beta3) = self.mixed(t);
        let (bc1, bc2) = (correction(self.beta1, t), correction(self.beta2, t));
        let (a, b) = (1.0 / bc1, 1.0 / bc2.sqrt());
        [1.0 - self.beta1, self.beta2, 1.0 - self.beta2, 1.0 - beta3, alpha, lr, a, b, self.eps]
    }

    #[inline(always)]
    fn update<N: Num>(p: N, g: N, [m, v, slow]: [N; 3], k: &[N; 9]) -> (N, [N; 3]) {
        let [one_minus_beta1, beta2, one_minus_beta2, one_minus_beta3, alpha, lr, a, b, eps] = k;
        let slow = running(g.clone(), slow, one_minus_beta3);
        let (m, v) = moments(g, m, v, [one_minus_beta1, beta2, one_minus_beta2]);
        let mixed = alpha.clone().mul_add(slow.clone(), m.clone() * a.clone());
        let root = v.clone().sqrt().mul_add(b.clone(), eps.clone());
        (p - lr.clone() * mixed / root, [m, v, slow])
    }
}
