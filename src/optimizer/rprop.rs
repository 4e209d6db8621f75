//! Rprop, "resilient backpropagation" (Riedmiller and Braun 1993); PyTorch's `Rprop`.
//!
//! Each weight has a step size s, and only the sign of its gradient counts. With s = `lr` at first, η = `etas`:
//! - g·g₋₁ > 0: s ← s·η₊;
//! - g·g₋₁ < 0: s ← s·η₋, and g ← 0, so that this step does not move and the next one keeps s;
//!
//! s is kept within `step_sizes`, and θ ← θ − s·sign(g). The article's algorithm takes a step back where the sign
//! turned; PyTorch's stays.
//!
//! It is made for the gradient of the whole data set: in small batches the sign turns for no reason.
//!
//! | key | default |
//! |---|---|
//! | `lr` | 1e-2 |
//! | `etas` | [0.5, 1.2] |
//! | `step_sizes` | [1e-6, 50] |
//! | `weight_decay` | 0, PyTorch has none |

use super::{Build, Decay, Elementwise, Hyper, Method, Num, Rates, Treatment, UpdateRule, elementwise};
use crate::spec::{Entry, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "rprop",
    summary: "a step size for each weight, by the gradient's sign (Riedmiller and Braun 1993)",
    example: "type = \"rprop\"\nlr = 0.01\netas = [0.5, 1.2]\nstep_sizes = [1e-6, 50]",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn Method>> {
    let lr = section.or("lr", Positive(1e-2)).0;
    let [shorter, longer] = section.or("etas", [0.5, 1.2].map(Positive)).map(|eta| eta.0);
    let [least, most] = section.or("step_sizes", [1e-6, 50.0].map(Positive)).map(|size| size.0);
    let treatment = Treatment::read(section, 0.0, false);
    if !(shorter < 1.0 && longer > 1.0) {
        let label = "expected one number below 1, and one above";
        section.error("etas", "the first of `etas` shortens steps, the second lengthens them", label);
        return None;
    }
    if least > most {
        section.error("step_sizes", "the least step size is above the largest", "expected [least, largest]");
        return None;
    }
    if matches!(treatment.decay, Decay::Decoupled(_)) {
        let message = "Rprop has no rate that weights could decay by: each has its own step size";
        section.error("decoupled_weight_decay", message, "leave it out: then decay is part of the gradient");
        return None;
    }
    Some(elementwise(Rprop { shorter, longer, least, most }, lr, treatment))
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
        let reason = "Rprop's rate is only what its step sizes begin with; later they go by the gradient's sign alone";
        Rates { no_schedule: Some(reason), ..Rates::default() }
    }
}

impl Elementwise<2, 5> for Rprop {
    type Memory = ();
    const SLOTS: [&'static str; 2] = ["prev", "step_size"];

    fn scalars(&self, _t: u64, lr: f64, (): &mut ()) -> [f64; 5] {
        [lr, self.shorter, self.longer, self.least, self.most]
    }

    #[inline(always)]
    fn update<N: Num>(p: N, g: N, [prev, size]: [N; 2], k: &[N; 5]) -> (N, [N; 2]) {
        let [lr, shorter, longer, least, most] = k;
        let (same, turned) = (g.clone() * prev.clone(), -g.clone() * prev);
        // 0 until the first gradient comes.
        let size = size.clone().select_positive(size, lr.clone());
        let below = turned.clone().select_positive(size.clone() * shorter.clone(), size.clone());
        let size = same.select_positive(size * longer.clone(), below).max(least.clone()).min(most.clone());
        let g = turned.select_positive(N::of(0.0), g);
        (p - size.clone() * g.clone().sign(), [g, size])
    }
}
