//! Several schedules, one after another.
//!
//! Each part except the last has the length `for`. The last part continues to the end. The time of a part is a phase. A
//! part counts its steps from the beginning of its phase, and its percentages are of the length of its phase. At a
//! boundary the later part is active. Only the part that trained an epoch observes the evaluation of that epoch.
//!
//! | key of a part | default | |
//! |---|---|---|
//! | `for` | | the length of the part; here a percentage is of the whole sequence |
//! | `from` | `"base"`; after a metric-driven part `"current"` | `"base"`: the part starts from factor 1. `"current"`: the factor of the part is multiplied by the factor that the part before it has at the boundary |
//!
//! A rate written as `{ lr = … }` in a part applies to the part's own factor. With `from = "current"` the factor of the
//! parts before still multiplies it.
//!
//! `[[schedule]]` tables are the short form of `schedule = { type = "sequence", parts = [ … ] }`. Every rule can be a
//! part, also a sequence. Sequences and products can be nested about 35 tables deep, which is the limit of the TOML
//! parser.
//!
//! Elsewhere: PyTorch's `SequentialLR`, optax's `join_schedules`.
//!
//! Differences: in PyTorch a sequence that is the second part fails at the milestone, and the constructor of a later
//! part can change the rate of an earlier part.

#[cfg(test)]
mod tests;

use super::convention::Convention::{self, Optax, Torch};
use super::from_spec::{construct, entry_of};
use super::length::Length;
use super::{Build, Clock, Context, Observation, Rule, StateError, parts, words};
use crate::choice;
use crate::spec::{Diagnostic, Duration, Entry, Field, Horizon, Log, Section, Table, ValueKind};

pub const ENTRY: Entry<Build> = Entry {
    name: "sequence",
    summary: "several rules, one after another",
    example: "type = \"sequence\"\nparts = [\n  { type = \"linear\", start = 0.1, end = 1.0, for = \"10%\" },\n  \
              { type = \"plateau\", patience = \"2 epochs\" },\n]",
    build,
};

fn build(section: &mut Section<'_>, context: &Context<'_>) -> Option<Box<dyn Rule>> {
    Convention::among(section, context, &[Torch, Optax]);
    if !section.has("parts") {
        section.mark_known("parts");
        section.missing("parts", "an array of schedules, each but the last with `for`");
        return None;
    }
    let (rule, resolved) = from_parts(section, "parts", context);
    section.put("parts", resolved);
    rule
}

choice! {
    /// The factor that a part starts from.
    pub enum StartFrom {
        /// Factor 1.
        Base = "base",
        /// The factor of the part before it.
        Current = "current",
    }
}

/// Reads the sequence under `key` of `parent`. Returns the rule (`None` if errors were logged) and the resolved array.
pub(super) fn from_parts(
    parent: &mut Section<'_>,
    key: &'static str,
    context: &Context<'_>,
) -> (Option<Box<dyn Rule>>, toml::Value) {
    // If an item is not a table (logged), it is unknown which part is the last.
    let Some(mut parts) = parts::tables(parent, key) else {
        return (None, toml::Value::Array(Vec::new()));
    };
    // All lengths come first, because the length of the last part is what the others leave.
    let entries: Vec<_> = parts.iter_mut().map(entry_of).collect();
    let phases = phases(&mut parts, context);
    let complete = phases.iter().all(Option::is_some);
    let count = parts.len();

    let mut built: Vec<Part> = Vec::new();
    let mut resolved: Vec<toml::Value> = Vec::new();
    for ((mut section, entry), phase) in parts.into_iter().zip(entries).zip(phases) {
        let first = resolved.is_empty();
        let from = starts_from(&mut section, first, built.last());
        if from == StartFrom::Current {
            warn_of_absolutes(section.table_ref(), section.log(), context.quantity);
        }
        let Some(entry) = entry else {
            resolved.push(section.into_resolved().into());
            continue;
        };
        // A part with a wrong length is still read, to report the errors in it.
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

/// Reads `from`, which the first part cannot have.
fn starts_from(section: &mut Section<'_>, first: bool, before: Option<&Part>) -> StartFrom {
    if first {
        if section.has("from") {
            section.mark_known("from");
            section.error(
                "from",
                "the first part starts from the base rate",
                "leave `from` out: there is no part before it",
            );
        }
        return StartFrom::Base;
    }
    match before {
        Some(part) if part.rule.is_metric_driven() => section.or("from", StartFrom::Current),
        _ => section.or("from", StartFrom::Base),
    }
}

/// Warns about each absolute rate in `part`, because the factor of the parts before will multiply it.
fn warn_of_absolutes(part: &Table, log: &Log, quantity: &str) {
    for (_, value) in &part.entries {
        let found = match &value.kind {
            ValueKind::Table(table) if table.entries.len() == 1 && table.get(quantity).is_some() => true,
            ValueKind::Table(table) => {
                warn_of_absolutes(table, log, quantity);
                false
            }
            _ => false,
        };
        if found {
            let message = "an absolute rate in a part that continues from the one before";
            let label = "the factor of that part multiplies it";
            let found = Diagnostic::warning(message).at(Some(&value.place)).label(label);
            log.push(found.help("write a factor, or `from = \"base\"` in this part"));
        }
    }
}

/// Reads the `for` of each part. An element is `None` (logged) if it is wrong.
fn phases(parts: &mut [Section<'_>], context: &Context<'_>) -> Vec<Option<Phase>> {
    let horizon = context.horizon;
    let last = parts.len().saturating_sub(1);
    let mut end: u64 = 0;
    let mut known = true;
    let mut phases = Vec::new();
    for (index, part) in parts.iter_mut().enumerate() {
        if index == last && part.has("for") {
            part.mark_known("for");
            part.error("for", "the last part continues to the end of the schedule", "leave `for` out");
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
        // The last part has what is left, so the part before it must leave some steps.
        if known && index != last && end >= horizon.total_steps {
            let message = match end > horizon.total_steps {
                true => "the parts are longer than the schedule",
                false => "nothing is left for the last part",
            };
            let label = format!("ends at step {end} of {}", horizon.total_steps);
            let found = Diagnostic::error(message).at(part.place_of("for")).label(label);
            part.log().push(found.help("shorten the parts, write them in percent, or make the run longer"));
            known = false;
        }
        phases.push(known.then_some(Phase { start, steps, written }));
    }
    phases
}

/// Reads the `for` of a part that is not the last. `None` (logged) if it is missing or wrong.
fn length(part: &mut Section<'_>, context: &Context<'_>) -> Option<Length> {
    if !part.has("for") {
        part.mark_known("for");
        part.missing("for", &format!("{}; only the last part has none", Duration::expects()));
        return None;
    }
    Length::required(part, "for", context)
}

/// The time in which a part is active.
#[derive(Clone, Copy, Debug)]
struct Phase {
    start: u64,
    steps: u64,
    /// The value of `for`. `None` for the last part.
    written: Option<Duration>,
}

#[derive(Debug)]
struct Part {
    rule: Box<dyn Rule>,
    phase: Phase,
    from: StartFrom,
}

impl Part {
    /// Returns the clock of this phase at `step` of the sequence.
    fn clock(&self, step: u64, clock: Clock) -> Clock {
        Clock { step: step.saturating_sub(self.phase.start), total_steps: self.phase.steps, ..clock }
    }
}

/// A sequence. It has at least one part, and the first starts at step 0.
#[derive(Debug)]
struct Sequence {
    parts: Vec<Part>,
}

impl Sequence {
    /// Returns the index of the part that is active at `step`.
    fn active(&self, step: u64) -> usize {
        self.parts.iter().rposition(|part| part.phase.start <= step).unwrap_or(0)
    }

    /// Returns the number that multiplies the factor of part `index`. The factors of the parts before it no longer
    /// change, so no state is needed.
    fn scale(&self, index: usize, clock: Clock) -> f64 {
        let mut scale = 1.0;
        for pair in self.parts[..=index].windows(2) {
            let (before, part) = (&pair[0], &pair[1]);
            scale = match part.from {
                StartFrom::Base => 1.0,
                StartFrom::Current => scale * before.rule.factor(before.clock(part.phase.start, clock)),
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

    fn observe(&mut self, observation: &Observation<'_>) -> Option<String> {
        let clock = observation.clock;
        let before = self.factor(clock);
        // The evaluation follows steps of the earlier part, so at a boundary that part observes it.
        let index = self.active(clock.step.saturating_sub(1));
        let scale = observation.scale * self.scale(index, clock);
        let part = &mut self.parts[index];
        let reason = part.rule.observe(&Observation { clock: part.clock(clock.step, clock), scale, ..*observation });
        // A change at the end of a part has no effect if the next part starts from the base rate.
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
