//! From one factor to another on a straight line: PyTorch's `LinearLR`, optax's `linear_schedule`, Keras's
//! `PolynomialDecay` at power 1.
//!
//! factor(t) = start + (end − start)·t / over, and `end` from t = `over` on
//!
//! | key | default | |
//! |---|---|---|
//! | `start` | | 0 or above |
//! | `end` | | 0 or above |
//! | `over` | `"100%"` | the whole run or phase |
//! | `tick` | `"step"` | how often the rule looks at the clock |
//!
//! `end` is reached at step `over`, as everywhere; over a whole run that is the step after the last. PyTorch, which
//! computes each rate from the one before, refuses a start of 0 and an end above 1; here both are factors like others.

use super::length::Length;
use super::tick::Tick;
use super::{Build, Clock, Context, Rule, words};
use crate::spec::{Duration, Entry, NonNegative, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "linear",
    summary: "from one factor to another on a straight line",
    example: "type = \"linear\"\nstart = 1.0\nend = 0.1\nover = \"100%\"",
    build,
};

fn build(section: &mut Section<'_>, context: &Context<'_>) -> Option<Box<dyn Rule>> {
    let start = section.required::<NonNegative>("start");
    let end = section.required::<NonNegative>("end");
    let over = Length::or(section, "over", Duration::Percent(100.0), context.horizon);
    let tick = Tick::read(section);
    let (start, end, over) = (start?.0, end?.0, over?);
    if start == 0.0 && end == 0.0 {
        section.error("end", "a line from 0 to 0 trains nothing", "one of `start` and `end` is above 0");
        return None;
    }
    over.warn_beyond(context.horizon.total_steps, section, "over", "the line ends");
    Some(Box::new(Linear { start, end, over, tick }))
}

#[derive(Debug)]
struct Linear {
    start: f64,
    end: f64,
    over: Length,
    tick: Tick,
}

impl Rule for Linear {
    fn factor(&self, clock: Clock) -> f64 {
        let t = self.tick.seen(clock);
        match t < self.over.steps {
            true => self.start + (self.end - self.start) * (t as f64 / self.over.steps as f64),
            false => self.end,
        }
    }

    fn describe(&self) -> String {
        let line = format!("linear from {} to {}", words::number(self.start), words::number(self.end));
        match self.over.written == Duration::Percent(100.0) {
            true => line,
            false => format!("{line} over {}", words::duration(self.over.written)),
        }
    }
}
