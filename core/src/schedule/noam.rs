//! The schedule of the Transformer (Vaswani et al. 2017, arXiv 1706.03762), named after Noam Shazeer: a linear rise,
//! then decay as the inverse square root of time.
//!
//! With n the current tick (counted from 1) and P = `peak` in ticks: factor = min(n / P, √(P / n)). With `d_model` this
//! is multiplied by 1/√(d_model·P), which gives the formula of the paper. The paper has no other learning rate, so use
//! `lr = 1` with `d_model`.
//!
//! | key | default | |
//! |---|---|---|
//! | `peak` | | the moment of the highest rate (the paper's `warmup_steps`, 4000) |
//! | `d_model` | not set | the width of the model |
//! | `tick` | `"step"` | how often the factor may change |

use super::convention::Convention;
use super::length::Length;
use super::tick::Tick;
use super::{Build, Clock, Context, Rule, words};
use crate::spec::{Count, Entry, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "noam",
    summary: "the schedule of the Transformer: a linear rise, then 1/√t",
    example: "type = \"noam\"\npeak = \"10%\"",
    build,
};

fn build(section: &mut Section<'_>, context: &Context<'_>) -> Option<Box<dyn Rule>> {
    Convention::among(section, context, &[]);
    let peak = Length::required(section, "peak", context);
    let d_model = section.optional::<Count>("d_model");
    let tick = Tick::read(section);
    let peak = peak?;
    peak.warn_beyond(context.horizon.total_steps, section, "peak", "the peak is");
    Some(Box::new(Noam { peak, d_model, tick }))
}

#[derive(Debug)]
struct Noam {
    peak: Length,
    d_model: Option<Count>,
    tick: Tick,
}

impl Rule for Noam {
    fn factor(&self, clock: Clock) -> f64 {
        let n = self.tick.step(clock).saturating_add(self.tick.unit(clock)) as f64 / self.peak.f64();
        let factor = if n < 1.0 { n } else { 1.0 / n.sqrt() };
        match self.d_model {
            // The paper counts in ticks.
            Some(Count(width)) => factor / (width as f64 * self.peak.f64() / self.tick.unit(clock) as f64).sqrt(),
            None => factor,
        }
    }

    fn describe(&self) -> String {
        format!("noam, peak after {}", words::duration(self.peak.written))
    }
}
