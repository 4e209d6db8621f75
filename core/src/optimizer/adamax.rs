//! Adamax is Adam with the largest recent gradient in place of the second moment (Kingma and Ba 2015, arXiv 1412.6980,
//! section 7.1). It is `Adamax` in PyTorch and Keras.
//!
//! m ← β₁·m + (1−β₁)·g, u ← max(β₂·u, |g| + ε), θ ← θ − lr/(1−β₁ᵗ)·m / u. With `eps_outside = true`, as in Keras, u ←
//! max(β₂·u, |g|), and the step uses m / (u + ε).
//!
//! | key | default | Keras |
//! |---|---|---|
//! | `lr` | 2e-3 | 1e-3 |
//! | `betas` | [0.9, 0.999] | |
//! | `eps` | 1e-8 | 1e-7 |
//! | `weight_decay` | 0 | |
//! | `eps_outside` | false | true |
//! | `decoupled_weight_decay` | false | true |

use super::averages::{correction, running};
use super::{
    Build, Convention, Elementwise, Group, GroupOptions, Hyper, Num, OptimizerConfig, Program, UpdateRule, configure,
    convention, elementwise,
};
use crate::spec::{BelowOne, Entry, NonNegative, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "adamax",
    summary: "Adam with the largest recent gradient as second moment (Kingma and Ba 2015)",
    example: "type = \"adamax\"\nlr = 2e-3\nbetas = [0.9, 0.999]",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn OptimizerConfig>> {
    let keras = convention(section) == Convention::Keras;
    let lr = section.or("lr", Positive(if keras { 1e-3 } else { 2e-3 })).0;
    let [beta1, beta2] = section.or("betas", [BelowOne(0.9), BelowOne(0.999)]);
    let eps = section.or("eps", NonNegative(if keras { 1e-7 } else { 1e-8 })).0;
    let eps_outside = section.or("eps_outside", keras);
    let options = GroupOptions::read(section, 0.0, keras);
    Some(configure(Adamax { beta1: beta1.0, beta2: beta2.0, eps, eps_outside }, lr, options))
}

#[derive(Clone, Debug)]
struct Adamax {
    beta1: f64,
    beta2: f64,
    eps: f64,
    eps_outside: bool,
}

impl UpdateRule for Adamax {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        let Adamax { beta1, beta2, eps, .. } = self;
        vec![Hyper::below_one("beta1", beta1), Hyper::below_one("beta2", beta2), Hyper::non_negative("eps", eps)]
    }

    fn program(groups: Vec<Group<Self>>) -> Program {
        elementwise!(Adamax, 2, 5, groups)
    }
}

impl Elementwise<2, 5> for Adamax {
    type HostState = ();
    const SLOTS: [&'static str; 2] = ["exp_avg", "exp_inf"];

    fn scalars(&self, t: u64, lr: f64, (): &mut ()) -> [f64; 5] {
        let bc1 = correction(self.beta1, t);
        let (inside, outside) = if self.eps_outside { (0.0, self.eps) } else { (self.eps, 0.0) };
        [1.0 - self.beta1, self.beta2, inside, outside, lr / bc1]
    }

    #[inline(always)]
    fn update<N: Num>(
        p: N,
        g: N,
        [m, u]: [N; 2],
        [one_minus_beta1, beta2, inside, outside, lr]: &[N; 5],
    ) -> (N, [N; 2]) {
        let m = running(g.clone(), m, one_minus_beta1);
        let u = (beta2.clone() * u).max(g.abs() + inside.clone());
        (p - lr.clone() * m.clone() / (u.clone() + outside.clone()), [m, u])
    }
}
