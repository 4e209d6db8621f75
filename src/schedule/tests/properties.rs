//! What holds for every rule and every nesting of rules.

use proptest::prelude::*;

use super::any::{any_leaf, any_rule};
use super::{metric, read, rule, run, table};
use crate::schedule::{REGISTRY, Rule};
use crate::spec::Horizon;

const LONG: Horizon = Horizon { total_steps: 640, steps_per_epoch: 10 };

/// The rule of an inline table without its braces.
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
                // Milestones and cycles longer than a short run are errors in some rules, and said so.
                continue;
            };
            run(&mut *rule, 0, horizon.total_steps + 100, horizon, &metric(epochs));
        }
    }

    #[test]
    fn a_run_that_is_cut_and_goes_on_gives_the_same_bits(table in any_rule(), cut in 0..640u64, seed in 0..9u64) {
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
    fn a_sequence_of_one_and_a_product_of_one_are_that_one(table in any_rule(), seed in 0..9u64) {
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
    fn a_warm_up_is_a_line_before_the_rule(table in any_leaf(), start in 0.0..1.0, seed in 0..9u64) {
        let warmup = format!("warmup = {{ for = \"64 steps\", start = {start:?}, reach = \"after\", clock = \"after\", to = \"base\", tick = \"step\" }}");
        let mut warmed = inline(&format!("{table}, {warmup}"));
        let line = format!("type = \"linear\", start = {start:?}, end = 1, for = \"64 steps\"");
        let mut sequence = rule(&format!("schedule = [{{ {line} }}, {{ {table} }}]"), LONG);
        let metric = metric(seed);
        prop_assert_eq!(run(&mut *warmed, 0, 700, LONG, &metric), run(&mut *sequence, 0, 700, LONG, &metric));
    }

    #[test]
    fn a_state_that_is_cut_off_or_foreign_changes_nothing(table in any_rule(), other in any_rule(), seed in 0..9u64) {
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

#[test]
fn a_percentage_is_of_the_whole_with_a_warm_up_and_without() {
    for keys in [
        "type = \"step\", every = LENGTH",
        "type = \"multistep\", milestones = [LENGTH]",
        "type = \"piecewise\", boundaries = [LENGTH], values = [1, 0.5]",
        "type = \"linear\", start = 1, end = 0, over = LENGTH",
        "type = \"exponential\", factor = 0.5, every = LENGTH",
        "type = \"inverse_time\", rate = 0.5, every = LENGTH",
        "type = \"inverse_sqrt\", timescale = LENGTH",
        "type = \"polynomial\", over = LENGTH",
        "type = \"cosine\", over = LENGTH",
        "type = \"cosine_restarts\", period = LENGTH",
        "type = \"cyclic\", low = 0, up = LENGTH",
        "type = \"one_cycle\", over = LENGTH",
        "type = \"noam\", peak = LENGTH",
        "type = \"wsd\", decay = LENGTH",
        "type = \"tanh\", over = LENGTH",
        "type = \"rex\", over = LENGTH",
    ] {
        for (percent, steps) in [("", ""), (", warmup = \"20%\"", ", warmup = \"128 steps\"")] {
            let metric = metric(1);
            let factors = |keys: String| run(&mut *inline(&keys), 0, 640, LONG, &metric);
            let in_percent = factors(keys.replace("LENGTH", "\"50%\"") + percent);
            assert_eq!(in_percent, factors(keys.replace("LENGTH", "\"320 steps\"") + steps), "{keys}{percent}");
        }
    }
}

/// `state` with one key or one element less, in every way.
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

/// Which rules have a state, and how they are nested.
fn shape(state: &serde_json::Value) -> String {
    match (state.get("rule"), state.get("parts").and_then(|parts| parts.as_array())) {
        (Some(name), Some(parts)) => format!("{name}{:?}", parts.iter().map(shape).collect::<Vec<_>>()),
        (Some(name), None) => name.to_string(),
        _ => "none".to_owned(),
    }
}
