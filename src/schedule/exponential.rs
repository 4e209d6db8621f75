//! Exponential decay: Keras's `ExponentialDecay`, optax's `exponential_decay`; PyTorch's `ExponentialLR` is
//! `every = "1 epochs"` with `tick = "epoch"`.
//!
//! factor(t) = `factor`^(t / every), the exponent rounded down with `staircase`
//!
//! | key | default | |
//! |---|---|---|
//! | `factor` | | above 0 |
//! | `every` | | how long it takes to lose one `factor` |
//! | `staircase` | false | in steps of `every`, as the rule `step` |
//! | `tick` | `"step"` | how often the rule looks at the clock |

use super::length::Length;
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
    let factor = section.required::<Positive>("factor");
    let every = Length::required(section, "every", context.horizon);
    let staircase = section.or("staircase", false);
    let tick = Tick::read(section);
    let (factor, every) = (factor?.0, every?);
    if staircase {
        every.warn_beyond(context.horizon.total_steps.saturating_sub(1), section, "every", "the first drop comes");
    }
    Some(Box::new(Exponential { factor, every, staircase, tick }))
}

#[derive(Debug)]
struct Exponential {
    factor: f64,
    every: Length,
    staircase: bool,
    tick: Tick,
}

impl Rule for Exponential {
    fn factor(&self, clock: Clock) -> f64 {
        let t = self.tick.seen(clock);
        let exponent = match self.staircase {
            true => (t / self.every.steps) as f64,
            false => t as f64 / self.every.steps as f64,
        };
        self.factor.powf(exponent)
    }

    fn describe(&self) -> String {
        let (factor, every) = (words::number(self.factor), words::interval(self.every.written));
        match self.staircase {
            true => format!("×{factor} every {every}"),
            false => format!("exponential, ×{factor} every {every}"),
        }
    }
}
