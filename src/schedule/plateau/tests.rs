//! Where plateau differs from PyTorch on purpose, and its state. The frameworks' own decisions are in the golden traces.

use super::*;

/// PyTorch's `is_better` (torch 2.11, `ReduceLROnPlateau`, mode "min", threshold mode "rel").
fn pytorch(value: f64, best: f64, threshold: f64) -> bool {
    value < best * (1.0 - threshold)
}

#[test]
fn a_negative_metric_that_gets_worse_does_not_count_as_improving_as_it_does_in_pytorch() {
    let ours = Improvement { mode: Mode::Min, threshold: 0.1, threshold_mode: ThresholdMode::Rel };
    // From -1 to -0.95 is worse, and from -1 to -1.05 not better by a tenth. PyTorch's bar is at -0.9.
    for (value, in_pytorch, here) in [(-0.95, true, false), (-1.05, true, false), (-1.15, true, true)] {
        assert_eq!(pytorch(value, -1.0, 0.1), in_pytorch, "{value}");
        assert_eq!(ours.is_better(value, -1.0), here, "{value}");
    }
    let ours = Improvement { mode: Mode::Max, ..ours };
    assert!(!ours.is_better(-1.05, -1.0) && !ours.is_better(-0.95, -1.0) && ours.is_better(-0.85, -1.0));
}

#[test]
fn above_zero_the_bar_is_pytorchs_to_the_bit() {
    let ours = Improvement { mode: Mode::Min, threshold: 0.0152, threshold_mode: ThresholdMode::Rel };
    let mut random = crate::random::Stream::new(1, "plateau", 0);
    for _ in 0..10_000 {
        let best = random.uniform();
        let bar = best * (1.0 - 0.0152);
        for value in [bar.next_down(), bar, bar.next_up()] {
            assert_eq!(ours.is_better(value, best), pytorch(value, best, 0.0152), "{value} {best}");
        }
    }
}

#[test]
fn a_state_that_is_foreign_or_cut_off_changes_nothing() {
    let state = State { factor: 0.5, best: Some(0.25), bad: 1, cooldown: 0 };
    let config = Config {
        monitor: "val_loss".into(),
        improvement: Improvement { mode: Mode::Min, threshold: 0.0, threshold_mode: ThresholdMode::Abs },
        factor: 0.5,
        bad_needed: 3,
        cooldown: 2,
        cooldown_rule: CooldownRule::All,
        min_lr: 0.0,
        eps: 0.0,
        base_lr: 0.1,
    };
    let mut plateau = Plateau { config, state };
    let saved = plateau.save();
    for wrong in [
        "null",
        "[]",
        "{}",
        r#"{"factor": 0.5, "bad": 0, "cooldown": 0}"#,
        r#"{"factor": 0.5, "best": null, "bad": 0}"#,
        r#"{"factor": 0.5, "best": null, "bad": 0, "cooldown": 0, "lr": 1}"#,
        r#"{"factor": "0.5", "best": null, "bad": 0, "cooldown": 0}"#,
        r#"{"factor": 1.5, "best": null, "bad": 0, "cooldown": 0}"#,
        r#"{"factor": 0.5, "best": null, "bad": 3, "cooldown": 0}"#,
        r#"{"factor": 0.5, "best": null, "bad": 0, "cooldown": 3}"#,
        r#"{"factor": 0.5, "best": null, "bad": -1, "cooldown": 0}"#,
    ] {
        let wrong: serde_json::Value = serde_json::from_str(wrong).unwrap();
        assert!(plateau.load(&wrong).is_err(), "{wrong}");
        assert_eq!(plateau.save(), saved, "{wrong}");
    }
    let other = serde_json::json!({ "factor": 0.125, "best": null, "bad": 2, "cooldown": 2 });
    plateau.load(&other).unwrap();
    assert_eq!(plateau.save(), other);
}
