//! One rise and one fall of the rate, with momentum moving inversely (Smith and Topin 2017, arXiv 1708.07120).
//!
//! With N = `over` in ticks, the factor starts at `max` / `div_factor`, reaches `max` after `pct_start`·N, and ends at
//! `max` / `div_factor` / `final_div_factor`. With `three_phase` it first returns to `max` / `div_factor`, at
//! `pct_final`·N. Between a height a and the next height b, with x from 0 to 1, the factor is b + (a − b)·½(1 + cos
//! πx), or b + (a − b)·(1 − x) with `anneal = "linear"`.
//!
//! | key | default | optax | |
//! |---|---|---|---|
//! | `max` | 1 | | the factor at the peak, or a rate `{ lr = … }` |
//! | `over` | `"100%"` | | N, the end of the cycle |
//! | `pct_start` | 0.3 | | the share of N before the peak, above 0 and below 1 |
//! | `div_factor` | 25 | | the peak divided by the start, at least 1 |
//! | `final_div_factor` | 1e4 | | the start divided by the end, at least 1 |
//! | `anneal` | `"cos"` | | the curve between two heights: `"cos"` or `"linear"` |
//! | `three_phase` | false | | true: the factor returns to its start value before the final fall |
//! | `pct_final` | 2·`pct_start` | 0.85 | the end of the second of three phases as a share of N, above `pct_start` and below 1 |
//! | `reach` | `"last"` | `"after"` | with `"last"`, the last tick (N − 1, counted from 0) has the final value, and the peak is at pct_start·N − 1. With `"after"`, the final value is at N, and the peak at ⌊pct_start·N⌋ |
//! | `cycle_momentum` | true if the optimizer has a momentum | false | whether momentum (or β₁) moves inversely to the rate |
//! | `base_momentum`, `max_momentum` | 0.85, 0.95 | | the momentum at the peak and at both ends |
//! | `tick` | `"step"` | | how often the factor may change |
//!
//! Elsewhere: PyTorch's `OneCycleLR`, optax's `cosine_onecycle_schedule` and `linear_onecycle_schedule`, fastai's
//! `fit_one_cycle`. fastai's `div_final` is relative to the peak: its 1e5 is a `final_div_factor` of 4000.
//!
//! Differences:
//! - PyTorch's `max_lr` replaces the rate of the optimizer and gives all groups the same rate. Here the groups keep
//!   their ratios.
//! - PyTorch allows one tick beyond `total_steps` and raises the rate again there. Here the final value is held.

use std::f64::consts::PI;

use super::convention::Convention::{self, Optax, Torch};
use super::cycled_momentum::CycledMomentum;
use super::length::Length;
use super::level::Level;
use super::tick::{Reach, Tick};
use super::{Build, Clock, Context, Rule, words};
use crate::choice;
use crate::spec::{Duration, Entry, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "one_cycle",
    summary: "one rise and one fall, with momentum moving inversely",
    example: "type = \"one_cycle\"\npct_start = 0.3\ndiv_factor = 25.0",
    build,
};

choice! {
    /// The curve between two heights.
    pub enum Anneal {
        Cos = "cos",
        Linear = "linear",
    }
}

/// The end of a phase and the values there.
#[derive(Clone, Copy, Debug)]
struct Corner {
    /// The moment in ticks.
    at: f64,
    factor: f64,
    /// The position between `max_momentum` (0) and `base_momentum` (1).
    momentum: f64,
}

fn build(section: &mut Section<'_>, context: &Context<'_>) -> Option<Box<dyn Rule>> {
    let optax = Convention::among(section, context, &[Torch, Optax]) == Some(Optax);
    let max = Level::or(section, "max", Level::Factor(1.0), context);
    let over = Length::until(section, "over", Duration::Percent(100.0), context);
    let pct_start = section.or("pct_start", Positive(0.3)).0;
    let div_factor = section.or("div_factor", Positive(25.0)).0;
    let final_div_factor = section.or("final_div_factor", Positive(1e4)).0;
    let anneal = section.or("anneal", Anneal::Cos);
    let three_phase = section.or("three_phase", false);
    let pct_final = match optax && three_phase {
        true => Some(section.or("pct_final", Positive(0.85)).0),
        false => section.optional::<Positive>("pct_final").map(|pct| pct.0),
    };
    let reach = section.or("reach", if optax { Reach::After } else { Reach::Last });
    let momentum = CycledMomentum::read(section, context, !optax, 0.85, 0.95);
    let tick = Tick::read(section);
    let mut fits = true;
    for (key, value) in [("div_factor", div_factor), ("final_div_factor", final_div_factor)] {
        if value < 1.0 {
            section.error(key, format!("`{key}` cannot be below 1"), "expected 1 or above");
            fits = false;
        }
    }
    if !three_phase && pct_final.is_some() {
        section.error("pct_final", "`pct_final` needs `three_phase = true`", "it has no effect with two phases");
        fits = false;
    }
    let over = over?;
    over.warn_beyond(context.horizon.total_steps, section, "over", "the cycle ends");
    let ticks = match tick {
        Tick::Step => over.f64(),
        Tick::Epoch => over.f64() / context.horizon.steps_per_epoch.max(1) as f64,
    };
    // "last" counts as PyTorch does: each phase ends one tick early. "after" counts whole ticks, as optax does.
    let (rise, fall, end) = match (reach, pct_final) {
        (Reach::Last, None) => (pct_start * ticks - 1.0, 2.0 * pct_start * ticks - 2.0, ticks - 1.0),
        (Reach::Last, Some(pct)) => (pct_start * ticks - 1.0, pct * ticks - 1.0, ticks - 1.0),
        (Reach::After, pct) => ((pct_start * ticks).floor(), (pct.unwrap_or(2.0 * pct_start) * ticks).floor(), ticks),
    };
    if rise <= 0.0 || rise >= end {
        let message = format!("`{}` leaves no time for the rise or for the fall", section.dotted("pct_start"));
        let ticks = words::count(ticks as u64, if tick == Tick::Step { "step" } else { "epoch" });
        let label = match rise <= 0.0 {
            true => format!("the peak would be before the first of {ticks}: increase it, or train longer"),
            false => format!("the peak would be after the last of {ticks}: decrease it"),
        };
        section.error("pct_start", message, label);
        fits = false;
    }
    if three_phase && (fall <= rise || fall >= end) {
        let message = "the second phase must end after its beginning, and before the end of the cycle".to_owned();
        let (rise, fall, end) = (words::number(rise), words::number(fall), words::number(end));
        let label = format!("the phase is from {rise} to {fall}, and the cycle ends at {end}");
        section.error(if pct_final.is_some() { "pct_final" } else { "pct_start" }, message, label);
        fits = false;
    }
    let low = max / div_factor;
    let mut corners =
        vec![Corner { at: 0.0, factor: low, momentum: 0.0 }, Corner { at: rise, factor: max, momentum: 1.0 }];
    if three_phase {
        corners.push(Corner { at: fall, factor: low, momentum: 0.0 });
    }
    corners.push(Corner { at: end, factor: low / final_div_factor, momentum: 0.0 });
    fits.then(|| Box::new(OneCycle { over, anneal, corners, momentum, tick }) as Box<dyn Rule>)
}

#[derive(Debug)]
struct OneCycle {
    over: Length,
    anneal: Anneal,
    corners: Vec<Corner>,
    momentum: Option<CycledMomentum>,
    tick: Tick,
}

impl OneCycle {
    /// Returns the corners before and after `clock`, and the share of the way between them that is done.
    fn phase(&self, clock: Clock) -> (Corner, Corner, f64) {
        let t = (self.tick.step(clock) / self.tick.unit(clock)) as f64;
        let last = self.corners.len() - 1;
        let next = self.corners[1..last].iter().position(|corner| t <= corner.at).map_or(last, |index| index + 1);
        let (from, to) = (self.corners[next - 1], self.corners[next]);
        (from, to, ((t - from.at) / (to.at - from.at)).min(1.0))
    }

    /// Returns the value after the share `x` of the way from `a` to `b`.
    fn between(&self, a: f64, b: f64, x: f64) -> f64 {
        match self.anneal {
            // From the far end, so that a small `b` keeps its digits.
            Anneal::Linear => b + (a - b) * (1.0 - x),
            Anneal::Cos => b + (a - b) * (0.5 * (1.0 + (PI * x).cos())),
        }
    }
}

impl Rule for OneCycle {
    fn factor(&self, clock: Clock) -> f64 {
        let (from, to, x) = self.phase(clock);
        self.between(from.factor, to.factor, x)
    }

    fn describe(&self) -> String {
        let heights: Vec<String> = self.corners.iter().map(|corner| words::number(corner.factor)).collect();
        let momentum = if self.momentum.is_some() { ", momentum inversely" } else { "" };
        format!("one cycle {}{}{momentum}", heights.join(" → "), words::over(self.over))
    }

    fn momentum(&self, clock: Clock) -> Option<f64> {
        let CycledMomentum { base, max } = self.momentum?;
        let (from, to, x) = self.phase(clock);
        Some(max - (max - base) * self.between(from.momentum, to.momentum, x))
    }

    fn drives_momentum(&self) -> bool {
        self.momentum.is_some()
    }
}
