//! RAdam is Adam that uses only its first moment until its second can be trusted (Liu et al. 2020, arXiv 1908.03265).
//! It is `RAdam` in PyTorch.
//!
//! m and v are as in Adam, ρ∞ = 2/(1−β₂) − 1, ρₜ = ρ∞ − 2t·β₂ᵗ/bc₂. While ρₜ ≤ 5: θ ← θ − lr/bc₁·m. Afterwards θ ← θ −
//! lr/bc₁·rₜ·√bc₂·m / (√v + ε) with rₜ = √((ρₜ−4)(ρₜ−2)ρ∞ / ((ρ∞−4)(ρ∞−2)ρₜ)).
//!
//! | key | default |
//! |---|---|
//! | `lr` | 1e-3 |
//! | `betas` | [0.9, 0.999] |
//! | `eps` | 1e-8 |
//! | `weight_decay` | 0 |
//! | `decoupled_weight_decay` | false |

use super::adam::{direction, moments};
use super::averages::correction;
use super::{
    Build, Elementwise, Group, GroupOptions, Hyper, Num, OptimizerConfig, Program, UpdateRule, configure, elementwise,
};
use crate::spec::{BelowOne, Entry, NonNegative, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "radam",
    summary: "Adam with a built-in warm-up (Liu et al. 2020)",
    example: "type = \"radam\"\nlr = 1e-3\nbetas = [0.9, 0.999]",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn OptimizerConfig>> {
    let lr = section.or("lr", Positive(1e-3)).0;
    let [beta1, beta2] = section.or("betas", [BelowOne(0.9), BelowOne(0.999)]);
    let eps = section.or("eps", NonNegative(1e-8)).0;
    let options = GroupOptions::read(section, 0.0, false);
    Some(configure(RAdam { beta1: beta1.0, beta2: beta2.0, eps }, lr, options))
}

#[derive(Clone, Debug)]
struct RAdam {
    beta1: f64,
    beta2: f64,
    eps: f64,
}

impl UpdateRule for RAdam {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        let RAdam { beta1, beta2, eps } = self;
        vec![Hyper::below_one("beta1", beta1), Hyper::below_one("beta2", beta2), Hyper::non_negative("eps", eps)]
    }

    fn program(groups: Vec<Group<Self>>) -> Program {
        elementwise!(RAdam, 2, 6, groups)
    }
}

impl Elementwise<2, 6> for RAdam {
    type HostState = ();
    const SLOTS: [&'static str; 2] = ["exp_avg", "exp_avg_sq"];

    /// Returns 1−β₁, β₂, 1−β₂, then the scalars of θ ← θ − `a`·m / (√v·`b` + `c`).
    fn scalars(&self, t: u64, lr: f64, (): &mut ()) -> [f64; 6] {
        let (bc1, bc2) = (correction(self.beta1, t), correction(self.beta2, t));
        let longest = 2.0 / (1.0 - self.beta2) - 1.0;
        let power = t.min(i32::MAX as u64) as i32;
        let length = longest - 2.0 * t as f64 * self.beta2.powi(power) / bc2;
        let (a, b, c) = match length > 5.0 {
            true => {
                let above = (length - 4.0) * (length - 2.0) * longest;
                let below = (longest - 4.0) * (longest - 2.0) * length;
                (lr / bc1 * (above / below).sqrt() * bc2.sqrt(), 1.0, self.eps)
            }
            false => (lr / bc1, 0.0, 1.0),
        };
        [1.0 - self.beta1, self.beta2, 1.0 - self.beta2, a, b, c]
    }

    #[inline(always)]
    fn update<N: Num>(
        p: N,
        g: N,
        [m, v]: [N; 2],
        [one_minus_beta1, beta2, one_minus_beta2, a, b, c]: &[N; 6],
    ) -> (N, [N; 2]) {
        let (m, v) = moments(g, m, v, [one_minus_beta1, beta2, one_minus_beta2]);
        (p - direction(m.clone(), v.clone(), [a, b, c]), [m, v])
    }
}
