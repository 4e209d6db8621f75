//! The meaning of sequences.

use super::*;
use crate::schedule::tests::{HUNDRED_EPOCHS, error, rule};

fn clock(step: u64) -> Clock {
    Clock { step, total_steps: 1000, steps_per_epoch: 10 }
}

fn factors<const N: usize>(rule: &dyn Rule, steps: [u64; N]) -> [f64; N] {
    steps.map(|step| rule.factor(clock(step)))
}

/// Lets `rule` observe the evaluation after `epoch`.
fn observe(rule: &mut dyn Rule, epoch: u64, value: f64) -> Option<String> {
    rule.observe(&Observation { epoch, clock: clock(10 * epoch), metric: &|_| Some(value), scale: 1.0 })
}

const PLATEAU: &str = "type = \"plateau\", patience = \"0 epochs\"";

#[test]
fn a_part_sees_the_clock_of_its_phase() {
    let text = "schedule = [{ type = \"linear\", start = 0, end = 1, for = \"10%\" }, { type = \"constant\", factor = 2, \
                for = \"10 epochs\" }, { type = \"linear\", start = 1, end = 0, over = \"50%\" }]";
    let rule = rule(text, HUNDRED_EPOCHS);
    let steps = [0, 50, 99, 100, 199, 200, 400, 600, 999];
    assert_eq!(factors(&*rule, steps), [0.0, 0.5, 0.99, 2.0, 2.0, 1.0, 0.5, 0.0, 0.0]);
    assert_eq!(rule.describe(), "linear from 0 to 1 for 10% → constant ×2 for 10 epochs → linear from 1 to 0 over 50%");
}

#[test]
fn after_a_time_based_part_the_next_starts_from_the_base_by_default() {
    let text = |from: &str| {
        format!(
            "schedule = [{{ type = \"exponential\", factor = 0.5, every = \"10 steps\", for = \"20 steps\" }}, \
             {{ type = \"exponential\", factor = 0.5, every = \"10 steps\"{from} }}]"
        )
    };
    let steps = [0, 10, 20, 30];
    assert_eq!(factors(&*rule(&text(""), HUNDRED_EPOCHS), steps), [1.0, 0.5, 1.0, 0.5]);
    let whole = rule(&text(", from = \"current\""), HUNDRED_EPOCHS);
    assert_eq!(factors(&*whole, steps), [1.0, 0.5, 0.25, 0.125]);
}

#[test]
fn after_a_plateau_the_next_part_starts_from_its_factor_by_default() {
    for (from, left) in [("", 0.1), (", from = \"base\"", 1.0)] {
        let text =
            format!("schedule = [{{ {PLATEAU}, for = \"3 epochs\" }}, {{ type = \"constant\", factor = 0.5{from} }}]");
        let mut rule = rule(&text, HUNDRED_EPOCHS);
        assert_eq!(observe(&mut *rule, 1, 1.0), None);
        let reason = observe(&mut *rule, 2, 2.0);
        assert_eq!(reason.as_deref(), Some("val_loss 2 has not improved on 1 for 1 epoch"));
        assert_eq!(factors(&*rule, [20, 30]), [0.1, 0.5 * left]);
    }
}

#[test]
fn an_evaluation_at_a_boundary_belongs_to_the_part_that_trained() {
    let text = format!("schedule = [{{ {PLATEAU}, for = \"2 epochs\" }}, {{ {PLATEAU}, from = \"base\" }}]");
    let mut rule = rule(&text, HUNDRED_EPOCHS);
    observe(&mut *rule, 1, 1.0);
    // The first part drops at its end, which has no effect: the second starts from the base rate.
    assert_eq!(observe(&mut *rule, 2, 2.0), None);
    assert_eq!(factors(&*rule, [19, 20]), [0.1, 1.0]);
    // The first evaluation of the second part is its best so far.
    assert_eq!(observe(&mut *rule, 3, 3.0), None);
    assert!(observe(&mut *rule, 4, 3.0).is_some());
    assert_eq!(factors(&*rule, [19, 40]), [0.1, 0.1]);
}

#[test]
fn min_lr_is_a_learning_rate_also_after_other_parts() {
    // The base rate is 0.1; the first plateau lowers it to 0.01, and the second stops at 0.004.
    let text = format!("schedule = [{{ {PLATEAU}, for = \"2 epochs\" }}, {{ {PLATEAU}, min_lr = 0.004 }}]");
    let mut rule = rule(&text, HUNDRED_EPOCHS);
    for epoch in 1..10 {
        observe(&mut *rule, epoch, 1.0);
    }
    assert!((0.1 * rule.factor(clock(100)) - 0.004).abs() < 1e-15);
}

#[test]
fn a_state_that_does_not_fit_changes_nothing() {
    let text = format!("schedule = [{{ {PLATEAU}, for = \"2 epochs\" }}, {{ type = \"constant\" }}]");
    let mut rule = rule(&text, HUNDRED_EPOCHS);
    observe(&mut *rule, 1, 0.5);
    let saved = rule.save();
    let [mut cut, mut foreign] = [saved.clone(), saved.clone()];
    cut["parts"].as_array_mut().unwrap().pop();
    // The state of the first part could be loaded, that of the second could not.
    foreign["parts"][0]["factor"] = 0.25.into();
    foreign["parts"][1] = 3.into();
    for wrong in [cut, foreign, serde_json::Value::Null] {
        assert!(rule.load(&wrong).is_err(), "{wrong}");
        assert_eq!(rule.save(), saved);
    }
}

#[test]
fn lengths_that_do_not_fit_are_errors() {
    let wrong = |parts: &str, expected: &str| {
        let message = error(&format!("schedule = [{parts}]"));
        assert!(message.contains(expected), "{message}");
    };
    let constant = "{ type = \"constant\" }";
    let lasting = |length: &str| format!("{{ type = \"constant\", for = \"{length}\" }}");
    wrong(&format!("{constant}, {constant}"), "`schedule.0.for` is missing");
    wrong(&lasting("10%"), "the last part continues to the end");
    wrong(&format!("{}, {constant}", lasting("0 steps")), "`schedule.0.for` is 0 steps long");
    wrong(&format!("{}, {constant}", lasting("100 epochs")), "nothing is left for the last part");
    wrong(&format!("{}, {}, {constant}", lasting("60 epochs"), lasting("60 epochs")), "ends at step 1200 of 1000");
    wrong("{ type = \"constant\", from = \"base\" }", "the first part starts from the base rate");
    wrong("3", "`schedule.0` must be a table, not `3`");
    let message = error("schedule = { type = \"sequence\" }");
    assert!(message.contains("`schedule.parts` is missing"), "{message}");
    // An error in one part does not hide those of another.
    let message = error("schedule = [{ type = \"constant\", factor = -1 }, { type = \"linear\" }]");
    for expected in ["`schedule.0.factor`", "`schedule.0.for`", "`schedule.1.start`", "`schedule.1.end`"] {
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn from_base_starts_at_1_after_any_parts() {
    let text = "schedule = [{ type = \"constant\", factor = 0.5, for = \"10 steps\" }, { type = \"constant\", factor = 0.5, \
                from = \"current\", for = \"10 steps\" }, { type = \"constant\", factor = 0.75 }]";
    assert_eq!(factors(&*rule(text, HUNDRED_EPOCHS), [0, 10, 20]), [0.5, 0.25, 0.75]);
}

#[test]
fn the_evaluation_before_training_is_not_observed() {
    let mut rule = rule(&format!("schedule = {{ {PLATEAU} }}"), HUNDRED_EPOCHS);
    let fresh = rule.save();
    assert_eq!(observe(&mut *rule, 0, 0.5), None);
    assert_eq!(rule.save(), fresh);
}
