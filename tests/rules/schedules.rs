//! Every rule compared with the frameworks: the traces of `tests/golden/schedules/`.

use std::fs;
use std::path::{Path, PathBuf};

use lr_run_core::metric::{Metric, Part, PartMetric};
use lr_run_core::schedule::{Clock, Context, Observation, REGISTRY, Rule, build};
use lr_run_core::spec::{Horizon, Log, Section, Spec};
use serde::Deserialize;

/// A trace, as `tests/golden/README.md` describes it.
#[derive(Deserialize)]
struct Trace {
    relative_tolerance: f64,
    absolute_tolerance: f64,
    #[serde(flatten)]
    task: Task,
    lr: Vec<f64>,
    momentum: Option<Vec<f64>>,
    #[serde(default)]
    groups: Vec<Group>,
}

/// The input of a trace: a spec and the run it is for.
#[derive(Clone, Deserialize)]
pub struct Task {
    pub spec: String,
    pub unit: String,
    pub base_lr: f64,
    pub total_steps: u64,
    pub steps_per_epoch: u64,
    /// The metric after each tick, for metric-driven rules. NaN is null.
    pub metrics: Option<Vec<Option<f64>>>,
}

/// Another group with the same schedule.
#[derive(Deserialize)]
struct Group {
    base_lr: f64,
    lr: Vec<f64>,
}

/// The values of a rule, tick by tick.
#[derive(Debug, PartialEq)]
pub struct Computed {
    pub lr: Vec<f64>,
    pub momentum: Vec<Option<f64>>,
}

/// Returns each trace with its file name, sorted.
fn traces() -> Vec<(String, Trace)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/schedules");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let trace = serde_json::from_str(&fs::read_to_string(&path).unwrap());
        (name.clone(), trace.unwrap_or_else(|error| panic!("{name}: {error}")))
    };
    paths.into_iter().map(read).collect()
}

/// Adds the names of the rules in `schedule` and in its parts to `names`.
fn rules_in(schedule: &toml::Value, names: &mut Vec<String>) {
    match schedule {
        toml::Value::Array(parts) => {
            names.push("sequence".to_owned());
            parts.iter().for_each(|part| rules_in(part, names));
        }
        table => {
            names.push(table["type"].as_str().unwrap().to_owned());
            let parts = table.get("parts").and_then(|parts| parts.as_array());
            parts.into_iter().flatten().for_each(|part| rules_in(part, names));
        }
    }
}

impl Task {
    /// Builds the rule of `spec` for a group at `base_lr` with `momentum`. Returns it with the resolved spec, or the
    /// error.
    pub fn read(
        &self,
        spec: &str,
        base_lr: f64,
        momentum: Option<f64>,
    ) -> Result<(Box<dyn Rule>, toml::Table), String> {
        let spec = Spec::parse(Path::new("golden.toml"), spec, &[]).map_err(|found| found.to_string())?;
        let log = Log::default();
        let mut root = Section::root(&spec.table, &log);
        let metrics = [Part::Val.of(Metric::LOSS)];
        let horizon = Horizon { total_steps: self.total_steps, steps_per_epoch: self.steps_per_epoch };
        let context = Context { momentum, ..Context::new(horizon, base_lr, &metrics) };
        let rule = build(&mut root, "schedule", &context);
        let resolved = root.finish();
        log.finish(&spec.texts).map_err(|found| found.to_string())?;
        Ok((rule.ok_or("no rule, and no error")?, resolved))
    }

    /// Returns the clock at `step`.
    pub fn clock(&self, step: u64) -> Clock {
        Clock { step, total_steps: self.total_steps, steps_per_epoch: self.steps_per_epoch }
    }

    /// Returns the number of epochs.
    pub fn epochs(&self) -> usize {
        self.total_steps.div_ceil(self.steps_per_epoch) as usize
    }

    /// Returns the steps of `tick`.
    pub fn steps_of(&self, tick: u64) -> std::ops::Range<u64> {
        tick * self.steps_per_tick()..(tick + 1) * self.steps_per_tick()
    }

    fn steps_per_tick(&self) -> u64 {
        if self.unit == "epoch" { self.steps_per_epoch } else { 1 }
    }

    /// Passes the metric after `tick` to `rule`, if there is one.
    pub fn observe(&self, rule: &mut dyn Rule, tick: u64) {
        if let Some(metric) = self.metrics.as_ref().and_then(|metrics| metrics.get(tick as usize)) {
            let value = |_: PartMetric| Some(metric.unwrap_or(f64::NAN));
            let clock = self.clock((tick + 1) * self.steps_per_tick());
            rule.observe(&Observation { epoch: tick + 1, clock, metric: &value, scale: 1.0 });
        }
    }

    /// Returns the first `ticks` values of `rule` for a group at `base_lr`.
    fn run(&self, rule: &mut dyn Rule, base_lr: f64, ticks: usize) -> Result<Computed, String> {
        let (mut lr, mut momentum) = (Vec::new(), Vec::new());
        for tick in 0..ticks as u64 {
            let start = tick * self.steps_per_tick();
            let at = |step| (base_lr * rule.factor(self.clock(step)), rule.momentum(self.clock(step)));
            lr.push(at(start).0);
            momentum.push(at(start).1);
            if self.steps_of(tick).any(|step| at(step) != at(start)) {
                return Err(format!("the rate changes inside epoch {tick}"));
            }
            self.observe(rule, tick);
        }
        Ok(Computed { lr, momentum })
    }

    /// Returns the first `ticks` values of the spec's rule for a group at `base_lr` with `momentum`. The resolved spec
    /// must give the same values, because a convention only sets options.
    pub fn computed(&self, base_lr: f64, momentum: Option<f64>, ticks: usize) -> Result<Computed, String> {
        let (mut rule, resolved) = self.read(&self.spec, base_lr, momentum)?;
        let computed = self.run(&mut *rule, base_lr, ticks)?;
        let text = toml::to_string(&resolved).unwrap();
        if text.contains("convention") {
            return Err(format!("the resolved spec has a convention:\n{text}"));
        }
        let (mut rule, again) = self.read(&text, base_lr, momentum)?;
        match again == resolved && self.run(&mut *rule, base_lr, ticks)? == computed {
            true => Ok(computed),
            false => Err(format!("the resolved spec gives something else:\n{text}")),
        }
    }
}

impl Trace {
    /// Describes the first tick at which `ours` differs from `theirs`. `None` if there is no such tick.
    fn difference(&self, ours: &[f64], theirs: &[f64]) -> Option<String> {
        let differs = |(_, (ours, theirs)): &(usize, (&f64, &f64))| {
            let allowed = self.relative_tolerance * theirs.abs() + self.absolute_tolerance;
            (*ours - *theirs).abs() > allowed || ours.is_nan()
        };
        let (tick, (ours, theirs)) = ours.iter().zip(theirs).enumerate().find(differs)?;
        Some(format!("tick {tick}: {ours:e}, but {theirs:e} in the trace"))
    }

    /// Compares the rule with the trace, for every group.
    fn check(&self) -> Result<(), String> {
        let task = &self.task;
        let momentum = self.momentum.as_ref().map(|_| 0.9);
        let computed = task.computed(task.base_lr, momentum, self.lr.len())?;
        let wrong = self.difference(&computed.lr, &self.lr);
        wrong.map_or(Ok(()), Err)?;
        let given: Vec<f64> = computed.momentum.into_iter().flatten().collect();
        let expected = self.momentum.as_deref().unwrap_or_default();
        if given.len() != expected.len() {
            return Err(format!("momentum at {} ticks, expected at {}", given.len(), expected.len()));
        }
        let wrong = self.difference(&given, expected).map(|wrong| format!("momentum, {wrong}"));
        wrong.map_or(Ok(()), Err)?;
        for Group { base_lr, lr } in &self.groups {
            let computed = task.computed(*base_lr, momentum, lr.len())?;
            let wrong = self.difference(&computed.lr, lr).map(|wrong| format!("group at {base_lr}, {wrong}"));
            wrong.map_or(Ok(()), Err)?;
        }
        Ok(())
    }
}

#[test]
fn every_rule_matches_its_framework() {
    let traces = traces();
    assert!(traces.len() > 370, "only {} traces were found", traces.len());
    let wrong: Vec<String> =
        traces.iter().filter_map(|(name, trace)| Some(format!("{name}: {}", trace.check().err()?))).collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), traces.len(), wrong.join("\n"));
}

#[test]
fn every_rule_has_a_trace() {
    let mut covered = Vec::new();
    for (_, trace) in traces() {
        let spec: toml::Table = trace.task.spec.parse().unwrap();
        rules_in(&spec["schedule"], &mut covered);
    }
    for entry in REGISTRY {
        assert!(covered.iter().any(|name| name == entry.name), "no trace has the rule {}", entry.name);
    }
}
