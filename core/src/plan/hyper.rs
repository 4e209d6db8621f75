//! `schedule_for`: the hyper-parameters that follow rules of their own, and the momentum that the learning rate's rule
//! sets.

use super::BASE;
use super::rate::{HyperSource, Scheduled};
use crate::optimizer::{Hyper, OptimizerConfig};
use crate::schedule::{self, Clock, Context, Rule};
use crate::spec::{Diagnostic, Horizon, Section};

/// The key in the spec and in a `[[group]]`.
pub(super) const KEY: &str = "schedule_for";

/// The largest number of steps at which planning evaluates a rule.
const SAMPLES: u64 = 100_000;

/// The group whose `schedule_for` is read.
#[derive(Clone, Copy)]
pub(super) struct Follower<'a> {
    pub group: &'a str,
    pub method: &'a dyn OptimizerConfig,
    /// The rule of its learning rate, or `None` if that rule has errors.
    pub rule: Option<&'a dyn Rule>,
    /// The context of its learning rate.
    pub context: Context<'a>,
}

impl Follower<'_> {
    /// Reads `schedule_for` of `parent`. Adds the momentum if the learning rate's rule sets it. Returns `None` after
    /// logging an error.
    pub fn read(self, parent: &mut Section<'_>) -> Option<Vec<Scheduled>> {
        let log = parent.log();
        let errors = log.errors();
        let drives = self.rule.is_some_and(|rule| rule.drives_momentum());
        let driven = self.method.momentum().filter(|hyper| hyper.value > 0.0 && drives);
        let written = parent.has(KEY);
        let mut section = parent.section(KEY)?;
        if section.has("lr") {
            section.mark_known("lr");
            section.error("lr", "the learning rate's own schedule is not written here", "write it as `schedule`");
        }
        let mut scheduled = Vec::new();
        for hyper in self.method.hypers() {
            let by_lr = driven.is_some_and(|driven| driven.name == hyper.name);
            let source = self.one(&mut section, hyper, by_lr);
            scheduled.extend(source.map(|source| Scheduled { hyper, source }));
        }
        for one in &scheduled {
            let place = match one.source {
                HyperSource::LrRule => parent.place_of("schedule"),
                _ => section.place_of(one.hyper.name),
            };
            if let Some(found) = self.rule.and_then(|rule| self.outside(one, rule)) {
                log.push(found.at(place));
            }
        }
        let resolved = section.finish();
        if written {
            parent.put(KEY, resolved);
        }
        (log.errors() == errors).then_some(scheduled)
    }

    /// Reads the source of `hyper`'s values. `by_lr` is true if the learning rate's rule sets them. Returns `None` if
    /// nothing schedules `hyper`, or after logging an error.
    fn one(self, section: &mut Section<'_>, hyper: Hyper, by_lr: bool) -> Option<HyperSource> {
        let Hyper { name, value, .. } = hyper;
        section.mark_known(name);
        if !section.has(name) {
            return by_lr.then_some(HyperSource::LrRule);
        }
        if by_lr {
            let message = format!("the schedule of lr sets `{name}`{} already", self.of_group());
            section.error(name, message, "leave it out, or write `cycle_momentum = false` in the schedule of lr");
        }
        let context = Context { quantity: name, base_lr: value, momentum: None, ..self.context };
        schedule::build(section, name, &context).map(HyperSource::Rule)
    }

    /// Returns an error for the first evaluated step at which `scheduled` leaves its range, or `None`.
    fn outside(self, scheduled: &Scheduled, lr_rule: &dyn Rule) -> Option<Diagnostic> {
        let Horizon { total_steps, steps_per_epoch } = self.context.horizon;
        let Hyper { name, range, .. } = scheduled.hyper;
        let value = |step| scheduled.value(Clock { step, total_steps, steps_per_epoch }, lr_rule);
        let step = samples(total_steps).find(|&step| !range.contains(value(step)))?;
        let message = format!("`{name}`{} is {} at step {step}", self.of_group(), value(step));
        Some(Diagnostic::error(message).label(format!("expected {range}")))
    }

    /// Returns ` of group "…"` to follow a name, or an empty string for the base group.
    fn of_group(self) -> String {
        if self.group == BASE { String::new() } else { format!(" of group \"{}\"", self.group) }
    }
}

/// Returns all steps of a run, or [`SAMPLES`] evenly spread ones if there are more. The last step is always included.
pub(super) fn samples(total_steps: u64) -> impl Iterator<Item = u64> {
    let samples = total_steps.clamp(1, SAMPLES);
    let (last, spaces) = (u128::from(total_steps.saturating_sub(1)), u128::from(samples - 1).max(1));
    (0..samples).map(move |sample| (last * u128::from(sample) / spaces) as u64)
}

/// Logs an error for each rule in `section` whose hyper-parameter is 0 in all of `groups`, because 0 times any factor
/// is 0. `section` is the `schedule_for` of the run or of one group, and `groups` are the groups that it applies to. A
/// value of 0 in only some of the groups is fine: biases often have no weight decay.
pub(super) fn check_factors(section: &Section<'_>, groups: &[&dyn OptimizerConfig]) {
    let of = |method: &dyn OptimizerConfig, name: &str| method.hypers().into_iter().find(|hyper| hyper.name == name);
    for (key, _) in &section.table_ref().entries {
        let hypers: Vec<Hyper> = groups.iter().filter_map(|method| of(*method, &key.name)).collect();
        if let Some(hyper) = hypers.first()
            && hypers.iter().all(|hyper| hyper.value == 0.0)
        {
            let message = format!("`{}` multiplies a {} of 0", section.dotted(&key.name), key.name);
            let label = format!("set `optimizer.{}` to the value that the rule should multiply", hyper.key());
            section.error(&key.name, message, label);
        }
    }
}

/// Adds to every group each hyper-parameter that some group schedules, in the optimizer's order. It is constant in the
/// groups that do not schedule it.
pub(super) fn align<'a>(groups: impl Iterator<Item = (&'a dyn OptimizerConfig, &'a mut Vec<Scheduled>)>) {
    let mut groups: Vec<_> = groups.collect();
    let mut names: Vec<&str> = Vec::new();
    for (_, scheduled) in &groups {
        names.extend(scheduled.iter().map(|it| it.hyper.name));
    }
    for (method, scheduled) in &mut groups {
        let mut own = std::mem::take(*scheduled).into_iter().peekable();
        for hyper in method.hypers().into_iter().filter(|hyper| names.contains(&hyper.name)) {
            let own = own.next_if(|it| it.hyper.name == hyper.name);
            scheduled.push(own.unwrap_or(Scheduled { hyper, source: HyperSource::Constant }));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::optimizer;
    use crate::spec::{Log, Spec, lookup};

    /// A rule that moves momentum from the first value to the second over the run.
    #[derive(Debug)]
    struct Cycle(f64, f64);

    impl Rule for Cycle {
        fn factor(&self, _: Clock) -> f64 {
            1.0
        }
        fn describe(&self) -> String {
            "cycle".into()
        }
        fn momentum(&self, clock: Clock) -> Option<f64> {
            Some(self.0 + (self.1 - self.0) * clock.step as f64 / clock.total_steps as f64)
        }
        fn drives_momentum(&self) -> bool {
            true
        }
    }

    /// Reads `schedule_for` of a group with this optimizer and this rule of its learning rate. Returns the errors as
    /// text.
    fn read(optimizer: &str, schedule_for: &str, rule: &dyn Rule) -> Result<Vec<Scheduled>, String> {
        let text = format!("[schedule]\n[optimizer]\n{optimizer}\n[schedule_for]\n{schedule_for}\n");
        let spec = Spec::parse(Path::new("test.toml"), &text, &[]).unwrap();
        let log = Log::default();
        let mut root = Section::root(&spec.table, &log);
        let mut section = root.section("optimizer").unwrap();
        let entry = lookup(optimizer::REGISTRY, "optimizer", &mut section).unwrap();
        let method = (entry.build)(&mut section).unwrap();
        let horizon = Horizon { total_steps: 10, steps_per_epoch: 5 };
        let context = Context::new(horizon, 0.1, &[]);
        let scheduled = Follower { group: BASE, method: &*method, rule: Some(rule), context }.read(&mut root);
        log.finish(&spec.texts).map_err(|found| found.to_string())?;
        Ok(scheduled.unwrap())
    }

    #[test]
    fn the_rule_of_the_rate_may_set_the_momentum() {
        let rule = Cycle(0.95, 0.85);
        let at_half = |optimizer: &str| {
            let scheduled = read(optimizer, "", &rule).unwrap();
            let clock = Clock { step: 5, total_steps: 10, steps_per_epoch: 5 };
            scheduled.iter().map(|it| (it.hyper.name, it.value(clock, &rule))).collect::<Vec<_>>()
        };
        assert_eq!(at_half("type = \"sgd\"\nmomentum = 0.5"), [("momentum", 0.95 + (0.85 - 0.95) * 0.5)]);
        assert_eq!(at_half("type = \"adam\""), [("beta1", 0.95 + (0.85 - 0.95) * 0.5)]);
        // Without a momentum there is nothing to set.
        assert_eq!(at_half("type = \"sgd\""), []);
        assert_eq!(at_half("type = \"adagrad\""), []);
    }

    #[test]
    fn a_momentum_has_one_rule_and_is_below_one() {
        let sgd = "type = \"sgd\"\nmomentum = 0.9\nweight_decay = 0.1";
        let found = read(sgd, "momentum = { type = \"constant\" }", &Cycle(0.95, 0.85)).unwrap_err();
        assert!(found.contains("the schedule of lr sets `momentum` already"), "{found}");
        assert!(read(sgd, "weight_decay = { type = \"constant\" }", &Cycle(0.95, 0.85)).is_ok());
        let found = read(sgd, "", &Cycle(0.9, 1.1)).unwrap_err();
        assert!(found.contains("`momentum` is 1 at step 5") && found.contains("[schedule]"), "{found}");
    }

    #[test]
    fn every_step_is_sampled_up_to_a_limit() {
        assert_eq!(samples(0).collect::<Vec<_>>(), [0]);
        assert_eq!(samples(1).collect::<Vec<_>>(), [0]);
        assert!(samples(SAMPLES).eq(0..SAMPLES));
        for steps in [SAMPLES + 1, 1 << 53] {
            let sampled: Vec<u64> = samples(steps).collect();
            assert_eq!((sampled.len() as u64, sampled[0]), (SAMPLES, 0));
            assert_eq!(sampled.last(), Some(&(steps - 1)));
            assert!(sampled.windows(2).all(|pair| pair[0] < pair[1]));
        }
    }
}
