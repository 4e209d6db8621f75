//! The options `floor` and `ceiling`: the lowest and the highest factor of a table, its warm-up included.

use super::level::Level;
use super::{Clock, Context, Observation, Rule, StateError, words};
use crate::spec::{Diagnostic, Section};

/// The two limits of a table, as factors.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    floor: Option<f64>,
    ceiling: Option<f64>,
}

impl Limits {
    /// Reads `floor` and `ceiling`.
    pub fn read(section: &mut Section<'_>, context: &Context<'_>) -> Limits {
        let floor = Level::optional(section, "floor", context);
        let ceiling = Level::optional(section, "ceiling", context);
        if let (Some(floor), Some(ceiling)) = (floor, ceiling)
            && floor > ceiling
        {
            let label =
                format!("{} times the base value; the ceiling is {}", words::number(floor), words::number(ceiling));
            section.error("floor", "the floor is above the ceiling", label);
        }
        let is_absolute = section.table_ref().get("floor").is_some_and(|floor| floor.as_table().is_some());
        if let Some(floor) = floor.filter(|&floor| floor > 1.0 && is_absolute) {
            let (quantity, base) = (context.quantity, words::number(context.base_lr));
            let label = format!("{}; the base {quantity} is {base}", words::number(floor * context.base_lr));
            let message = format!("`{}` is above the base {quantity} and raises it", section.dotted("floor"));
            section.log().push(Diagnostic::warning(message).at(section.place_of("floor")).label(label));
        }
        Limits { floor, ceiling }
    }

    /// Returns `rule` with these limits applied.
    pub fn around(self, rule: Box<dyn Rule>) -> Box<dyn Rule> {
        match self {
            Limits { floor: None, ceiling: None } => rule,
            Limits { floor, ceiling } => {
                let (low, high) = (floor.unwrap_or(0.0), ceiling.unwrap_or(f64::INFINITY));
                Box::new(Limited { rule, low, high })
            }
        }
    }
}

#[derive(Debug)]
struct Limited {
    rule: Box<dyn Rule>,
    low: f64,
    high: f64,
}

impl Rule for Limited {
    fn factor(&self, clock: Clock) -> f64 {
        self.rule.factor(clock).max(self.low).min(self.high)
    }

    fn describe(&self) -> String {
        let mut words = self.rule.describe();
        if self.low > 0.0 {
            words += &format!(", at least {}", words::number(self.low));
        }
        if self.high.is_finite() {
            words += &format!(", at most {}", words::number(self.high));
        }
        words
    }

    fn is_metric_driven(&self) -> bool {
        self.rule.is_metric_driven()
    }

    fn momentum(&self, clock: Clock) -> Option<f64> {
        self.rule.momentum(clock)
    }

    fn drives_momentum(&self) -> bool {
        self.rule.drives_momentum()
    }

    fn observe(&mut self, observation: &Observation<'_>) -> Option<String> {
        let before = self.factor(observation.clock);
        let reason = self.rule.observe(observation);
        // A change beyond a limit has no effect.
        reason.filter(|_| self.factor(observation.clock) != before)
    }

    fn save(&self) -> serde_json::Value {
        self.rule.save()
    }

    fn load(&mut self, state: &serde_json::Value) -> Result<(), StateError> {
        self.rule.load(state)
    }
}
