//! Adafactor (Shazeer and Stern 2018, arXiv 1804.04235). It is `Adafactor` in PyTorch and Keras.
//!
//! For a matrix only the means of g² over rows and over columns are kept. For tensors with more dimensions, they are
//! the means over the last two dimensions. With 1 − β₂ = t^`beta2_decay`:
//! - for a matrix R ← β₂·R + (1−β₂)·mean over columns of g², C ← β₂·C + (1−β₂)·mean over rows of g², V = R·C / max(mean
//!   R, ε₁);
//! - for a vector V ← β₂·V + (1−β₂)·g²;
//! - U = g/max(√V, ε₁), ρ = min(lr, 1/√t), α = max(ε₂, RMS(θ))·ρ, θ ← θ − α·U / max(1, RMS(U)/d).
//!
//! So `lr` is an upper bound of ρ, and a rate above 1/√t has the effect of 1/√t. With `relative_step = false`, ρ = lr.
//! (Keras also has a key of this name, but takes the smaller of lr and 1/√t with either value.)
//!
//! In the paper and in Keras, ε₁ is added to g² (`eps_added`) and is not used as a lower bound. If V is then 0 in f32,
//! which happens only if g = 0, Keras divides 0 by 0. Here V is never below the smallest normal number, and such a
//! weight does not move.
//!
//! Weight decay is θ ← θ·(1 − lr·λ). PyTorch applies it after RMS(θ) is computed, Keras before (`decay_first`).
//!
//! PyTorch writes `eps = (ε₁, ε₂)`, where ε₁ = None means the machine epsilon of the parameters' dtype. A spec has no
//! None, so these are two keys here, and the machine epsilon is used when `eps1` is left out.
//!
//! | key | default | Keras |
//! |---|---|---|
//! | `lr` | 1e-2 | 1e-3 |
//! | `beta2_decay` | −0.8 | |
//! | `eps1` | 2⁻²³ in f32, 2⁻⁵² in f64 | 1e-30 |
//! | `eps2` | 1e-3 | |
//! | `d` | 1 | |
//! | `relative_step` | true | |
//! | `eps_added` | false | true |
//! | `decay_first` | false | true |
//! | `weight_decay` | 0 | |

use super::{
    Build, Convention, Group, GroupOptions, Hyper, OptimizerConfig, Program, UpdateRule, configure, convention,
};
use crate::spec::{Entry, NonNegative, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "adafactor",
    summary: "second moments by row and by column, steps relative to the weights (Shazeer and Stern 2018)",
    example: "type = \"adafactor\"\nlr = 0.01\nbeta2_decay = -0.8",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn OptimizerConfig>> {
    let keras = convention(section) == Convention::Keras;
    let lr = section.or("lr", Positive(if keras { 1e-3 } else { 1e-2 })).0;
    let beta2_decay = section.or("beta2_decay", -0.8);
    if beta2_decay > 0.0 {
        let message = "1 − β₂ falls as a power of the step, and this power must not be above 0";
        section.error("beta2_decay", message, "expected a number of 0 or below, such as -0.8");
        return None;
    }
    let eps1 = match keras {
        true => Some(section.or("eps1", NonNegative(1e-30))),
        false => section.optional("eps1"),
    };
    let rule = Adafactor {
        beta2_decay,
        eps1: eps1.map(|eps1| eps1.0),
        eps2: section.or("eps2", NonNegative(1e-3)).0,
        d: section.or("d", Positive(1.0)).0,
        relative_step: section.or("relative_step", true),
        eps_added: section.or("eps_added", keras),
        decay_first: section.or("decay_first", keras),
        weight_decay: section.or("weight_decay", NonNegative(0.0)).0,
    };
    Some(configure(rule, lr, GroupOptions::without_decay(section)))
}

#[derive(Clone, Debug)]
pub struct Adafactor {
    pub beta2_decay: f64,
    /// ε₁. `None` means the machine epsilon of the parameters' dtype.
    pub eps1: Option<f64>,
    pub eps2: f64,
    pub d: f64,
    pub relative_step: bool,
    pub eps_added: bool,
    pub decay_first: bool,
    pub weight_decay: f64,
}

impl UpdateRule for Adafactor {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        let Adafactor { eps2, weight_decay, .. } = self;
        vec![Hyper::non_negative("eps2", eps2), Hyper::non_negative("weight_decay", weight_decay)]
    }

    fn program(groups: Vec<Group<Self>>) -> Program {
        Program::own(groups)
    }
}
