//! A straight line from one factor to another.
//!
//! factor(t) = start + (end − start)·t / over, and `end` from t = `over` on.
//!
//! | key | default | torch | transformers | |
//! |---|---|---|---|---|
//! | `start` | | 1/3 | 1 | the first factor, 0 or above, or a rate `{ lr = … }` |
//! | `end` | | 1 | 0 | the final factor, 0 or above, or a rate |
//! | `over` | `"100%"` | | | the moment at which `end` is reached |
//! | `tick` | `"step"` | | | how often the factor may change |
//!
//! `end` is reached at step `over`. With `over = "100%"` that is the step after the last one.
//!
//! Elsewhere: PyTorch's `LinearLR` (`start_factor`, `end_factor`, `total_iters`), optax's `linear_schedule`,
//! transformers's `linear`, Keras's `PolynomialDecay` at power 1.
//!
//! Differences: PyTorch rejects a start of 0 (it computes each rate from the previous one) and an end above 1. Both are
//! allowed here.

use super::convention::Convention::{self, Keras, Optax, Torch, Transformers};
use super::length::Length;
use super::level::Level;
use super::tick::Tick;
use super::{Build, Clock, Context, Rule, words};
use crate::spec::{Duration, Entry, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "linear",
    summary: "a straight line from one factor to another",
    example: "type = \"linear\"\nstart = 1.0\nend = 0.1\nover = \"100%\"",
    build,
};

fn build(section: &mut Section<'_>, context: &Context<'_>) -> Option<Box<dyn Rule>> {
    let convention = Convention::among(section, context, &[Torch, Keras, Optax, Transformers]);
    let mut level = |key, default: f64| match convention {
        Some(Torch | Transformers) => Some(Level::or(section, key, Level::Factor(default), context)),
        _ => Level::required(section, key, context),
    };
    let torch = convention == Some(Torch);
    let start = level("start", if torch { 1.0 / 3.0 } else { 1.0 });
    let end = level("end", if torch { 1.0 } else { 0.0 });
    let over = Length::until(section, "over", Duration::Percent(100.0), context);
    let tick = Tick::read(section);
    let (start, end, over) = (start?, end?, over?);
    if start == 0.0 && end == 0.0 && context.base_lr != 0.0 {
        section.error("end", "a line from 0 to 0 trains nothing", "expected `start` or `end` above 0");
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
        let t = self.tick.step(clock);
        match t < self.over.steps {
            true => self.start + (self.end - self.start) * (t as f64 / self.over.f64()),
            false => self.end,
        }
    }

    fn describe(&self) -> String {
        let line = format!("linear from {} to {}", words::number(self.start), words::number(self.end));
        line + &words::over(self.over)
    }
}
