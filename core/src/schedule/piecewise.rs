//! A curve through given points: constant between them, or joined by lines or half cosine waves.
//!
//! With the boundaries b₁ < b₂ < … and the values v₀, v₁, v₂, …:
//! - `"held"`: factor(t) = vᵢ from bᵢ on, and v₀ before b₁;
//! - `"linear"`: a line from vᵢ₋₁ at bᵢ₋₁ (for the first, at 0) to vᵢ at bᵢ;
//! - `"cosine"`: vᵢ + (vᵢ₋₁ − vᵢ)·½(1 + cos πx), with x from 0 to 1 between the two boundaries.
//!
//! After the last boundary the last value is held.
//!
//! | key | default | keras | |
//! |---|---|---|---|
//! | `boundaries` | | | the moments, in ascending order |
//! | `values` | | | factors, or rates `{ lr = … }`: one more than boundaries |
//! | `interpolation` | `"held"` | | `"held"`, `"linear"` or `"cosine"` |
//! | `boundary` | `"at"` | `"after"` | a held value applies for t ≥ b (`"at"`), t > b (`"after"`) or t ≥ b − 1 (`"before"`), with t and b in ticks |
//! | `tick` | `"step"` | | how often the factor may change |
//!
//! Elsewhere: Keras's `PiecewiseConstantDecay`, optax's `piecewise_interpolate_schedule`.

use std::f64::consts::PI;

use super::convention::Convention::{self, Keras, Optax};
use super::length::Length;
use super::level::Level;
use super::multistep::{moments, warn_unseen};
use super::tick::{Boundary, Tick};
use super::{Build, Clock, Context, Rule, words};
use crate::choice;
use crate::spec::{Entry, Section, ValueKind};

pub const ENTRY: Entry<Build> = Entry {
    name: "piecewise",
    summary: "through given points: constant between them, on lines or on half cosine waves",
    example: "type = \"piecewise\"\nboundaries = [\"10 epochs\", \"60 epochs\"]\nvalues = [0.1, 1.0, 0.01]\n\
              interpolation = \"linear\"",
    build,
};

choice! {
    /// The curve between two points.
    pub enum Interpolation {
        Held = "held",
        Linear = "linear",
        Cosine = "cosine",
    }
}

fn build(section: &mut Section<'_>, context: &Context<'_>) -> Option<Box<dyn Rule>> {
    let convention = Convention::among(section, context, &[Keras, Optax]);
    let boundaries = moments(section, "boundaries", context);
    let values = values(section, boundaries.as_ref().map(Vec::len), context);
    let interpolation = section.or("interpolation", Interpolation::Held);
    let held = interpolation == Interpolation::Held;
    let default = if convention == Some(Keras) && held { Boundary::After } else { Boundary::At };
    let boundary = section.or("boundary", default);
    let tick = Tick::read(section);
    if !held && boundary != Boundary::At {
        let label = "it needs `interpolation = \"held\"`: a line passes through its points";
        section.error("boundary", "`boundary` has no effect on joined points", label);
    }
    let (boundaries, values) = (boundaries?, values?);
    warn_unseen(section, "boundaries", &boundaries, (boundary, tick), context);
    Some(Box::new(Piecewise { boundaries, values, interpolation, boundary, tick }))
}

/// Reads `values` as factors. `None` (logged) if one is wrong, or if there is not exactly one more than boundaries.
fn values(section: &mut Section<'_>, boundaries: Option<usize>, context: &Context<'_>) -> Option<Vec<f64>> {
    if !section.has("values") {
        section.mark_known("values");
        section.missing("values", "an array of factors or { lr = … }, one more than boundaries");
        return None;
    }
    let value = section.raw("values")?;
    let ValueKind::Array(items) = &value.kind else {
        let message = format!("`{}` must be an array", section.dotted("values"));
        section.error("values", message, "expected factors or { lr = … }, one more than boundaries");
        return None;
    };
    let levels: Vec<Option<Level>> = items.iter().map(|item| Level::read(section, "values", item, context)).collect();
    let levels: Vec<Level> = levels.into_iter().collect::<Option<_>>()?;
    let written: Vec<toml::Value> = levels.iter().map(|level| level.to_toml(context)).collect();
    section.put("values", written);
    let boundaries = boundaries?;
    if levels.len() != boundaries + 1 {
        let count = |count: usize, unit| words::count(count as u64, unit);
        let boundaries = if boundaries == 1 { "1 boundary".into() } else { format!("{boundaries} boundaries") };
        let message = format!("{} and {boundaries}", count(levels.len(), "value"));
        section.error(
            "values",
            message,
            "expected one more value than boundaries: the first value holds from the start",
        );
        return None;
    }
    Some(levels.into_iter().map(|level| level.factor(context)).collect())
}

#[derive(Debug)]
struct Piecewise {
    boundaries: Vec<Length>,
    values: Vec<f64>,
    interpolation: Interpolation,
    boundary: Boundary,
    tick: Tick,
}

impl Rule for Piecewise {
    fn factor(&self, clock: Clock) -> f64 {
        let seen = self.boundary.step(self.tick, clock);
        let passed = self.boundaries.partition_point(|boundary| boundary.steps <= seen);
        let (from, Some(next)) = (self.values[passed], self.boundaries.get(passed)) else {
            return self.values[passed];
        };
        let begun = if passed == 0 { 0 } else { self.boundaries[passed - 1].steps };
        let (to, x) = (self.values[passed + 1], (seen - begun) as f64 / (next.steps - begun) as f64);
        match self.interpolation {
            Interpolation::Held => from,
            Interpolation::Linear => from + (to - from) * x,
            // Computed from `to`, so that a small `to` keeps its digits.
            Interpolation::Cosine => to + (from - to) * (0.5 * (1.0 + (PI * x).cos())),
        }
    }

    fn describe(&self) -> String {
        let points: Vec<String> =
            std::iter::once(words::number(self.values[0]))
                .chain(self.boundaries.iter().zip(&self.values[1..]).map(|(boundary, value)| {
                    format!("{} at {}", words::number(*value), words::moment(boundary.written))
                }))
                .collect();
        let points = points.join(", ");
        match self.interpolation {
            Interpolation::Held => points,
            Interpolation::Linear => format!("on lines through {points}"),
            Interpolation::Cosine => format!("on half cosine waves through {points}"),
        }
    }
}
