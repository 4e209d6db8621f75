//! The Transformer's own schedule (Vaswani et al. 2017, arXiv 1706.03762), named after Noam Shazeer: up on a line, down
//! as 1/√t.
//!
//! With n = t + 1, the number of the tick from 1, and P = `peak`: factor(t) = min(n / P, √(P / n)); with `d_model`
//! times 1/√(d_model·P), which is the article's formula, where `lr` is a mere factor (1 there).
//!
//! | key | default | |
//! |---|---|---|
//! | `peak` | | when the rate is highest (the article's `warmup_steps`, 4000) |
//! | `d_model` | none | the width of the model |
//! | `tick` | `"step"` | how often the rule looks at the clock |

use super::convention::Convention;
use super::length::Length;
use super::tick::Tick;
use super::{Build, Clock, Context, Rule, words};
use crate::spec::{Count, Entry, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "noam",
    summary: "up on a line, down as 1/√t: the Transformer's own",
    example: "type = \"noam\"\npeak = \"10%\"",
    build,
};

fn build(section: &mut Section<'_>, context: &Context<'_>) -> Option<Box<dyn Rule>> {
    Convention::among(section, context, &[]);
    let peak = Length::required(section, "peak", context);
    let d_model = section.optional::<Count>("d_model");
    let tick = Tick::read(section);
    let peak = peak?;
    peak.warn_beyond(context.horizon.total_steps, section, "peak", "the peak comes");
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
        let n = self.tick.seen(clock).saturating_add(self.tick.unit(clock)) as f64 / self.peak.f64();
        let factor = if n < 1.0 { n } else { 1.0 / n.sqrt() };
        match self.d_model {
            // In the article's own unit, the tick.
            Some(Count(width)) => factor / (width as f64 * self.peak.f64() / self.tick.unit(clock) as f64).sqrt(),
            None => factor,
        }
    }

    fn describe(&self) -> String {
        format!("noam, peak after {}", words::duration(self.peak.written))
    }
}
