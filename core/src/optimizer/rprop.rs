//! Rprop, "resilient backpropagation" (Riedmiller and Braun 1993). It is `Rprop` in PyTorch.
//!
//! Each weight has a step size s, and only the sign of its gradient matters. s is `lr` at first. With η = `etas`:
//! - if g·g₋₁ > 0: s ← s·η₊;
//! - if g·g₋₁ < 0: s ← s·η₋, and g ← 0, so that this step does not move the weight and the next one keeps s.
//!
//! s is kept within `step_sizes`, and θ ← θ − s·sign(g). When the sign changes, the paper's algorithm takes a step
//! back, while PyTorch's does not move.
//!
//! Rprop is made for the gradient of the whole data set. In small batches the sign changes by chance.
//!
//! | key | default |
//! |---|---|
//! | `lr` | 1e-2 |
//! | `etas` | [0.5, 1.2] |
//! | `step_sizes` | [1e-6, 50] |
//! | `weight_decay` | 0 (PyTorch's `Rprop` has no weight decay) |

use super::{
    Build, Decay, Elementwise, Group, GroupOptions, Hyper, Num, OptimizerConfig, Program, Rates, UpdateRule, configure,
    elementwise,
};
use crate::spec::{Entry, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "rprop",
    summary: "a step size for each weight, adapted by the gradient's sign (Riedmiller and Braun 1993)",
    example: "type = \"rprop\"\nlr = 0.01\netas = [0.5, 1.2]\nstep_sizes = [1e-6, 50]",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn OptimizerConfig>> {
    let lr = section.or("lr", Positive(1e-2)).0;
    let [shorter, longer] = section.or("etas", [0.5, 1.2].map(Positive)).map(|eta| eta.0);
    let [least, most] = section.or("step_sizes", [1e-6, 50.0].map(Positive)).map(|size| size.0);
    let options = GroupOptions::read(section, 0.0, false);
    if !(shorter < 1.0 && longer > 1.0) {
        let label = "expected one number below 1 and one above 1";
        section.error("etas", "the first number of `etas` shortens steps, and the second lengthens them", label);
        return None;
    }
    if least > most {
        section.error("step_sizes", "the smallest step size is above the largest", "expected [smallest, largest]");
        return None;
    }
    if matches!(options.decay, Decay::Decoupled(_)) {
        let message = "Rprop has no rate for weights to decay by, because each has its own step size";
        section.error("decoupled_weight_decay", message, "leave it out: then decay is part of the gradient");
        return None;
    }
    Some(configure(Rprop { shorter, longer, least, most }, lr, options))
}

#[derive(Clone, Debug)]
struct Rprop {
    shorter: f64,
    longer: f64,
    least: f64,
    most: f64,
}

impl UpdateRule for Rprop {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        Vec::new()
    }

    fn rates(&self) -> Rates {
        let reason =
            "Rprop's rate is only the first value of its step sizes, which then follow the gradient's sign alone";
        Rates { no_schedule: Some(reason), ..Rates::default() }
    }

    fn program(groups: Vec<Group<Self>>) -> Program {
        elementwise!(Rprop, 2, 5, groups)
    }
}

impl Elementwise<2, 5> for Rprop {
    type HostState = ();
    const SLOTS: [&'static str; 2] = ["prev", "step_size"];

    fn scalars(&self, _t: u64, lr: f64, (): &mut ()) -> [f64; 5] {
        [lr, self.shorter, self.longer, self.least, self.most]
    }

    #[inline(always)]
    fn update<N: Num>(p: N, g: N, [prev, size]: [N; 2], k: &[N; 5]) -> (N, [N; 2]) {
        let [lr, shorter, longer, least, most] = k;
        let (same, turned) = (g.clone() * prev.clone(), -g.clone() * prev);
        // The size is 0 until the first gradient.
        let size = size.clone().select_positive(size, lr.clone());
        let below = turned.clone().select_positive(size.clone() * shorter.clone(), size.clone());
        let size = same.select_positive(size * longer.clone(), below).max(least.clone()).min(most.clone());
        let g = turned.select_positive(N::of(0.0), g);
        (p - size.clone() * g.clone().sign(), [g, size])
    }
}
