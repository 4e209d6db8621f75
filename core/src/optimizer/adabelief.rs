//! AdaBelief is Adam with another second moment: the running variance of the gradient around its first moment (Zhuang
//! et al. 2020, arXiv 2010.07468). It is `AdaBelief` in pytorch_optimizer and `adabelief` in optax.
//!
//! m ← β₁·m + (1−β₁)·g, s ← β₂·s + (1−β₂)·(g−m)² + ε̄, and θ ← θ − (lr/bc₁)·m / (√(s/bc₂) + ε) with bcᵢ = 1 − βᵢᵗ. ε is
//! `eps`. ε̄ is `eps_root`: it is added at each step, so it accumulates in s.
//!
//! Both packages add ε̄ to s, as in the paper's second algorithm and its code. The paper and pytorch_optimizer use one
//! ε in both places. optax has two, as here. The rectification in the paper's code, which is RAdam's, is not
//! implemented.
//!
//! | key | default |
//! |---|---|
//! | `lr` | 1e-3 |
//! | `betas` | [0.9, 0.999] |
//! | `eps` | 1e-16 |
//! | `eps_root` | 1e-16 |
//! | `weight_decay` | 0 |
//! | `decoupled_weight_decay` | true |

use super::averages::{correction, running, squares};
use super::{
    Build, Elementwise, Group, GroupOptions, Hyper, Num, OptimizerConfig, Program, UpdateRule, configure, elementwise,
};
use crate::spec::{BelowOne, Entry, NonNegative, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "adabelief",
    summary: "Adam with the variance of the gradient as second moment (Zhuang et al. 2020)",
    example: "type = \"adabelief\"\nlr = 1e-3\nbetas = [0.9, 0.999]\neps = 1e-16",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn OptimizerConfig>> {
    let lr = section.or("lr", Positive(1e-3)).0;
    let [beta1, beta2] = section.or("betas", [BelowOne(0.9), BelowOne(0.999)]);
    let eps = section.or("eps", NonNegative(1e-16)).0;
    let eps_root = section.or("eps_root", NonNegative(1e-16)).0;
    let options = GroupOptions::read(section, 0.0, true);
    Some(configure(AdaBelief { beta1: beta1.0, beta2: beta2.0, eps, eps_root }, lr, options))
}

#[derive(Clone, Debug)]
struct AdaBelief {
    beta1: f64,
    beta2: f64,
    eps: f64,
    eps_root: f64,
}

impl UpdateRule for AdaBelief {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        let AdaBelief { beta1, beta2, eps, eps_root } = self;
        vec![
            Hyper::below_one("beta1", beta1),
            Hyper::below_one("beta2", beta2),
            Hyper::non_negative("eps", eps),
            Hyper::non_negative("eps_root", eps_root),
        ]
    }

    fn program(groups: Vec<Group<Self>>) -> Program {
        elementwise!(AdaBelief, 2, 7, groups)
    }
}

impl Elementwise<2, 7> for AdaBelief {
    type HostState = ();
    const SLOTS: [&'static str; 2] = ["exp_avg", "exp_avg_var"];

    /// Returns 1−β₁, β₂, 1−β₂, ε̄, then the scalars of θ ← θ − `a`·m / (√s·`b` + ε).
    fn scalars(&self, t: u64, lr: f64, (): &mut ()) -> [f64; 7] {
        let (bc1, bc2) = (correction(self.beta1, t), correction(self.beta2, t));
        [1.0 - self.beta1, self.beta2, 1.0 - self.beta2, self.eps_root, lr / bc1, 1.0 / bc2.sqrt(), self.eps]
    }

    #[inline(always)]
    fn update<N: Num>(p: N, g: N, [m, s]: [N; 2], k: &[N; 7]) -> (N, [N; 2]) {
        let [one_minus_beta1, beta2, one_minus_beta2, eps_root, a, b, eps] = k;
        let m = running(g.clone(), m, one_minus_beta1);
        let unforeseen = g - m.clone();
        let s = squares(unforeseen, s, [beta2, one_minus_beta2]) + eps_root.clone();
        (p - a.clone() * m.clone() / s.clone().sqrt().mul_add(b.clone(), eps.clone()), [m, s])
    }
}
