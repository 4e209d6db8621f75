//! The values that change from step to step: each group's learning rate, and the hyper-parameters that follow rules.

use crate::optimizer::{Hyper, Range};
use crate::schedule::{Clock, Observation, Rule, StateError};

/// A group's learning rate, and its hyper-parameters that follow rules.
#[derive(Debug)]
pub struct Rate {
    /// The group's name.
    pub name: String,
    /// The learning rate that the rule's factor multiplies: `lr · lr_mult`.
    pub base_lr: f64,
    pub rule: Box<dyn Rule>,
    /// Every hyper-parameter that some group schedules. All groups list the same ones in the same order.
    pub hyper: Vec<Scheduled>,
}

/// A hyper-parameter of a group, and the source of its values.
#[derive(Debug)]
pub struct Scheduled {
    /// The hyper-parameter with the group's own value.
    pub hyper: Hyper,
    pub source: HyperSource,
}

/// The source of a hyper-parameter's value at a step.
#[derive(Debug)]
pub enum HyperSource {
    /// The group's own value at every step. Another group schedules this hyper-parameter.
    Constant,
    /// A rule of its own. Its factor multiplies the group's value.
    Rule(Box<dyn Rule>),
    /// The rule of the group's learning rate, which also sets the momentum.
    LrRule,
}

/// A change that a rule made after an evaluation.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleChange {
    /// `lr`, or the name of a hyper-parameter.
    pub quantity: &'static str,
    /// The value before the change.
    pub from: f64,
    /// The value after it.
    pub to: f64,
    pub reason: String,
}

/// The error that a rule gave a hyper-parameter a value outside its range.
#[derive(Debug, thiserror::Error)]
#[error(
    "the schedule of `{name}` gives {value} to group \"{group}\" at step {step}, where {range} is expected\n\
     help: limit the rule with `floor` or `ceiling`"
)]
pub struct OutOfRange {
    pub name: &'static str,
    pub group: String,
    pub value: f64,
    pub step: u64,
    pub range: Range,
}

impl Scheduled {
    /// Returns the value for the step of `clock`. `lr_rule` is the rule of the group's learning rate.
    pub fn value(&self, clock: Clock, lr_rule: &dyn Rule) -> f64 {
        let own = self.hyper.value;
        match &self.source {
            HyperSource::Constant => own,
            HyperSource::Rule(rule) => own * rule.factor(clock),
            HyperSource::LrRule => lr_rule.momentum(clock).unwrap_or(own),
        }
    }

    /// Returns the source in a few words, or `None` if the value is constant.
    pub fn describe(&self) -> Option<String> {
        match &self.source {
            HyperSource::Constant => None,
            HyperSource::Rule(rule) => Some(rule.describe()),
            HyperSource::LrRule => Some("set by the schedule of lr".to_owned()),
        }
    }
}

impl Rate {
    /// Returns the learning rate for the step of `clock`.
    pub fn lr(&self, clock: Clock) -> f64 {
        self.base_lr * self.rule.factor(clock)
    }

    /// Replaces `values` by the hyper-parameters for the step of `clock`, as pairs of name and value. Planning has
    /// checked the time-based rules, but a metric-driven rule can still give a value outside the range.
    pub fn hyper(&self, clock: Clock, values: &mut Vec<(&'static str, f64)>) -> Result<(), OutOfRange> {
        values.clear();
        for scheduled in &self.hyper {
            let Hyper { name, range, .. } = scheduled.hyper;
            let value = scheduled.value(clock, &*self.rule);
            if !range.contains(value) {
                return Err(OutOfRange { name, group: self.name.clone(), value, step: clock.step, range });
            }
            values.push((name, value));
        }
        Ok(())
    }

    /// Returns the states of the group's rules, each under the quantity that it sets.
    pub fn save(&self) -> serde_json::Value {
        let mut states = serde_json::Map::from_iter([("lr".to_owned(), self.rule.save())]);
        for Scheduled { hyper, source } in &self.hyper {
            if let HyperSource::Rule(rule) = source {
                states.insert(hyper.name.to_owned(), rule.save());
            }
        }
        states.into()
    }

    /// Restores the states that [`Rate::save`] returned. After an error the rules have their previous states.
    pub fn load(&mut self, states: &serde_json::Value) -> Result<(), StateError> {
        let old = self.save();
        self.set(states).or_else(|error| self.set(&old).and(Err(error)))
    }

    /// Restores `states`. After an error some of the rules may have their new state.
    fn set(&mut self, states: &serde_json::Value) -> Result<(), StateError> {
        let state = |name: &str| {
            let missing = || StateError(format!("group \"{}\" has no state of `{name}`", self.name));
            states.get(name).ok_or_else(missing)
        };
        self.rule.load(state("lr")?)?;
        for Scheduled { hyper, source } in &mut self.hyper {
            if let HyperSource::Rule(rule) = source {
                rule.load(state(hyper.name)?)?;
            }
        }
        Ok(())
    }

    /// Passes an evaluation to the group's rules. Returns one entry for each rule that changed its factor.
    pub fn observe(&mut self, seen: &Observation<'_>) -> Vec<RuleChange> {
        let mut changes = vec![observe(&mut *self.rule, "lr", self.base_lr, seen)];
        for Scheduled { hyper, source } in &mut self.hyper {
            if let HyperSource::Rule(rule) = source {
                changes.push(observe(&mut **rule, hyper.name, hyper.value, seen));
            }
        }
        changes.into_iter().flatten().collect()
    }
}

/// Passes an evaluation to the rule of `quantity`. Its factor multiplies `base`.
fn observe(rule: &mut dyn Rule, quantity: &'static str, base: f64, seen: &Observation<'_>) -> Option<RuleChange> {
    let from = base * rule.factor(seen.clock);
    let reason = rule.observe(seen)?;
    let to = base * rule.factor(seen.clock);
    Some(RuleChange { quantity, from, to, reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A rule that multiplies its factor by `by` at each evaluation.
    #[derive(Debug)]
    struct Growing {
        factor: f64,
        by: f64,
    }

    impl Rule for Growing {
        fn factor(&self, _: Clock) -> f64 {
            self.factor
        }
        fn describe(&self) -> String {
            "growing".into()
        }
        fn is_metric_driven(&self) -> bool {
            true
        }
        fn observe(&mut self, _: &Observation<'_>) -> Option<String> {
            self.factor *= self.by;
            (self.by != 1.0).then(|| "an evaluation".into())
        }
    }

    fn growing(by: f64) -> Box<dyn Rule> {
        Box::new(Growing { factor: 1.0, by })
    }

    const CLOCK: Clock = Clock { step: 7, total_steps: 10, steps_per_epoch: 5 };

    #[test]
    fn a_change_names_its_quantity() {
        let momentum = Scheduled { hyper: Hyper::below_one("momentum", 0.8), source: HyperSource::Rule(growing(0.5)) };
        let decay = Scheduled { hyper: Hyper::non_negative("weight_decay", 0.1), source: HyperSource::Constant };
        let hyper = vec![momentum, decay];
        let mut rate = Rate { name: "bias".into(), base_lr: 0.1, rule: growing(1.0), hyper };
        let changes = rate.observe(&Observation { epoch: 1, clock: CLOCK, metric: &|_| None, scale: 1.0 });
        let reason = "an evaluation".to_owned();
        assert_eq!(changes, [RuleChange { quantity: "momentum", from: 0.8, to: 0.4, reason }]);
        let mut values = Vec::new();
        rate.hyper(CLOCK, &mut values).unwrap();
        assert_eq!(values, [("momentum", 0.4), ("weight_decay", 0.1)]);
    }

    #[test]
    fn a_hyper_parameter_outside_its_range_is_an_error() {
        let hyper =
            vec![Scheduled { hyper: Hyper::below_one("momentum", 0.8), source: HyperSource::Rule(growing(2.0)) }];
        let mut rate = Rate { name: "base".into(), base_lr: 0.1, rule: growing(1.0), hyper };
        assert!(rate.hyper(CLOCK, &mut Vec::new()).is_ok());
        rate.observe(&Observation { epoch: 1, clock: CLOCK, metric: &|_| None, scale: 1.0 });
        let error = rate.hyper(CLOCK, &mut Vec::new()).unwrap_err().to_string();
        assert!(error.contains("`momentum` gives 1.6 to group \"base\" at step 7"), "{error}");
    }
}
