//! Drops at given moments.
//!
//! factor(t) = the product of the factors of all milestones m ≤ t
//!
//! | key | default | keras | timm | |
//! |---|---|---|---|---|
//! | `milestones` | | | | the moments, in ascending order: `["30 epochs", "60 epochs"]` |
//! | `factor` | 0.1 | | 1 | above 0: one number for all milestones, or an array with one for each |
//! | `boundary` | `"at"` | `"after"` | `"before"` | a drop applies for t ≥ m (`"at"`), t > m (`"after"`) or t ≥ m − 1 (`"before"`), with t and m in ticks |
//! | `tick` | `"step"` | | | how often the factor may change |
//!
//! Elsewhere: PyTorch's `MultiStepLR`, timm's `MultiStepLRScheduler`, optax's `piecewise_constant_schedule`. Keras's
//! `PiecewiseConstantDecay` gives the rates instead of their ratios: see `piecewise`.
//!
//! Differences: PyTorch accepts milestones in any order and applies a repeated milestone twice. Here both are errors.

use super::convention::Convention::{self, Keras, Optax, Timm, Torch};
use super::length::Length;
use super::tick::{Boundary, Tick};
use super::{Build, Clock, Context, Rule, words};
use crate::spec::{Diagnostic, Duration, Entry, Horizon, Positive, Section, ValueKind};

pub const ENTRY: Entry<Build> = Entry {
    name: "multistep",
    summary: "drops at given moments",
    example: "type = \"multistep\"\nmilestones = [\"30 epochs\", \"60 epochs\"]\nfactor = 0.1",
    build,
};

fn build(section: &mut Section<'_>, context: &Context<'_>) -> Option<Box<dyn Rule>> {
    let convention = Convention::among(section, context, &[Torch, Keras, Optax, Timm]);
    let milestones = moments(section, "milestones", context);
    let default = if convention == Some(Timm) { 1.0 } else { 0.1 };
    let factors = factors(section, default, milestones.as_ref().map(Vec::len));
    let boundary = match convention {
        Some(Keras) => Boundary::After,
        Some(Timm) => Boundary::Before,
        _ => Boundary::At,
    };
    let boundary = section.or("boundary", boundary);
    let tick = Tick::read(section);
    let (milestones, factors) = (milestones?, factors?);
    warn_unseen(section, "milestones", &milestones, (boundary, tick), context);
    Some(Box::new(MultiStep::new(milestones, factors, boundary, tick)))
}

/// Returns the moments under `key`: at least one, in ascending order. `None` (logged) if they are missing or wrong.
pub(super) fn moments(section: &mut Section<'_>, key: &'static str, context: &Context<'_>) -> Option<Vec<Length>> {
    let written: Vec<Duration> = section.required(key)?;
    if written.is_empty() {
        section.error(key, format!("`{}` is empty", section.dotted(key)), "expected at least one moment");
        return None;
    }
    let moments: Option<Vec<Length>> =
        written.iter().map(|&moment| Length::moment(section, key, moment, context)).collect();
    let moments = moments?;
    for pair in moments.windows(2) {
        if pair[0].steps >= pair[1].steps {
            let message = format!("`{}` must be in ascending order", section.dotted(key));
            let of = |moment: Length| format!("\"{}\" (step {})", moment.written, moment.steps);
            section.error(key, message, format!("{} is not after {}", of(pair[1]), of(pair[0])));
            return None;
        }
    }
    Some(moments)
}

/// Warns about each moment under `key` that no tick of the run reaches.
pub(super) fn warn_unseen(
    section: &Section<'_>,
    key: &str,
    moments: &[Length],
    (boundary, tick): (Boundary, Tick),
    context: &Context<'_>,
) {
    let Horizon { total_steps, steps_per_epoch } = context.horizon;
    let last = Clock { step: total_steps.saturating_sub(1), total_steps, steps_per_epoch };
    let items = match section.table_ref().get(key).map(|value| &value.kind) {
        Some(ValueKind::Array(items)) => items.as_slice(),
        _ => &[],
    };
    for (at, moment) in moments.iter().enumerate().filter(|(_, moment)| moment.steps > boundary.step(tick, last)) {
        let message = format!("`{}`: \"{}\" is after the last step", section.dotted(key), moment.written);
        let place = items.get(at).map(|item| &item.place).or(section.place_of(key));
        let label = format!("step {}; the schedule has {}", moment.steps, words::count(total_steps, "step"));
        section.log().push(Diagnostic::warning(message).at(place).label(label));
    }
}

/// Reads `factor`. Returns one factor for each milestone, even if the spec has one number for all. `None` if errors
/// were logged.
fn factors(section: &mut Section<'_>, default: f64, milestones: Option<usize>) -> Option<Vec<f64>> {
    let is_array = matches!(section.table_ref().get("factor").map(|value| &value.kind), Some(ValueKind::Array(_)));
    if !is_array {
        let factor = section.or("factor", Positive(default)).0;
        return milestones.map(|count| vec![factor; count]);
    }
    let factors: Vec<Positive> = section.optional("factor")?;
    let count = milestones?;
    if factors.len() != count {
        let message =
            format!("{} and {}", words::count(factors.len() as u64, "factor"), words::count(count as u64, "milestone"));
        section.error("factor", message, "expected one factor for each milestone, or one number for all");
        return None;
    }
    Some(factors.into_iter().map(|factor| factor.0).collect())
}

#[derive(Debug)]
struct MultiStep {
    milestones: Vec<Length>,
    factors: Vec<f64>,
    /// Element n is the product of the first n factors.
    levels: Vec<f64>,
    boundary: Boundary,
    tick: Tick,
}

impl MultiStep {
    fn new(milestones: Vec<Length>, factors: Vec<f64>, boundary: Boundary, tick: Tick) -> Self {
        let mut levels = vec![1.0];
        for (index, factor) in factors.iter().enumerate() {
            levels.push(levels[index] * factor);
        }
        MultiStep { milestones, factors, levels, boundary, tick }
    }
}

impl Rule for MultiStep {
    fn factor(&self, clock: Clock) -> f64 {
        let seen = self.boundary.step(self.tick, clock);
        self.levels[self.milestones.partition_point(|milestone| milestone.steps <= seen)]
    }

    fn describe(&self) -> String {
        let moments = |milestones: &[Length]| {
            let words: Vec<String> = milestones.iter().map(|milestone| words::moment(milestone.written)).collect();
            words.join(", ")
        };
        if self.factors.windows(2).all(|pair| pair[0] == pair[1]) {
            return format!("×{} at {}", words::number(self.factors[0]), moments(&self.milestones));
        }
        let each = self.milestones.iter().zip(&self.factors);
        let words: Vec<String> = each
            .map(|(milestone, factor)| format!("×{} at {}", words::number(*factor), words::moment(milestone.written)))
            .collect();
        words.join(", ")
    }
}
