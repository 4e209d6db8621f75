//! Spec → [`Plan`]: defaults filled, names looked up, conventions resolved, units turned into steps, cross-checks made.
//! Nothing is trained, and no data are read but what a user's own file says of its size.

mod assume;
mod data;
mod ends;
mod groups;
mod hyper;
mod machine;
mod rates;
mod saving;
mod updates;

use std::path::PathBuf;
use std::time::Duration;

use tch::{Device, Kind};

use crate::choice;
use crate::dataset::{self, Info, Task};
use crate::metric::{Metric, Mode, Monitor, Part};
use crate::model::{self, Model, Shape};
use crate::optimizer::Clip;
use crate::spec::{Diagnostic, FilePath, Findings, Horizon, Log, NamedFile, Section, Spec, Unit, lookup};
use crate::train::{EarlyStop, Loss, Reduce, Saving, Target};

pub use assume::Assume;
pub use data::DataPlan;

pub use groups::{BASE, Group, Groups, glob};
pub use machine::Machine;

/// One run, ready to be started.
#[derive(Debug)]
pub struct Plan {
    pub name: String,
    /// The last component of the run's folder.
    pub variant: String,
    pub seed: u64,
    /// Every key with its value, defaults included: read again, it is this run.
    pub resolved: toml::Table,
    pub device: Device,
    pub threads: usize,
    /// Whether the spec says how many: else it is one for each core.
    pub threads_given: bool,
    pub data: DataPlan,
    pub model: Model,
    /// What the model computes in.
    pub kind: Kind,
    /// A file of initial values.
    pub weights: Option<PathBuf>,
    pub loss: Loss,
    pub groups: Groups,
    pub clip: Clip,
    /// The decay of an average of the weights.
    pub ema: Option<f64>,
    pub horizon: Horizon,
    /// `epochs` or `steps`.
    pub length_key: &'static str,
    pub time_limit: Option<Duration>,
    pub target: Option<Target>,
    pub early_stop: Option<EarlyStop>,
    /// What makes an epoch the best: the target's metric, else accuracy or loss of the validation part.
    pub best_by: Monitor,
    pub test_every_epoch: bool,
    /// What becomes of a run that diverges; without it, it ends.
    pub reduce: Option<Reduce>,
    /// When its state is kept.
    pub saving: Saving,
    /// The files and folders that the spec names.
    pub files: Vec<NamedFile>,
}

choice! {
    /// When the test part is evaluated. Nothing is decided by it.
    pub enum TestWhen {
        End = "end",
        EveryEpoch = "every_epoch",
    }
}

choice! {
    /// What a model computes in.
    pub enum Dtype {
        Float32 = "float32",
        Float64 = "float64",
    }
}

choice! {
    /// As a spec names it.
    pub enum LossName {
        CrossEntropy = "cross_entropy",
        Mse = "mse",
    }
}

/// The seeds that `spec` asks for: `seed = 1` (the default), or `seeds = [1, 2, 3]`.
fn seeds(root: &mut Section<'_>) -> Vec<u64> {
    if root.has("seed") && root.has("seeds") {
        root.error("seeds", "both `seed` and `seeds` are given", "`seeds` stands for several runs");
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

/// Plans each run of `spec` (one a seed), and returns what a person should know of it besides.
pub fn plan(spec: &Spec, machine: &Machine<'_>) -> Result<(Vec<Plan>, Findings), Findings> {
    plan_assuming(spec, machine, Assume::default())
}

/// As [`plan`], with some things taken as given: for looking at a plan, not for training it.
pub fn plan_assuming(spec: &Spec, machine: &Machine<'_>, assume: Assume) -> Result<(Vec<Plan>, Findings), Findings> {
    let log = Log::default();
    let seeds = seeds(&mut Section::root(&spec.table, &log));
    let plans: Option<Vec<Plan>> = seeds.iter().map(|&seed| one(spec, seed, machine, assume, &log)).collect();
    let findings = log.finish(&spec.texts)?;
    match plans {
        Some(plans) => Ok((plans, findings)),
        // A reader that gives up says why; this is the net beneath.
        None => {
            let log = Log::default();
            log.push(Diagnostic::error("this spec cannot be planned"));
            Err(log.finish(&spec.texts).unwrap_or_else(|findings| findings))
        }
    }
}

fn one(spec: &Spec, seed: u64, machine: &Machine<'_>, assume: Assume, log: &Log) -> Option<Plan> {
    let mut root = Section::root(&spec.table, log);
    let name = root.or("name", crate::spec::file_name(&spec.stem()));
    // A file's name that had to be escaped has `%` in it.
    let plain = name.replace('%', "_");
    if crate::spec::file_name(&plain) != plain || name.is_empty() {
        let label = "expected at most 120 letters, digits and `._=,+-`, not beginning with a dot";
        root.error("name", format!("\"{name}\" cannot be a folder's name"), label);
    }
    for key in ["epochs", "steps", "seeds"] {
        root.mark_known(key);
    }
    let variant = spec.variant();
    root.optional::<String>("variant");
    if !variant.is_empty() {
        root.put("variant", variant.as_str());
    }
    let folder = [variant, format!("seed={seed}")].into_iter().filter(|part| !part.is_empty());
    let folder = folder.collect::<Vec<_>>().join(",");
    root.put("seed", toml::Value::Integer(i64::try_from(seed).ok()?));
    let device = machine::device(&mut root, machine);
    let threads_given = root.has("threads");
    let threads = machine::threads(&mut root, machine);
    let data = data::read(&mut root, dataset::REGISTRY, &spec.folder(), machine.memory, assume);
    // Where the data are wrong, the rest is checked against something usual, so that all errors show at once.
    let info = data.as_ref().map_or_else(usual, |data| data.info.clone());
    let steps_per_epoch = data.as_ref().map_or(422, DataPlan::steps_per_epoch);
    let length = ends::length(&mut root, steps_per_epoch);
    let horizon = length.map_or(Horizon { total_steps: 4220, steps_per_epoch }, |length| length.horizon);
    let time_limit = ends::time_limit(&mut root);
    let loss = loss(&mut root, info.task);
    let metric = loss.metric();
    let model = read_model(&mut root, &info, spec, machine, assume);
    if let Some((data, model)) = data.as_ref().zip(model.as_ref()) {
        enough_in_each_batch(&mut root, data, &model.model);
    }
    let ema = updates::ema(&mut root);
    let metrics = ends::metrics(metric, ema.is_some());
    let declaration = model.as_ref().map(|it| it.model.declaration.clone()).unwrap_or_default();
    let around = groups::Around { declaration: &declaration, horizon, metrics: &metrics };
    let groups = groups::read(&mut root, around);
    let clip = updates::clip(&mut root);
    let target = ends::target(&mut root, metric, &metrics);
    let early_stop = ends::early_stop(&mut root, &metrics, length.map(|length| length.horizon));
    let test_every_epoch = record(&mut root);
    let reduce = ends::on_divergence(&mut root, groups.as_ref());
    let saving = saving::saving(&mut root, horizon);
    root.optional::<String>("relative_to");
    let mut resolved = root.finish();
    let files = log.files();
    if !files.is_empty() {
        let folder = std::path::absolute(spec.folder()).unwrap_or_else(|_| spec.folder());
        resolved.insert("relative_to".to_owned(), folder.to_string_lossy().into_owned().into());
    }
    // An error metric such as the RMSE falls with the loss, which then decides.
    let task_metric = if metric.better == Mode::Max { metric } else { Metric::LOSS };
    let best_by = target.as_ref().map_or(Part::Val.of(task_metric).into(), |target| target.monitor);
    let ModelPlan { model, kind, weights } = model?;
    Some(Plan {
        variant: crate::spec::file_name(&folder),
        name,
        seed,
        resolved,
        device: device?,
        threads,
        threads_given,
        data: data?,
        model,
        kind,
        weights,
        loss,
        groups: groups?,
        clip,
        ema,
        horizon,
        length_key: length?.key,
        time_limit,
        target,
        early_stop,
        best_by,
        test_every_epoch,
        reduce,
        saving,
        files,
    })
}

impl Plan {
    /// Reports whether the run reads files that the spec names. Their content is not part of the spec.
    pub fn reads_files_of_the_user(&self) -> bool {
        !self.files.is_empty()
    }
}

/// What stands in for data that could not be described.
fn usual() -> Info {
    Info { train: 60_000, test: 10_000, input: vec![1, 28, 28], task: Task::Classification { classes: 10 } }
}

struct ModelPlan {
    model: Model,
    kind: Kind,
    weights: Option<PathBuf>,
}

/// Reads `[model]`: its type's own keys, `dtype` and `weights`.
fn read_model(
    root: &mut Section<'_>,
    info: &Info,
    spec: &Spec,
    machine: &Machine<'_>,
    assume: Assume,
) -> Option<ModelPlan> {
    let outputs = match info.task {
        Task::Classification { classes } => classes,
        Task::Regression { outputs } => outputs,
    };
    let mut section = root.section("model")?;
    let entry = lookup(model::REGISTRY, "model", &mut section);
    let shape = Shape { input: info.input.clone(), outputs };
    let model = entry.and_then(|entry| (entry.build)(&mut section, &shape, &spec.folder()));
    let kind = match section.or("dtype", Dtype::Float32) {
        Dtype::Float32 => Kind::Float,
        Dtype::Float64 => Kind::Double,
    };
    let weights = section.optional::<FilePath>("weights").map(|file| file.from_folder(&spec.folder()));
    if let Some(path) = weights.as_ref().filter(|path| assume.steps_per_epoch.is_none() && !path.is_file()) {
        let message = format!("there is no file {}", path.display());
        section.error("weights", message, "paths are relative to the spec's folder");
    }
    if let Some((model, memory)) = model.as_ref().zip(machine.memory) {
        // Parameters and their gradients, and nothing else yet.
        let bytes = 2 * model.declaration.len() as u128 * if kind == Kind::Double { 8 } else { 4 };
        if bytes > u128::from(memory) {
            let message = format!("{} has {} parameters", model.description, model.declaration.len());
            let gib = |bytes: u128| bytes.div_ceil(1 << 30);
            let (need, have) = (gib(bytes), gib(memory.into()));
            section.error("type", message, format!("with gradients {need} GiB, of the {have} GiB of this machine"));
            return None;
        }
    }
    let resolved = if entry.is_some() { section.finish() } else { section.into_resolved() };
    root.put("model", resolved);
    Some(ModelPlan { model: model?, kind, weights })
}

/// Refuses a last batch that is too small to train on.
fn enough_in_each_batch(root: &mut Section<'_>, data: &DataPlan, model: &Model) {
    let least = model.min_batch_size;
    let last = match data.train_examples() % data.batch_size {
        0 => data.batch_size,
        _ if data.drop_last => data.batch_size,
        rest => rest,
    };
    if last < least {
        let (examples, batch_size) = (data.train_examples(), data.batch_size);
        let message = format!(
            "{examples} examples in batches of {batch_size} leave a last one of {last}, which has no variance to \
             normalize by"
        );
        root.error("data", message, "set `drop_last = true`, or another `batch_size`");
    }
}

/// Reads `[loss]`: `type`, by default the task's own, and `label_smoothing`.
fn loss(root: &mut Section<'_>, task: Task) -> Loss {
    let Some(mut section) = root.section("loss") else { return Loss::Mse };
    let own = match task {
        Task::Classification { .. } => LossName::CrossEntropy,
        Task::Regression { .. } => LossName::Mse,
    };
    let name = section.or("type", own);
    if name != own {
        let message = format!("\"{}\" does not fit the task", name.word());
        let label = match own {
            LossName::CrossEntropy => "classes are learned with \"cross_entropy\"",
            LossName::Mse => "numbers are learned with \"mse\"",
        };
        section.error("type", message, label);
    }
    let loss = match own {
        LossName::CrossEntropy => Loss::CrossEntropy { label_smoothing: section.or("label_smoothing", Unit(0.0)).0 },
        LossName::Mse => Loss::Mse,
    };
    let resolved = section.finish();
    root.put("loss", resolved);
    loss
}

/// Reads `[record]`: whether the test part is evaluated every epoch.
fn record(root: &mut Section<'_>) -> bool {
    let Some(mut section) = root.section("record") else { return false };
    let when = section.or("test", TestWhen::End);
    let resolved = section.finish();
    root.put("record", resolved);
    when == TestWhen::EveryEpoch
}

#[cfg(test)]
mod tests;
