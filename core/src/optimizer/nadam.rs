//! NAdam is Adam with Nesterov's momentum (Dozat 2016). It is `NAdam` in PyTorch and `Nadam` in Keras.
//!
//! μₜ = β₁·(1 − ½·0.96^(t·ψ)), m and v are as in Adam, Mₜ = μ₁·…·μₜ, and θ ← θ − lr·[(1−μₜ)/(1−Mₜ)·g +
//! μₜ₊₁/(1−Mₜ·μₜ₊₁)·m] / (√(v/bc₂) + ε). ψ is `momentum_decay`. Keras's ψ is 1, so that μₜ is near β₁ after a hundred
//! steps. With PyTorch's ψ this takes 25,000 steps.
//!
//! | key | default | Keras |
//! |---|---|---|
//! | `lr` | 2e-3 | 1e-3 |
//! | `betas` | [0.9, 0.999] | |
//! | `eps` | 1e-8 | 1e-7 |
//! | `momentum_decay` | 4e-3 | 1 |
//! | `weight_decay` | 0 | |
//! | `decoupled_weight_decay` | false | true |

use serde::{Deserialize, Serialize};

use super::adam::moments;
use super::averages::correction;
use super::{
    Build, Convention, Elementwise, Group, GroupOptions, Hyper, Num, OptimizerConfig, Program, UpdateRule, configure,
    convention, elementwise,
};
use crate::spec::{BelowOne, Entry, NonNegative, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "nadam",
    summary: "Adam with Nesterov's momentum (Dozat 2016)",
    example: "type = \"nadam\"\nlr = 2e-3\nbetas = [0.9, 0.999]",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn OptimizerConfig>> {
    let keras = convention(section) == Convention::Keras;
    let choose = |torch: f64, of_keras: f64| if keras { of_keras } else { torch };
    let lr = section.or("lr", Positive(choose(2e-3, 1e-3))).0;
    let [beta1, beta2] = section.or("betas", [BelowOne(0.9), BelowOne(0.999)]);
    let eps = section.or("eps", NonNegative(choose(1e-8, 1e-7))).0;
    let momentum_decay = section.or("momentum_decay", NonNegative(choose(4e-3, 1.0))).0;
    let options = GroupOptions::read(section, 0.0, keras);
    Some(configure(NAdam { beta1: beta1.0, beta2: beta2.0, eps, momentum_decay }, lr, options))
}

#[derive(Clone, Debug)]
struct NAdam {
    beta1: f64,
    beta2: f64,
    eps: f64,
    momentum_decay: f64,
}

impl UpdateRule for NAdam {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        let NAdam { beta1, beta2, eps, momentum_decay } = self;
        vec![
            Hyper::below_one("beta1", beta1),
            Hyper::below_one("beta2", beta2),
            Hyper::non_negative("eps", eps),
            Hyper::non_negative("momentum_decay", momentum_decay),
        ]
    }

    fn program(groups: Vec<Group<Self>>) -> Program {
        elementwise!(NAdam, 2, 7, groups)
    }
}

/// M, the product of the momenta so far.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Product(f64);

impl Default for Product {
    fn default() -> Self {
        Product(1.0)
    }
}

impl Elementwise<2, 7> for NAdam {
    type HostState = Product;
    const SLOTS: [&'static str; 2] = ["exp_avg", "exp_avg_sq"];

    /// Returns 1−β₁, β₂, 1−β₂, then the scalars of θ ← θ − (`of_g`·g + `of_m`·m) / (√v·`b` + ε).
    fn scalars(&self, t: u64, lr: f64, Product(product): &mut Product) -> [f64; 7] {
        let momentum = |t: u64| self.beta1 * (1.0 - 0.5 * 0.96f64.powf(t as f64 * self.momentum_decay));
        let (now, next) = (momentum(t), momentum(t + 1));
        *product *= now;
        let bc2 = correction(self.beta2, t);
        let of_g = lr * (1.0 - now) / (1.0 - *product);
        let of_m = lr * next / (1.0 - *product * next);
        [1.0 - self.beta1, self.beta2, 1.0 - self.beta2, of_g, of_m, 1.0 / bc2.sqrt(), self.eps]
    }

    #[inline(always)]
    fn update<N: Num>(p: N, g: N, [m, v]: [N; 2], k: &[N; 7]) -> (N, [N; 2]) {
        let [one_minus_beta1, beta2, one_minus_beta2, of_g, of_m, b, eps] = k;
        let (m, v) = moments(g.clone(), m, v, [one_minus_beta1, beta2, one_minus_beta2]);
        let root = v.clone().sqrt().mul_add(b.clone(), eps.clone());
        (p - (of_g.clone() * g + of_m.clone() * m.clone()) / root, [m, v])
    }
}
