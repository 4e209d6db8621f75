//! Sophia-H is momentum divided by the diagonal of the Hessian, clipped (Liu et al. 2023, arXiv 2305.14342). It is
//! `SophiaH` in pytorch_optimizer.
//!
//! m ← β₁·m + (1−β₁)·g. At step 1 and then every `update_period` steps h ← β₂·h + (1−β₂)·u⊙(H·u), where u is a vector
//! of random signs. (u⊙(H·u) is Hutchinson's estimate of the diagonal of the Hessian H. It is exact if H is diagonal.)
//! Then θ ← θ − lr·clip(m / max(h, ε), ±p).
//!
//! The paper writes max(γ·h, ε) with a bound of 1 (γ = 0.01), draws u from a normal distribution, and has betas of
//! [0.96, 0.99]. pytorch_optimizer has `p` in place of γ, so its rate is the paper's times 1/γ. H belongs to the loss
//! on the step's batch, without the penalty of coupled weight decay. A step that evaluates H costs about as much as
//! three steps.
//!
//! `seed` is the seed of the signs. The signs of a parameter depend on `seed`, its name and the step.
//!
//! | key | default |
//! |---|---|
//! | `lr` | 6e-2 |
//! | `betas` | [0.96, 0.99] |
//! | `eps` | 1e-12 |
//! | `p` | 1e-2 |
//! | `update_period` | 10 |
//! | `seed` | 0 |
//! | `weight_decay` | 0 |
//! | `decoupled_weight_decay` | true |

use super::averages::running;
use super::{
    Build, Elementwise, Group, GroupOptions, Hyper, Num, OptimizerConfig, Program, UpdateRule, configure, elementwise,
};
use crate::spec::{BelowOne, Count, Entry, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "sophia_h",
    summary: "momentum over the Hessian's diagonal, clipped (Liu et al. 2023)",
    example: "type = \"sophia_h\"\nlr = 0.06\nbetas = [0.96, 0.99]\np = 0.01\nupdate_period = 10",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn OptimizerConfig>> {
    let lr = section.or("lr", Positive(6e-2)).0;
    let [beta1, beta2] = section.or("betas", [BelowOne(0.96), BelowOne(0.99)]);
    let rule = Sophia {
        beta1: beta1.0,
        beta2: beta2.0,
        eps: section.or("eps", Positive(1e-12)).0,
        p: section.or("p", Positive(1e-2)).0,
        update_period: section.or("update_period", Count(10)).0 as u64,
        seed: section.or("seed", 0),
    };
    let options = GroupOptions::read(section, 0.0, true);
    Some(configure(rule, lr, options))
}

#[derive(Clone, Debug)]
pub struct Sophia {
    pub beta1: f64,
    pub beta2: f64,
    pub eps: f64,
    pub p: f64,
    pub update_period: u64,
    pub seed: u64,
}

impl UpdateRule for Sophia {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        let Sophia { beta1, beta2, eps, p, .. } = self;
        vec![
            Hyper::below_one("beta1", beta1),
            Hyper::below_one("beta2", beta2),
            Hyper::non_negative("eps", eps),
            Hyper::non_negative("p", p),
        ]
    }

    fn program(groups: Vec<Group<Self>>) -> Program {
        Program::own(groups)
    }
}

/// The part of a step after h is updated.
impl Elementwise<2, 4> for Sophia {
    type HostState = ();
    const SLOTS: [&'static str; 2] = ["exp_avg", HESSIAN_MOMENT];

    fn scalars(&self, _t: u64, lr: f64, (): &mut ()) -> [f64; 4] {
        [1.0 - self.beta1, self.eps, self.p, lr]
    }

    #[inline(always)]
    fn update<N: Num>(p: N, g: N, [m, h]: [N; 2], [one_minus_beta1, eps, bound, lr]: &[N; 4]) -> (N, [N; 2]) {
        let m = running(g, m, one_minus_beta1);
        let ratio = m.clone() / h.clone().max(eps.clone());
        let clipped = ratio.max(-bound.clone()).min(bound.clone());
        ((-lr.clone()).mul_add(clipped, p), [m, h])
    }
}

/// The slot of h.
pub const HESSIAN_MOMENT: &str = "hessian_moment";

impl Sophia {
    /// Makes the elementwise program of the part of a step after h is updated.
    pub fn update_program(groups: Vec<Group<Self>>) -> Program {
        elementwise!(Sophia, 2, 4, groups)
    }
}
