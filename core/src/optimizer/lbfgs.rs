//! L-BFGS is a quasi-Newton method with limited memory (Liu and Nocedal 1989). It is `LBFGS` in PyTorch.
//!
//! A step makes up to `max_iter` iterations on its batch. Each goes along d = −H·g, where H is the inverse Hessian
//! implied by the last `history_size` changes s of θ and y of g (the two-loop recursion, from H₀ = (yᵀs/yᵀy)·1). Its
//! length t is `lr` (at the very first iteration lr·min(1, 1/‖g‖₁)). A line search starts from this length and may find
//! another. A change with yᵀs ≤ 1e-10 is not stored. The step ends early when no |gᵢ| is above `tolerance_grad`, when
//! neither the loss nor any θᵢ changes by more than `tolerance_change`, or after `max_eval` evaluations.
//!
//! The history continues from batch to batch, as in PyTorch. Then y is the difference of gradients on two batches, so
//! this method needs batches that hold much of the data.
//!
//! Coupled weight decay adds its penalty ½·λ·‖θ‖² to the loss that the line search compares. Clipping applies to every
//! gradient separately.
//!
//! | key | default |
//! |---|---|
//! | `lr` | 1 |
//! | `max_iter` | 20 |
//! | `max_eval` | max_iter·5/4 |
//! | `tolerance_grad` | 1e-7 |
//! | `tolerance_change` | 1e-9 |
//! | `history_size` | 100 |
//! | `line_search_fn` | "none" |
//! | `weight_decay` | 0 |

use super::{Build, Decay, Group, GroupOptions, Hyper, OptimizerConfig, Program, Rates, UpdateRule, configure};
use crate::choice;
use crate::spec::{Count, Entry, NonNegative, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "lbfgs",
    summary: "quasi-Newton with limited memory; evaluates a batch many times (Liu and Nocedal 1989)",
    example: "type = \"lbfgs\"\nlr = 1\nmax_iter = 20\nhistory_size = 10\nline_search_fn = \"strong_wolfe\"",
    build,
};

choice! {
    /// The way an iteration finds the length of its step.
    pub enum LineSearch {
        /// The length is the rate.
        None = "none",
        /// A search for the strong Wolfe conditions.
        StrongWolfe = "strong_wolfe",
    }
}

fn build(section: &mut Section<'_>) -> Option<Box<dyn OptimizerConfig>> {
    let lr = section.or("lr", Positive(1.0)).0;
    let max_iter = section.or("max_iter", Count(20)).0;
    let rule = Lbfgs {
        max_iter,
        max_eval: section.or("max_eval", Count(max_iter.saturating_mul(5) / 4)).0,
        tolerance_grad: section.or("tolerance_grad", NonNegative(1e-7)).0,
        tolerance_change: section.or("tolerance_change", NonNegative(1e-9)).0,
        history_size: section.or("history_size", Count(100)).0,
        line_search: section.or("line_search_fn", LineSearch::None),
    };
    let options = GroupOptions::read(section, 0.0, false);
    if let Decay::Decoupled(_) = options.decay {
        let label = "leave it out: coupled decay adds its penalty to the loss";
        section.error("decoupled_weight_decay", "L-BFGS minimizes a loss that decoupled decay is not part of", label);
        return None;
    }
    Some(configure(rule, lr, options))
}

#[derive(Clone, Debug)]
pub struct Lbfgs {
    pub max_iter: usize,
    pub max_eval: usize,
    pub tolerance_grad: f64,
    pub tolerance_change: f64,
    pub history_size: usize,
    pub line_search: LineSearch,
}

impl UpdateRule for Lbfgs {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        Vec::new()
    }

    fn rates(&self) -> Rates {
        let one_group = "it takes one step along one direction, for all parameters together";
        Rates { one_group: Some(one_group), ..Rates::default() }
    }

    fn program(groups: Vec<Group<Self>>) -> Program {
        Program::own(groups)
    }
}
