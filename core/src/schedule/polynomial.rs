//! Polynomial decay: a power of the remaining time.
//!
//! With x = t / over: factor(t) = end + (1 − end)·(1 − x^k)^power, and `end` from t = `over` on.
//!
//! | key | default | keras | timm | transformers | |
//! |---|---|---|---|---|---|
//! | `end` | 0 | `{ lr = 1e-4 }` | | `{ lr = 1e-7 }` | the final factor, or a rate `{ lr = … }` |
//! | `power` | 1 | | 0.5 | | above 0 |
//! | `over` | `"100%"` | | | | the moment at which `end` is reached |
//! | `cycle` | false | | | | true: after `over`, follow the curve of a decay of length 2·`over`, then 3·`over`, … (Keras's option) |
//! | `k_decay` | 1 | | | | k: above 1 the rate stays high for longer (arXiv 2004.05909) |
//! | `tick` | `"step"` | | | | how often the factor may change |
//!
//! Elsewhere: PyTorch's `PolynomialLR`, Keras's `PolynomialDecay`, optax's `polynomial_schedule`, timm's
//! `PolyLRScheduler`, transformers's `polynomial`.

use super::convention::Convention::{self, Keras, Optax, Timm, Torch, Transformers};
use super::length::Length;
use super::level::Level;
use super::tick::Tick;
use super::{Build, Clock, Context, Rule, words};
use crate::spec::{Duration, Entry, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "polynomial",
    summary: "a power of the remaining time",
    example: "type = \"polynomial\"\npower = 2.0\nend = 0.01",
    build,
};

fn build(section: &mut Section<'_>, context: &Context<'_>) -> Option<Box<dyn Rule>> {
    let convention = Convention::among(section, context, &[Torch, Keras, Optax, Timm, Transformers]);
    let end = match convention {
        Some(Keras) => Level::Absolute(1e-4),
        Some(Transformers) => Level::Absolute(1e-7),
        _ => Level::Factor(0.0),
    };
    let end = Level::end(section, end, context);
    let power = section.or("power", Positive(if convention == Some(Timm) { 0.5 } else { 1.0 })).0;
    let over = Length::until(section, "over", Duration::Percent(100.0), context);
    let cycle = section.or("cycle", false);
    let k_decay = section.or("k_decay", Positive(1.0)).0;
    let tick = Tick::read(section);
    let over = over?;
    over.warn_beyond(context.horizon.total_steps, section, "over", "the decay ends");
    Some(Box::new(Polynomial { end, power, over, cycle, k_decay, tick }))
}

#[derive(Debug)]
struct Polynomial {
    end: f64,
    power: f64,
    over: Length,
    cycle: bool,
    k_decay: f64,
    tick: Tick,
}

impl Rule for Polynomial {
    fn factor(&self, clock: Clock) -> f64 {
        let t = self.tick.step(clock);
        let over = match self.cycle {
            true => self.over.steps.saturating_mul(t.div_ceil(self.over.steps).max(1)),
            false => self.over.steps,
        };
        if t >= over {
            return self.end;
        }
        let x = t as f64 / over as f64;
        let left = 1.0 - if self.k_decay == 1.0 { x } else { x.powf(self.k_decay) };
        self.end + (1.0 - self.end) * left.powf(self.power)
    }

    fn describe(&self) -> String {
        let cycle = if self.cycle { ", in cycles" } else { "" };
        let (power, end) = (words::number(self.power), words::number(self.end));
        format!("polynomial of power {power} to {end}{}{cycle}", words::over(self.over))
    }
}
