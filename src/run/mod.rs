//! The commands that compute: a run from its folder to its weights, `lr-run eval` and `lr-run predict`.
//!
//! ```text
//! Plan ──prepare──▶ folder, data, state to resume ──train──▶ epochs.csv, run.json, weights
//! ```

mod changed_data;
mod eval;
mod extend;
mod finished_run;
pub mod job;
mod keeper;
mod memory;
mod predict;
mod prepare;
mod resume;
mod signals;
mod space;
mod train;

use std::path::Path;

use tracing::{debug, info};

use self::prepare::Prepared;
use self::signals::Signals;
use crate::cli::{self, Computation, Error, RunArgs, plan_all, print, started};
use crate::exit::Exit;
use crate::plan::{Machine, Plan};
use crate::record::{EPOCHS_CSV, Event, JsonLines, RunRecord, Sink, Terminal};
use crate::spec::Spec;

/// Executes a command that computes.
pub fn execute(computation: Computation) -> Result<Exit, Error> {
    match computation {
        Computation::Run(args) => run(&args),
        Computation::Eval(args) => eval::eval(&args),
        Computation::Predict(args) => predict::predict(&args),
    }
}

/// Describes this machine, with its CUDA devices.
fn machine() -> Machine<'static> {
    cli::machine(&cuda_devices)
}

/// Returns the number of CUDA devices. The error is the reason why CUDA cannot be used.
fn cuda_devices() -> Result<usize, String> {
    crate::libtorch::load_cuda().inspect_err(|reason| tracing::info!(reason, "no CUDA"))?;
    Ok(tch::Cuda::device_count().max(0) as usize)
}

/// Plans every run that `args` name, then trains them one after another. A failed run does not stop the others. Returns
/// the worst exit code.
fn run(args: &RunArgs) -> Result<Exit, Error> {
    if args.specs.is_empty() {
        return Err(Error::usage("no spec is given\nhelp: for example `lr-run experiments/mnist_adam.toml`"));
    }
    let mut plans = Vec::new();
    for spec in &args.specs {
        let planned = plan_all(&Spec::load(spec, &args.set.set)?, &machine())?;
        plans.extend(planned.into_iter().map(|plan| (plan, spec.as_path())));
    }
    if args.dry_run {
        let shown: Vec<String> =
            plans.iter().map(|(plan, _)| resolved(plan, &args.set.out)).collect::<Result<_, _>>()?;
        print(&shown.join("\n"));
        return Ok(Exit::Success);
    }
    let mut worst = Exit::Success;
    let signals = Signals::default();
    for (plan, spec) in plans {
        // The signal arrived too late for the previous run, which has finished.
        if signals.have_arrived() {
            worst = worst.worst(signals.exit());
            break;
        }
        let exit = one(plan, spec, args, &signals).unwrap_or_else(|error| {
            error.print();
            error.exit
        });
        worst = worst.worst(exit);
        if matches!(exit, Exit::Interrupted(_) | Exit::Again) {
            break;
        }
    }
    Ok(worst)
}

/// Prepares and trains one run of the file `spec`, or reports that it has finished.
fn one(plan: Plan, spec: &Path, args: &RunArgs, signals: &Signals) -> Result<Exit, Error> {
    let folder = args.set.out.join(&plan.name).join(&plan.variant);
    info!(folder = %folder.display(), steps = plan.length.horizon.total_steps, "planned");
    debug!(spec = %plan.resolved, "resolved");
    match prepare::prepare(plan, spec, &folder, args)? {
        Prepared::Finished(record) => finished(&record, &folder, args),
        Prepared::Ready(ready) => train::train(*ready, args, signals),
    }
}

/// Returns the resolved spec as TOML, with the folder and the rates of each group as comments.
fn resolved(plan: &Plan, out: &Path) -> Result<String, Error> {
    let folder = out.join(&plan.name).join(&plan.variant);
    let text = toml::to_string(&plan.resolved).map_err(Error::failed)?;
    let mut head = format!("# Would run in {}\n", folder.display());
    for group in started(plan).strategy.groups {
        let rates = format!("{}: {}", group.name, group.rates());
        // The description of a rule may contain line ends, a comment may not.
        let words: Vec<&str> = rates.split_whitespace().collect();
        head += &format!("# {}\n", words.join(" "));
    }
    Ok(head + &text)
}

/// Reports a run that had finished before. Returns its exit code.
fn finished(record: &RunRecord, folder: &Path, args: &RunArgs) -> Result<Exit, Error> {
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
