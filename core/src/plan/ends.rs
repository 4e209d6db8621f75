//! The length of a run, and the conditions that end it earlier: `epochs`, `steps`, `[limit]`, `[target]`,
//! `[early_stop]`, `[on_divergence]`.

use super::Groups;
use super::stops::{EarlyStop, RollbackPolicy, Target};
use crate::choice;
use crate::metric::{Metric, Monitor, Part, PartMetric, REGISTRY, Range};
use crate::schedule::Clock;
use crate::spec::{Count, Diagnostic, Duration, Horizon, NonNegative, Positive, Section, Unit, WallTime, did_you_mean};

/// The length of a run.
#[derive(Clone, Copy, Debug)]
pub struct Length {
    pub horizon: Horizon,
    /// The key that sets it: `epochs` or `steps`.
    pub key: &'static str,
}

impl Length {
    /// Returns the clock at `step`, from 0.
    pub fn clock(&self, step: u64) -> Clock {
        let Horizon { total_steps, steps_per_epoch } = self.horizon;
        Clock { step, total_steps, steps_per_epoch }
    }
}

/// The largest number of steps: f64 represents all integers up to it exactly.
const MOST_STEPS: u64 = 1 << 53;

/// Reads `epochs` or `steps`. Returns `None` after logging an error.
pub(super) fn length(root: &mut Section<'_>, steps_per_epoch: u64) -> Option<Length> {
    if root.has("epochs") && root.has("steps") {
        root.mark_known("epochs");
        root.error("steps", "both `epochs` and `steps` are given", "remove one of them");
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

/// Reads `[limit] time`. Returns `None` if there is no limit.
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

/// Returns the metrics that decisions can use, the default one first. `metric` is the metric of the task, or `None` if
/// the task is not known: then the metrics of every task are among them. If `ema` is true, so are the metrics of the
/// averaged weights.
pub(super) fn metrics(metric: Option<Metric>, ema: bool) -> Vec<PartMetric> {
    let parts = [Part::Val, Part::Train, Part::Ema].into_iter().filter(|&part| ema || part != Part::Ema);
    let of_tasks =
        || REGISTRY.iter().copied().filter(move |&it| it != Metric::LOSS && metric.is_none_or(|own| own == it));
    parts.flat_map(|part| std::iter::once(Metric::LOSS).chain(of_tasks()).map(move |it| part.of(it))).collect()
}

/// Reads `[target]`: `stop`, and either the short form `accuracy = 0.97` or `metric`, `value` and `mode`. `metric` is
/// the metric of the task, if it is known. Returns `None` if there is no target or if an error was logged.
pub(super) fn target(root: &mut Section<'_>, metric: Option<Metric>, metrics: &[PartMetric]) -> Option<Target> {
    if !root.has("target") {
        root.mark_known("target");
        return None;
    }
    let mut section = root.section("target")?;
    let stop = section.or("stop", true);
    let short = short_target(&mut section, metric);
    let (monitor, value) = match short {
        Some((metric, value)) => {
            let name = metric.name;
            let monitor = Monitor::from(Part::Val.of(metric));
            section.forget(name);
            section.put("metric", monitor.metric.to_string());
            section.put("mode", monitor.mode.word());
            section.put("value", value);
            for key in ["metric", "value", "mode"] {
                if section.has(key) {
                    let problem = format!("both `{name}` and `{key}` are given");
                    section.error(key, problem, "a run can have one target only");
                }
            }
            (Some(monitor), Some(value))
        }
        None => {
            let wrong = REGISTRY.iter().any(|metric| section.has(metric.name));
            if wrong {
                (None, None)
            } else {
                if !section.has("metric") {
                    let others: Vec<String> = REGISTRY[1..].iter().map(|metric| format!("`{metric}`")).collect();
                    let others = format!("of the validation part, or {}, or `metric` and `value`", others.join(", "));
                    section.missing(REGISTRY[0].name, &others);
                    return None;
                }
                let monitor = monitor(&mut section, "metric", metrics, None);
                let range = monitor.map(|monitor| monitor.metric.metric.range);
                let value = match range {
                    Some(Range::Fraction) => section.required::<Unit>("value").map(|value| value.0),
                    _ => section.required::<f64>("value"),
                };
                (monitor, value)
            }
        }
    };
    let resolved = section.finish();
    root.put("target", resolved);
    Some(Target { monitor: monitor?, value: value?, stop })
}

/// Reads `accuracy`, `rmse` or `loss`, the short form of a target for the validation part. Returns the metric and the
/// value, or `None` if the short form is not used. `metric` is the metric of the task, if it is known.
fn short_target(section: &mut Section<'_>, metric: Option<Metric>) -> Option<(Metric, f64)> {
    let mut given: Vec<(Metric, f64)> = Vec::new();
    for &other in REGISTRY {
        let value = match other.range {
            Range::Fraction => section.optional::<Unit>(other.name).map(|value| value.0),
            Range::NonNegative => section.optional::<NonNegative>(other.name).map(|value| value.0),
            Range::Any => section.optional::<f64>(other.name),
        };
        given.extend(value.map(|value| (other, value)));
    }
    for (other, metric) in REGISTRY.iter().filter_map(|other| Some((other, metric?))) {
        if section.has(other.name) && ![metric, Metric::LOSS].contains(other) {
            let label = format!("this run has `{metric}` and `loss`");
            section.error(other.name, format!("a run of this task has no {other}"), label);
        }
    }
    if let [_, (second, _), ..] = given[..] {
        section.error(second.name, "two targets are given", "a run can have one target only");
    }
    given.first().copied()
}

/// Reads `[early_stop]`: `patience`, `monitor`, `mode` and `min_delta`. Returns `None` if there is no such table or if
/// an error was logged.
pub(super) fn early_stop(
    root: &mut Section<'_>,
    metrics: &[PartMetric],
    horizon: Option<Horizon>,
) -> Option<EarlyStop> {
    if !root.has("early_stop") {
        root.mark_known("early_stop");
        return None;
    }
    let mut section = root.section("early_stop")?;
    let patience: Option<Duration> = section.required("patience");
    let monitor = monitor(&mut section, "monitor", metrics, Some(Part::Val.of(Metric::LOSS)));
    let min_delta = section.or("min_delta", NonNegative(0.0)).0;
    // There is one evaluation per epoch.
    let evaluations = patience.zip(horizon).map(|(patience, horizon)| {
        let epochs = patience.steps(horizon).div_ceil(horizon.steps_per_epoch);
        if epochs == 0 {
            section.error("patience", "a patience of 0 ends the run at once", "expected at least \"1 epochs\"");
        }
        epochs
    });
    let resolved = section.finish();
    root.put("early_stop", resolved);
    Some(EarlyStop { monitor: monitor?, patience: evaluations?, min_delta })
}

choice! {
    /// The reaction to a loss that becomes NaN or infinite.
    pub enum Action {
        Stop = "stop",
        Reduce = "reduce",
    }
}

/// Reads `[on_divergence]`: `above`, `action` and, if the action is `"reduce"`, `factor` and `times`. Returns the
/// reaction, which is `None` if a divergence ends the run, and the value of `above`.
pub(super) fn on_divergence(root: &mut Section<'_>, groups: Option<&Groups>) -> (Option<RollbackPolicy>, Option<f64>) {
    if !root.has("on_divergence") {
        root.mark_known("on_divergence");
        return (None, None);
    }
    let Some(mut section) = root.section("on_divergence") else { return (None, None) };
    let above = section.optional::<Positive>("above").map(|above| above.0);
    if above.is_some_and(|above| above <= 1.0) {
        section.error("above", "a loss that did not rise would count as a divergence", "expected a number above 1");
    }
    let action = section.or("action", Action::Stop);
    let reduce = (action == Action::Reduce).then(|| {
        let factor = section.or("factor", Positive(0.1)).0;
        let times = section.or("times", Count(3)).0 as u64;
        if factor >= 1.0 {
            let problem = "with the same or a larger rate, the run would diverge again";
            section.error("factor", problem, "expected a number below 1");
        }
        RollbackPolicy { factor, times }
    });
    let fixed = groups.and_then(|groups| groups.groups[0].method.rates().no_schedule);
    if let (Some(reason), Some(_)) = (fixed, reduce) {
        section.error("action", "this optimizer's rate cannot be reduced", reason);
    }
    let resolved = section.finish();
    root.put("on_divergence", resolved);
    if reduce.is_none() && above.is_none() {
        // Without the table, the run does the same.
        root.forget("on_divergence");
    }
    (reduce, above)
}

/// Reads a metric's name under `key`, and `mode`, which defaults to the metric's own direction. `known` are the metrics
/// that a decision can use. If `default` is `None`, the key is required. Returns `None` after logging an error.
fn monitor(
    section: &mut Section<'_>,
    key: &'static str,
    known: &[PartMetric],
    default: Option<PartMetric>,
) -> Option<Monitor> {
    let name: String = match default {
        Some(default) => section.or(key, default.to_string()),
        None => section.required(key)?,
    };
    let Some(metric) = known.iter().copied().find(|metric| metric.to_string() == name) else {
        let names: Vec<String> = known.iter().map(ToString::to_string).collect();
        let label = did_you_mean(&name, names.iter().map(String::as_str))
            .unwrap_or_else(|| format!("this run has {}", names.join(", ")));
        let message = format!("\"{name}\" is not a metric that a decision can use");
        let found = Diagnostic::error(message).at(section.place_of(key)).label(label);
        let test = name.starts_with("test_");
        let help = match name.starts_with("ema_") {
            true => "metrics that begin with `ema_` need the table [ema], which keeps an average of the weights",
            false => "decisions must not use the test part: name a metric that begins with `val_` or `train_`",
        };
        section.log().push(if test || name.starts_with("ema_") { found.help(help) } else { found });
        return None;
    };
    let mode = section.or("mode", metric.metric.better);
    Some(Monitor { metric, mode })
}
