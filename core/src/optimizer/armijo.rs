//! SGD with a stochastic Armijo line search (Vaswani et al. 2019, arXiv 1905.09997). In optax it is
//! `scale_by_backtracking_linesearch` after `sgd`.
//!
//! A step starts from κ ← min(1, `increase_factor`·κ) (κ = 1 at first). It multiplies κ by `decrease_factor` until f(θ
//! − κ·d) ≤ f(θ) − c·κ·⟨g, d⟩, where d is lr·g and f is the loss of the step's batch with the same dropout. Then θ ← θ
//! − κ·d. After `max_backtracking_steps` the last κ is used without the condition. If the loss there is not finite, the
//! weights stay as they are, and the next search starts from that κ (in optax it starts from 0 and never leaves it).
//!
//! The effective rate is κ·lr. `lr` is the longest step. Schedules scale it, and with it the start of the next search.
//! In groups with different rates, each group has its own lr in d. optax starts from κ = 1.5 if `max_learning_rate` is
//! above that.
//!
//! Coupled weight decay adds its penalty ½·λ·‖θ‖² to f. Decoupled decay is scaled by κ·lr and applied after the search.
//! Clipping shortens d, and also g in the condition, which then asks for a smaller decrease.
//!
//! | key | default |
//! |---|---|
//! | `lr` (the longest step) | 1 |
//! | `c` | 1e-4 (the authors' value: 0.1) |
//! | `decrease_factor` | 0.8 |
//! | `increase_factor` | 1.5 |
//! | `max_backtracking_steps` | 15 |
//! | `weight_decay` | 0 |
//! | `decoupled_weight_decay` | false |

use super::polyak::minimizes;
use super::{Build, Group, GroupOptions, Hyper, OptimizerConfig, Program, Rates, UpdateRule, configure};
use crate::spec::{BelowOne, Entry, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "armijo",
    summary: "gradient descent with a backtracking line search on the batch (Vaswani et al. 2019)",
    example: "type = \"armijo\"\nlr = 1.0\nc = 1e-4",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn OptimizerConfig>> {
    let lr = section.or("lr", Positive(1.0)).0;
    let rule = Armijo {
        c: section.or("c", BelowOne(1e-4)).0,
        decrease: section.or("decrease_factor", BelowOne(0.8)).0,
        increase: section.or("increase_factor", Positive(1.5)).0,
        backtracks: section.or("max_backtracking_steps", 15),
    };
    let options = GroupOptions::read(section, 0.0, false);
    if rule.decrease == 0.0 {
        section.error(
            "decrease_factor",
            "a `decrease_factor` of 0 would leave no step to take",
            "expected a number above 0",
        );
        return None;
    }
    if rule.increase < 1.0 {
        section.error(
            "increase_factor",
            "an `increase_factor` below 1 could only lower the rate",
            "expected 1 or above",
        );
        return None;
    }
    minimizes(section, options).then(|| configure(rule, lr, options))
}

#[derive(Clone, Debug)]
pub struct Armijo {
    pub c: f64,
    pub decrease: f64,
    pub increase: f64,
    pub backtracks: u64,
}

impl UpdateRule for Armijo {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        vec![Hyper::below_one("c", &mut self.c)]
    }

    fn rates(&self) -> Rates {
        Rates { finds_its_own: true, ..Rates::default() }
    }

    fn shared(&self) -> Vec<(&'static str, f64)> {
        let Armijo { c, decrease, increase, backtracks } = *self;
        vec![
            ("c", c),
            ("decrease_factor", decrease),
            ("increase_factor", increase),
            ("max_backtracking_steps", backtracks as f64),
        ]
    }

    fn program(groups: Vec<Group<Self>>) -> Program {
        Program::own(groups)
    }
}
