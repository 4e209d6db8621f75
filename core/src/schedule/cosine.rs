//! Half a cosine wave from 1 down to `end` (Loshchilov and Hutter 2017, arXiv 1608.03983).
//!
//! With x = t / over: factor(t) = end + (1 − end)·(½(1 + cos(2π·c·x^k)))^p. From t = `over` on the value is held,
//! unless `past_end = "rise"`.
//!
//! | key | default | torch | transformers | |
//! |---|---|---|---|---|
//! | `end` | 0 | | | the final factor, or a rate `{ lr = … }` |
//! | `over` | `"100%"` | | | the moment at which the decay ends |
//! | `exponent` | 1 | | | p |
//! | `k_decay` | 1 | | | k: above 1 the rate stays high for longer (arXiv 2004.05909) |
//! | `num_cycles` | 0.5 | | | c, the number of waves; half a wave ends at `end` |
//! | `past_end` | `"hold"` | `"rise"` | `"rise"` | after `over`: `"hold"` keeps the value, `"rise"` continues the cosine |
//! | `tick` | `"step"` | | | how often the factor may change |
//!
//! Elsewhere: PyTorch's `CosineAnnealingLR` (`T_max`, `eta_min`), Keras's `CosineDecay` (`decay_steps`, `alpha`),
//! optax's `cosine_decay_schedule` (`decay_steps`, `alpha`, `exponent`), timm's `CosineLRScheduler` (`t_initial`,
//! `lr_min`, `k_decay`), transformers's `cosine` (`num_cycles`).
//!
//! Differences:
//! - PyTorch's `eta_min` is one rate for all groups, so it *raises* the rate of a group whose own rate is lower. As a
//!   factor, `end` is relative to the rate of each group.
//! - transformers's `cosine_warmup_with_min_lr` counts its steps from 1. Write its warm-up of W steps as a warm-up of W
//!   − 1 steps, with `start` 1/W (or its `warmup_lr_rate`), `reach = "after"` and `clock = "after"`.

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
    summary: "half a cosine wave down to the end value",
    example: "type = \"cosine\"\nend = 0.01\nover = \"100%\"",
    build,
};

choice! {
    /// The value after the end of the decay.
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
        let t = if held { self.tick.step(clock).min(self.over.steps) } else { self.tick.step(clock) };
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

/// Returns ½(1 + cos(2π·c·x^k)). For c = ½ it goes from 1 at x = 0 to 0 at x = 1.
pub(super) fn wave(x: f64, k_decay: f64, num_cycles: f64) -> f64 {
    let x = if k_decay == 1.0 { x } else { x.powf(k_decay) };
    0.5 * (1.0 + (2.0 * num_cycles * PI * x).cos())
}
