//! Once up and down again, momentum inversely (Smith and Topin 2017, arXiv 1708.07120): PyTorch's `OneCycleLR`, optax's
//! `cosine_onecycle_schedule` and `linear_onecycle_schedule`, fastai's `fit_one_cycle`.
//!
//! With N = `over` the rate goes from `max` / `div_factor` up to `max`, which it reaches after `pct_start`·N, and from
//! there to `max` / `div_factor` / `final_div_factor` at the end; with `three_phase` first back to `max` / `div_factor`,
//! at `pct_final`·N. Between two heights a and b, x from 0 to 1: b + (a − b)·½(1 + cos πx), or b + (a − b)·(1 − x).
//!
//! | key | default | optax | |
//! |---|---|---|---|
//! | `max` | 1 | | the peak: a factor, or `{ lr = … }` |
//! | `over` | `"100%"` | | N, until when |
//! | `pct_start` | 0.3 | | above 0, below 1 |
//! | `div_factor` | 25 | | at least 1 |
//! | `final_div_factor` | 1e4 | | at least 1; fastai's `div_final` is of the peak: 1e5 there is 4000 here |
//! | `anneal` | `"cos"` | | or `"linear"` |
//! | `three_phase` | false | | |
//! | `pct_final` | 2·`pct_start` | 0.85 | where the second of three phases ends: above `pct_start`, at most 1 |
//! | `reach` | `"last"` | `"after"` | `"last"`: the final rate is that of the last tick, N − 1, and the peak comes at pct_start·N − 1; `"after"`: one tick later, the peak at ⌊pct_start·N⌋ |
//! | `cycle_momentum` | true where the optimizer has one | false | with `base_momentum` 0.85, `max_momentum` 0.95 |
//! | `tick` | `"step"` | | how often the rule looks at the clock |
//!
//! PyTorch's `max_lr` takes the place of the optimizer's rate, which levels all groups; here the groups keep their
//! ratios. PyTorch takes one tick more than there are, and on it comes up again; here the final rate is held.

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
    summary: "once up and down again, momentum inversely",
    example: "type = \"one_cycle\"\npct_start = 0.3\ndiv_factor = 25.0",
    build,
};

choice! {
    /// The way from one height to the next.
    pub enum Anneal {
        Cos = "cos",
        Linear = "linear",
    }
}

/// The end of a phase, in ticks, and the heights there.
#[derive(Clone, Copy, Debug)]
struct Corner {
    at: f64,
    factor: f64,
    /// From 0, `max_momentum`, to 1, `base_momentum`.
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
            section.error(key, format!("`{key}` divides"), "expected 1 or above");
            fits = false;
        }
    }
    if !three_phase && pct_final.is_some() {
        section.error("pct_final", "`pct_final` goes with `three_phase = true`", "with two phases nothing ends there");
        fits = false;
    }
    let over = over?;
    over.warn_beyond(context.horizon.total_steps, section, "over", "the cycle ends");
    let ticks = match tick {
        Tick::Step => over.f64(),
        Tick::Epoch => over.f64() / context.horizon.steps_per_epoch.max(1) as f64,
    };
    // As PyTorch counts: each phase gives a tick to the one before. As optax does: whole ticks.
    let (rise, fall, end) = match (reach, pct_final) {
        (Reach::Last, None) => (pct_start * ticks - 1.0, 2.0 * pct_start * ticks - 2.0, ticks - 1.0),
        (Reach::Last, Some(pct)) => (pct_start * ticks - 1.0, pct * ticks - 1.0, ticks - 1.0),
        (Reach::After, pct) => ((pct_start * ticks).floor(), (pct.unwrap_or(2.0 * pct_start) * ticks).floor(), ticks),
    };
    if rise <= 0.0 || rise >= end {
        let message = format!("`{}` leaves no time to rise or to fall", section.dotted("pct_start"));
        let ticks = words::count(ticks as u64, if tick == Tick::Step { "step" } else { "epoch" });
        let label = match rise <= 0.0 {
            true => format!("the peak would come before the first of {ticks}: raise it, or train longer"),
            false => format!("the peak would come after the last of {ticks}: lower it"),
        };
        section.error("pct_start", message, label);
        fits = false;
    }
    if three_phase && (fall <= rise || fall >= end) {
        let message = "the second phase ends before it begins, or after the end".to_owned();
        let label = format!("from {} to {}, of {}", words::number(rise), words::number(fall), words::number(end));
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
    /// The corners before and after `clock`, and how much of the way is done.
    fn phase(&self, clock: Clock) -> (Corner, Corner, f64) {
        let t = (self.tick.seen(clock) / self.tick.unit(clock)) as f64;
        let last = self.corners.len() - 1;
        let next = self.corners[1..last].iter().position(|corner| t <= corner.at).map_or(last, |index| index + 1);
        let (from, to) = (self.corners[next - 1], self.corners[next]);
        (from, to, ((t - from.at) / (to.at - from.at)).min(1.0))
    }

    /// From `a` to `b`, where `x` of the way is done.
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
