//! A half-cosine down (Loshchilov and Hutter 2017, arXiv 1608.03983): PyTorch's `CosineAnnealingLR`, Keras's
//! `CosineDecay`, optax's `cosine_decay_schedule`, timm's `CosineLRScheduler`, transformers's `cosine`.
//!
//! factor(t) = end + (1 − end)·(½(1 + cos(2π·c·x^k)))^p, x = t / over; from t = `over` on what it came to there
//!
//! | key | default | torch | transformers | |
//! |---|---|---|---|---|
//! | `end` | 0 | | | a factor (Keras's and optax's `alpha`), or `{ lr = … }` (`eta_min`, `lr_min`) |
//! | `over` | `"100%"` | | | until when (`T_max`, `decay_steps`, `t_initial`) |
//! | `exponent` | 1 | | | p (optax's `exponent`) |
//! | `k_decay` | 1 | | | k (timm's; arXiv 2004.05909): above 1 the rate stays up longer |
//! | `num_cycles` | 0.5 | | | c (transformers's): whole waves; a half comes to `end` |
//! | `past_end` | `"hold"` | `"rise"` | `"rise"` | after `over`: stay there, or go on with the cosine |
//! | `tick` | `"step"` | | | how often the rule looks at the clock |
//!
//! transformers's `cosine_warmup_with_min_lr` counts its steps from 1: its warm-up of W steps is one of W − 1 here, with
//! `start` 1/W (or its `warmup_lr_rate`), `reach = "after"` and `clock = "after"`. PyTorch's `eta_min` is one rate for all groups: a group
//! whose rate is below it is *raised*; as a factor `end` is below every group's own rate.

use std::f64::consts::PI;

use super::convention::Convention::{self, Keras, Optax, Timm, Torch, Transformers};
use super::length::Length;
use super::level::Level;
use super::tick::Tick;
use super::{Build, Clock, Context, Rule, words};
use crate::choice;
use crate::spec::{Duration, Entry, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "cosine",
    summary: "a half-cosine down to the end value",
    example: "type = \"cosine\"\nend = 0.01\nover = \"100%\"",
    build,
};

choice! {
    /// What comes after the end.
    pub enum PastEnd {
        Hold = "hold",
        Rise = "rise",
    }
}

fn build(section: &mut Section<'_>, context: &Context<'_>) -> Option<Box<dyn Rule>> {
    let convention = Convention::among(section, context, &[Torch, Keras, Optax, Timm, Transformers]);
    let end = Level::end(section, Level::Factor(0.0), context);
    let over = Length::until(section, "over", Duration::Percent(100.0), context);
    let exponent = section.or("exponent", Positive(1.0)).0;
    let k_decay = section.or("k_decay", Positive(1.0)).0;
    let num_cycles = section.or("num_cycles", Positive(0.5)).0;
    let rises = matches!(convention, Some(Torch | Transformers));
    let past_end = section.or("past_end", if rises { PastEnd::Rise } else { PastEnd::Hold });
    let tick = Tick::read(section);
    let over = over?;
    over.warn_beyond(context.horizon.total_steps, section, "over", "the cosine ends");
    Some(Box::new(Cosine { end, over, exponent, k_decay, num_cycles, past_end, tick }))
}

#[derive(Debug)]
struct Cosine {
    end: f64,
    over: Length,
    exponent: f64,
    k_decay: f64,
    num_cycles: f64,
    past_end: PastEnd,
    tick: Tick,
}

impl Rule for Cosine {
    fn factor(&self, clock: Clock) -> f64 {
        let held = self.past_end == PastEnd::Hold;
        let t = if held { self.tick.seen(clock).min(self.over.steps) } else { self.tick.seen(clock) };
        if t == self.over.steps && self.num_cycles == 0.5 {
            return self.end;
        }
        let height = wave(t as f64 / self.over.f64(), self.k_decay, self.num_cycles);
        let height = if self.exponent == 1.0 { height } else { height.powf(self.exponent) };
        self.end + (1.0 - self.end) * height
    }

    fn describe(&self) -> String {
        if self.num_cycles != 0.5 {
            let (waves, end) = (words::number(self.num_cycles), words::number(self.end));
            return format!("{waves} waves of cosine, down to {end}{}", words::over(self.over));
        }
        format!("cosine to {}{}", words::number(self.end), words::over(self.over))
    }
}

/// ½(1 + cos(2π·c·x^k)): for c = ½ from 1 at x = 0 to 0 at x = 1.
pub(super) fn wave(x: f64, k_decay: f64, num_cycles: f64) -> f64 {
    let x = if k_decay == 1.0 { x } else { x.powf(k_decay) };
    0.5 * (1.0 + (2.0 * num_cycles * PI * x).cos())
}
