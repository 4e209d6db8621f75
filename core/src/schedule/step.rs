//! A drop at regular intervals.
//!
//! factor(t) = `factor`^n, where n is 0 before `first` and 1 + ⌊(t − first) / every⌋ from then on.
//!
//! | key | default | timm | |
//! |---|---|---|---|
//! | `every` | | | the length of a level |
//! | `factor` | 0.1 | 1 | above 0 |
//! | `first` | as `every` | | the moment of the first drop |
//! | `boundary` | `"at"` | | a drop takes effect at its tick (`"at"`), one tick later (`"after"`) or one tick earlier (`"before"`) |
//! | `tick` | `"step"` | | how often the factor may change |
//!
//! Elsewhere: PyTorch's `StepLR`, timm's `StepLRScheduler`, and with `staircase` Keras's `ExponentialDecay` and optax's
//! `exponential_decay`.

use super::convention::Convention::{self, Keras, Optax, Timm, Torch};
use super::length::Length;
use super::tick::{Boundary, Tick};
use super::{Build, Clock, Context, Rule, words};
use crate::spec::{Duration, Entry, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "step",
    summary: "a drop at regular intervals",
    example: "type = \"step\"\nevery = \"10 epochs\"\nfactor = 0.1",
    build,
};

fn build(section: &mut Section<'_>, context: &Context<'_>) -> Option<Box<dyn Rule>> {
    let convention = Convention::among(section, context, &[Torch, Keras, Optax, Timm]);
    let every = Length::required(section, "every", context);
    let factor = section.or("factor", Positive(if convention == Some(Timm) { 1.0 } else { 0.1 })).0;
    // If `every` is missing, that error is logged. This default is valid everywhere, so no second error follows.
    let default = every.map_or(Duration::Percent(100.0), |every| every.written);
    let first = Length::until(section, "first", default, context);
    let boundary = section.or("boundary", Boundary::At);
    let tick = Tick::read(section);
    let (every, first) = (every?, first?);
    let key = if section.has("first") { "first" } else { "every" };
    first.warn_unseen(context.horizon.total_steps, section, key, "the first drop is");
    Some(Box::new(Step { every, factor, first, boundary, tick }))
}

#[derive(Debug)]
struct Step {
    every: Length,
    factor: f64,
    first: Length,
    boundary: Boundary,
    tick: Tick,
}

impl Rule for Step {
    fn factor(&self, clock: Clock) -> f64 {
        let drops = match self.boundary.step(self.tick, clock).checked_sub(self.first.steps) {
            None => 0,
            Some(since) => 1 + since / self.every.steps,
        };
        self.factor.powf(drops as f64)
    }

    fn describe(&self) -> String {
        let (factor, every) = (words::number(self.factor), words::interval(self.every.written));
        match self.first.written == self.every.written {
            true => format!("×{factor} every {every}"),
            false => format!("×{factor} at {}, then every {every}", words::moment(self.first.written)),
        }
    }
}
