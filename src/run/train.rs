//! Training in a prepared folder: sinks, signals, checkpoints and the final weights.

use super::extend::fingerprint;
use super::keeper::Keeper;
use super::prepare::Ready;
use super::resume::{self, Resume};
use super::signals::Signals;
use super::space::{self, SpaceEstimate};
use super::{job, memory};
use crate::checkpoint::save_weights;
use crate::cli::{Error, MachineMemory, RunArgs, started};
use crate::exit::Exit;
use crate::params::Declaration;
use crate::record::{
    BEST_WEIGHTS, Build, EMA_WEIGHTS, Event, Experiment, Facts, Fanout, JsonLines, Outcome, PREPROCESSING, Quiet,
    RunDirectory, Sink, Status, Terminal, ValidationPart, WEIGHTS, Warning, atomic_write, spec_hash,
};
use crate::train::{Failure, State, TrainResult, fit};

/// The divisor of the free memory: the trial that estimates peak memory may use this part of it.
const TRIAL_SHARE: u64 = 4;

/// Trains the run, from the beginning or from the state that it resumes.
pub fn train(ready: Ready, args: &RunArgs, signals: &Signals) -> Result<Exit, Error> {
    let Ready { plan, data, directory, resume } = ready;
    let Resume { checkpoints, checkpoint, mut warnings } = resume;
    let facts = Facts {
        experiment: Experiment::of(&plan.resolved, &data.fingerprint),
        spec_hash: spec_hash(&plan.resolved),
        libtorch: crate::libtorch::version(),
        data_fingerprint: data.fingerprint.clone(),
        build: Build { commit: lr_run_build_info::COMMIT.to_owned(), packages: packages().collect() },
    };
    job::prepare_libtorch(&plan);
    let mut started = started(&plan);
    started.resumed = checkpoint.as_ref().map(resume::resumed);
    if started.data.validation_part == ValidationPart::Test {
        warnings.push(Warning::TestPartDecides);
    }
    // A plan describes published sets without reading them, so it cannot know about missing classes.
    let known = &plan.data.info.warnings;
    if known.is_empty() {
        let found = data.classes_missing().into_iter().map(|it| format!("{it}: {}", it.help()));
        warnings.extend(found.map(|found| Warning::Data { found }));
    }
    let provenance = resume::provenance(&started, &data.fingerprint, fingerprint(&plan.resolved));
    let declaration = plan.model.architecture.declaration.clone();
    let keep_last = plan.saving.keep;
    let saves_often = plan.saving.every.is_some();
    let model = plan.model.architecture.description.clone();
    let batch_size = plan.data.batching.batch_size;
    let machine = MachineMemory::now();
    let affordable = machine.free.unwrap_or(u64::MAX) / TRIAL_SHARE;
    let built = job::job(plan, data, Some(affordable)).and_then(|(job, preprocessing, estimate)| {
        let warning = estimate.map(|estimate| memory::check(&machine, &estimate, &model, batch_size)).transpose()?;
        warnings.splice(warnings.len().., warning.flatten());
        Ok((job, preprocessing.to_json().map_err(Error::failed)?))
    });
    let explain = |error| memory::explain(error, &model, batch_size);
    let (job, preprocessing) = built.inspect_err(|_| directory.abandon()).map_err(explain)?;
    let estimate = SpaceEstimate::new(&started, job.sizes(), saves_often);
    let (reserve, warning) = space::reserve(directory.path(), &estimate).inspect_err(|_| directory.abandon())?;
    warnings.extend(warning);

    let mut sinks = directory.sinks(facts);
    add_display(args, &directory, &mut sinks);
    let begun = sinks.on(&Event::Started(Box::new(started)));
    begun.inspect_err(|_| directory.abandon()).map_err(Error::failed)?;
    // The `Started` event has moved earlier results away, so new files can be written from here on.
    atomic_write(&directory.path().join(PREPROCESSING), &preprocessing).map_err(Error::failed)?;
    for warning in warnings {
        sinks.on(&Event::Warning(warning)).map_err(Error::failed)?;
    }
    let _training = signals.training()?;
    let keeper = Keeper::new(&directory, provenance, checkpoints, reserve);
    let mut save = |state: &State| keeper.save(state);
    let mut emit = |event: &Event| sinks.on(event).inspect_err(|_| keeper.write_failed());
    let from = checkpoint.map(|checkpoint| checkpoint.state);
    let result = fit(job, from, &mut save, &mut emit, signals.interrupt());
    keeper.free_reserve();
    let outcome = match finish(result, &declaration, &directory) {
        Ok(outcome) => outcome,
        Err(Unfinished { error, outcome }) => {
            // If the record cannot be written either, the first error is the one to report.
            let _ = sinks.on(&Event::Ended(outcome));
            let error = explain(error);
            let help = "the state is kept: once the folder can be written, the same command resumes";
            return Err(if keeper.has_kept_the_state() { error.with_help(help) } else { error });
        }
    };
    sinks.on(&Event::Ended(Box::new(outcome.clone()))).map_err(Error::failed)?;
    if outcome.status.is_finished() && !keep_last {
        keeper.remove();
    }
    Ok(match outcome.status {
        Status::Interrupted => signals.exit(),
        _ => Exit::of(&outcome, args.require_target),
    })
}

/// Returns the versions of the packages that results depend on, by name.
fn packages() -> impl Iterator<Item = (String, String)> {
    lr_run_build_info::packages().map(|(name, version)| (name.to_owned(), version.to_owned()))
}

/// A run that an error ended, with its results up to the error.
struct Unfinished {
    error: Error,
    outcome: Box<Outcome>,
}

/// Writes the weights. The run is reported as finished only after this.
fn finish(
    result: Result<TrainResult, Failure>,
    declaration: &Declaration,
    directory: &RunDirectory,
) -> Result<Outcome, Unfinished> {
    let failed = |Failure { error, outcome }| Unfinished { error: Error::failed(error), outcome };
    let TrainResult { outcome, store, best, ema } = result.map_err(failed)?;
    if outcome.status == Status::Interrupted {
        return Ok(outcome);
    }
    let weights = [(WEIGHTS, Some(store.all())), (BEST_WEIGHTS, best.as_ref()), (EMA_WEIGHTS, ema.as_ref())];
    for (name, all) in weights.into_iter().filter_map(|(name, all)| Some((name, all?))) {
        if let Err(error) = save_weights(&directory.path().join(name), declaration, all) {
            let outcome = Outcome { status: Status::Failed, ended_by: "error".to_owned(), ..outcome };
            return Err(Unfinished { error: Error::failed(error), outcome: Box::new(outcome) });
        }
    }
    Ok(outcome)
}

/// Adds the sink that displays the run to `sinks`.
fn add_display(args: &RunArgs, directory: &RunDirectory, sinks: &mut Fanout) {
    if args.show.json {
        sinks.push(JsonLines::new(std::io::stdout()));
    } else if args.show.quiet {
        sinks.push(Quiet::stderr());
    } else {
        sinks.push(Terminal::stdout(directory.epochs_csv()));
    }
}
