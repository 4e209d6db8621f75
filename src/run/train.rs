//! Training in a prepared folder: sinks, signals, checkpoints and the final weights.

use super::extend::fingerprint;
use super::prepare::Ready;
use super::resume::{self, Resume};
use super::signals::Signals;
use super::{job, memory};
use crate::checkpoint::{Provenance, save_weights};
use crate::cli::{Error, MachineMemory, RunArgs, started};
use crate::exit::Exit;
use crate::params::Declaration;
use crate::record::{
    BEST_WEIGHTS, EMA_WEIGHTS, Event, Experiment, Facts, Fanout, JsonLines, Outcome, PREPROCESSING, Quiet,
    RunDirectory, Sink, Status, Terminal, WEIGHTS, Warning, atomic_write, spec_hash,
};
use crate::train::{self, State, TrainResult, fit};

/// The trial that estimates peak memory may use the free memory divided by this number.
const TRIAL_SHARE: u64 = 4;

/// Trains the run, from the beginning or from the state that it resumes.
pub fn train(ready: Ready, args: &RunArgs, signals: &Signals) -> Result<Exit, Error> {
    let Ready { plan, data, directory, resume } = ready;
    let Resume { mut checkpoints, checkpoint, mut warnings } = resume;
    let facts = Facts {
        experiment: Experiment::of(&plan.resolved),
        spec_hash: spec_hash(&plan.resolved),
        libtorch: crate::libtorch::version(),
        data_fingerprint: data.fingerprint.clone(),
    };
    job::prepare_libtorch(&plan);
    let mut started = started(&plan);
    started.resumed = checkpoint.as_ref().map(resume::resumed);
    if started.data.validation_part == "test" {
        warnings.push(Warning::TestPartDecides);
    }
    // Published sets are described without reading them.
    let known = &plan.data.info.warnings;
    if known.is_empty() {
        let found = data.classes_missing().into_iter().map(|it| format!("{it}: {}", it.help()));
        warnings.extend(found.map(|found| Warning::Data { found }));
    }
    let provenance = resume::provenance(&started, &data.fingerprint, fingerprint(&plan.resolved));
    let declaration = plan.model.architecture.declaration.clone();
    let keep_last = plan.saving.keep;
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

    let mut sinks = directory.sinks(facts);
    add_display(args, &directory, &mut sinks);
    let begun = sinks.on(&Event::Started(Box::new(started)));
    begun.inspect_err(|_| directory.abandon()).map_err(Error::failed)?;
    // Any earlier results have moved away.
    atomic_write(&directory.path().join(PREPROCESSING), &preprocessing).map_err(Error::failed)?;
    for warning in warnings {
        sinks.on(&Event::Warning(warning)).map_err(Error::failed)?;
    }
    signals.listen()?;
    let mut save = |state: &State| {
        // The rows are written first: a state must not refer to rows that are not on the disk.
        let provenance = Provenance { epochs_csv_bytes: directory.sync_epochs_csv()?, ..provenance.clone() };
        checkpoints.save(&provenance, state)
    };
    let from = checkpoint.map(|checkpoint| checkpoint.state);
    let result = fit(job, from, &mut save, &mut |event| sinks.on(event), signals.interrupt());
    let outcome = match finish(result, &declaration, &directory) {
        Ok(outcome) => outcome,
        Err(error) => {
            // If the record cannot be written either, the first error is the one to report.
            let _ = sinks.on(&Event::Ended(Box::new(Outcome::failed())));
            return Err(explain(error));
        }
    };
    sinks.on(&Event::Ended(Box::new(outcome.clone()))).map_err(Error::failed)?;
    if outcome.status.is_finished() && !keep_last {
        // A checkpoint that cannot be removed takes space and does no other harm.
        let _ = checkpoints.remove();
    }
    Ok(match outcome.status {
        Status::Interrupted => signals.exit(),
        _ => Exit::of(&outcome, args.require_target),
    })
}

/// Writes the weights. The run is reported as finished only after this.
fn finish(
    result: Result<TrainResult, train::Error>,
    declaration: &Declaration,
    directory: &RunDirectory,
) -> Result<Outcome, Error> {
    let TrainResult { outcome, store, best, ema } = result.map_err(Error::failed)?;
    let save = |name: &str, all: &tch::Tensor| {
        save_weights(&directory.path().join(name), declaration, all).map_err(Error::failed)
    };
    if outcome.status != Status::Interrupted {
        save(WEIGHTS, store.all())?;
        if let Some(best) = best {
            save(BEST_WEIGHTS, &best)?;
        }
        if let Some(ema) = ema {
            save(EMA_WEIGHTS, &ema)?;
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
