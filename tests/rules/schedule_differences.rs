//! Rules that differ from a framework on purpose. The name of each test says what the framework does. The test checks
//! the framework's value, recorded in `tests/golden/schedule_differences.json`, and ours for the same schedule.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::schedules::Task;
use serde::Deserialize;

/// The values of a framework for `task`.
#[derive(Deserialize)]
struct Difference {
    #[serde(flatten)]
    task: Task,
    /// The rates up to `error`. NaN is null.
    theirs: Vec<Option<f64>>,
    error: Option<String>,
}

fn recorded() -> BTreeMap<String, Difference> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/schedule_differences.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn of(name: &str) -> Difference {
    recorded().remove(name).unwrap_or_else(|| panic!("{name} is not recorded"))
}

/// Panics unless `value` is `expected`, up to rounding in f64.
#[track_caller]
fn is(whose: &str, tick: usize, value: f64, expected: f64) {
    let near = (value - expected).abs() <= 1e-12 * expected.abs() + 1e-15;
    assert!(near, "{whose}, tick {tick}: {value}, not {expected}");
}

impl Difference {
    /// Returns our rates for the complete run, or for as many ticks as were recorded.
    fn ours(&self) -> Vec<f64> {
        let run = if self.task.unit == "epoch" { self.task.epochs() } else { self.task.total_steps as usize };
        let ticks = run.max(self.theirs.len());
        self.task.computed(self.task.base_lr, None, ticks).unwrap_or_else(|error| panic!("{error}")).lr
    }

    /// Checks both values at `tick`.
    #[track_caller]
    fn shows(&self, tick: usize, theirs: f64, ours: f64) {
        is("theirs", tick, self.theirs[tick].unwrap_or(f64::NAN), theirs);
        is("ours", tick, self.ours()[tick], ours);
    }

    /// Checks that the framework fails after `ticks`, and our values from there on.
    #[track_caller]
    fn fails(&self, ticks: usize, error: &str, ours: &[f64]) {
        assert_eq!((self.theirs.len(), self.error.as_deref()), (ticks, Some(error)));
        let computed = self.ours();
        for (tick, expected) in ours.iter().enumerate().map(|(index, rate)| (ticks + index, *rate)) {
            is("ours", tick, computed[tick], expected);
        }
    }

    /// Returns the reason why we refuse the spec.
    fn refusal(&self) -> String {
        self.task.read(&self.task.spec, self.task.base_lr, None).map(|(rule, _)| rule.describe()).unwrap_err()
    }
}

/// Returns ½(1 + cos πx).
fn half_cosine(x: f64) -> f64 {
    0.5 * (1.0 + (std::f64::consts::PI * x).cos())
}

#[test]
fn torch_sequence_in_a_sequence_fails_at_the_milestone() {
    of("torch_sequence_in_sequence").fails(4, "NotImplementedError", &[0.1, 0.1, 0.1, 0.1, 0.1, 0.05, 0.05, 0.025]);
}

#[test]
fn torch_chained_scheduler_in_a_sequence_fails_at_the_milestone() {
    of("torch_chained_in_sequence").fails(4, "NotImplementedError", &[0.1, 0.09, 0.0405, 0.03645]);
}

#[test]
fn torch_sequence_first_in_a_sequence_is_a_tick_early() {
    let it = of("torch_sequence_first_in_sequence");
    it.shows(2, 0.0625, 0.0625);
    it.shows(3, 0.1, 0.08125);
    it.shows(6, 0.05, 0.1);
    it.shows(7, 0.05, 0.05);
}

#[test]
fn torch_chained_scheduler_first_in_a_sequence_is_decayed_at_the_start() {
    let it = of("torch_chained_first_in_sequence");
    it.shows(0, 0.45, 0.5);
    it.shows(4, 0.5 * 0.9_f64.powi(5), 0.5 * 0.9_f64.powi(4));
}

#[test]
fn torch_one_cycle_in_a_sequence_changes_the_rate_of_the_part_before_it() {
    let it = of("torch_one_cycle_in_sequence");
    it.shows(0, 0.4 / 25.0 * 0.5, 0.1 * 0.5);
    it.shows(5, 0.4 / 25.0, 0.4 / 25.0);
}

#[test]
fn torch_plateau_in_a_sequence_is_refused() {
    // Five epochs at half the rate, then a plateau from the base rate, which drops after its second evaluation.
    of("torch_plateau_in_sequence").fails(0, "ValueError", &[0.05, 0.05, 0.05, 0.05, 0.05, 0.1, 0.1, 0.01]);
}

#[test]
fn torch_milestone_at_zero_gives_the_product_of_both_parts() {
    let it = of("torch_milestone_zero");
    is("theirs", 0, it.theirs[0].unwrap(), 0.1 * 0.5);
    is("theirs", 1, it.theirs[1].unwrap(), 0.1 * 0.5 * 0.25);
    let refusal = it.refusal();
    assert!(refusal.contains("is 0 steps long"), "{refusal}");
}

#[test]
fn torch_constant_of_zero_divides_by_zero() {
    of("torch_constant_of_zero").fails(3, "ZeroDivisionError", &[0.1, 0.1]);
}

#[test]
fn torch_resumed_by_last_epoch_decays_twice() {
    of("torch_resumed_by_last_epoch").shows(5, 0.01, 0.1);
}

#[test]
fn torch_resumed_without_the_optimizer_continues_from_the_wrong_rate() {
    let it = of("torch_resumed_without_optimizer");
    it.shows(3, 1.0, 0.125);
    it.shows(5, 0.25, 0.03125);
}

#[test]
fn here_a_loaded_state_gives_the_same_bits() {
    // Every recorded schedule, resumed at every tick.
    for (name, it) in recorded() {
        let Task { spec, base_lr, .. } = &it.task;
        let Ok((mut whole, _)) = it.task.read(spec, *base_lr, None) else { continue };
        for tick in 0..it.theirs.len() as u64 {
            let (mut resumed, _) = it.task.read(spec, *base_lr, None).unwrap();
            resumed.load(&whole.save()).unwrap();
            it.task.observe(&mut *whole, tick);
            it.task.observe(&mut *resumed, tick);
            for step in it.task.steps_of(tick + 1) {
                let clock = it.task.clock(step);
                assert_eq!(resumed.factor(clock).to_bits(), whole.factor(clock).to_bits(), "{name}, step {step}");
            }
        }
    }
}

#[test]
fn torch_warm_restarts_by_epoch_miss_a_restart_by_a_logarithm() {
    let it = of("torch_restarts_by_epoch");
    it.shows(40, 0.1, 0.1);
    it.shows(121, 0.001, 0.1);
}

#[test]
fn torch_warm_restarts_by_last_epoch_do_not_know_the_length_of_the_cycle() {
    of("torch_restarts_by_last_epoch").shows(20, 1.0, half_cosine(0.25));
}

#[test]
fn torch_one_cycle_rises_again_on_an_extra_tick() {
    let it = of("torch_one_cycle_extra_tick");
    it.shows(19, 0.1 / 25.0 / 1e4, 0.1 / 25.0 / 1e4);
    it.shows(20, 0.0012539993764912555, 0.1 / 25.0 / 1e4);
    assert_eq!((it.theirs.len(), it.error.as_deref()), (21, Some("ValueError")));
}

#[test]
fn torch_one_cycle_gives_all_groups_the_same_rate() {
    let it = of("torch_one_cycle_levels_groups");
    it.shows(0, 0.004, 0.0004);
    it.shows(5, 0.1, 0.01);
}

#[test]
fn torch_chained_scheduler_with_eta_min_is_not_the_product() {
    let product = (0.1 + 0.9 * half_cosine(0.4)) * 0.9_f64.powi(4);
    of("torch_chained_with_eta_min").shows(4, 0.4583085822889902, product);
}

#[test]
fn torch_eta_min_raises_a_group_whose_rate_is_below_it() {
    of("torch_eta_min_above_a_group").shows(10, 0.2, 0.02);
}

#[test]
fn torch_plateau_counts_a_worse_negative_metric_as_an_improvement() {
    let it = of("torch_plateau_of_negative_metric");
    it.shows(3, 0.1, 0.1);
    it.shows(4, 0.1, 0.05);
    it.shows(12, 0.1, 0.0125);
}

#[test]
fn keras_plateau_that_starts_with_nan_lowers_the_rate_although_the_metric_improves() {
    let it = of("keras_plateau_after_nan");
    it.shows(3, 0.05, 0.1);
    it.shows(12, 0.003125, 0.1);
}

#[test]
fn keras_restarts_in_f32_miss_a_restart_by_a_logarithm() {
    of("keras_restarts_in_f32").shows(25, 0.0, 0.1);
}

#[test]
fn optax_plateau_without_patience_lowers_the_rate_on_improvement_and_only_then() {
    let it = of("optax_plateau_of_no_patience");
    // Better, better, better, worse, worse, better, worse.
    for (tick, (theirs, ours)) in [(1, 0), (2, 0), (3, 0), (3, 1), (3, 2), (4, 2), (4, 3)].into_iter().enumerate() {
        it.shows(tick + 1, 0.1 * 0.5_f64.powi(theirs), 0.1 * 0.5_f64.powi(ours));
    }
}

#[test]
fn optax_polynomial_compiled_is_nan_after_its_end() {
    let it = of("optax_polynomial_compiled");
    assert_eq!(it.theirs[20..], [None; 4]);
    is("ours", 20, it.ours()[20], 0.2);
    is("ours", 23, it.ours()[23], 0.2);
}

#[test]
fn timm_restarts_miss_a_restart_by_a_logarithm() {
    of("timm_restarts_by_logarithm").shows(121, 0.001, 0.1);
}

#[test]
fn timm_tanh_starts_at_the_base_rate_instead_of_the_curve() {
    of("timm_tanh_starts_at_base").shows(0, 0.1, 0.1 * 0.5 * (1.0 + 2.0_f64.tanh()));
}

#[test]
fn transformers_polynomial_ends_at_another_rate_for_another_group() {
    of("transformers_polynomial_end_of_a_group").shows(11, 0.0001, 0.001);
}

#[test]
fn transformers_greedy_never_lowers_a_rate_below_its_min_lr() {
    let it = of("transformers_greedy_below_min_lr");
    it.shows(3, 5e-5, 2.5e-5);
    it.shows(11, 5e-5, 5e-5 * 0.5_f64.powi(5));
}

#[test]
fn pytorch_optimizer_rex_makes_the_first_update_at_its_end() {
    of("pytorch_optimizer_rex_starts_at_the_end").shows(0, 0.0, 0.1);
}

#[test]
fn every_recorded_difference_has_a_test() {
    let tests = include_str!("schedule_differences.rs");
    for name in recorded().keys() {
        assert!(tests.contains(&format!("of(\"{name}\")")), "no test is about {name}");
    }
}
