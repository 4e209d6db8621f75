//! Exponential decay, smooth or as a staircase.
//!
//! factor(t) = `factor`^(t / every), never beyond `end`. With `staircase` the exponent is rounded down.
//!
//! | key | default | |
//! |---|---|---|
//! | `factor` | | the factor per `every`, above 0 |
//! | `every` | | the time in which the rate is multiplied by `factor` once |
//! | `staircase` | false | change only at multiples of `every`, like `step` |
//! | `end` | no limit | the factor (or rate `{ lr = … }`) at which the decay stops; with a `factor` above 1, at which the growth stops |
//! | `tick` | `"step"` | how often the factor may change |
//!
//! Elsewhere: Keras's `ExponentialDecay`, optax's `exponential_decay`. PyTorch's `ExponentialLR`, and
//! `MultiplicativeLR` with a constant, multiply the rate at each `scheduler.step()`: write `every = "1 steps"` if that
//! is called after every step, and `every = "1 epochs"` with `tick = "epoch"` if it is called once per epoch.

use super::convention::Convention::{self, Keras, Optax, Torch};
use super::length::Length;
use super::level::Level;
use super::tick::Tick;
use super::{Build, Clock, Context, Rule, words};
use crate::spec::{Entry, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "exponential",
    summary: "exponential decay, smooth or as a staircase",
    example: "type = \"exponential\"\nfactor = 0.95\nevery = \"1 epochs\"",
    build,
};

fn build(section: &mut Section<'_>, context: &Context<'_>) -> Option<Box<dyn Rule>> {
    Convention::among(section, context, &[Torch, Keras, Optax]);
    let factor = section.required::<Positive>("factor");
    let every = Length::required(section, "every", context);
    let staircase = section.or("staircase", false);
    let end = Level::optional(section, "end", context);
    let tick = Tick::read(section);
    let (factor, every) = (factor?.0, every?);
    if staircase {
        every.warn_unseen(context.horizon.total_steps, section, "every", "the first drop is");
    }
    let beyond = end.is_some_and(|end| if factor < 1.0 { end > 1.0 } else { end < 1.0 });
    if beyond {
        let label = if factor < 1.0 { "expected at most 1" } else { "expected at least 1" };
        section.error("end", "the rate moves away from `end`", label);
    }
    Some(Box::new(Exponential { factor, every, staircase, end, tick }))
}

#[derive(Debug)]
struct Exponential {
    factor: f64,
    every: Length,
    staircase: bool,
    end: Option<f64>,
    tick: Tick,
}

impl Rule for Exponential {
    fn factor(&self, clock: Clock) -> f64 {
        let t = self.tick.step(clock);
        let exponent = match self.staircase {
            true => (t / self.every.steps) as f64,
            false => t as f64 / self.every.f64(),
        };
        let factor = self.factor.powf(exponent);
        match self.end {
            Some(end) if self.factor < 1.0 => factor.max(end),
            Some(end) => factor.min(end),
            None => factor,
        }
    }

    fn describe(&self) -> String {
        let (factor, every) = (words::number(self.factor), words::interval(self.every.written));
        let end = self.end.map(|end| format!(", to {}", words::number(end))).unwrap_or_default();
        match self.staircase {
            true => format!("×{factor} every {every}{end}"),
            false => format!("exponential, ×{factor} every {every}{end}"),
        }
    }
}
