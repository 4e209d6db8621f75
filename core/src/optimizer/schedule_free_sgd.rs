//! Schedule-Free SGD (Defazio et al. 2024, arXiv 2405.15682). It is `SGDScheduleFree` in the package schedulefree.
//!
//! The direction is the gradient at y: z ← z − γ·g, x averages z, and y = (1−β)·z + β·x with β = `momentum`. The
//! comment at the top of `core/src/optimizer/schedule_free.rs` has the details. A good rate is about ten times that of
//! SGD with momentum, because momentum here does not add up steps.
//!
//! | key | default |
//! |---|---|
//! | `lr` | 1 |
//! | `momentum` | 0.9 |
//! | `weight_decay` | 0 |
//! | `warmup_steps` | 0 |
//! | `r` | 0 |
//! | `weight_lr_power` | 2 |

use super::schedule_free::{Averaging, Past, RATES, moved};
use super::{
    Build, Elementwise, EvalWeights, Group, GroupOptions, Hyper, Initial, Num, OptimizerConfig, Program, Rates,
    UpdateRule, configure, elementwise,
};
use crate::spec::{BelowOne, Entry, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "schedule_free_sgd",
    summary: "gradient descent that averages its weights and needs no schedule (Defazio et al. 2024)",
    example: "type = \"schedule_free_sgd\"\nlr = 1.0\nmomentum = 0.9",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn OptimizerConfig>> {
    let lr = section.or("lr", Positive(1.0)).0;
    let momentum = section.or("momentum", BelowOne(0.9)).0;
    let options = GroupOptions::coupled(section, "it would move y and not z, and pull them apart");
    let averaging = Averaging::read(section, "momentum", momentum, 2.0);
    Some(configure(ScheduleFreeSgd { averaging: averaging? }, lr, options?))
}

#[derive(Clone, Debug)]
struct ScheduleFreeSgd {
    averaging: Averaging,
}

impl UpdateRule for ScheduleFreeSgd {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        Vec::new()
    }

    fn rates(&self) -> Rates {
        RATES
    }

    fn program(groups: Vec<Group<Self>>) -> Program {
        elementwise!(ScheduleFreeSgd, 1, 3, groups)
    }
}

impl Elementwise<1, 3> for ScheduleFreeSgd {
    type HostState = Past;
    const SLOTS: [&'static str; 1] = ["z"];

    fn initial(&self) -> [Initial; 1] {
        [Initial::Parameter]
    }

    fn scalars(&self, t: u64, lr: f64, past: &mut Past) -> [f64; 3] {
        self.averaging.numbers(t, lr, past)
    }

    #[inline(always)]
    fn update<N: Num>(y: N, g: N, [z]: [N; 1], k: &[N; 3]) -> (N, [N; 1]) {
        let (y, z) = moved(y, z, g, k.each_ref());
        (y, [z])
    }

    fn effective_lr(&self, past: &Past) -> Option<f64> {
        Some(past.lr)
    }

    fn eval_weights(&self) -> Option<EvalWeights> {
        Some(self.averaging.eval_weights())
    }
}
