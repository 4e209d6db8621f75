//! The product of several schedules.
//!
//! factor(t) = the product of the factors of the parts. Each part sees the clock of the product and observes every
//! evaluation.
//!
//! | key | |
//! |---|---|
//! | `parts` | an array of schedules |
//!
//! Elsewhere: PyTorch's `ChainedScheduler`.
//!
//! Differences:
//! - Every rule can be a part, also a plateau or a sequence. PyTorch rejects a plateau as a part, and a sequence as a
//!   part fails at its milestone.
//! - `ChainedScheduler` applies the changes of its parts to the rate one after another. With an absolute term
//!   (`eta_min`) the result there is not the product.

use super::convention::Convention::{self, Torch};
use super::from_spec::{construct, entry_of};
use super::{Build, Clock, Context, Observation, Rule, StateError, parts};
use crate::spec::{Entry, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "product",
    summary: "the product of several rules",
    example: "type = \"product\"\nparts = [\n  { type = \"cosine\" },\n  \
              { type = \"plateau\", factor = 0.5, patience = \"3 epochs\" },\n]",
    build,
};

fn build(section: &mut Section<'_>, context: &Context<'_>) -> Option<Box<dyn Rule>> {
    Convention::among(section, context, &[Torch]);
    if !section.has("parts") {
        section.mark_known("parts");
        section.missing("parts", "an array of schedules");
        return None;
    }
    let tables = parts::tables(section, "parts")?;
    let within = context.within(context.horizon);
    let mut built: Vec<Option<Box<dyn Rule>>> = Vec::new();
    let mut resolved: Vec<toml::Value> = Vec::new();
    for mut table in tables {
        let (rule, table) = match entry_of(&mut table) {
            Some(entry) => construct(table, entry, &within),
            None => (None, table.into_resolved().into()),
        };
        built.push(rule);
        resolved.push(table);
    }
    section.put("parts", resolved);
    let parts: Vec<Box<dyn Rule>> = built.into_iter().collect::<Option<_>>()?;
    if parts.iter().filter(|part| part.drives_momentum()).count() > 1 {
        let label = "set `cycle_momentum = false` in all but one";
        section.error("parts", "more than one part sets the momentum", label);
        return None;
    }
    Some(Box::new(Product { parts }))
}

#[derive(Debug)]
struct Product {
    parts: Vec<Box<dyn Rule>>,
}

impl Rule for Product {
    fn factor(&self, clock: Clock) -> f64 {
        self.parts.iter().map(|part| part.factor(clock)).product()
    }

    fn describe(&self) -> String {
        let words: Vec<String> = self.parts.iter().map(|part| format!("({})", part.describe())).collect();
        words.join(" × ")
    }

    fn is_metric_driven(&self) -> bool {
        self.parts.iter().any(|part| part.is_metric_driven())
    }

    fn momentum(&self, clock: Clock) -> Option<f64> {
        self.parts.iter().find_map(|part| part.momentum(clock))
    }

    fn drives_momentum(&self) -> bool {
        self.parts.iter().any(|part| part.drives_momentum())
    }

    fn observe(&mut self, observation: &Observation<'_>) -> Option<String> {
        // The factors before any part changes, so that the result does not depend on the order of the parts.
        let factors: Vec<f64> = self.parts.iter().map(|part| part.factor(observation.clock)).collect();
        let mut reasons = Vec::new();
        for (index, part) in self.parts.iter_mut().enumerate() {
            let others: f64 =
                factors.iter().enumerate().filter(|(at, _)| *at != index).map(|(_, factor)| factor).product();
            reasons.extend(part.observe(&Observation { scale: observation.scale * others, ..*observation }));
        }
        let before: f64 = factors.iter().product();
        (!reasons.is_empty() && self.factor(observation.clock) != before).then(|| reasons.join("; "))
    }

    fn save(&self) -> serde_json::Value {
        parts::save(ENTRY.name, self.parts.iter().map(|part| &**part))
    }

    fn load(&mut self, state: &serde_json::Value) -> Result<(), StateError> {
        let mut parts: Vec<&mut Box<dyn Rule>> = self.parts.iter_mut().collect();
        parts::load(ENTRY.name, &mut parts, state)
    }
}
