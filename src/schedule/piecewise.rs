//! Through given points: held between them as Keras's `PiecewiseConstantDecay`, or on lines or half-cosines as optax's
//! `piecewise_interpolate_schedule`.
//!
//! With the boundaries b₁ < b₂ < … and the values v₀, v₁, v₂, …:
//! - `"held"`: factor(t) = vᵢ from bᵢ on (v₀ from the start);
//! - `"linear"`: from vᵢ₋₁ at bᵢ₋₁ (0 for the first) to vᵢ at bᵢ on a line; `"cosine"`: vᵢ + (vᵢ₋₁ − vᵢ)·½(1 + cos πx),
//!   x from 0 to 1 between the two. After the last boundary its value.
//!
//! | key | default | keras | |
//! |---|---|---|---|
//! | `boundaries` | | | moments, ascending |
//! | `values` | | | one more than boundaries: factors, or `{ lr = … }` |
//! | `interpolation` | `"held"` | | `"held"`, `"linear"` or `"cosine"` |
//! | `boundary` | `"at"` | `"after"` | a held value acts from t ≥ b, t > b or t ≥ b − 1 (`"before"`) on |
//! | `tick` | `"step"` | | how often the rule looks at the clock |

use std::f64::consts::PI;

use super::convention::Convention::{self, Keras, Optax};
use super::length::Length;
use super::level::Level;
use super::multistep::{moments, warn_unseen};
use super::tick::{Boundary, Tick};
use super::{Build, Clock, Context, Rule, words};
use crate::choice;
use crate::spec::{Entry, Kind, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "piecewise",
    summary: "through given points, held or on lines or half-cosines between them",
    example: "type = \"piecewise\"\nboundaries = [\"10 epochs\", \"60 epochs\"]\nvalues = [0.1, 1.0, 0.01]\n\
              interpolation = \"linear\"",
    build,
};

choice! {
    /// How a value becomes the next.
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
        let label = "it goes with `interpolation = \"held\"`: a line passes through its points";
        section.error("boundary", "between points that are joined there is no side of a boundary", label);
    }
    let (boundaries, values) = (boundaries?, values?);
    warn_unseen(section, "boundaries", &boundaries, (boundary, tick), context);
    Some(Box::new(Piecewise { boundaries, values, interpolation, boundary, tick }))
}

/// Reads `values`: one more than boundaries.
fn values(section: &mut Section<'_>, boundaries: Option<usize>, context: &Context<'_>) -> Option<Vec<f64>> {
    if !section.has("values") {
        section.ask("values");
        section.missing("values", "an array of factors or { lr = … }, one more than boundaries");
        return None;
    }
    let value = section.raw("values")?;
    let Kind::Array(items) = &value.kind else {
        let message = format!("`{}` is an array", section.dotted("values"));
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
        section.error("values", message, "expected one value more than boundaries: the first holds from the start");
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
        let seen = self.boundary.seen(self.tick, clock);
        let passed = self.boundaries.partition_point(|boundary| boundary.steps <= seen);
        let (from, Some(next)) = (self.values[passed], self.boundaries.get(passed)) else {
            return self.values[passed];
        };
        let begun = if passed == 0 { 0 } else { self.boundaries[passed - 1].steps };
        let (to, x) = (self.values[passed + 1], (seen - begun) as f64 / (next.steps - begun) as f64);
        match self.interpolation {
            Interpolation::Held => from,
            Interpolation::Linear => from + (to - from) * x,
            // From the far end, so that a small `to` keeps its digits.
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
            Interpolation::Cosine => format!("on half-cosines through {points}"),
        }
    }
}
