//! Decay as the inverse square root of time.
//!
//! factor(t) = 1 / √(1 + t / timescale)
//!
//! | key | default | |
//! |---|---|---|
//! | `timescale` | the length of the warm-up; without a warm-up `"10000 steps"` | the time after which the factor is 1/√2 |
//! | `tick` | `"step"` | how often the factor may change |
//!
//! Elsewhere: transformers's `inverse_sqrt`, Big Vision's `rsqrt`. `noam` decays in the same way after its peak.

use super::convention::Convention::{self, Transformers};
use super::length::Length;
use super::tick::Tick;
use super::{Build, Clock, Context, Rule, words};
use crate::spec::{Duration, Entry, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "inverse_sqrt",
    summary: "falls as 1/√t",
    example: "type = \"inverse_sqrt\"\ntimescale = \"5 epochs\"",
    build,
};

fn build(section: &mut Section<'_>, context: &Context<'_>) -> Option<Box<dyn Rule>> {
    Convention::among(section, context, &[Transformers]);
    let default = if context.warmup > 0 { context.warmup } else { 10_000 };
    let timescale = Length::or(section, "timescale", Duration::Steps(default), context);
    let tick = Tick::read(section);
    Some(Box::new(InverseSqrt { timescale: timescale?, tick }))
}

#[derive(Debug)]
struct InverseSqrt {
    timescale: Length,
    tick: Tick,
}

impl Rule for InverseSqrt {
    fn factor(&self, clock: Clock) -> f64 {
        1.0 / (1.0 + self.tick.step(clock) as f64 / self.timescale.f64()).sqrt()
    }

    fn describe(&self) -> String {
        format!("1/√(1 + t), t in units of {}", words::interval(self.timescale.written))
    }
}
