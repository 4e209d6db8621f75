//! ADOPT is a form of Adam that converges with any β₂ (Taniguchi et al. 2024, arXiv 2411.02853). It is `ADOPT` in
//! pytorch_optimizer and `adopt` in optax.
//!
//! A gradient is divided by the root of the second moment of the gradients before it, and the momentum averages these
//! quotients: n = clip(g / max(√v, ε), ±c), m ← β₁·m + (1−β₁)·n, θ ← θ − lr·m, then v ← β₂·v + (1−β₂)·g². The first
//! step only sets v to g² and decays the weights, as in pytorch_optimizer. (In the paper's code it does not decay
//! them.)
//!
//! c = (t−1)^¼ at step t (from 1), as in the paper, its code and optax. So c is 1 at step 2, the first step with an
//! update. pytorch_optimizer uses t^¼. With `use_clipping = false`, c = ∞.
//!
//! | key | default |
//! |---|---|
//! | `lr` | 1e-3 |
//! | `betas` | [0.9, 0.9999] |
//! | `eps` | 1e-6 |
//! | `use_clipping` | true |
//! | `weight_decay` | 0 |
//! | `decoupled_weight_decay` | false |

use super::averages::{running, squares};
use super::{
    Build, Elementwise, Group, GroupOptions, Hyper, Num, OptimizerConfig, Program, UpdateRule, configure, elementwise,
};
use crate::spec::{BelowOne, Entry, NonNegative, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "adopt",
    summary: "Adam that converges with any second beta (Taniguchi et al. 2024)",
    example: "type = \"adopt\"\nlr = 1e-3\nbetas = [0.9, 0.9999]",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn OptimizerConfig>> {
    let lr = section.or("lr", Positive(1e-3)).0;
    let [beta1, beta2] = section.or("betas", [BelowOne(0.9), BelowOne(0.9999)]);
    let eps = section.or("eps", NonNegative(1e-6)).0;
    let use_clipping = section.or("use_clipping", true);
    let options = GroupOptions::read(section, 0.0, false);
    Some(configure(Adopt { beta1: beta1.0, beta2: beta2.0, eps, use_clipping }, lr, options))
}

#[derive(Clone, Debug)]
struct Adopt {
    beta1: f64,
    beta2: f64,
    eps: f64,
    use_clipping: bool,
}

impl UpdateRule for Adopt {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        let Adopt { beta1, beta2, eps, .. } = self;
        vec![Hyper::below_one("beta1", beta1), Hyper::below_one("beta2", beta2), Hyper::non_negative("eps", eps)]
    }

    fn program(groups: Vec<Group<Self>>) -> Program {
        elementwise!(Adopt, 2, 6, groups)
    }
}

impl Elementwise<2, 6> for Adopt {
    type HostState = ();
    const SLOTS: [&'static str; 2] = ["exp_avg", "exp_avg_sq"];

    /// Returns lr, 1−β₁, β₂, 1−β₂, ε, c.
    fn scalars(&self, t: u64, lr: f64, (): &mut ()) -> [f64; 6] {
        if t == 1 {
            return [lr, 0.0, 0.0, 1.0, self.eps, 0.0];
        }
        let clip = if self.use_clipping { ((t - 1) as f64).powf(0.25) } else { f64::INFINITY };
        [lr, 1.0 - self.beta1, self.beta2, 1.0 - self.beta2, self.eps, clip]
    }

    #[inline(always)]
    fn update<N: Num>(
        p: N,
        g: N,
        [m, v]: [N; 2],
        [lr, one_minus_beta1, beta2, one_minus_beta2, eps, clip]: &[N; 6],
    ) -> (N, [N; 2]) {
        let known = eps.clone().max(v.clone().sqrt());
        // With the arguments in this order NaN stays NaN.
        let n = clip.clone().min((-clip.clone()).max(g.clone() / known));
        let m = running(n, m, one_minus_beta1);
        let v = squares(g, v, [beta2, one_minus_beta2]);
        (p - lr.clone() * m.clone(), [m, v])
    }
}
