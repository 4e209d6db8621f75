//! Spec → [`Plan`]: defaults filled, names looked up, conventions resolved, units turned into steps, cross-checks made.
//! Planning does not train. The only data that it reads are the files that the spec names, to know their size and
//! shape.

mod assume;
mod data;
mod ends;
mod groups;
mod hyper;
mod limits;
mod loss;
mod machine;
mod model;
mod patterns;
mod precision;
mod rate;
mod saving;
mod stops;
mod updates;
mod variant;
mod zero;

use crate::choice;
use crate::dataset::{self, Info, Task};
use crate::metric::{Metric, Mode, Monitor, Part};
use crate::spec::{Diagnostic, Findings, Horizon, Log, NOT_THE_EXPERIMENT, NamedFile, Section, Spec, Value};

pub use assume::Assume;
pub use data::{Batching, DataPlan};
pub use ends::Length;
pub use groups::{BASE, Group, Groups};
pub use loss::Loss;
pub use machine::{Compute, Device, Machine};
pub use model::ModelPlan;
pub use patterns::glob;
pub use precision::{Dtype, Precision};
pub use rate::{HyperSource, OutOfRange, Rate, RuleChange, Scheduled};
pub use saving::{Every, Saving};
pub use stops::{EarlyStop, RollbackPolicy, Stops, Target};
pub use updates::Updates;

/// One run, ready to start.
#[derive(Debug)]
pub struct Plan {
    pub name: String,
    /// The last component of the run's folder.
    pub variant: String,
    pub seed: u64,
    /// Every key with its value, defaults included. Reading it again gives this run.
    pub resolved: toml::Table,
    pub compute: Compute,
    pub data: DataPlan,
    pub model: ModelPlan,
    pub loss: Loss,
    pub groups: Groups,
    pub updates: Updates,
    pub length: Length,
    pub stops: Stops,
    pub evaluation: Evaluation,
    pub saving: Saving,
    /// The files and folders that the spec names.
    pub files: Vec<NamedFile>,
}

/// The evaluations after each epoch, and their use.
#[derive(Clone, Debug)]
pub struct Evaluation {
    /// The metric that decides which epoch is best: that of the target or, without a target, the accuracy or loss of
    /// the validation part.
    pub best_by: Monitor,
    /// True if the test part is evaluated after every epoch. No decision uses it, unless it also serves as the
    /// validation part.
    pub test_every_epoch: bool,
}

choice! {
    /// The time at which the test part is evaluated.
    pub enum TestWhen {
        End = "end",
        EveryEpoch = "every_epoch",
    }
}

/// Reads the seeds: `seed = 1` (the default), or `seeds = [1, 2, 3]`.
fn seeds(root: &mut Section<'_>) -> Vec<u64> {
    if root.has("seed") && root.has("seeds") {
        root.error("seeds", "both `seed` and `seeds` are given", "remove one of them: `seeds` plans several runs");
    }
    let one = root.optional::<u64>("seed");
    let many = root.optional::<Vec<u64>>("seeds");
    let mut seeds = many.unwrap_or_else(|| vec![one.unwrap_or(1)]);
    let asked = seeds.len();
    seeds.sort_unstable();
    seeds.dedup();
    if seeds.is_empty() || seeds.len() < asked {
        root.error("seeds", "each seed is one run", "expected different integers, at least one");
    }
    root.forget("seeds");
    seeds
}

/// Plans the runs of `spec`, one for each seed. Returns them with the warnings and notes, or all findings if there are
/// errors.
pub fn plan(spec: &Spec, machine: &Machine<'_>) -> Result<(Vec<Plan>, Findings), Findings> {
    plan_assuming(spec, machine, Assume::default())
}

/// Plans the runs of `spec` under assumptions, for a preview and not for training.
pub fn plan_assuming(spec: &Spec, machine: &Machine<'_>, assume: Assume) -> Result<(Vec<Plan>, Findings), Findings> {
    let log = Log::default();
    let seeds = seeds(&mut Section::root(&spec.table, &log));
    let read = |seed: &u64| one(spec, *seed, machine, assume, &log, None).1;
    let mut plans: Option<Vec<Plan>> = seeds.iter().map(read).collect();
    if let Some(plans) = plans.as_mut().filter(|_| log.errors() == 0) {
        let variant = match plans.first() {
            Some(first) => variant::of(spec, &log, |other| is_same(first, spec, other, machine, assume)),
            None => String::new(),
        };
        plans.iter_mut().for_each(|plan| plan.set_variant(&variant));
    }
    let findings = log.finish(&spec.texts)?;
    match plans {
        Some(plans) => Ok((plans, findings)),
        // A function that returns `None` must have logged an error. This message is for one that did not.
        None => {
            let log = Log::default();
            log.push(Diagnostic::error("this spec cannot be planned"));
            Err(log.finish(&spec.texts).unwrap_or_else(|findings| findings))
        }
    }
}

/// Returns whether `other` describes the same experiment as `plan`, which was made from `spec`. The two specs have the
/// same file.
fn is_same(plan: &Plan, spec: &Spec, other: &Spec, machine: &Machine<'_>, assume: Assume) -> bool {
    let data = |spec: &Spec| spec.table.get("data").cloned();
    let (own, others) = (data(spec), data(other));
    let is_same_data = own.as_ref().zip(others.as_ref()).is_some_and(|(own, other)| own.is_same(other));
    // Two different values of a key of `[data]` make two experiments. To know that, the user's files need not be read
    // again.
    let both_write = |key: &str| {
        let value = |data: &Option<Value>| data.as_ref()?.as_table()?.get(key).cloned();
        value(&own).zip(value(&others)).is_some_and(|(own, other)| !own.is_same(&other))
    };
    let keys = own.as_ref().and_then(Value::as_table).map(|table| table.entries.as_slice()).unwrap_or_default();
    if plan.reads_files_of_the_user() && keys.iter().any(|(key, _)| both_write(&key.name)) {
        return false;
    }
    let log = Log::default();
    let (resolved, _) = one(other, plan.seed, machine, assume, &log, is_same_data.then_some(plan));
    let experiment = |resolved: &toml::Table| -> toml::Table {
        let kept = resolved.iter().filter(|(key, _)| !NOT_THE_EXPERIMENT.contains(&key.as_str()));
        kept.map(|(key, value)| (key.clone(), value.clone())).collect()
    };
    log.errors() == 0 && experiment(&resolved) == experiment(&plan.resolved)
}

/// Plans the run of `seed`. Returns the resolved spec and the plan, which is `None` if errors were logged. The plan's
/// `variant` is still empty.
///
/// `known` is the plan of another spec with the same data. If it is given, the data are not read, and there is no plan.
fn one(
    spec: &Spec,
    seed: u64,
    machine: &Machine<'_>,
    assume: Assume,
    log: &Log,
    known: Option<&Plan>,
) -> (toml::Table, Option<Plan>) {
    let mut root = Section::root(&spec.table, log);
    let name = root.or("name", crate::spec::file_name(&spec.stem()));
    // `file_name` escapes with `%`, so that the default name may contain it.
    let plain = name.replace('%', "_");
    if crate::spec::file_name(&plain) != plain || name.is_empty() {
        let label = "expected at most 120 letters, digits and `._=,+-`, not beginning with a dot";
        root.error("name", format!("\"{name}\" cannot be a folder's name"), label);
    }
    for key in ["epochs", "steps", "seeds"] {
        root.mark_known(key);
    }
    root.optional::<String>("variant");
    // This keeps the key's place in the resolved spec until `set_variant` sets it.
    root.put("variant", spec.recorded_variant());
    root.put("seed", toml::Value::Integer(i64::try_from(seed).unwrap_or(i64::MAX)));
    let device = machine::device(&mut root, machine);
    let threads_given = root.has("threads");
    let threads = machine::threads(&mut root, machine);
    let own_data = match known {
        Some(plan) => {
            root.put("data", plan.resolved.get("data").cloned().unwrap_or_else(|| toml::Table::new().into()));
            None
        }
        None => data::read(&mut root, dataset::REGISTRY, &spec.folder(), machine.memory, assume),
    };
    let data = known.map(|plan| &plan.data).or(own_data.as_ref());
    // If the data have errors, the rest is checked against typical data, so that all errors show at once.
    let info = data.map_or_else(usual, |data| data.info.clone());
    let steps_per_epoch = data.map_or(USUAL_STEPS_PER_EPOCH, DataPlan::steps_per_epoch);
    let length = ends::length(&mut root, steps_per_epoch);
    let usual_horizon = Horizon { total_steps: 10 * steps_per_epoch, steps_per_epoch };
    let horizon = length.map_or(usual_horizon, |length| length.horizon);
    let time_limit = ends::time_limit(&mut root);
    // If the data have errors, the task is not known, and what depends on it is not judged.
    let loss = loss::read(&mut root, data.map(|_| info.task), data.map_or(1.0, DataPlan::target_sd));
    let metric = data.map(|_| loss.metric());
    let model = model::read(&mut root, &info, spec, machine, assume);
    if let Some((data, model)) = data.zip(model.as_ref()) {
        check_last_batch(&mut root, data, model);
    }
    let ema = updates::ema(&mut root);
    let metrics = ends::metrics(metric, ema.is_some());
    let declaration = model.as_ref().map(|it| it.architecture.declaration.clone()).unwrap_or_default();
    // Without the run's model, no pattern can be wrong.
    let any_model = assume.any_model || model.is_none();
    let run = groups::RunContext { declaration: &declaration, horizon, metrics: &metrics, any_model };
    let groups = groups::read(&mut root, run);
    let clip = updates::clip(&mut root);
    let target = ends::target(&mut root, metric, &metrics);
    let early_stop = ends::early_stop(&mut root, &metrics, length.map(|length| length.horizon));
    let test_every_epoch = record(&mut root);
    let (on_divergence, diverges_above) = ends::on_divergence(&mut root, groups.as_ref());
    let saving = saving::read(&mut root, horizon);
    root.optional::<String>("relative_to");
    let mut resolved = root.finish();
    let files = log.files();
    if !files.is_empty() {
        let folder = std::path::absolute(spec.folder()).unwrap_or_else(|_| spec.folder());
        resolved.insert("relative_to".to_owned(), folder.to_string_lossy().into_owned().into());
    }
    // Without a target, the best epoch is the one with the best accuracy or, if the task has no metric that should be
    // high, with the lowest loss.
    let task_metric = metric.filter(|metric| metric.better == Mode::Max).unwrap_or(Metric::LOSS);
    let best_by = target.as_ref().map_or(Part::Val.of(task_metric).into(), |target| target.monitor);
    let plan = || {
        Some(Plan {
            name,
            variant: String::new(),
            seed,
            resolved: resolved.clone(),
            compute: Compute { device: device?, threads, threads_given },
            data: own_data?,
            model: model?,
            loss,
            groups: groups?,
            updates: Updates { clip, ema },
            length: length?,
            stops: Stops { time_limit, target, early_stop, on_divergence, diverges_above },
            evaluation: Evaluation { best_by, test_every_epoch },
            saving,
            files,
        })
    };
    let plan = plan();
    (resolved, plan)
}

impl Plan {
    /// Sets the overrides that name the run's folder. An empty text means that there are none.
    fn set_variant(&mut self, variant: &str) {
        let seed = format!("seed={}", self.seed);
        let folder: Vec<&str> = [variant, &seed].into_iter().filter(|part| !part.is_empty()).collect();
        self.variant = crate::spec::file_name(&folder.join(","));
        match variant {
            "" => self.resolved.remove("variant"),
            variant => self.resolved.insert("variant".to_owned(), variant.into()),
        };
    }

    /// Returns whether the run reads files that the spec names. Their content can change while the spec stays the same.
    pub fn reads_files_of_the_user(&self) -> bool {
        !self.files.is_empty()
    }
}

/// The steps of an epoch if the data have errors: nine tenths of the 60,000 examples of [`usual`], in batches of 128.
const USUAL_STEPS_PER_EPOCH: u64 = 422;

/// Returns typical data, to be used if the spec's own data have errors.
fn usual() -> Info {
    Info {
        train: 60_000,
        held_out: 0,
        test: 10_000,
        input: vec![1, 28, 28],
        task: Task::Classification { classes: 10 },
        class_names: Vec::new(),
        warnings: Vec::new(),
    }
}

/// Logs an error if the last batch of an epoch is too small for the model to train on.
fn check_last_batch(root: &mut Section<'_>, data: &DataPlan, model: &ModelPlan) {
    let examples = data.train_examples();
    let last = data.batching.last_batch(examples);
    if last < model.architecture.min_batch_size {
        let batch_size = data.batching.batch_size;
        let message = format!(
            "{examples} examples in batches of {batch_size} leave {last} for the last batch, too few for batch normalization"
        );
        root.error("data", message, "set `drop_last = true`, or another `batch_size`");
    }
}

/// Reads `[record]`. Returns whether the test part is evaluated after every epoch.
fn record(root: &mut Section<'_>) -> bool {
    let Some(mut section) = root.section("record") else { return false };
    let when = section.or("test", TestWhen::End);
    let resolved = section.finish();
    root.put("record", resolved);
    when == TestWhen::EveryEpoch
}

#[cfg(test)]
mod tests;
