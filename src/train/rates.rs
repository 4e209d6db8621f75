//! What changes from step to step: each group's learning rate, and the hyper-parameters that follow rules.

use super::Error;
use crate::optimizer::Hyper;
use crate::record::{Event, RateChanged};
use crate::schedule::{Clock, Observation, Rule, StateError};

/// A group's learning rate, and what else of it follows rules.
#[derive(Debug)]
pub struct Rate {
    pub name: String,
    /// What the rule's factor multiplies.
    pub base_lr: f64,
    pub rule: Box<dyn Rule>,
    /// Every hyper-parameter that some group schedules; in each group the same ones in the same order.
    pub hyper: Vec<Scheduled>,
}

/// A hyper-parameter of a group.
#[derive(Debug)]
pub struct Scheduled {
    /// With the group's own value.
    pub hyper: Hyper,
    pub follows: Follows,
}

/// What gives a hyper-parameter its value at a step.
#[derive(Debug)]
pub enum Follows {
    /// Nothing: it is another group that schedules it, and here it stays.
    Nothing,
    /// A rule of its own, whose factor multiplies the group's value.
    Rule(Box<dyn Rule>),
    /// The rule of the group's learning rate, which sets it.
    LrRule,
}

impl Scheduled {
    /// The value for the step that `clock` shows; `lr_rule` is the rule of the group's learning rate.
    pub fn value(&self, clock: Clock, lr_rule: &dyn Rule) -> f64 {
        let own = self.hyper.value;
        match &self.follows {
            Follows::Nothing => own,
            Follows::Rule(rule) => own * rule.factor(clock),
            Follows::LrRule => lr_rule.momentum(clock).unwrap_or(own),
        }
    }

    /// What it follows, in a few words; none where it stays.
    pub fn describe(&self) -> Option<String> {
        match &self.follows {
            Follows::Nothing => None,
            Follows::Rule(rule) => Some(rule.describe()),
            Follows::LrRule => Some("set by the schedule of lr".to_owned()),
        }
    }
}

impl Rate {
    /// The learning rate for the step that `clock` shows.
    pub fn lr(&self, clock: Clock) -> f64 {
        self.base_lr * self.rule.factor(clock)
    }

    /// Puts the hyper-parameters for the step that `clock` shows into `values`. Planning has looked at the rules ahead;
    /// where metrics drive one it cannot know how far.
    pub(super) fn hyper(&self, clock: Clock, values: &mut Vec<(&'static str, f64)>) -> Result<(), Error> {
        values.clear();
        for scheduled in &self.hyper {
            let Hyper { name, range, .. } = scheduled.hyper;
            let value = scheduled.value(clock, &*self.rule);
            if !range.contains(value) {
                return Err(Error::OutOfRange { name, group: self.name.clone(), value, step: clock.step, range });
            }
            values.push((name, value));
        }
        Ok(())
    }

    /// The states of the group's rules, each under what it gives.
    pub fn save(&self) -> serde_json::Value {
        let mut states = serde_json::Map::from_iter([("lr".to_owned(), self.rule.save())]);
        for Scheduled { hyper, follows } in &self.hyper {
            if let Follows::Rule(rule) = follows {
                states.insert(hyper.name.to_owned(), rule.save());
            }
        }
        states.into()
    }

    /// Takes over what [`Rate::save`] gave, whole or not at all.
    pub fn load(&mut self, states: &serde_json::Value) -> Result<(), StateError> {
        let old = self.save();
        self.take(states).or_else(|error| self.take(&old).and(Err(error)))
    }

    fn take(&mut self, states: &serde_json::Value) -> Result<(), StateError> {
        let state = |name: &str| {
            states.get(name).ok_or_else(|| StateError(format!("`{name}` of group \"{}\" has none", self.name)))
        };
        self.rule.load(state("lr")?)?;
        for Scheduled { hyper, follows } in &mut self.hyper {
            if let Follows::Rule(rule) = follows {
                rule.load(state(hyper.name)?)?;
            }
        }
        Ok(())
    }

    /// Shows an evaluation to the group's rules; an event for each that changed something.
    pub fn observe(&mut self, seen: &Observation<'_>) -> Vec<Event> {
        let mut changes = vec![observe(&mut *self.rule, "lr", self.base_lr, seen)];
        for Scheduled { hyper, follows } in &mut self.hyper {
            if let Follows::Rule(rule) = follows {
                changes.push(observe(&mut **rule, hyper.name, hyper.value, seen));
            }
        }
        let group = || self.name.clone();
        changes
            .into_iter()
            .flatten()
            .map(|change| Event::RateChanged(RateChanged { group: group(), ..change }))
            .collect()
    }
}

/// Shows an evaluation to the rule of `quantity`, whose factor multiplies `base`.
fn observe(rule: &mut dyn Rule, quantity: &str, base: f64, seen: &Observation<'_>) -> Option<RateChanged> {
    let from = base * rule.factor(seen.clock);
    let reason = rule.observe(seen)?;
    let to = base * rule.factor(seen.clock);
    Some(RateChanged { epoch: seen.epoch, group: String::new(), quantity: quantity.to_owned(), from, to, reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A factor that each evaluation multiplies.
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
            (self.by != 1.0).then(|| "it was seen".into())
        }
    }

    fn growing(by: f64) -> Box<dyn Rule> {
        Box::new(Growing { factor: 1.0, by })
    }

    const CLOCK: Clock = Clock { step: 7, total_steps: 10, steps_per_epoch: 5 };

    #[test]
    fn a_change_names_what_it_changed() {
        let momentum = Scheduled { hyper: Hyper::below_one("momentum", 0.8), follows: Follows::Rule(growing(0.5)) };
        let decay = Scheduled { hyper: Hyper::non_negative("weight_decay", 0.1), follows: Follows::Nothing };
        let hyper = vec![momentum, decay];
        let mut rate = Rate { name: "bias".into(), base_lr: 0.1, rule: growing(1.0), hyper };
        let events = rate.observe(&Observation { epoch: 1, clock: CLOCK, metric: &|_| None, scale: 1.0 });
        let [Event::RateChanged(change)] = events.as_slice() else { panic!("{events:?}") };
        let RateChanged { epoch, group, quantity, from, to, .. } = change;
        assert_eq!((*epoch, group.as_str(), quantity.as_str(), *from, *to), (1, "bias", "momentum", 0.8, 0.4));
        let mut values = Vec::new();
        rate.hyper(CLOCK, &mut values).unwrap();
        assert_eq!(values, [("momentum", 0.4), ("weight_decay", 0.1)]);
    }

    #[test]
    fn what_metrics_led_out_of_its_range_ends_the_run() {
        let hyper = vec![Scheduled { hyper: Hyper::below_one("momentum", 0.8), follows: Follows::Rule(growing(2.0)) }];
        let mut rate = Rate { name: "base".into(), base_lr: 0.1, rule: growing(1.0), hyper };
        assert!(rate.hyper(CLOCK, &mut Vec::new()).is_ok());
        rate.observe(&Observation { epoch: 1, clock: CLOCK, metric: &|_| None, scale: 1.0 });
        let error = rate.hyper(CLOCK, &mut Vec::new()).unwrap_err().to_string();
        assert!(error.contains("`momentum` gives 1.6 to group \"base\" at step 7"), "{error}");
    }
}
