//! Tests that hold for every rule, as loops over the registry, and tests of the messages about schedules.

mod any;
mod messages;
mod properties;

use std::path::Path;

use super::{Clock, Context, MODULES, Observation, REGISTRY, Rule, build};
use crate::metric::{Metric, Part, PartMetric};
use crate::spec::{Horizon, Log, Section, Spec};

const METRICS: [PartMetric; 4] = [
    Part::Val.of(Metric::LOSS),
    Part::Val.of(Metric::ACCURACY),
    Part::Train.of(Metric::LOSS),
    Part::Train.of(Metric::ACCURACY),
];
pub const HUNDRED_EPOCHS: Horizon = Horizon { total_steps: 1000, steps_per_epoch: 10 };

/// The result of reading a spec.
struct Read {
    /// `None` when errors were logged.
    rule: Option<Box<dyn Rule>>,
    resolved: String,
    /// The text that a person sees: warnings, or `Err` with the errors.
    found: Result<String, String>,
}

fn read(text: &str, horizon: Horizon) -> Read {
    let spec = Spec::parse(Path::new("test.toml"), text, &[]).unwrap_or_else(|found| panic!("{found}\n{text}"));
    let log = Log::default();
    let mut root = Section::root(&spec.table, &log);
    let rule = build(&mut root, "schedule", &Context::new(horizon, 0.1, &METRICS));
    let resolved = toml::to_string(&root.finish()).unwrap();
    let shown = |found: crate::spec::Findings| found.to_string();
    Read { rule, resolved, found: log.finish(&spec.texts).map(shown).map_err(shown) }
}

pub fn rule(text: &str, horizon: Horizon) -> Box<dyn Rule> {
    let Read { rule, found, .. } = read(text, horizon);
    assert!(found.is_ok(), "{}", found.unwrap_err());
    rule.unwrap()
}

pub fn error(text: &str) -> String {
    let Read { rule, found, .. } = read(text, HUNDRED_EPOCHS);
    assert!(rule.is_none() || found.is_err());
    found.expect_err(text)
}

/// Returns the bits of the factors of the steps `from` to `to` of a run that is evaluated after each epoch. `metric`
/// returns the value of the metric after an epoch.
fn run(rule: &mut dyn Rule, from: u64, to: u64, horizon: Horizon, metric: &dyn Fn(u64) -> f64) -> Vec<u64> {
    let Horizon { total_steps, steps_per_epoch } = horizon;
    let clock = |step| Clock { step, total_steps, steps_per_epoch };
    let mut factors = Vec::new();
    for step in from..to {
        let factor = rule.factor(clock(step));
        assert!(factor.is_finite() && factor >= 0.0, "factor {factor} at step {step} of {horizon:?}: {rule:?}");
        factors.push(factor.to_bits());
        if (step + 1) % steps_per_epoch == 0 {
            let epoch = (step + 1) / steps_per_epoch;
            let value = |_: PartMetric| Some(metric(epoch));
            let before = rule.factor(clock(step + 1));
            let reason = rule.observe(&Observation { epoch, clock: clock(step + 1), metric: &value, scale: 1.0 });
            let changed = rule.factor(clock(step + 1)) != before;
            assert_eq!(reason.is_some(), changed, "step {step}: {reason:?}");
        }
    }
    factors
}

/// Returns a metric that falls, with noise, and that is sometimes NaN.
fn metric(seed: u64) -> impl Fn(u64) -> f64 {
    move |epoch| match crate::random::Stream::new(seed, "metric", epoch).uniform() {
        noise if noise < 0.05 => f64::NAN,
        noise => 1.0 / (1.0 + 0.1 * epoch as f64) + 0.3 * noise,
    }
}

/// Returns a spec with the table of a registry example.
fn table(entry_example: &str) -> String {
    format!("[schedule]\n{entry_example}\n")
}

#[test]
fn names_are_unique_and_sorted() {
    assert!(REGISTRY.windows(2).all(|pair| pair[0].name < pair[1].name));
}

#[test]
fn the_name_of_each_is_that_of_its_module() {
    for (entry, module) in REGISTRY.iter().zip(MODULES) {
        assert_eq!(entry.name, *module);
    }
}

#[test]
fn each_builds_from_its_example() {
    for entry in REGISTRY {
        let Read { rule, found, .. } = read(&table(entry.example), HUNDRED_EPOCHS);
        assert_eq!(found, Ok(String::new()), "{}", entry.name);
        let description = rule.unwrap().describe();
        assert!((1..100).contains(&description.chars().count()), "{}: {description}", entry.name);
    }
}

#[test]
fn each_refuses_an_unknown_key_and_shows_its_place() {
    for entry in REGISTRY {
        let message = error(&table(&format!("{}\nfactr = 0.3", entry.example)));
        assert!(message.contains("unknown key `schedule.factr`"), "{message}");
        assert!(message.contains("factr = 0.3") && message.contains("^^^^^"), "{message}");
    }
}

#[test]
fn the_resolved_schedule_gives_the_same_rule() {
    let arrays = "schedule = [{ type = \"linear\", start = 0.1, end = 1, for = \"10%\" }, { type = \"plateau\", \
                  convention = \"keras\", for = \"50 epochs\" }, { type = \"step\", every = \"5 epochs\" }]";
    let texts = REGISTRY.iter().map(|entry| table(entry.example)).chain([arrays.into(), String::new()]);
    for text in texts {
        let first = read(&text, HUNDRED_EPOCHS);
        let again = read(&first.resolved, HUNDRED_EPOCHS);
        assert_eq!(again.found, first.found);
        assert_eq!(again.resolved, first.resolved);
        assert_eq!(format!("{:?}", again.rule), format!("{:?}", first.rule));
    }
}
