//! A reflected exponential, REX (Chen et al. 2021, arXiv 2107.04197): it stays above a line and then falls faster.
//!
//! With x = t / over: factor(t) = end + (1 − end)·(1 − x) / (1 − x/2), and `end` from t = `over` on.
//!
//! | key | default | |
//! |---|---|---|
//! | `end` | 0 | the final factor, or a rate `{ lr = … }` |
//! | `over` | `"100%"` | the moment at which `end` is reached |
//! | `tick` | `"step"` | how often the factor may change |
//!
//! Elsewhere: pytorch_optimizer's `REXScheduler`.

use super::convention::Convention;
use super::length::Length;
use super::level::Level;
use super::tick::Tick;
use super::{Build, Clock, Context, Rule, words};
use crate::spec::{Duration, Entry, Section};

pub const ENTRY: Entry<Build> =
    Entry { name: "rex", summary: "a reflected exponential (REX)", example: "type = \"rex\"\nend = 0.0", build };

fn build(section: &mut Section<'_>, context: &Context<'_>) -> Option<Box<dyn Rule>> {
    Convention::among(section, context, &[]);
    let end = Level::end(section, Level::Factor(0.0), context);
    let over = Length::until(section, "over", Duration::Percent(100.0), context);
    let tick = Tick::read(section);
    let over = over?;
    over.warn_beyond(context.horizon.total_steps, section, "over", "the decay ends");
    Some(Box::new(Rex { end, over, tick }))
}

#[derive(Debug)]
struct Rex {
    end: f64,
    over: Length,
    tick: Tick,
}

impl Rule for Rex {
    fn factor(&self, clock: Clock) -> f64 {
        let t = self.tick.step(clock);
        if t >= self.over.steps {
            return self.end;
        }
        let x = t as f64 / self.over.f64();
        self.end + (1.0 - self.end) * ((1.0 - x) / (1.0 - 0.5 * x))
    }

    fn describe(&self) -> String {
        format!("REX to {}{}", words::number(self.end), words::over(self.over))
    }
}
