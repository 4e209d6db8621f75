//! Stochastic gradient descent, also with momentum (Polyak 1964) or Nesterov's momentum (Sutskever et al. 2013). It is
//! `SGD` in PyTorch and Keras.
//!
//! b ← μ·b + (1−d)·g (at the first step b = g), θ ← θ − lr·b. With Nesterov's momentum: θ ← θ − lr·(g + μ·b).
//!
//! With `lr_in_momentum = true`, as in Keras, the rate goes into the buffer: b ← μ·b + lr·g, θ ← θ − b. With a constant
//! rate the steps are the same. After a drop of the rate, the gradients already in the buffer still count with the old
//! rate. (Keras stores −b.)
//!
//! A momentum that follows a schedule may fall to 0. Then b is the gradient alone. PyTorch leaves the buffer unchanged
//! in such steps, and uses the old buffer when the momentum is above 0 again.
//!
//! | key | default | Keras |
//! |---|---|---|
//! | `lr` | 1e-3 | 1e-2 |
//! | `momentum` | 0 | |
//! | `dampening` | 0 | |
//! | `nesterov` | false | |
//! | `weight_decay` | 0 | |
//! | `lr_in_momentum` | false | true |
//! | `decoupled_weight_decay` | false | true |

use super::{
    Build, Convention, Elementwise, Group, GroupOptions, Hyper, Num, OptimizerConfig, Program, UpdateRule, configure,
    convention, elementwise,
};
use crate::spec::{BelowOne, Entry, Positive, Section, Unit};

pub const ENTRY: Entry<Build> = Entry {
    name: "sgd",
    summary: "gradient descent, also with momentum or Nesterov's momentum",
    example: "type = \"sgd\"\nlr = 0.01\nmomentum = 0.9\nnesterov = true",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn OptimizerConfig>> {
    let keras = convention(section) == Convention::Keras;
    let lr = section.or("lr", Positive(if keras { 1e-2 } else { 1e-3 })).0;
    let momentum = section.or("momentum", BelowOne(0.0)).0;
    let dampening = section.or("dampening", Unit(0.0)).0;
    let nesterov = section.or("nesterov", false);
    let lr_in_momentum = section.or("lr_in_momentum", keras);
    let options = GroupOptions::read(section, 0.0, keras);
    if nesterov && (momentum == 0.0 || dampening != 0.0) {
        let label = "only with a `momentum` above 0 and a `dampening` of 0";
        section.error("nesterov", "Nesterov's momentum needs a momentum and no dampening", label);
        return None;
    }
    let rule = Sgd { momentum, dampening, nesterov, lr_in_momentum };
    Some(configure(rule, lr, options))
}

#[derive(Clone, Debug)]
struct Sgd {
    momentum: f64,
    dampening: f64,
    nesterov: bool,
    lr_in_momentum: bool,
}

impl UpdateRule for Sgd {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        vec![Hyper::below_one("momentum", &mut self.momentum), Hyper::unit("dampening", &mut self.dampening)]
    }

    /// Makes a program with a momentum buffer if at least one group has momentum.
    fn program(groups: Vec<Group<Self>>) -> Program {
        match groups.iter().all(|group| group.rule.momentum == 0.0) {
            true => elementwise!(Sgd, 0, 1, groups),
            false => elementwise!(Sgd, 1, 4, groups),
        }
    }
}

/// SGD without momentum.
impl Elementwise<0, 1> for Sgd {
    type HostState = ();
    const SLOTS: [&'static str; 0] = [];

    fn scalars(&self, _t: u64, lr: f64, (): &mut ()) -> [f64; 1] {
        [lr]
    }

    #[inline(always)]
    fn update<N: Num>(p: N, g: N, _: [N; 0], [lr]: &[N; 1]) -> (N, [N; 0]) {
        ((-lr.clone()).mul_add(g, p), [])
    }
}

impl Elementwise<1, 4> for Sgd {
    type HostState = ();
    const SLOTS: [&'static str; 1] = ["momentum_buffer"];

    fn scalars(&self, t: u64, lr: f64, (): &mut ()) -> [f64; 4] {
        let (inside, outside) = if self.lr_in_momentum { (lr, 1.0) } else { (1.0, lr) };
        // Without momentum there is nothing to dampen, as in PyTorch.
        let taken = if t == 1 || self.momentum == 0.0 { 1.0 } else { 1.0 - self.dampening };
        let (of_gradient, of_buffer) = if self.nesterov { (inside, self.momentum) } else { (0.0, 1.0) };
        [self.momentum, inside * taken, outside * of_gradient, outside * of_buffer]
    }

    #[inline(always)]
    fn update<N: Num>(p: N, g: N, [b]: [N; 1], [momentum, taken, of_gradient, of_buffer]: &[N; 4]) -> (N, [N; 1]) {
        let b = taken.clone().mul_add(g.clone(), momentum.clone() * b);
        let p = (-of_gradient.clone()).mul_add(g, p);
        ((-of_buffer.clone()).mul_add(b.clone(), p), [b])
    }
}
