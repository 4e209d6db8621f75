//! Decay as the inverse of time, or a power of it.
//!
//! factor(t) = (1 + `rate`·t / `every`)^−`power`. With `staircase`, t / every is rounded down.
//!
//! | key | default | |
//! |---|---|---|
//! | `rate` | | above 0 |
//! | `every` | | the unit of time |
//! | `power` | 1 | above 0 |
//! | `staircase` | false | change only at multiples of `every` |
//! | `tick` | `"step"` | how often the factor may change |
//!
//! Elsewhere: Keras's `InverseTimeDecay` (`decay_rate`, `decay_steps`), Caffe's `inv` policy (`gamma`, `power`; its
//! unit is `every = "1 steps"`), the `lr_decay` of PyTorch's `Adagrad`.

use super::convention::Convention::{self, Keras};
use super::length::Length;
use super::tick::Tick;
use super::{Build, Clock, Context, Rule, words};
use crate::spec::{Entry, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "inverse_time",
    summary: "falls as 1/t, or a power of it",
    example: "type = \"inverse_time\"\nrate = 0.5\nevery = \"1 epochs\"",
    build,
};

fn build(section: &mut Section<'_>, context: &Context<'_>) -> Option<Box<dyn Rule>> {
    Convention::among(section, context, &[Keras]);
    let rate = section.required::<Positive>("rate");
    let every = Length::required(section, "every", context);
    let power = section.or("power", Positive(1.0)).0;
    let staircase = section.or("staircase", false);
    let tick = Tick::read(section);
    let (rate, every) = (rate?.0, every?);
    if staircase {
        every.warn_unseen(context.horizon.total_steps, section, "every", "the first drop is");
    }
    Some(Box::new(InverseTime { rate, every, power, staircase, tick }))
}

#[derive(Debug)]
struct InverseTime {
    rate: f64,
    every: Length,
    power: f64,
    staircase: bool,
    tick: Tick,
}

impl Rule for InverseTime {
    fn factor(&self, clock: Clock) -> f64 {
        let t = self.tick.step(clock);
        let time = match self.staircase {
            true => (t / self.every.steps) as f64,
            false => t as f64 / self.every.f64(),
        };
        let denominator = 1.0 + self.rate * time;
        if self.power == 1.0 { 1.0 / denominator } else { denominator.powf(-self.power) }
    }

    fn describe(&self) -> String {
        let power = if self.power == 1.0 { String::new() } else { format!("^{}", words::number(self.power)) };
        let unit = words::interval(self.every.written);
        let stairs = if self.staircase { ", in stairs" } else { "" };
        format!("1/(1 + {}·t){power}, t in units of {unit}{stairs}", words::number(self.rate))
    }
}
