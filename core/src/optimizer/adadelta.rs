//! Adadelta (Zeiler 2012, arXiv 1212.5701). It is `Adadelta` in PyTorch and Keras.
//!
//! v ← ρ·v + (1−ρ)·g², Δ = √(u + ε) / √(v + ε)·g, u ← ρ·u + (1−ρ)·Δ², θ ← θ − lr·Δ
//!
//! | key | default | Keras |
//! |---|---|---|
//! | `lr` | 1 | 1e-3 |
//! | `rho` | 0.9 | 0.95 |
//! | `eps` | 1e-6 | 1e-7 |
//! | `weight_decay` | 0 | |
//! | `decoupled_weight_decay` | false | true |

use super::averages::squares;
use super::{
    Build, Convention, Elementwise, Group, GroupOptions, Hyper, Num, OptimizerConfig, Program, UpdateRule, configure,
    convention, elementwise,
};
use crate::spec::{BelowOne, Entry, NonNegative, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "adadelta",
    summary: "steps in the units of the weights: past updates over past gradients (Zeiler 2012)",
    example: "type = \"adadelta\"\nlr = 1.0\nrho = 0.9",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn OptimizerConfig>> {
    let keras = convention(section) == Convention::Keras;
    let choose = |torch: f64, of_keras: f64| if keras { of_keras } else { torch };
    let lr = section.or("lr", Positive(choose(1.0, 1e-3))).0;
    let rho = section.or("rho", BelowOne(choose(0.9, 0.95))).0;
    let eps = section.or("eps", NonNegative(choose(1e-6, 1e-7))).0;
    let options = GroupOptions::read(section, 0.0, keras);
    Some(configure(Adadelta { rho, eps }, lr, options))
}

#[derive(Clone, Debug)]
struct Adadelta {
    rho: f64,
    eps: f64,
}

impl UpdateRule for Adadelta {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        vec![Hyper::below_one("rho", &mut self.rho), Hyper::non_negative("eps", &mut self.eps)]
    }

    fn program(groups: Vec<Group<Self>>) -> Program {
        elementwise!(Adadelta, 2, 4, groups)
    }
}

impl Elementwise<2, 4> for Adadelta {
    type HostState = ();
    const SLOTS: [&'static str; 2] = ["square_avg", "acc_delta"];

    fn scalars(&self, _: u64, lr: f64, (): &mut ()) -> [f64; 4] {
        [lr, self.rho, 1.0 - self.rho, self.eps]
    }

    #[inline(always)]
    fn update<N: Num>(p: N, g: N, [v, u]: [N; 2], [lr, rho, other, eps]: &[N; 4]) -> (N, [N; 2]) {
        let v = squares(g.clone(), v, [rho, other]);
        let delta = ((u.clone() + eps.clone()) / (v.clone() + eps.clone())).sqrt() * g;
        let u = squares(delta.clone(), u, [rho, other]);
        ((-lr.clone()).mul_add(delta, p), [v, u])
    }
}
