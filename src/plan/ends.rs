//! How long a run is, and what ends it earlier: `epochs`, `steps`, `[limit]`, `[target]`, `[early_stop]`,
//! `[on_divergence]`.

use super::Groups;
use crate::choice;
use crate::spec::{Count, Diagnostic, Duration, Horizon, NonNegative, Positive, Section, Unit, WallTime, did_you_mean};
use crate::train::{EarlyStop, Metric, Mode, Monitor, Reduce, Target};

/// How long the run is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Length {
    pub horizon: Horizon,
    /// The key that says so.
    pub key: &'static str,
}

/// Up to here a number of steps is exact in an f64.
const MOST_STEPS: u64 = 1 << 53;

/// Reads `epochs` or `steps`.
pub(super) fn length(root: &mut Section<'_>, steps_per_epoch: u64) -> Option<Length> {
    if root.has("epochs") && root.has("steps") {
        root.mark_known("epochs");
        root.error("steps", "both `epochs` and `steps` are given", "one of them says how long the run is");
        return None;
    }
    let (total_steps, key) = if root.has("steps") {
        let steps: Count = root.required("steps")?;
        (steps.0 as u64, "steps")
    } else {
        let epochs: Positive = root.required("epochs")?;
        root.mark_known("steps");
        (Duration::Epochs(epochs.0).steps(Horizon { total_steps: 0, steps_per_epoch }).max(1), "epochs")
    };
    if total_steps > MOST_STEPS {
        root.error(key, "this is more steps than a run can have", format!("expected at most {MOST_STEPS} steps"));
        return None;
    }
    Some(Length { horizon: Horizon { total_steps, steps_per_epoch }, key })
}

/// Reads `[limit] time`.
pub(super) fn time_limit(root: &mut Section<'_>) -> Option<std::time::Duration> {
    let written = root.has("limit");
    let mut section = root.section("limit")?;
    let time: Option<WallTime> = if written { section.required("time") } else { None };
    section.mark_known("time");
    let resolved = section.finish();
    if written {
        root.put("limit", resolved);
    }
    time.map(|time| std::time::Duration::try_from_secs_f64(time.seconds).unwrap_or(std::time::Duration::MAX))
}

/// The metrics that decisions can use, the one that is watched by default first.
/// With an average of the weights (`ema`) there are those of validation with it.
pub(super) fn metrics(metric: Metric, ema: bool) -> Vec<String> {
    let parts = ["val", "train", "ema"].into_iter().filter(|&part| ema || part != "ema");
    parts.flat_map(|part| [format!("{part}_loss"), format!("{part}_{}", metric.name())]).collect()
}

/// Which way a metric is better.
fn mode_of(metric: &str) -> Mode {
    if metric.ends_with("_accuracy") { Mode::Max } else { Mode::Min }
}

/// Reads `[target]`: `accuracy = 0.97`, or `metric`, `value`, `mode`; and `stop`.
pub(super) fn target(root: &mut Section<'_>, metric: Metric, metrics: &[String]) -> Option<Target> {
    if !root.has("target") {
        root.mark_known("target");
        return None;
    }
    let mut section = root.section("target")?;
    let stop = section.or("stop", true);
    let short = short_target(&mut section, metric);
    let (monitor, value) = match short {
        Some((name, value)) => {
            let metric = format!("val_{name}");
            let mode = mode_of(&metric);
            section.forget(name);
            section.put("metric", metric.as_str());
            section.put("mode", mode.word());
            section.put("value", value);
            for key in ["metric", "value", "mode"] {
                if section.has(key) {
                    section.error(key, format!("both `{name}` and `{key}` are given"), "one target a run");
                }
            }
            (Some(Monitor { metric, mode }), Some(value))
        }
        None => {
            let wrong = ["accuracy", "rmse", "loss"].iter().any(|key| section.has(key));
            if wrong {
                (None, None)
            } else {
                if !section.has("metric") {
                    section.missing("accuracy", "of the validation part, or `rmse`, `loss`, or `metric` and `value`");
                    return None;
                }
                let monitor = monitor(&mut section, "metric", metrics, None);
                let of_accuracy = monitor.as_ref().is_some_and(|it| it.metric.ends_with("_accuracy"));
                let value = match of_accuracy {
                    true => section.required::<Unit>("value").map(|value| value.0),
                    false => section.required::<f64>("value"),
                };
                (monitor, value)
            }
        }
    };
    let resolved = section.finish();
    root.put("target", resolved);
    Some(Target { monitor: monitor?, value: value?, stop })
}

/// `accuracy`, `rmse` or `loss` of the validation part.
fn short_target(section: &mut Section<'_>, metric: Metric) -> Option<(&'static str, f64)> {
    let accuracy = section.optional::<Unit>("accuracy").map(|it| ("accuracy", it.0));
    let rmse = section.optional::<NonNegative>("rmse").map(|it| ("rmse", it.0));
    let loss = section.optional::<f64>("loss").map(|it| ("loss", it));
    for (name, of) in [("accuracy", Metric::Accuracy), ("rmse", Metric::Rmse)] {
        if section.has(name) && of != metric {
            let label = format!("this run has `{}` and `loss`", metric.name());
            section.error(name, format!("a run of this task has no {name}"), label);
        }
    }
    let given: Vec<_> = [accuracy, rmse, loss].into_iter().flatten().collect();
    if let [_, second, ..] = given[..] {
        section.error(second.0, "two targets are given", "one target a run");
    }
    given.first().copied()
}

/// Reads `[early_stop]`: `patience`, `monitor`, `mode`, `min_delta`.
pub(super) fn early_stop(root: &mut Section<'_>, metrics: &[String], horizon: Option<Horizon>) -> Option<EarlyStop> {
    if !root.has("early_stop") {
        root.mark_known("early_stop");
        return None;
    }
    let mut section = root.section("early_stop")?;
    let patience: Option<Duration> = section.required("patience");
    let monitor = monitor(&mut section, "monitor", metrics, Some("val_loss"));
    let min_delta = section.or("min_delta", NonNegative(0.0)).0;
    // There is one evaluation an epoch.
    let evaluations = patience.zip(horizon).map(|(patience, horizon)| {
        let epochs = patience.steps(horizon).div_ceil(horizon.steps_per_epoch);
        if epochs == 0 {
            section.error("patience", "a patience of nothing ends the run at once", "at least \"1 epochs\"");
        }
        epochs
    });
    let resolved = section.finish();
    root.put("early_stop", resolved);
    Some(EarlyStop { monitor: monitor?, patience: evaluations?, min_delta })
}

choice! {
    /// What becomes of a run whose loss is no number any more.
    pub enum Action {
        Stop = "stop",
        Reduce = "reduce",
    }
}

/// Reads `[on_divergence]`: `action`, and with `"reduce"` `factor` and `times`.
pub(super) fn on_divergence(root: &mut Section<'_>, groups: Option<&Groups>) -> Option<Reduce> {
    if !root.has("on_divergence") {
        root.mark_known("on_divergence");
        return None;
    }
    let mut section = root.section("on_divergence")?;
    let action = section.or("action", Action::Stop);
    let reduce = (action == Action::Reduce).then(|| {
        let factor = section.or("factor", Positive(0.1)).0;
        let times = section.or("times", Count(3)).0 as u64;
        if factor >= 1.0 {
            section.error("factor", "rates that do not fall would diverge again", "expected a number below 1");
        }
        Reduce { factor, times }
    });
    let fixed = groups.and_then(|groups| groups.groups[0].method.rates().no_schedule);
    if let (Some(reason), Some(_)) = (fixed, reduce) {
        section.error("action", "this optimizer's rate cannot be reduced", reason);
    }
    let resolved = section.finish();
    root.put("on_divergence", resolved);
    reduce
}

/// Reads a metric's name under `key` and `mode`, which by default is the metric's own.
fn monitor(section: &mut Section<'_>, key: &'static str, known: &[String], default: Option<&str>) -> Option<Monitor> {
    let name: String = match default {
        Some(default) => section.or(key, default.to_owned()),
        None => section.required(key)?,
    };
    if !known.contains(&name) {
        let words: Vec<&str> = known.iter().map(String::as_str).collect();
        let label = did_you_mean(&name, words).unwrap_or_else(|| format!("this run has {}", known.join(", ")));
        let message = format!("\"{name}\" is no metric that a decision can use");
        let found = Diagnostic::error(message).at(section.place_of(key)).label(label);
        let test = name.starts_with("test_");
        let help = match name.starts_with("ema_") {
            true => "`[ema]` in the spec keeps an average of the weights, which then has these metrics",
            false => "the test part is evaluated after all decisions, never for one",
        };
        section.log().push(if test || name.starts_with("ema_") { found.help(help) } else { found });
        return None;
    }
    let mode = section.or("mode", mode_of(&name));
    Some(Monitor { metric: name, mode })
}
