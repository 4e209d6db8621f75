//! Decay along a hyperbolic tangent (Hsueh et al. 2019, arXiv 1806.01593).
//!
//! With x = t / over: factor(t) = end + (1 − end)·½(1 − tanh(lb·(1 − x) + ub·x)), and `end` from t = `over` on.
//!
//! | key | default | |
//! |---|---|---|
//! | `end` | 0 | the final factor, or a rate `{ lr = … }` |
//! | `over` | `"100%"` | the moment at which `end` is reached |
//! | `lb` | -7 | the argument of tanh at the start, below `ub` |
//! | `ub` | 3 | the argument of tanh at the end |
//! | `tick` | `"step"` | how often the factor may change |
//!
//! Elsewhere: timm's `TanhLRScheduler`.

use super::convention::Convention::{self, Timm};
use super::length::Length;
use super::level::Level;
use super::tick::Tick;
use super::{Build, Clock, Context, Rule, words};
use crate::spec::{Duration, Entry, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "tanh",
    summary: "down along a hyperbolic tangent",
    example: "type = \"tanh\"\nlb = -7.0\nub = 3.0",
    build,
};

fn build(section: &mut Section<'_>, context: &Context<'_>) -> Option<Box<dyn Rule>> {
    Convention::among(section, context, &[Timm]);
    let end = Level::end(section, Level::Factor(0.0), context);
    let over = Length::until(section, "over", Duration::Percent(100.0), context);
    let lb = section.or("lb", -7.0);
    let ub = section.or("ub", 3.0);
    let tick = Tick::read(section);
    if lb >= ub {
        section.error("lb", "`lb` is not below `ub`", format!("expected less than {}", words::number(ub)));
    }
    let over = over?;
    over.warn_beyond(context.horizon.total_steps, section, "over", "the decay ends");
    Some(Box::new(Tanh { end, over, lb, ub, tick }))
}

#[derive(Debug)]
struct Tanh {
    end: f64,
    over: Length,
    lb: f64,
    ub: f64,
    tick: Tick,
}

impl Rule for Tanh {
    fn factor(&self, clock: Clock) -> f64 {
        let t = self.tick.step(clock);
        if t >= self.over.steps {
            return self.end;
        }
        let x = t as f64 / self.over.f64();
        let height = 0.5 * (1.0 - (self.lb * (1.0 - x) + self.ub * x).tanh());
        self.end + (1.0 - self.end) * height
    }

    fn describe(&self) -> String {
        format!("tanh to {}{}", words::number(self.end), words::over(self.over))
    }
}
