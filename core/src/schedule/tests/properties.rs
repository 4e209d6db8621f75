//! Properties of every rule and of every nesting of rules.

use proptest::prelude::*;

use super::any::{any_leaf, any_rule};
use super::{metric, read, rule, run, table};
use crate::schedule::{REGISTRY, Rule};
use crate::spec::{Duration, Horizon};

const LONG: Horizon = Horizon { total_steps: 640, steps_per_epoch: 10 };

/// Returns the rule with these keys of an inline table.
fn inline(table: &str) -> Box<dyn Rule> {
    rule(&format!("schedule = {{ {table} }}"), LONG)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_factor_is_finite_and_not_below_0(epochs in 10..60u64, steps_per_epoch in 2..40u64, extra in 0..10u64) {
        let horizon = Horizon { total_steps: epochs * steps_per_epoch + extra, steps_per_epoch };
        for entry in REGISTRY {
            let Some(mut rule) = read(&table(entry.example), horizon).rule else {
                // For some rules, milestones and cycles longer than a short run are errors.
                continue;
            };
            run(&mut *rule, 0, horizon.total_steps + 100, horizon, &metric(epochs));
        }
    }

    #[test]
    fn a_resumed_run_gives_the_same_bits(table in any_rule(), cut in 0..640u64, seed in 0..9u64) {
        let mut whole = inline(&table);
        let metric = metric(seed);
        let mut expected = run(&mut *whole, 0, cut, LONG, &metric);
        let saved = serde_json::to_string(&whole.save()).unwrap();
        expected.extend(run(&mut *whole, cut, 640, LONG, &metric));

        let mut first = inline(&table);
        let mut factors = run(&mut *first, 0, cut, LONG, &metric);
        let mut second = inline(&table);
        second.load(&serde_json::from_str(&saved).unwrap()).unwrap();
        factors.extend(run(&mut *second, cut, 640, LONG, &metric));
        prop_assert_eq!(factors, expected);
        prop_assert_eq!(second.save(), whole.save());
    }

    #[test]
    fn a_sequence_or_product_of_one_part_is_that_part(table in any_rule(), seed in 0..9u64) {
        let mut alone = inline(&table);
        let mut sequence = rule(&format!("schedule = [{{ {table} }}]"), LONG);
        let mut product = inline(&format!("type = \"product\", parts = [{{ {table} }}]"));
        let metric = metric(seed);
        let factors = |rule: &mut dyn Rule| run(rule, 0, 640, LONG, &metric);
        let expected = factors(&mut *alone);
        prop_assert_eq!(factors(&mut *sequence), expected.clone());
        prop_assert_eq!(factors(&mut *product), expected);
        prop_assert_eq!(sequence.describe(), alone.describe());
        prop_assert_eq!(sequence.is_metric_driven(), alone.is_metric_driven());
    }

    #[test]
    fn a_product_commutes(a in any_rule(), b in any_rule(), seed in 0..9u64) {
        let metric = metric(seed);
        let factors = |a: &str, b: &str| {
            let mut product = inline(&format!("type = \"product\", parts = [{{ {a} }}, {{ {b} }}]"));
            run(&mut *product, 0, 640, LONG, &metric)
        };
        prop_assert_eq!(factors(&a, &b), factors(&b, &a));
    }

    #[test]
    fn floor_and_ceiling_hold(table in any_leaf(), floor in 0.0..0.5, span in 0.0..0.5, seed in 0..9u64) {
        let (ceiling, metric) = (floor + span, metric(seed));
        let mut rule = inline(&format!("{table}, warmup = \"10%\", floor = {floor:?}, ceiling = {ceiling:?}"));
        for bits in run(&mut *rule, 0, 700, LONG, &metric) {
            prop_assert!((floor..=ceiling).contains(&f64::from_bits(bits)));
        }
    }

    #[test]
    fn a_warm_up_equals_a_line_before_the_rule(table in any_leaf(), start in 0.0..1.0, seed in 0..9u64) {
        let warmup = format!("warmup = {{ for = \"64 steps\", start = {start:?}, reach = \"after\", clock = \"after\", to = \"base\", tick = \"step\" }}");
        let mut warmed = inline(&format!("{table}, {warmup}"));
        let line = format!("type = \"linear\", start = {start:?}, end = 1, for = \"64 steps\"");
        let mut sequence = rule(&format!("schedule = [{{ {line} }}, {{ {table} }}]"), LONG);
        let metric = metric(seed);
        prop_assert_eq!(run(&mut *warmed, 0, 700, LONG, &metric), run(&mut *sequence, 0, 700, LONG, &metric));
    }

    #[test]
    fn a_damaged_or_foreign_state_changes_nothing(table in any_rule(), other in any_rule(), seed in 0..9u64) {
        let mut rule = inline(&table);
        run(&mut *rule, 0, 320, LONG, &metric(seed));
        let saved = rule.save();
        let text = saved.to_string();
        for end in 0..text.len() {
            if let Ok(cut) = serde_json::from_str::<serde_json::Value>(&text[..end]) {
                prop_assert!(rule.load(&cut).is_err() || cut == saved, "{}", cut);
            }
        }
        for wrong in without_a_piece(&saved) {
            prop_assert!(rule.load(&wrong).is_err(), "{}", wrong);
            prop_assert_eq!(rule.save(), saved.clone());
        }
        let mut foreign = inline(&other);
        let before = foreign.save();
        if shape(&before) != shape(&saved) {
            prop_assert!(foreign.load(&saved).is_err(), "{} into {}", saved, before);
            prop_assert_eq!(foreign.save(), before);
        }
    }
}

/// Returns the example of a rule with one duration at its top level set to LENGTH, for each of them.
fn with_each_length(example: &str) -> Vec<String> {
    let mut keys: toml::Table = example.parse().unwrap();
    keys.remove("warmup");
    let with_length = |key: &str, length: toml::Value| {
        let mut keys = keys.clone();
        keys.insert(key.to_owned(), length);
        let keys: Vec<String> = keys.iter().map(|(key, value)| format!("{key} = {value}")).collect();
        keys.join(", ").replace("\"LENGTH\"", "LENGTH")
    };
    let is_duration = |value: &toml::Value| value.as_str().is_some_and(|text| Duration::parse(text).is_some());
    // The resolved example also has the keys that the example leaves at their defaults.
    let resolved: toml::Table = read(&table(example), LONG).resolved.parse().unwrap();
    let mut texts = Vec::new();
    for (key, value) in resolved["schedule"].as_table().unwrap() {
        if is_duration(value) {
            texts.push(with_length(key, "LENGTH".into()));
        }
        if let Some(items) = value.as_array().filter(|items| items.first().is_some_and(is_duration)) {
            let mut items = items.clone();
            items[0] = "LENGTH".into();
            texts.push(with_length(key, items.into()));
        }
    }
    texts
}

#[test]
fn a_percentage_is_of_the_whole_with_a_warm_up_and_without() {
    // Two optional keys, which no resolved example has.
    let optional = ["type = \"cosine_restarts\", period = LENGTH", "type = \"wsd\", decay = \"20%\", stable = LENGTH"];
    let time_based = |example: &&str| !rule(&table(example), LONG).is_metric_driven();
    let examples = REGISTRY.iter().map(|entry| entry.example).filter(time_based).flat_map(with_each_length);
    let tested: Vec<String> = examples.chain(optional.map(str::to_owned)).collect();
    assert!(tested.len() >= 18, "{tested:?}");
    for keys in tested {
        for (percent, steps) in [("", ""), (", warmup = \"20%\"", ", warmup = \"128 steps\"")] {
            let metric = metric(1);
            let factors = |keys: String| run(&mut *inline(&keys), 0, 640, LONG, &metric);
            let in_percent = factors(keys.replace("LENGTH", "\"50%\"") + percent);
            assert_eq!(in_percent, factors(keys.replace("LENGTH", "\"320 steps\"") + steps), "{keys}{percent}");
        }
    }
}

/// Returns `state` without one key or one element, for each of them.
fn without_a_piece(state: &serde_json::Value) -> Vec<serde_json::Value> {
    use serde_json::Value;
    match state {
        Value::Object(map) => map
            .iter()
            .flat_map(|(key, value)| {
                let mut less = map.clone();
                less.shift_remove(key);
                let deeper = without_a_piece(value).into_iter().map(move |value| {
                    let mut changed = map.clone();
                    changed.insert(key.clone(), value);
                    Value::Object(changed)
                });
                deeper.chain([Value::Object(less)])
            })
            .collect(),
        Value::Array(items) => (0..items.len())
            .flat_map(|at| {
                let mut less = items.clone();
                less.remove(at);
                let deeper = without_a_piece(&items[at]).into_iter().map(move |value| {
                    let mut changed = items.clone();
                    changed[at] = value;
                    Value::Array(changed)
                });
                deeper.chain([Value::Array(less)])
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// Returns the names of the rules that have a state, nested as they are.
fn shape(state: &serde_json::Value) -> String {
    match (state.get("rule"), state.get("parts").and_then(|parts| parts.as_array())) {
        (Some(name), Some(parts)) => format!("{name}{:?}", parts.iter().map(shape).collect::<Vec<_>>()),
        (Some(name), None) => name.to_string(),
        _ => "none".to_owned(),
    }
}
