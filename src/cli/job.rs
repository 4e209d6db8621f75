//! From a plan and its data to what trains.

use std::path::Path;
use std::time::Instant;

use tch::Device;
use tracing::info;

use super::Error;
use crate::batches::Batches;
use crate::checkpoint::load_weights;
use crate::dataset::{Access, Data, Part, split};
use crate::engine::{self, Ema, Optimizer, Segments};
use crate::optimizer::OptimizerConfig;
use crate::plan::{Group, Plan};
use crate::record::{Columns, GroupInfo, HyperInfo, Started};
use crate::store::Store;
use crate::train::{Job, Need, Rate, Scheduled, Validation};

/// Sets what libtorch shares between all runs of a process.
pub fn prepare_libtorch(plan: &Plan) {
    tch::set_num_threads(plan.threads as i32);
    crate::libtorch::set_deterministic(true);
    info!(libtorch = crate::libtorch::version(), device = ?plan.device, threads = plan.threads, "computing");
}

/// Reads the data of `plan`, fetching them where they are not on this machine.
pub fn read_data(plan: &Plan, offline: bool, quiet: bool) -> Result<Data, Error> {
    let cache = crate::dataset::default_cache().map_err(Error::usage)?;
    let teller = super::fetch::Teller::new(quiet);
    let progress = |progress: &crate::dataset::Progress| teller.tell(progress);
    let begun = Instant::now();
    let data = plan.data.dataset.load(&Access { cache, offline, progress: &progress }).map_err(Error::usage)?;
    info!(seconds = begun.elapsed().as_secs_f64(), sha256 = data.fingerprint, "read {}", plan.data.name);
    Ok(data)
}

/// The parts of the data as batches, and which rows are for what.
pub struct Parts {
    pub examples: Batches,
    pub train_rows: Vec<u32>,
    pub val: Validation,
    pub test: Option<Batches>,
}

/// Splits and normalizes `data` as `plan` says.
pub fn parts(plan: &Plan, data: Data) -> Result<Parts, Error> {
    let (train_rows, held) = split(data.info.train, plan.data.held_out, plan.data.split_seed);
    let input = &data.info.input;
    let affine = plan.data.normalize.affine(&data.train, &train_rows, input).map_err(Error::usage)?;
    let batches = |part: Part| {
        Batches::new(part, affine.clone(), input, plan.data.outputs(), plan.kind, plan.device).map_err(torch)
    };
    let val = match (held.is_empty(), &data.test) {
        (false, _) => Validation::HeldOut(held),
        (true, Some(_)) => Validation::Test,
        (true, None) => Validation::Train,
    };
    let test = data.test.map(batches).transpose()?;
    Ok(Parts { examples: batches(data.train)?, train_rows, val, test })
}

/// The model's parameters: drawn, or from the file that the spec names.
pub fn store(plan: &Plan, weights: Option<&Path>) -> Result<Store, Error> {
    let declaration = plan.model.declaration.clone();
    let mut store = Store::new(declaration, plan.kind, plan.device, plan.seed).map_err(torch)?;
    if let Some(path) = weights.or(plan.weights.as_deref()) {
        load_weights(path, &mut store).map_err(Error::usage)?;
    }
    Ok(store)
}

/// Everything that trains; with it, where it is asked for and can be seen, the memory that training takes. To find out
/// may take `affordable` bytes.
pub fn job(plan: Plan, data: Data, affordable: Option<u64>) -> Result<(Job, Option<Need>), Error> {
    let Parts { examples, train_rows, val, test } = parts(&plan, data)?;
    let store = store(&plan, None)?;
    let segments = Segments::new(store.declaration(), &plan.groups.group_of);
    let mut methods: Vec<Box<dyn OptimizerConfig>> = Vec::new();
    let mut groups = Vec::new();
    for Group { name, method, base_lr, rule, hyper, .. } in plan.groups.groups {
        methods.push(method);
        groups.push(Rate { name, base_lr, rule, hyper });
    }
    let begin = |store: &Store| engine::start(&methods, segments.clone(), plan.clip, store);
    let optimizer: Box<dyn Optimizer> = begin(&store).map_err(Error::usage)?;
    let mut job = Job {
        seed: plan.seed,
        device: plan.device,
        model: plan.model,
        store,
        optimizer,
        ema: plan.ema.map(Ema::new),
        groups,
        loss: plan.loss,
        examples,
        train_rows,
        val,
        test,
        test_every_epoch: plan.test_every_epoch,
        batch_size: plan.data.batch_size,
        drop_last: plan.data.drop_last,
        augment: plan.data.augment,
        shuffle: plan.data.shuffle,
        horizon: plan.horizon,
        time_limit: plan.time_limit,
        target: plan.target,
        early_stop: plan.early_stop,
        best_by: plan.best_by,
        reduce: plan.reduce,
        saving: plan.saving,
        length_key: plan.length_key,
    };
    // Whatever stands in the way of trying will stand in the way of training, and is told there.
    let need = affordable.and_then(|affordable| job.need(&begin, affordable).ok().flatten());
    Ok((job, need))
}

/// What will run, in words and numbers.
pub fn started(plan: &Plan) -> Started {
    let info = &plan.data.info;
    let validation_part = match (plan.data.held_out, info.test) {
        (0, 0) => "train",
        (0, _) => "test",
        _ => "validation",
    };
    let base = &plan.groups.groups[0];
    let text = |table: &str| {
        let name = plan.resolved.get(table).and_then(|table| table.get("type")?.as_str());
        name.unwrap_or_default().to_owned()
    };
    Started {
        name: plan.name.clone(),
        variant: plan.variant.clone(),
        model: plan.model.description.clone(),
        parameters: plan.model.declaration.len() as u64,
        data: plan.data.name.to_owned(),
        train_examples: plan.data.train_examples() as u64,
        val_examples: plan.data.held_out as u64,
        test_examples: info.test as u64,
        validation_part: validation_part.to_owned(),
        optimizer: text("optimizer"),
        schedule: base.rule.describe(),
        lr: base.base_lr,
        groups: plan.groups.groups.iter().map(group_info).collect(),
        device: device_name(plan.device),
        threads: plan.threads as u64,
        seed: plan.seed,
        batch_size: plan.data.batch_size as u64,
        steps_per_epoch: plan.horizon.steps_per_epoch,
        total_steps: plan.horizon.total_steps,
        metric: plan.loss.metric(),
        target: plan.target.as_ref().map(ToString::to_string),
        columns: Columns {
            hyper: base.hyper.iter().map(|scheduled| scheduled.hyper.name.to_owned()).collect(),
            effective_lr: base.method.rates().finds_its_own,
            test: plan.test_every_epoch && info.test > 0,
            ema: plan.ema.is_some(),
        },
        resumed: None,
    }
}

fn group_info(group: &Group) -> GroupInfo {
    let (name, schedule) = (group.name.clone(), group.rule.describe());
    let hyper = |scheduled: &Scheduled| {
        let (name, value) = (scheduled.hyper.name.to_owned(), scheduled.hyper.value);
        scheduled.describe().map(|schedule| HyperInfo { name, value, schedule })
    };
    let schedule_for = group.hyper.iter().filter_map(hyper).collect();
    GroupInfo { name, parameters: group.parameters as u64, lr: group.base_lr, schedule, schedule_for }
}

/// As a spec writes it.
pub fn device_name(device: Device) -> String {
    match device {
        Device::Cuda(number) => format!("cuda:{number}"),
        _ => "cpu".to_owned(),
    }
}

fn torch(error: tch::TchError) -> Error {
    Error::failed(format!("libtorch: {}", crate::libtorch::message(&error)))
}
