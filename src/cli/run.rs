//! `lr-run SPEC…`: trains.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use tracing::{debug, info};

use super::args::RunArgs;
use super::longer::{experiment, is_longer};
use super::memory::{self, Memory};
use super::resume::{self, Resume};
use super::{Error, job, plan_all, print};
use crate::checkpoint::{Made, save_weights};
use crate::dataset::Data;
use crate::exit::Exit;
use crate::plan::Plan;
use crate::record::{
    BEST_WEIGHTS, EMA_WEIGHTS, EPOCHS_CSV, Event, Experiment, Facts, Fanout, JsonLines, OpenError, Opened, Outcome,
    Quiet, RunDirectory, RunRecord, Sink, Status, Terminal, WEIGHTS, Warning, spec_hash,
};
use crate::spec::Spec;
use crate::train::{self, Fitted, State, fit};

/// Plans every run that `args` name, then does them one after another. A run that fails does not keep the others from
/// running; the exit code is the worst.
pub fn run(args: &RunArgs) -> Result<Exit, Error> {
    if args.specs.is_empty() {
        return Err(Error::usage("no spec is named\nhelp: for example `lr-run experiments/mnist_adam.toml`"));
    }
    let mut planned = Vec::new();
    for spec in &args.specs {
        planned.extend(plan_all(&Spec::load(spec, &args.set.set)?)?);
    }
    if args.dry_run {
        let shown: Vec<String> = planned.iter().map(|plan| resolved(plan, &args.set.out)).collect::<Result<_, _>>()?;
        print(&shown.join("\n"));
        return Ok(Exit::Success);
    }
    let mut worst = Exit::Success;
    let signals = Signals::default();
    for plan in planned {
        let exit = one(plan, args, &signals).unwrap_or_else(|error| {
            error.tell();
            error.exit
        });
        worst = worst.worst(exit);
        if matches!(exit, Exit::Interrupted(_)) {
            break;
        }
    }
    Ok(worst)
}

fn resolved(plan: &Plan, out: &Path) -> Result<String, Error> {
    let folder = out.join(&plan.name).join(&plan.variant);
    let text = toml::to_string(&plan.resolved).map_err(Error::failed)?;
    let groups = job::started(plan).groups;
    // A comment is one line, whatever a rule says of itself.
    let rates = groups.iter().map(|group| format!("{}: {}", group.name, group.rates()));
    let rates = rates.map(|rates| format!("# {}\n", rates.split_whitespace().collect::<Vec<_>>().join(" ")));
    Ok(format!("# Would run in {}\n{}{text}", folder.display(), rates.collect::<String>()))
}

/// To see what a run will need may take this part of the free memory.
const SHARE: u64 = 4;

/// One run, from its folder to its weights.
fn one(mut plan: Plan, args: &RunArgs, signals: &Signals) -> Result<Exit, Error> {
    let folder = args.set.out.join(&plan.name).join(&plan.variant);
    info!(folder = %folder.display(), steps = plan.horizon.total_steps, "planned");
    debug!(spec = %plan.resolved, "resolved");
    let (done, there) = match RunDirectory::inspect(&folder, &plan.resolved, args.force) {
        Err(OpenError::Different { there, .. }) if is_longer(&plan, &folder, &there)? => (None, Some(there)),
        looked => (looked?, None),
    };
    if let Some(record) = &done
        && !plan.reads_files_of_the_user()
    {
        return complete(record, &folder, args);
    }
    // Before the folder is made: data that cannot be had leave nothing behind.
    let data = job::read_data(&plan, args.offline, args.show.quiet)?;
    if let Some(record) = &done {
        return match record.data_fingerprint == data.fingerprint {
            true => complete(record, &folder, args),
            false => Err(Error::usage(format!(
                "{} is complete, but of other data: what the spec names has changed since, or lies elsewhere\n\
                 help: choose another folder with --out, or replace that run with --force",
                folder.display()
            ))),
        };
    }
    let directory = match &there {
        Some(there) => RunDirectory::open_extended(&folder, &plan.resolved, there)?,
        None => match RunDirectory::open(&folder, &plan.resolved, args.force)? {
            Opened::Fresh(directory) => directory,
            Opened::Complete(record) => return complete(&record, &folder, args),
        },
    };
    let mut resume = resume::find(&directory, args.force)?;
    if there.is_some() {
        resume::check_longer(resume.kept.as_ref(), &plan, &folder)?;
    }
    resume.adjust(&mut plan, &data.fingerprint)?;
    go(plan, data, &directory, resume, args, signals)
}

/// Trains in the folder that is now ours, from the beginning or from where the run was.
fn go(
    plan: Plan,
    data: Data,
    directory: &RunDirectory,
    resume: Resume,
    args: &RunArgs,
    signals: &Signals,
) -> Result<Exit, Error> {
    let Resume { mut checkpoints, kept, mut warnings } = resume;
    let facts = Facts {
        experiment: Experiment::of(&plan.resolved),
        spec_hash: spec_hash(&plan.resolved),
        libtorch: crate::libtorch::version(),
        data_fingerprint: data.fingerprint.clone(),
    };
    job::prepare_libtorch(&plan);
    let mut started = job::started(&plan);
    started.resumed = kept.as_ref().map(resume::resumed);
    let made = resume::made(&started, &data.fingerprint, experiment(&plan.resolved));
    let (declaration, keeps) = (plan.model.declaration.clone(), plan.saving.keep);
    let (model, batch_size) = (plan.model.description.clone(), plan.data.batch_size);
    let free = Memory::of_this_machine();
    let fitting = job::job(plan, data, Some(free.free.unwrap_or(u64::MAX) / SHARE)).and_then(|(job, need)| {
        let warning = need.and_then(|need| free.compare(&need, &model, batch_size).transpose()).transpose()?;
        warnings.extend(warning);
        Ok(job)
    });
    let explained = |error| memory::explained(error, &model, batch_size);
    let job = fitting.inspect_err(|_| directory.abandon()).map_err(explained)?;

    let mut sinks = directory.sinks(facts);
    show(args, directory, &mut sinks);
    if started.validation_part == "test" {
        warnings.push(Warning::TestPartDecides);
    }
    let begun = sinks.on(&Event::Started(Box::new(started)));
    begun.inspect_err(|_| directory.abandon()).map_err(Error::failed)?;
    for warning in warnings {
        sinks.on(&Event::Warning(warning)).map_err(Error::failed)?;
    }
    signals.listen()?;
    let mut keep = |state: &State| {
        // The rows first: a state must not count on more than there is.
        let made = Made { epochs_csv_bytes: directory.sync_epochs_csv()?, ..made.clone() };
        checkpoints.keep(&made, state)
    };
    let from = kept.map(|kept| kept.state);
    let fitted = fit(job, from, &mut keep, &mut |event| sinks.on(event), &signals.received);
    let outcome = match finish(fitted, &declaration, directory) {
        Ok(outcome) => outcome,
        Err(error) => {
            // The record should say so; where it cannot be written, the error itself is what matters.
            let _ = sinks.on(&Event::Ended(Box::new(Outcome::failed())));
            return Err(explained(error));
        }
    };
    sinks.on(&Event::Ended(Box::new(outcome.clone()))).map_err(Error::failed)?;
    if outcome.status.is_complete() && !keeps {
        // It takes room, and nothing else.
        let _ = checkpoints.remove();
    }
    Ok(match outcome.status {
        Status::Interrupted => Exit::Interrupted(signals.received.load(Ordering::Relaxed) as u8),
        _ => Exit::of(&outcome, args.require_target),
    })
}

/// Puts the weights beside the curve, so that a run which says it is complete has them.
fn finish(
    fitted: Result<Fitted, train::Error>,
    declaration: &crate::params::Declaration,
    directory: &RunDirectory,
) -> Result<Outcome, Error> {
    let Fitted { outcome, store, best, ema } = fitted.map_err(Error::failed)?;
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

/// Adds what shows the run to `sinks`.
fn show(args: &RunArgs, directory: &RunDirectory, sinks: &mut Fanout) {
    if args.show.json {
        sinks.push(JsonLines::new(std::io::stdout()));
    } else if args.show.quiet {
        sinks.push(Quiet::stderr());
    } else {
        sinks.push(Terminal::stdout(directory.epochs_csv()));
    }
}

/// A run that was done before: says so, and answers with its exit code.
fn complete(record: &RunRecord, folder: &Path, args: &RunArgs) -> Result<Exit, Error> {
    let Some(outcome) = record.outcome() else {
        return Err(Error::failed(format!("{}: the record has no outcome", folder.display())));
    };
    if args.show.json {
        let mut sink = JsonLines::new(std::io::stdout());
        sink.on(&Event::Started(Box::new(record.started.clone()))).map_err(Error::failed)?;
        sink.on(&Event::Ended(Box::new(outcome.clone()))).map_err(Error::failed)?;
    } else if !args.show.quiet {
        Terminal::stdout(folder.join(EPOCHS_CSV)).already_complete(record, folder);
    }
    Ok(Exit::of(&outcome, args.require_target))
}

/// SIGINT and SIGTERM: the first ends the run after its step, the second the process at once.
#[derive(Default)]
struct Signals {
    /// The first one's number, 0 before.
    received: Arc<AtomicUsize>,
    listening: AtomicBool,
}

impl Signals {
    fn listen(&self) -> Result<(), Error> {
        if self.listening.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        let again = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // In this order: the first signal finds `again` still false.
            signal_hook::flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&again))
                .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&again)))
                .and_then(|_| signal_hook::flag::register_usize(signal, Arc::clone(&self.received), signal as usize))
                .map_err(|error| Error::failed(format!("signals cannot be handled: {error}")))?;
        }
        Ok(())
    }
}
