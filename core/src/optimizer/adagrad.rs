//! Adagrad (Duchi, Hazan and Singer 2011). It is `Adagrad` in PyTorch and Keras.
//!
//! G ← G + g², θ ← θ − lr/(1 + (t−1)·lr_decay)·g / (√G + ε). With `eps_inside_sqrt = true`, as in Keras, the last
//! factor is g / √(G + ε).
//!
//! | key | default | Keras |
//! |---|---|---|
//! | `lr` | 1e-2 | 1e-3 |
//! | `lr_decay` | 0 | |
//! | `initial_accumulator_value` | 0 | 0.1 |
//! | `eps` | 1e-10 | 1e-7 |
//! | `weight_decay` | 0 | |
//! | `eps_inside_sqrt` | false | true |
//! | `decoupled_weight_decay` | false | true |

use super::{
    Build, Convention, Elementwise, Group, GroupOptions, Hyper, Initial, Num, OptimizerConfig, Program, UpdateRule,
    configure, convention, elementwise,
};
use crate::spec::{Entry, NonNegative, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "adagrad",
    summary: "each weight's rate falls with its own past gradients (Duchi et al. 2011)",
    example: "type = \"adagrad\"\nlr = 0.01\neps = 1e-10",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn OptimizerConfig>> {
    let keras = convention(section) == Convention::Keras;
    let choose = |torch: f64, of_keras: f64| if keras { of_keras } else { torch };
    let lr = section.or("lr", Positive(choose(1e-2, 1e-3))).0;
    let lr_decay = section.or("lr_decay", NonNegative(0.0)).0;
    let initial = section.or("initial_accumulator_value", NonNegative(choose(0.0, 0.1))).0;
    let eps = section.or("eps", NonNegative(choose(1e-10, 1e-7))).0;
    let eps_inside_sqrt = section.or("eps_inside_sqrt", keras);
    let options = GroupOptions::read(section, 0.0, keras);
    Some(configure(Adagrad { lr_decay, initial, eps, eps_inside_sqrt }, lr, options))
}

#[derive(Clone, Debug)]
struct Adagrad {
    lr_decay: f64,
    initial: f64,
    eps: f64,
    eps_inside_sqrt: bool,
}

impl UpdateRule for Adagrad {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        vec![Hyper::non_negative("lr_decay", &mut self.lr_decay), Hyper::non_negative("eps", &mut self.eps)]
    }

    fn program(groups: Vec<Group<Self>>) -> Program {
        elementwise!(Adagrad, 1, 3, groups)
    }
}

impl Elementwise<1, 3> for Adagrad {
    type HostState = ();
    const SLOTS: [&'static str; 1] = ["sum"];

    fn initial(&self) -> [Initial; 1] {
        [Initial::Value(self.initial)]
    }

    fn scalars(&self, t: u64, lr: f64, (): &mut ()) -> [f64; 3] {
        let lr = lr / (1.0 + (t - 1) as f64 * self.lr_decay);
        let (inside, outside) = if self.eps_inside_sqrt { (self.eps, 0.0) } else { (0.0, self.eps) };
        [lr, inside, outside]
    }

    #[inline(always)]
    fn update<N: Num>(p: N, g: N, [sum]: [N; 1], [lr, inside, outside]: &[N; 3]) -> (N, [N; 1]) {
        let sum = g.clone().mul_add(g.clone(), sum);
        (p - lr.clone() * g / ((sum.clone() + inside.clone()).sqrt() + outside.clone()), [sum])
    }
}
