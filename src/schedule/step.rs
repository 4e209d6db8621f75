//! A drop at regular intervals: PyTorch's `StepLR`, timm's `StepLRScheduler`; Keras's and optax's staircase
//! `ExponentialDecay` and `exponential_decay`.
//!
//! factor(t) = `factor`^n, n = 0 before `first`, then 1 + ⌊(t − first) / every⌋
//!
//! | key | default | |
//! |---|---|---|
//! | `every` | | how long a level lasts |
//! | `factor` | 0.1 | above 0 |
//! | `first` | as `every` | when the first drop comes, if not after a whole level |
//! | `tick` | `"step"` | how often the rule looks at the clock |
//!
//! A drop acts on the step it names, counted from 0, as in PyTorch and optax. Keras's `PiecewiseConstantDecay` acts one
//! step later, and timm's milestones one epoch earlier: `first` says either.

use super::length::Length;
use super::tick::Tick;
use super::{Build, Clock, Context, Rule, words};
use crate::spec::{Duration, Entry, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "step",
    summary: "a drop at regular intervals",
    example: "type = \"step\"\nevery = \"10 epochs\"\nfactor = 0.1",
    build,
};

fn build(section: &mut Section<'_>, context: &Context<'_>) -> Option<Box<dyn Rule>> {
    let every = Length::required(section, "every", context.horizon);
    let factor = section.or("factor", Positive(0.1)).0;
    // Without `every` that error is logged, and a default that fits anything keeps another one from coming of it.
    let default = every.map_or(Duration::Steps(1), |every| every.written);
    let first = Length::or(section, "first", default, context.horizon);
    let tick = Tick::read(section);
    let (every, first) = (every?, first?);
    let key = if section.has("first") { "first" } else { "every" };
    first.warn_beyond(context.horizon.total_steps.saturating_sub(1), section, key, "the first drop comes");
    Some(Box::new(Step { every, factor, first, tick }))
}

#[derive(Debug)]
struct Step {
    every: Length,
    factor: f64,
    first: Length,
    tick: Tick,
}

impl Rule for Step {
    fn factor(&self, clock: Clock) -> f64 {
        let drops = match self.tick.seen(clock).checked_sub(self.first.steps) {
            None => 0,
            Some(since) => 1 + since / self.every.steps,
        };
        self.factor.powf(drops as f64)
    }

    fn describe(&self) -> String {
        let (factor, every) = (words::number(self.factor), words::interval(self.every.written));
        match self.first.steps == self.every.steps {
            true => format!("×{factor} every {every}"),
            false => format!("×{factor} at {}, then every {every}", words::moment(self.first.written)),
        }
    }
}
