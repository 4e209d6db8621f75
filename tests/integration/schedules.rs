//! Every rule against what PyTorch and Keras computed: the traces of `tests/golden/schedules/`.

use std::fs;
use std::path::{Path, PathBuf};

use lr_run::schedule::{Clock, Context, Observation, REGISTRY, build};
use lr_run::spec::{Horizon, Log, Section, Spec};
use serde::Deserialize;

/// A trace; `tests/golden/README.md` says what is in it.
#[derive(Deserialize)]
struct Trace {
    relative_tolerance: f64,
    absolute_tolerance: f64,
    spec: String,
    unit: String,
    base_lr: f64,
    total_steps: u64,
    steps_per_epoch: u64,
    lr: Vec<f64>,
    /// For metric-driven rules; NaN is null.
    metrics: Option<Vec<Option<f64>>>,
}

fn traces() -> Vec<(PathBuf, Trace)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/schedules");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let trace = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        (path, trace)
    };
    paths.into_iter().map(read).collect()
}

impl Trace {
    /// The names of the rules in it.
    fn rules(&self) -> Vec<String> {
        let spec: toml::Table = self.spec.parse().unwrap();
        let name = |table: &toml::Value| table["type"].as_str().unwrap().to_owned();
        match &spec["schedule"] {
            toml::Value::Array(parts) => parts.iter().map(name).chain(["sequence".to_owned()]).collect(),
            table => vec![name(table)],
        }
    }

    /// The rates that the rule gives at each tick, or what is wrong with the spec.
    fn computed(&self) -> Result<Vec<f64>, String> {
        let spec = Spec::parse(Path::new("golden.toml"), &self.spec, &[]).map_err(|found| found.to_string())?;
        let log = Log::default();
        let mut root = Section::root(&spec.table, &log);
        let metrics = ["val_loss".to_owned()];
        let horizon = Horizon { total_steps: self.total_steps, steps_per_epoch: self.steps_per_epoch };
        let rule = build(&mut root, "schedule", &Context::new(horizon, self.base_lr, &metrics));
        root.finish();
        log.finish(&spec.texts).map_err(|found| found.to_string())?;
        let mut rule = rule.ok_or("no rule, and no error")?;

        let steps_per_tick = if self.unit == "epoch" { self.steps_per_epoch } else { 1 };
        let clock = |step| Clock { step, total_steps: self.total_steps, steps_per_epoch: self.steps_per_epoch };
        let mut computed = Vec::new();
        for tick in 0..self.lr.len() as u64 {
            let start = tick * steps_per_tick;
            let rate = |step| self.base_lr * rule.factor(clock(step));
            computed.push(rate(start));
            if (start..start + steps_per_tick).any(|step| rate(step) != rate(start)) {
                return Err(format!("the rate changes inside epoch {tick}"));
            }
            if let Some(metric) = self.metrics.as_ref().and_then(|metrics| metrics.get(tick as usize)) {
                let value = |_: &str| Some(metric.unwrap_or(f64::NAN));
                let clock = clock(start + steps_per_tick);
                rule.observe(&Observation { epoch: tick + 1, clock, metric: &value, scale: 1.0 });
            }
        }
        Ok(computed)
    }
}

#[test]
fn every_rule_gives_the_rates_of_the_frameworks() {
    let traces = traces();
    assert!(traces.len() > 70, "only {} traces were found", traces.len());
    let mut wrong: Vec<String> = Vec::new();
    for (path, trace) in &traces {
        let name = path.file_name().unwrap().to_string_lossy();
        let computed = match trace.computed() {
            Ok(computed) => computed,
            Err(error) => {
                wrong.push(format!("{name}: {error}"));
                continue;
            }
        };
        for (tick, (ours, theirs)) in computed.iter().zip(&trace.lr).enumerate() {
            let allowed = trace.relative_tolerance * theirs.abs() + trace.absolute_tolerance;
            if (ours - theirs).abs() > allowed || ours.is_nan() {
                wrong.push(format!("{name}: tick {tick}: {ours:e}, but {theirs:e} in the trace"));
                break;
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_rule_has_a_trace() {
    let covered: Vec<String> = traces().iter().flat_map(|(_, trace)| trace.rules()).collect();
    for entry in REGISTRY {
        assert!(covered.iter().any(|name| name == entry.name), "no trace has the rule {}", entry.name);
    }
}
