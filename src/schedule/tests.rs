//! What every rule must do, by looping over the registry; and what reading a schedule says.

use std::path::Path;

use proptest::prelude::*;

use super::{Clock, Context, Observation, REGISTRY, Rule, build};
use crate::spec::{Horizon, Log, Section, Spec};

const METRICS: [&str; 4] = ["val_loss", "val_accuracy", "train_loss", "train_accuracy"];
pub const HUNDRED_EPOCHS: Horizon = Horizon { total_steps: 1000, steps_per_epoch: 10 };

/// What came of a spec: the rule, the resolved spec, and everything that was found.
struct Read {
    rule: Option<Box<dyn Rule>>,
    resolved: String,
    /// `Err` where a person would see an error; the text either way.
    found: Result<String, String>,
}

fn read(text: &str, horizon: Horizon) -> Read {
    let spec = Spec::parse(Path::new("test.toml"), text, &[]).unwrap_or_else(|found| panic!("{found}\n{text}"));
    let log = Log::default();
    let mut root = Section::root(&spec.table, &log);
    let metrics = METRICS.map(str::to_owned);
    let rule = build(&mut root, "schedule", &Context { horizon, base_lr: 0.1, metrics: &metrics });
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

/// The steps from `from` on of a run that is evaluated after each epoch, by the bits of their factors. What an
/// evaluation shows is a function of its epoch.
fn run(rule: &mut dyn Rule, from: u64, to: u64, horizon: Horizon, metric: &dyn Fn(u64) -> f64) -> Vec<u64> {
    let Horizon { total_steps, steps_per_epoch } = horizon;
    let clock = |step| Clock { step, total_steps, steps_per_epoch };
    let mut factors = Vec::new();
    for step in from..to {
        let factor = rule.factor(clock(step));
        assert!(factor.is_finite() && factor > 0.0, "factor {factor} at step {step} of {horizon:?}: {rule:?}");
        factors.push(factor.to_bits());
        if (step + 1) % steps_per_epoch == 0 {
            let epoch = (step + 1) / steps_per_epoch;
            let seen = |_: &str| Some(metric(epoch));
            let before = rule.factor(clock(step + 1));
            let reason = rule.observe(&Observation { epoch, clock: clock(step + 1), metric: &seen, scale: 1.0 });
            let changed = rule.factor(clock(step + 1)) != before;
            assert_eq!(reason.is_some(), changed, "step {step}: {reason:?}");
        }
    }
    factors
}

/// A metric that falls, with noise and now and then no number at all.
fn metric(seed: u64) -> impl Fn(u64) -> f64 {
    move |epoch| match crate::random::Stream::new(seed, "metric", epoch).uniform() {
        noise if noise < 0.05 => f64::NAN,
        noise => 1.0 / (1.0 + 0.1 * epoch as f64) + 0.3 * noise,
    }
}

fn table(entry_example: &str) -> String {
    format!("[schedule]\n{entry_example}\n")
}

#[test]
fn names_are_unique_and_sorted() {
    assert!(REGISTRY.windows(2).all(|pair| pair[0].name < pair[1].name));
}

#[test]
fn each_builds_from_its_example() {
    for entry in REGISTRY {
        let Read { rule, found, .. } = read(&table(entry.example), HUNDRED_EPOCHS);
        assert_eq!(found, Ok(String::new()), "{}", entry.name);
        assert!(!rule.unwrap().describe().is_empty());
    }
}

#[test]
fn each_refuses_an_unknown_key_and_shows_where_it_stands() {
    for entry in REGISTRY {
        let message = error(&table(&format!("{}\nfactr = 0.3", entry.example)));
        assert!(message.contains("unknown key `schedule.factr`"), "{message}");
        assert!(message.contains("factr = 0.3") && message.contains("^^^^^"), "{message}");
    }
}

#[test]
fn the_resolved_schedule_read_again_is_the_same() {
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

/// Any rule, sequences of sequences too, as an inline table without its closing brace: a part may follow.
fn any_rule() -> impl Strategy<Value = String> {
    let tick = prop_oneof![Just(""), Just(", tick = \"epoch\"")];
    let leaf = prop_oneof![
        (0.1..2.0).prop_map(|factor: f64| format!("{{ type = \"constant\", factor = {factor:?}")),
        (0.3..1.0, 1..40u64, 1..40u64, tick.clone()).prop_map(|(factor, every, first, tick)| format!(
            "{{ type = \"step\", factor = {factor:?}, every = \"{every} steps\", first = \"{first} steps\"{tick}"
        )),
        (0.01..1.0, 0.01..1.0, tick.clone()).prop_map(|(start, end, tick): (f64, f64, _)| format!(
            "{{ type = \"linear\", start = {start:?}, end = {end:?}{tick}"
        )),
        (0.9..1.0, 1..5u64, any::<bool>(), tick).prop_map(|(factor, every, staircase, tick)| format!(
            "{{ type = \"exponential\", factor = {factor:?}, every = \"{every} steps\", staircase = {staircase}{tick}"
        )),
        (0.1..0.9, 0..3u64, 0..3u64, prop_oneof![Just("torch"), Just("keras")]).prop_map(
            |(factor, patience, cooldown, convention)| format!(
                "{{ type = \"plateau\", factor = {factor:?}, patience = \"{patience} epochs\", \
                 cooldown = \"{cooldown} epochs\", min_lr = 1e-4, convention = \"{convention}\""
            )
        ),
    ];
    leaf.prop_recursive(3, 12, 3, |part| {
        let from = prop_oneof![Just(""), Just(", from = \"base\""), Just(", from = \"current\"")];
        prop::collection::vec((part, 10..=40u64, from), 1..=3).prop_map(|parts| {
            let last = parts.len() - 1;
            let part = |(index, (part, percent, from)): (usize, (String, u64, &str))| {
                let from = if index == 0 { "" } else { from };
                let length = if index == last { String::new() } else { format!(", for = \"{percent}%\"") };
                format!("{part}{length}{from} }}")
            };
            let parts: Vec<String> = parts.into_iter().enumerate().map(part).collect();
            format!("{{ type = \"sequence\", parts = [{}]", parts.join(", "))
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_factor_is_finite_and_above_0(epochs in 10..60u64, steps_per_epoch in 1..40u64, extra in 0..10u64) {
        let horizon = Horizon { total_steps: epochs * steps_per_epoch + extra, steps_per_epoch };
        for entry in REGISTRY {
            let mut rule = rule(&table(entry.example), horizon);
            run(&mut *rule, 0, horizon.total_steps + 100, horizon, &metric(epochs));
        }
    }

    #[test]
    fn a_run_that_is_cut_and_goes_on_gives_the_same_bits(table in any_rule(), cut in 0..640u64, seed in 0..9u64) {
        let horizon = Horizon { total_steps: 640, steps_per_epoch: 10 };
        let text = format!("schedule = {table} }}");
        let mut whole = rule(&text, horizon);
        let metric = metric(seed);
        let mut expected = run(&mut *whole, 0, cut, horizon, &metric);
        let saved = serde_json::to_string(&whole.save()).unwrap();
        expected.extend(run(&mut *whole, cut, 640, horizon, &metric));

        let mut first = rule(&text, horizon);
        let mut factors = run(&mut *first, 0, cut, horizon, &metric);
        let mut second = rule(&text, horizon);
        second.load(&serde_json::from_str(&saved).unwrap()).unwrap();
        factors.extend(run(&mut *second, cut, 640, horizon, &metric));
        prop_assert_eq!(factors, expected);
        prop_assert_eq!(second.save(), whole.save());
    }

    #[test]
    fn a_sequence_of_one_is_that_one(table in any_rule(), seed in 0..9u64) {
        let horizon = Horizon { total_steps: 640, steps_per_epoch: 10 };
        let mut alone = rule(&format!("schedule = {table} }}"), horizon);
        let mut sequence = rule(&format!("schedule = [{table} }}]"), horizon);
        let metric = metric(seed);
        let factors = |rule: &mut dyn Rule| run(rule, 0, 640, horizon, &metric);
        prop_assert_eq!(factors(&mut *sequence), factors(&mut *alone));
        prop_assert_eq!(sequence.describe(), alone.describe());
        prop_assert_eq!(sequence.is_metric_driven(), alone.is_metric_driven());
    }
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let wrong = |table: &str, parts: &[&str]| {
        let message = error(&format!("[schedule]\n{table}\n"));
        for part in parts {
            assert!(message.contains(part), "{part:?} is not in\n{message}");
        }
    };
    wrong("type = \"stepp\"", &["unknown schedule \"stepp\"", "did you mean \"step\"?", "test.toml:2"]);
    wrong("type = \"step\"", &["`schedule.every` is missing", "add `every`: a duration such as"]);
    wrong("type = \"step\"\nevery = 10", &["write \"10 epochs\" or \"10 steps\""]);
    wrong("type = \"step\"\nevery = \"0 epochs\"", &["`schedule.every` comes to 0 steps", "an epoch has 10 steps"]);
    wrong("type = \"step\"\nevery = \"0.01%\"", &["comes to 0 steps", "there are 1000 steps"]);
    wrong("type = \"step\"\nevery = \"1 epochs\"\nfirst = \"0 steps\"", &["`schedule.first` comes to 0 steps"]);
    wrong("type = \"step\"\nevery = \"1 epochs\"\nfactor = 0", &["expected a finite number above 0"]);
    wrong("type = \"step\"\nevery = \"1 steps\"\nfactor = 10", &["grows beyond any number", "factor = 10"]);
    wrong("type = \"constant\"\nfactor = nan", &["expected a finite number above 0"]);
    wrong("type = \"linear\"", &["`schedule.start` is missing", "`schedule.end` is missing"]);
    wrong("type = \"linear\"\nstart = 0\nend = 0", &["a line from 0 to 0 trains nothing"]);
    wrong(
        "type = \"exponential\"\nfactor = 0.5\nevery = \"1 epochs\"\ntick = \"epochs\"",
        &["did you mean \"epoch\"?"],
    );
    wrong("type = \"plateau\"\nmonitor = \"val_los\"", &["no metric \"val_los\"", "did you mean \"val_loss\"?"]);
    wrong("type = \"plateau\"\npatience = \"50 steps\"", &["whole epochs such as \"5 epochs\""]);
    wrong("type = \"plateau\"\nfactor = 1", &["a plateau lowers the learning rate"]);
    wrong("type = \"plateau\"\nthreshold = 1", &["threshold_mode = \"abs\""]);
    let message = error("schedule = \"constant\"");
    assert!(message.contains("write `schedule = { type = \"constant\" }`"), "{message}");
    assert!(error("schedule = 3").contains("`schedule` is a table, not `3`"));
    assert!(error("schedule = []").contains("`schedule` has no parts"));
}

#[test]
fn a_run_without_metrics_has_no_plateau() {
    let spec = Spec::parse(Path::new("test.toml"), "schedule = { type = \"plateau\" }", &[]).unwrap();
    let log = Log::default();
    let mut root = Section::root(&spec.table, &log);
    let rule = build(&mut root, "schedule", &Context { horizon: HUNDRED_EPOCHS, base_lr: 0.1, metrics: &[] });
    assert!(rule.is_none());
    assert!(log.finish(&spec.texts).unwrap_err().to_string().contains("this run has no metric to monitor"));
}

#[test]
fn what_will_not_be_seen_is_a_warning() {
    for (table, warning) in [
        ("type = \"step\"\nevery = \"100 epochs\"", "`schedule.every`: the first drop comes after the last step"),
        ("type = \"step\"\nevery = \"10 epochs\"\nfirst = \"2000 steps\"", "`schedule.first`: the first drop comes"),
        ("type = \"linear\"\nstart = 1\nend = 0\nover = \"101 epochs\"", "`schedule.over`: the line ends after"),
        (
            "type = \"exponential\"\nfactor = 0.5\nevery = \"100 epochs\"\nstaircase = true",
            "`schedule.every`: the first drop comes after the last step",
        ),
        ("type = \"plateau\"\npatience = \"98 epochs\"", "`schedule.patience` is too long for a drop to come"),
    ] {
        let Read { rule, found, .. } = read(&format!("[schedule]\n{table}"), HUNDRED_EPOCHS);
        assert!(rule.is_some());
        let warnings = found.unwrap();
        assert!(warnings.contains(warning), "{warnings}");
    }
    for table in ["type = \"step\"\nevery = \"999 steps\"", "type = \"plateau\"\npatience = \"97 epochs\""] {
        assert_eq!(read(&format!("[schedule]\n{table}"), HUNDRED_EPOCHS).found, Ok(String::new()), "{table}");
    }
}

#[test]
fn descriptions_are_short() {
    for (table, words) in [
        ("type = \"constant\"", "constant"),
        ("type = \"constant\"\nfactor = 0.5", "constant ×0.5"),
        ("type = \"step\"\nevery = \"10 epochs\"", "×0.1 every 10 epochs"),
        ("type = \"step\"\nevery = \"10 epochs\"\nfirst = \"1 epochs\"", "×0.1 at epoch 1, then every 10 epochs"),
        ("type = \"linear\"\nstart = 1\nend = 0.1", "linear from 1 to 0.1"),
        ("type = \"linear\"\nstart = 1\nend = 0.1\nover = \"500 steps\"", "linear from 1 to 0.1 over 500 steps"),
        ("type = \"exponential\"\nfactor = 0.95\nevery = \"1 epochs\"", "exponential, ×0.95 every epoch"),
        ("type = \"plateau\"\npatience = \"5 epochs\"", "plateau on val_loss: ×0.1 after 6 epochs"),
        (
            "type = \"plateau\"\npatience = \"5 epochs\"\nconvention = \"keras\"",
            "plateau on val_loss: ×0.1 after 5 epochs",
        ),
    ] {
        assert_eq!(rule(&format!("[schedule]\n{table}"), HUNDRED_EPOCHS).describe(), words);
    }
}
