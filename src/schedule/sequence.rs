//! Rules one after another: PyTorch's `SequentialLR`, optax's `join_schedules`.
//!
//! Each part but the last lasts `for`; the last goes on to the end. A part sees the clock of its own phase: step 0 at
//! its start, `total_steps` its `for` (or what remains), and a percentage is of the phase. At a boundary the later part
//! acts. Only the part that trained an epoch observes its evaluation.
//!
//! | key of a part | default | |
//! |---|---|---|
//! | `for` | | how long the part lasts; a percentage is of the sequence |
//! | `from` | `"base"`; after a metric-driven part `"current"` | `"base"`: the part starts from factor 1; `"current"`: it multiplies the factor that the part before it has come to at the boundary |
//!
//! A height in absolute values, `{ lr = … }`, is of the part's own factor: after `from = "current"` what the part goes on
//! from still multiplies it.
//!
//! Sequences and products nest as deep as TOML is read, about 35 tables in each other. `[[schedule]]` tables are the short form of `schedule = { type = "sequence", parts = [ … ] }`. Every rule can be a
//! part, a sequence too; PyTorch fails at the milestone where a sequence is the second part, and its `SequentialLR`
//! lets the constructor of a later part change the rate of an earlier one.

#[cfg(test)]
mod tests;

use super::convention::Convention::{self, Optax, Torch};
use super::from_spec::{construct, entry_of};
use super::length::Length;
use super::{Build, Clock, Context, Observation, Rule, StateError, parts, words};
use crate::choice;
use crate::spec::{Diagnostic, Duration, Entry, Field, Horizon, Kind, Log, Section, Table};

pub const ENTRY: Entry<Build> = Entry {
    name: "sequence",
    summary: "rules one after another",
    example: "type = \"sequence\"\nparts = [\n  { type = \"linear\", start = 0.1, end = 1.0, for = \"10%\" },\n  \
              { type = \"plateau\", patience = \"2 epochs\" },\n]",
    build,
};

fn build(section: &mut Section<'_>, context: &Context<'_>) -> Option<Box<dyn Rule>> {
    Convention::among(section, context, &[Torch, Optax]);
    if !section.has("parts") {
        section.ask("parts");
        section.missing("parts", "an array of schedules, each but the last with `for`");
        return None;
    }
    let (rule, resolved) = from_parts(section, "parts", context);
    section.put("parts", resolved);
    rule
}

choice! {
    /// Where a part starts.
    pub enum From {
        /// At factor 1.
        Base = "base",
        /// At the factor of the part before it.
        Current = "current",
    }
}

/// The sequence of the tables under `key` of `parent`, and what they came to: an array.
pub(super) fn from_parts(
    parent: &mut Section<'_>,
    key: &'static str,
    context: &Context<'_>,
) -> (Option<Box<dyn Rule>>, toml::Value) {
    // What is no table is logged, and which part is the last cannot be said.
    let Some(mut parts) = parts::tables(parent, key) else {
        return (None, toml::Value::Array(Vec::new()));
    };
    // All lengths first: the last part's is what the others leave.
    let entries: Vec<_> = parts.iter_mut().map(entry_of).collect();
    let phases = phases(&mut parts, context);
    let complete = phases.iter().all(Option::is_some);
    let count = parts.len();

    let mut built: Vec<Part> = Vec::new();
    let mut resolved: Vec<toml::Value> = Vec::new();
    for ((mut section, entry), phase) in parts.into_iter().zip(entries).zip(phases) {
        let first = resolved.is_empty();
        let from = starts_from(&mut section, first, built.last());
        if from == From::Current {
            warn_of_absolutes(section.table_ref(), section.log(), context.quantity);
        }
        let Some(entry) = entry else {
            resolved.push(section.abandon().into());
            continue;
        };
        // Where a length is wrong the part is still read, for the errors in it.
        let phase = phase.unwrap_or(Phase { start: 0, steps: context.horizon.total_steps, written: None });
        let horizon = Horizon { total_steps: phase.steps, ..context.horizon };
        let (rule, table) = construct(section, entry, &context.within(horizon));
        resolved.push(table);
        if let Some(rule) = rule {
            built.push(Part { rule, phase, from });
        }
    }
    let whole = complete && built.len() == count;
    let rule = whole.then(|| Box::new(Sequence { parts: built }) as Box<dyn Rule>);
    (rule, resolved.into())
}

/// Reads `from`; the first part has none.
fn starts_from(section: &mut Section<'_>, first: bool, before: Option<&Part>) -> From {
    if first {
        if section.has("from") {
            section.ask("from");
            section.error("from", "the first part starts from the base rate", "leave `from` out: nothing is before it");
        }
        return From::Base;
    }
    match before {
        Some(part) if part.rule.is_metric_driven() => section.or("from", From::Current),
        _ => section.or("from", From::Base),
    }
}

/// Warns of each height in absolute values in `part`, which what went before it will multiply.
fn warn_of_absolutes(part: &Table, log: &Log, quantity: &str) {
    for (_, value) in &part.entries {
        let found = match &value.kind {
            Kind::Table(table) if table.entries.len() == 1 && table.get(quantity).is_some() => true,
            Kind::Table(table) => {
                warn_of_absolutes(table, log, quantity);
                false
            }
            _ => false,
        };
        if found {
            let message = "an absolute height in a part that goes on from the one before";
            let label = "what that one leaves multiplies it";
            let found = Diagnostic::warning(message).at(Some(&value.place)).label(label);
            log.push(found.help("write a factor, or `from = \"base\"` in this part"));
        }
    }
}

/// Reads each part's `for`; none where it is wrong.
fn phases(parts: &mut [Section<'_>], context: &Context<'_>) -> Vec<Option<Phase>> {
    let horizon = context.horizon;
    let last = parts.len().saturating_sub(1);
    let mut end: u64 = 0;
    let mut known = true;
    let mut phases = Vec::new();
    for (index, part) in parts.iter_mut().enumerate() {
        if index == last && part.has("for") {
            part.ask("for");
            part.error("for", "the last part goes on to the end of the schedule", "leave `for` out");
        }
        let start = end;
        let (steps, written) = match index == last {
            true => (horizon.total_steps.saturating_sub(start), None),
            false => match length(part, context) {
                Some(length) => (length.steps, Some(length.written)),
                None => {
                    known = false;
                    phases.push(None);
                    continue;
                }
            },
        };
        end = start.saturating_add(steps);
        // The steps of the last part are what is left, so it is the one before it that must leave some.
        if known && index != last && end >= horizon.total_steps {
            let message = match end > horizon.total_steps {
                true => "the parts are longer than the schedule",
                false => "nothing is left for the last part",
            };
            let label = format!("ends at step {end} of {}", horizon.total_steps);
            let found = Diagnostic::error(message).at(part.place_of("for")).label(label);
            part.log().push(found.help("shorten the parts, give them in percent, or make the run longer"));
            known = false;
        }
        phases.push(known.then_some(Phase { start, steps, written }));
    }
    phases
}

fn length(part: &mut Section<'_>, context: &Context<'_>) -> Option<Length> {
    if !part.has("for") {
        part.ask("for");
        part.missing("for", &format!("{}; only the last part goes on to the end", Duration::expects()));
        return None;
    }
    Length::required(part, "for", context)
}

/// When a part acts.
#[derive(Clone, Copy, Debug)]
struct Phase {
    start: u64,
    steps: u64,
    /// `for`; the last part has none.
    written: Option<Duration>,
}

#[derive(Debug)]
struct Part {
    rule: Box<dyn Rule>,
    phase: Phase,
    from: From,
}

impl Part {
    /// The clock of this phase when the sequence's shows `step`.
    fn clock(&self, step: u64, clock: Clock) -> Clock {
        Clock { step: step.saturating_sub(self.phase.start), total_steps: self.phase.steps, ..clock }
    }
}

/// There is at least one part, and the first starts at 0.
#[derive(Debug)]
struct Sequence {
    parts: Vec<Part>,
}

impl Sequence {
    /// The part that acts on `step`.
    fn active(&self, step: u64) -> usize {
        self.parts.iter().rposition(|part| part.phase.start <= step).unwrap_or(0)
    }

    /// What multiplies the factor of part `index`. What came before it stands still, so this needs no memory.
    fn scale(&self, index: usize, clock: Clock) -> f64 {
        let mut scale = 1.0;
        for pair in self.parts[..=index].windows(2) {
            let (before, part) = (&pair[0], &pair[1]);
            scale = match part.from {
                From::Base => 1.0,
                From::Current => scale * before.rule.factor(before.clock(part.phase.start, clock)),
            };
        }
        scale
    }
}

impl Rule for Sequence {
    fn factor(&self, clock: Clock) -> f64 {
        let index = self.active(clock.step);
        let part = &self.parts[index];
        self.scale(index, clock) * part.rule.factor(part.clock(clock.step, clock))
    }

    fn describe(&self) -> String {
        let words = self.parts.iter().map(|part| match part.phase.written {
            Some(length) => format!("{} for {}", part.rule.describe(), words::duration(length)),
            None => part.rule.describe(),
        });
        let words: Vec<String> = words.collect();
        words.join(" → ")
    }

    fn is_metric_driven(&self) -> bool {
        self.parts.iter().any(|part| part.rule.is_metric_driven())
    }

    fn momentum(&self, clock: Clock) -> Option<f64> {
        let part = &self.parts[self.active(clock.step)];
        part.rule.momentum(part.clock(clock.step, clock))
    }

    fn drives_momentum(&self) -> bool {
        self.parts.iter().any(|part| part.rule.drives_momentum())
    }

    fn observe(&mut self, seen: &Observation<'_>) -> Option<String> {
        let clock = seen.clock;
        let before = self.factor(clock);
        // The evaluation shows what the steps up to now have done, so at a boundary it belongs to the earlier part.
        let index = self.active(clock.step.saturating_sub(1));
        let scale = seen.scale * self.scale(index, clock);
        let part = &mut self.parts[index];
        let reason = part.rule.observe(&Observation { clock: part.clock(clock.step, clock), scale, ..*seen });
        // A change in the very last moment of a part is none where the next starts from the base rate.
        reason.filter(|_| self.factor(clock) != before)
    }

    fn save(&self) -> serde_json::Value {
        parts::save(ENTRY.name, self.parts.iter().map(|part| &*part.rule))
    }

    fn load(&mut self, state: &serde_json::Value) -> Result<(), StateError> {
        let mut parts: Vec<&mut Box<dyn Rule>> = self.parts.iter_mut().map(|part| &mut part.rule).collect();
        parts::load(ENTRY.name, &mut parts, state)
    }
}
