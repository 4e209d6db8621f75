//! The state of a plateau. The golden traces hold the decisions of the frameworks.

use super::*;
use crate::schedule::tests::{HUNDRED_EPOCHS, rule};

#[test]
fn a_damaged_or_foreign_state_changes_nothing() {
    let mut plateau = rule(
        "schedule = { type = \"plateau\", factor = 0.5, patience = \"2 epochs\", cooldown = \"2 epochs\" }",
        HUNDRED_EPOCHS,
    );
    let saved = plateau.save();
    let state = |factor: &str, bad: &str, cooldown: &str, seen: &str| {
        let text = format!(
            r#"{{"rule": "plateau", "factor": {factor}, "seen": {seen}, "bad": {bad}, "cooldown": {cooldown}}}"#
        );
        serde_json::from_str::<serde_json::Value>(&text).unwrap()
    };
    let none = r#"{"best": null, "values": [], "count": 0, "since": 0}"#;
    let one = r#"{"best": 0.25, "values": [0.5], "count": 4, "since": 0}"#;
    for wrong in [
        serde_json::json!(null),
        serde_json::json!([]),
        serde_json::json!({}),
        state("\"0.5\"", "0", "0", none),
        state("1.5", "0", "0", none),
        state("-0.5", "0", "0", none),
        state("0.5", "3", "0", none),
        state("0.5", "0", "3", none),
        state("0.5", "-1", "0", none),
        state("0.5", "0", "0", "null"),
        state("0.5", "0", "0", r#"{"values": [], "count": 0, "since": 0}"#),
        state("0.5", "0", "0", r#"{"best": 1, "values": [], "count": 1, "since": 0}"#),
        state("0.5", "0", "0", r#"{"best": 1, "values": [1, 1], "count": 2, "since": 0}"#),
        state("0.5", "0", "0", r#"{"best": 1, "values": [1], "count": 1, "since": 1}"#),
        state("0.5", "0", "0", r#"{"best": 1, "values": [1], "count": 1, "since": 0, "lr": 1}"#),
        serde_json::json!({ "rule": "greedy", "factor": 0.5, "seen": null, "bad": 0, "cooldown": 0 }),
    ] {
        assert!(plateau.load(&wrong).is_err(), "{wrong}");
        assert_eq!(plateau.save(), saved, "{wrong}");
    }
    for right in [state("0.125", "2", "2", none), state("0.125", "2", "2", one)] {
        plateau.load(&right).unwrap();
        assert_eq!(plateau.save(), serde_json::json!(State::deserialize(&right).unwrap()));
    }
}
