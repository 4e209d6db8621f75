//! Adan, "adaptive Nesterov momentum" (Xie et al. 2022, arXiv 2208.06677). It is `Adan` in pytorch_optimizer.
//!
//! With Δ = g − g₋₁ (0 at the first step): m ← β₁·m + (1−β₁)·g, d ← β₂·d + (1−β₂)·Δ, n ← β₃·n + (1−β₃)·(g + β₂·Δ)², and
//! θ ← (θ − lr·(m/bc₁ + β₂·d/bc₂) / (√(n/bc₃) + ε)) / (1 + lr·λ): weight decay by a proximal step. With
//! `no_prox = true`, weights decay by θ ← θ·(1 − lr·λ) before the step.
//!
//! The β here and in the packages are 1 − β of the paper. optax also uses them, but its formula has 1 − β₂ where this
//! one has β₂, so it is a different method. optax has no proximal step either.
//!
//! | key | default |
//! |---|---|
//! | `lr` | 1e-3 |
//! | `betas` | [0.98, 0.92, 0.99] |
//! | `eps` | 1e-8 |
//! | `weight_decay` | 0 |
//! | `no_prox` | false |

use super::averages::{correction, running, squares};
use super::{
    Build, Decay, Elementwise, Group, GroupOptions, Hyper, Num, OptimizerConfig, Program, UpdateRule, configure,
    elementwise,
};
use crate::spec::{BelowOne, Entry, NonNegative, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "adan",
    summary: "Nesterov's momentum from differences of gradients (Xie et al. 2022)",
    example: "type = \"adan\"\nlr = 1e-3\nbetas = [0.98, 0.92, 0.99]\nweight_decay = 0.02",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn OptimizerConfig>> {
    let lr = section.or("lr", Positive(1e-3)).0;
    let [beta1, beta2, beta3] = section.or("betas", [0.98, 0.92, 0.99].map(BelowOne)).map(|beta| beta.0);
    let eps = section.or("eps", NonNegative(1e-8)).0;
    let weight_decay = section.or("weight_decay", NonNegative(0.0)).0;
    let no_prox = section.or("no_prox", false);
    let mut options = GroupOptions::without_decay(section);
    let mut proximal = Some(weight_decay);
    if no_prox {
        options.decay = Decay::Decoupled(weight_decay);
        proximal = None;
    }
    Some(configure(Adan { beta1, beta2, beta3, eps, proximal }, lr, options))
}

#[derive(Clone, Debug)]
struct Adan {
    beta1: f64,
    beta2: f64,
    beta3: f64,
    eps: f64,
    /// λ of the proximal step. `None` if weights decay before the step.
    proximal: Option<f64>,
}

impl UpdateRule for Adan {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        let Adan { beta1, beta2, beta3, eps, proximal } = self;
        let mut hypers = vec![
            Hyper::below_one("beta1", beta1),
            Hyper::below_one("beta2", beta2),
            Hyper::below_one("beta3", beta3),
            Hyper::non_negative("eps", eps),
        ];
        hypers.extend(proximal.as_mut().map(|amount| Hyper::non_negative("weight_decay", amount)));
        hypers
    }

    fn program(groups: Vec<Group<Self>>) -> Program {
        elementwise!(Adan, 4, 11, groups)
    }
}

impl Elementwise<4, 11> for Adan {
    type HostState = ();
    const SLOTS: [&'static str; 4] = ["exp_avg", "exp_avg_diff", "exp_avg_sq", "previous_grad"];

    /// Returns 1−β₁, β₂, 1−β₂, β₃, 1−β₃, 1 if there was a gradient before (else 0), then the scalars of
    /// θ ← (θ − (`of_m`·m + `of_d`·d) / (√n·`root` + ε)) / `shrink`.
    fn scalars(&self, t: u64, lr: f64, (): &mut ()) -> [f64; 11] {
        let [bc1, bc2, bc3] = [self.beta1, self.beta2, self.beta3].map(|beta| correction(beta, t));
        let (of_m, of_d, root) = (lr / bc1, lr * self.beta2 / bc2, 1.0 / bc3.sqrt());
        let shrink = 1.0 + lr * self.proximal.unwrap_or(0.0);
        let before = if t == 1 { 0.0 } else { 1.0 };
        let Adan { beta1, beta2, beta3, eps, .. } = *self;
        [1.0 - beta1, beta2, 1.0 - beta2, beta3, 1.0 - beta3, before, of_m, of_d, root, eps, shrink]
    }

    #[inline(always)]
    fn update<N: Num>(p: N, g: N, [m, d, n, previous]: [N; 4], k: &[N; 11]) -> (N, [N; 4]) {
        let [one_minus_beta1, beta2, one_minus_beta2, beta3, one_minus_beta3, before, of_m, of_d, root, eps, shrink] =
            k;
        let difference = before.clone() * (g.clone() - previous);
        let m = running(g.clone(), m, one_minus_beta1);
        let d = running(difference.clone(), d, one_minus_beta2);
        let ahead = beta2.clone().mul_add(difference, g.clone());
        let n = squares(ahead, n, [beta3, one_minus_beta3]);
        let step = of_m.clone() * m.clone() + of_d.clone() * d.clone();
        let p = (p - step / n.clone().sqrt().mul_add(root.clone(), eps.clone())) / shrink.clone();
        (p, [m, d, n, g])
    }
}
