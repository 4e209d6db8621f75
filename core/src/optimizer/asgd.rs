//! ASGD, averaged stochastic gradient descent (Polyak and Juditsky 1992; the rate is Bottou's). It is `ASGD` in
//! PyTorch.
//!
//! θ ← θ·(1 − λη) − η·g, and ax ← ax + μ·(θ − ax). After the step, η = lr/(1 + λ·lr·t)^α and μ = 1/max(1, t − t₀) are
//! set for the next one. The first step uses η = lr and μ = 1. λ is `lambd`. So ax equals θ until t₀, and is the mean
//! of all later θ from then on. With `eval_average = true`, evaluation uses ax.
//!
//! Because η is stored, a change of the rate takes effect **one step late**, in PyTorch and here. `effective_lr` is the
//! η that a step used. Decoupled weight decay, which PyTorch does not have, is scaled by `lr` with its schedule.
//!
//! | key | default |
//! |---|---|
//! | `lr` | 1e-2 |
//! | `lambd` | 1e-4 |
//! | `alpha` | 0.75 |
//! | `t0` | 1e6, in steps |
//! | `weight_decay` | 0 |
//! | `decoupled_weight_decay` | false |
//! | `eval_average` | false |

use serde::{Deserialize, Serialize};

use super::{
    Build, Elementwise, EvalWeights, Group, GroupOptions, Hyper, Initial, Num, OptimizerConfig, Program, Rates,
    UpdateRule, configure, elementwise,
};
use crate::spec::{Entry, NonNegative, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "asgd",
    summary: "gradient descent with a falling rate, and the mean of its weights (Polyak and Juditsky 1992)",
    example: "type = \"asgd\"\nlr = 0.01\nt0 = 1000\neval_average = true",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn OptimizerConfig>> {
    let lr = section.or("lr", Positive(1e-2)).0;
    let lambd = section.or("lambd", NonNegative(1e-4)).0;
    let alpha = section.or("alpha", NonNegative(0.75)).0;
    let t0 = section.or("t0", NonNegative(1e6)).0;
    let options = GroupOptions::read(section, 0.0, false);
    let eval_average = section.or("eval_average", false);
    Some(configure(Asgd { lambd, alpha, t0, eval_average }, lr, options))
}

#[derive(Clone, Debug)]
struct Asgd {
    lambd: f64,
    alpha: f64,
    t0: f64,
    eval_average: bool,
}

impl UpdateRule for Asgd {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        vec![Hyper::non_negative("lambd", &mut self.lambd), Hyper::non_negative("alpha", &mut self.alpha)]
    }

    fn rates(&self) -> Rates {
        Rates { finds_its_own: true, ..Rates::default() }
    }

    fn program(groups: Vec<Group<Self>>) -> Program {
        elementwise!(Asgd, 1, 4, groups)
    }
}

/// η of the last step, and η for the next one. Both are `None` before the first step.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Eta {
    last: Option<f64>,
    next: Option<f64>,
}

impl Elementwise<1, 4> for Asgd {
    type HostState = Eta;
    const SLOTS: [&'static str; 1] = ["ax"];

    /// Starts ax at the weights, so that a weight that never has a gradient is evaluated as it is.
    fn initial(&self) -> [Initial; 1] {
        [Initial::Parameter]
    }

    /// Returns η, 1 − λη, then the scalars of ax ← `keep`·ax + `mu`·θ.
    fn scalars(&self, t: u64, lr: f64, past: &mut Eta) -> [f64; 4] {
        let t = t as f64;
        let eta = past.next.unwrap_or(lr);
        let mu = 1.0 / (t - 1.0 - self.t0).max(1.0);
        *past = Eta { last: Some(eta), next: Some(lr / (1.0 + self.lambd * lr * t).powf(self.alpha)) };
        [eta, 1.0 - self.lambd * eta, 1.0 - mu, mu]
    }

    #[inline(always)]
    fn update<N: Num>(p: N, g: N, [ax]: [N; 1], [eta, shrink, keep, mu]: &[N; 4]) -> (N, [N; 1]) {
        let p = (-eta.clone()).mul_add(g, p * shrink.clone());
        (p.clone(), [mu.clone().mul_add(p, keep.clone() * ax)])
    }

    fn effective_lr(&self, past: &Eta) -> Option<f64> {
        past.last
    }

    fn eval_weights(&self) -> Option<EvalWeights> {
        self.eval_average.then_some(EvalWeights::Slot(0))
    }
}
