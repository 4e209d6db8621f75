//! Builds a [`Job`] from a plan and its data.

use std::path::Path;
use std::time::Instant;

use tracing::info;

use crate::batches::Batches;
use crate::checkpoint::load_weights;
use crate::cli::{Error, FetchProgress};
use crate::dataset::{Access, Affine, Coding, Data, Part, Preprocessing, Targets};
use crate::engine::{self, Ema, Segments};
use crate::libtorch::{device, kind};
use crate::optimizer::OptimizerConfig;
use crate::plan::{Loss, Plan};
use crate::store::Store;
use crate::train::{Examples, Job, MemoryEstimate, Trainer, Validation};

/// Sets the options of libtorch that hold for the whole process.
pub fn prepare_libtorch(plan: &Plan) {
    let compute = &plan.compute;
    tch::set_num_threads(compute.threads as i32);
    crate::libtorch::set_deterministic(true);
    info!(libtorch = crate::libtorch::version(), device = %compute.device, threads = compute.threads, "computing");
}

/// Reads the data of `plan`. Downloads them if they are not on this machine, unless `offline` is set.
pub fn read_data(plan: &Plan, offline: bool, quiet: bool) -> Result<Data, Error> {
    let cache = crate::dataset::default_cache().map_err(Error::usage)?;
    let display = FetchProgress::new(quiet);
    let progress = |progress: &crate::dataset::Progress| display.report(progress);
    let begun = Instant::now();
    let data = plan.data.dataset.load(&Access { cache, offline, progress: &progress }).map_err(Error::usage)?;
    info!(seconds = begun.elapsed().as_secs_f64(), sha256 = data.fingerprint, "read {}", plan.data.name);
    Ok(data)
}

/// Learns the preprocessing of the inputs from the training rows.
pub fn preprocessing(plan: &Plan, data: &Data) -> Result<Preprocessing, Error> {
    let coding = plan.data.dataset.coding().map_err(Error::usage)?;
    let normalize = &plan.data.normalize;
    let affine = normalize.affine(&data.train, &data.train_rows, &data.info.input).map_err(Error::usage)?;
    // The inputs of categories stay 0 and 1. Divided by its standard deviation, the 1 of a rare category would be a
    // very large number.
    let indicators = coding.as_ref().map(Coding::indicators).unwrap_or_default();
    Ok(Preprocessing::new(coding, affine.except(&indicators)))
}

/// Moves `data` to the device of `plan`. Batches of them are normalized as `affine` says.
pub fn examples(plan: &Plan, data: Data, affine: &Affine) -> Result<Examples, Error> {
    let Data { info, train, train_rows, held_out, test, .. } = data;
    let input = &info.input;
    let dtype = kind(plan.model.precision.compute);
    let device = device(plan.compute.device);
    let batches =
        |part: Part| Batches::new(part, affine.clone(), input, plan.data.outputs(), dtype, device).map_err(torch_error);
    let val = match (held_out.is_empty(), &test) {
        (false, _) => Validation::HeldOut(held_out),
        (true, Some(_)) => Validation::Test,
        (true, None) => Validation::Train,
    };
    let test = test.map(batches).transpose()?;
    let unit = if let Loss::Mse { target_sd } = plan.loss { target_sd } else { 1.0 };
    let target_variance = target_variance(&train.targets, &train_rows, plan.data.outputs(), unit);
    Ok(Examples { all: batches(train)?, train_rows, val, test, target_variance })
}

/// Returns the variance of the targets over the examples `rows`, averaged over the `outputs`. It is in the units of
/// reported losses, where one unit of a stored target is `unit`. Returns 0 for classes.
fn target_variance(targets: &Targets, rows: &[u32], outputs: usize, unit: f64) -> f64 {
    let Targets::Values(values) = targets else { return 0.0 };
    let n = rows.len().max(1) as f64;
    let variance = |output: usize| {
        let of_rows = || rows.iter().map(|&row| f64::from(values[row as usize * outputs + output]));
        let mean = of_rows().sum::<f64>() / n;
        of_rows().map(|value| (value - mean).powi(2)).sum::<f64>() / n
    };
    unit * unit * (0..outputs).map(variance).sum::<f64>() / outputs.max(1) as f64
}

/// Creates the model's parameters. Their values are read from the file `weights`, or else from the file that the spec
/// names, or else drawn from the seed.
pub fn store(plan: &Plan, weights: Option<&Path>) -> Result<Store, Error> {
    let declaration = plan.model.architecture.declaration.clone();
    let dtype = kind(plan.model.precision.store);
    let mut store = Store::new(declaration, dtype, device(plan.compute.device), plan.seed).map_err(torch_error)?;
    if let Some(path) = weights.or(plan.model.weights.as_deref()) {
        load_weights(path, &mut store).map_err(Error::usage)?;
    }
    Ok(store)
}

/// Builds the job. Also returns the preprocessing, which was learned from the training rows. If `probe` is set,
/// estimates the peak memory of the job by trials that use at most `probe` bytes. The estimate is `None` if `probe` is,
/// or if the trials fail or cannot measure memory.
pub fn job(plan: Plan, data: Data, probe: Option<u64>) -> Result<(Job, Preprocessing, Option<MemoryEstimate>), Error> {
    let preprocessing = preprocessing(&plan, &data)?;
    let examples = examples(&plan, data, &preprocessing.normalize)?;
    let mut store = store(&plan, None)?;
    store.freeze(|param| plan.groups.groups[plan.groups.group_of[param]].frozen);
    let segments = Segments::new(store.declaration(), &plan.groups.group_of);
    let mut methods: Vec<Box<dyn OptimizerConfig>> = Vec::new();
    let mut rates = Vec::new();
    for group in plan.groups.groups {
        methods.push(group.method);
        rates.push(group.rate);
    }
    let clip = plan.updates.clip;
    let start = |store: &Store| engine::start(&methods, segments.clone(), clip, store);
    let optimizer = start(&store).map_err(Error::usage)?;
    let trainer = Trainer {
        seed: plan.seed,
        device: device(plan.compute.device),
        model: plan.model.architecture,
        store,
        optimizer,
        ema: plan.updates.ema.map(Ema::new),
        loss: plan.loss,
        data: examples,
        batching: plan.data.batching,
    };
    let mut job = Job {
        trainer,
        rates,
        length: plan.length,
        stops: plan.stops,
        evaluation: plan.evaluation,
        saving: plan.saving,
    };
    // An error in the trial will occur in training, too, and is reported there.
    let estimate = probe.and_then(|bytes| job.estimate_memory(&start, bytes).ok().flatten());
    Ok((job, preprocessing, estimate))
}

/// Converts an error of libtorch.
pub fn torch_error(error: tch::TchError) -> Error {
    Error::failed(format!("libtorch: {}", crate::libtorch::message(&error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variance_of_targets_is_in_the_units_of_reported_losses() {
        // Over the first two examples, the outputs have variances 1 and 4.
        let targets = Targets::Values(vec![0.0, 1.0, 2.0, 5.0, 90.0, 90.0]);
        assert_eq!(target_variance(&targets, &[0, 1], 2, 1.0), 2.5);
        assert_eq!(target_variance(&targets, &[0, 1], 2, 10.0), 250.0);
        assert_eq!(target_variance(&Targets::Classes(vec![0, 5]), &[0, 1], 6, 1.0), 0.0);
    }
}
