//! A factor that goes up and down between two values (Smith 2017, arXiv 1506.01186).
//!
//! Cycle c (from 1) rises for `up` and falls for `down`. With r = 0 at both ends of the cycle and r = 1 at its top:
//! factor(t) = low + (high − low)·r·s. The scale s is 1 (`triangular`), ½^(c−1) (`triangular2`) or gamma^t with t in
//! ticks (`exp_range`).
//!
//! | key | default | torch | |
//! |---|---|---|---|
//! | `low` | | | the lower factor, or a rate `{ lr = … }` |
//! | `high` | 1 | | the upper factor, or a rate |
//! | `up` | | `"2000 steps"` | the length of the rise |
//! | `down` | as `up` | | the length of the fall |
//! | `mode` | `"triangular"` | | the height of the cycles: `"triangular"` is constant, `"triangular2"` halves with each cycle, `"exp_range"` decays with each tick |
//! | `gamma` | 1 | | the decay per tick of `exp_range`, above 0 and at most 1 |
//! | `cycle_momentum` | false | true if the optimizer has a momentum | whether momentum (or β₁) moves inversely to the rate |
//! | `base_momentum`, `max_momentum` | 0.8, 0.9 | | the momentum at the top and at the ends of a cycle |
//! | `tick` | `"step"` | | how often the factor may change |
//!
//! Elsewhere: PyTorch's `CyclicLR` (`base_lr`, `max_lr`, `step_size_up`, `step_size_down`, `mode`, `gamma`).
//!
//! Differences: PyTorch's `base_lr` and `max_lr` replace the rate of the optimizer. Here `low` and `high` multiply it,
//! unless they are written as rates.

use super::convention::Convention::{self, Torch};
use super::cycled_momentum::CycledMomentum;
use super::length::Length;
use super::level::Level;
use super::tick::Tick;
use super::{Build, Clock, Context, Rule, words};
use crate::choice;
use crate::spec::{Diagnostic, Duration, Entry, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "cyclic",
    summary: "up and down between two rates",
    example: "type = \"cyclic\"\nlow = 0.1\nup = \"5 epochs\"\nmode = \"triangular2\"",
    build,
};

choice! {
    /// The height of successive cycles.
    pub enum Shrink {
        Triangular = "triangular",
        Triangular2 = "triangular2",
        ExpRange = "exp_range",
    }
}

fn build(section: &mut Section<'_>, context: &Context<'_>) -> Option<Box<dyn Rule>> {
    let torch = Convention::among(section, context, &[Torch]) == Some(Torch);
    let low = Level::required(section, "low", context);
    let high = Level::or(section, "high", Level::Factor(1.0), context);
    let up = match torch {
        true => Length::or(section, "up", Duration::Steps(2000), context),
        false => Length::required(section, "up", context),
    };
    let default = up.map_or(Duration::Steps(1), |up| up.written);
    let down = Length::or(section, "down", default, context);
    let mode = section.or("mode", Shrink::Triangular);
    let gamma = section.or("gamma", Positive(1.0)).0;
    let momentum = CycledMomentum::read(section, context, torch, 0.8, 0.9);
    let tick = Tick::read(section);
    let (low, up, down) = (low?, up?, down?);
    if low > high {
        section.error("low", "`low` is above `high`", format!("expected at most {}", words::number(high)));
    }
    if gamma > 1.0 {
        section.error("gamma", "the cycles would grow", "expected at most 1");
    }
    if gamma != 1.0 && mode != Shrink::ExpRange {
        section.error("gamma", "`gamma` needs `mode = \"exp_range\"`", "it has no effect here");
    }
    let cycle = Length { steps: up.steps.saturating_add(down.steps), ..up };
    let total = context.horizon.total_steps;
    cycle.warn_beyond(total, section, "up", "the first cycle ends");
    if total > cycle.steps && !total.is_multiple_of(cycle.steps) {
        let message = format!("`{}`: the last cycle is not completed", section.dotted("up"));
        let label = format!("a cycle has {}, the run {total}", words::count(cycle.steps, "step"));
        section.log().push(Diagnostic::warning(message).at(section.place_of("up")).label(label));
    }
    Some(Box::new(Cyclic { low, high, up, down, mode, gamma, momentum, tick }))
}

#[derive(Debug)]
struct Cyclic {
    low: f64,
    high: f64,
    up: Length,
    down: Length,
    mode: Shrink,
    gamma: f64,
    momentum: Option<CycledMomentum>,
    tick: Tick,
}

impl Cyclic {
    /// Returns r·s of the formula.
    fn height(&self, clock: Clock) -> f64 {
        let t = self.tick.step(clock);
        let (up, down) = (self.up.steps, self.down.steps);
        let whole = up.saturating_add(down);
        let (cycle, at) = (t / whole, t % whole);
        let ratio = match at <= up {
            true => at as f64 / up as f64,
            false => 1.0 - (at - up) as f64 / down as f64,
        };
        let scale = match self.mode {
            Shrink::Triangular => 1.0,
            Shrink::Triangular2 => 0.5_f64.powf(cycle as f64),
            Shrink::ExpRange => self.gamma.powf((t / self.tick.unit(clock)) as f64),
        };
        ratio * scale
    }
}

impl Rule for Cyclic {
    fn factor(&self, clock: Clock) -> f64 {
        self.low + (self.high - self.low) * self.height(clock)
    }

    fn describe(&self) -> String {
        let (low, high) = (words::number(self.low), words::number(self.high));
        let (up, down) = (words::duration(self.up.written), words::duration(self.down.written));
        let momentum = if self.momentum.is_some() { ", momentum inversely" } else { "" };
        format!("{} between {low} and {high}, up {up}, down {down}{momentum}", self.mode.word())
    }

    fn momentum(&self, clock: Clock) -> Option<f64> {
        self.momentum.map(|CycledMomentum { base, max }| max - (max - base) * self.height(clock))
    }

    fn drives_momentum(&self) -> bool {
        self.momentum.is_some()
    }
}
