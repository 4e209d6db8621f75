//! Warm-up, stable phase, decay (MiniCPM, arXiv 2404.06395; Hägele et al. 2024, arXiv 2405.18392). The warm-up is the
//! option `warmup` that every rule has.
//!
//! factor(t) = 1 before the decay. During the decay, with x from 0 to 1: factor(t) = end + (1 − end)·shape(x). From
//! `over` on it is `end`. The decay begins at `over` − `decay`.
//!
//! | `shape` | shape(x) |
//! |---|---|
//! | `"1-sqrt"` | 1 − √x |
//! | `"linear"` | 1 − x |
//! | `"cosine"` | ½(1 + cos πx) |
//! | `"exponential"` | (ratioˣ − ratio) / (1 − ratio) |
//! | `"power"` | 1 − x^power |
//!
//! | key | default | transformers | |
//! |---|---|---|---|
//! | `decay` | | | the length of the decay |
//! | `over` | `"100%"` | | the end of the decay |
//! | `stable` | what `decay` leaves of `over` | | the length of the stable phase, instead of `over` (transformers's `num_stable_steps`) |
//! | `end` | 0 | | the final factor, or a rate `{ lr = … }` |
//! | `shape` | `"1-sqrt"` | `"cosine"` | the curve of the decay |
//! | `ratio` | 0.1 | | for `"exponential"`: the ratio of the exponential's last value to its first, before it is scaled to end at `end`; above 0 and below 1 |
//! | `power` | 0.5 | | for `"power"`: above 0 |
//! | `tick` | `"step"` | | how often the factor may change |
//!
//! Elsewhere: timm's `WSDLRScheduler`, transformers's `warmup_stable_decay`.

use std::f64::consts::PI;

use super::convention::Convention::{self, Timm, Transformers};
use super::length::Length;
use super::level::Level;
use super::tick::Tick;
use super::{Build, Clock, Context, Rule, words};
use crate::choice;
use crate::spec::{Diagnostic, Duration, Entry, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "wsd",
    summary: "warm-up, stable, decay",
    example: "type = \"wsd\"\nwarmup = \"5%\"\ndecay = \"20%\"\nshape = \"1-sqrt\"",
    build,
};

choice! {
    /// The curve of the decay.
    pub enum Shape {
        OneMinusSqrt = "1-sqrt",
        Linear = "linear",
        Cosine = "cosine",
        Exponential = "exponential",
        Power = "power",
    }
}

fn build(section: &mut Section<'_>, context: &Context<'_>) -> Option<Box<dyn Rule>> {
    let convention = Convention::among(section, context, &[Timm, Transformers]);
    let decay = Length::required(section, "decay", context);
    let stable = Length::optional(section, "stable", context);
    let over = match &stable {
        Some(None) => Length::until(section, "over", Duration::Percent(100.0), context),
        _ => both(stable.flatten(), decay, section),
    };
    let end = Level::end(section, Level::Factor(0.0), context);
    let default = if convention == Some(Transformers) { Shape::Cosine } else { Shape::OneMinusSqrt };
    let shape = section.or("shape", default);
    let ratio = section.or("ratio", Positive(0.1)).0;
    let power = section.or("power", Positive(0.5)).0;
    let tick = Tick::read(section);
    if ratio >= 1.0 {
        let message = "the last value of the exponential must be below its first";
        section.error("ratio", message, "expected a number above 0 and below 1");
    }
    let (decay, over) = (decay?, over?);
    if decay.steps > over.steps {
        let message = format!("`{}` is longer than the whole schedule", section.dotted("decay"));
        let label = format!("{}, of {}", words::count(decay.steps, "step"), over.steps);
        section.log().push(Diagnostic::error(message).at(section.place_of("decay")).label(label));
        return None;
    }
    let key = if section.has("stable") { "stable" } else { "over" };
    over.warn_beyond(context.horizon.total_steps, section, key, "the decay ends");
    Some(Box::new(Wsd { decay, over, end, shape, ratio, power, tick }))
}

/// Returns the length of the stable phase and the decay together, which takes the place of `over`. `None` if a length
/// is missing or wrong, which is already logged.
fn both(stable: Option<Length>, decay: Option<Length>, section: &mut Section<'_>) -> Option<Length> {
    section.mark_known("over");
    if section.has("over") {
        section.error("over", "both `over` and `stable` are given", "`stable` and `decay` already give the end");
    }
    let (stable, decay) = (stable?, decay?);
    Some(Length { steps: stable.steps.saturating_add(decay.steps), ..stable })
}

#[derive(Debug)]
struct Wsd {
    decay: Length,
    over: Length,
    end: f64,
    shape: Shape,
    ratio: f64,
    power: f64,
    tick: Tick,
}

impl Rule for Wsd {
    fn factor(&self, clock: Clock) -> f64 {
        let t = self.tick.step(clock);
        let begins = self.over.steps - self.decay.steps;
        if t <= begins {
            return 1.0;
        }
        if t >= self.over.steps {
            return self.end;
        }
        let x = (t - begins) as f64 / self.decay.f64();
        let height = match self.shape {
            Shape::OneMinusSqrt => 1.0 - x.sqrt(),
            Shape::Linear => 1.0 - x,
            Shape::Cosine => 0.5 * (1.0 + (PI * x).cos()),
            Shape::Exponential => (self.ratio.powf(x) - self.ratio) / (1.0 - self.ratio),
            Shape::Power => 1.0 - x.powf(self.power),
        };
        self.end + (1.0 - self.end) * height
    }

    fn describe(&self) -> String {
        let (shape, end) = (self.shape.word(), words::number(self.end));
        format!("stable, then {shape} to {end} in the last {}", words::duration(self.decay.written))
    }
}
