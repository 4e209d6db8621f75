//! `lr-run preview SPEC…`: shows learning rates without training.

use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::Path;

use super::args::PreviewArgs;
use super::output::OutputKind;
use super::terminal::chart_options;
use super::{Error, any_device, print, print_warnings};
use crate::exit::Exit;
use crate::plan::{Assume, Plan, plan_assuming};
use crate::plot::Scale;
use crate::preview::{MARK, PreviewedRun, Trace, page, svg, trajectories, write_csv};
use crate::record::{Curve, atomic_write};
use crate::spec::{Duration, Spec};

/// The pictures of a preview.
const PICTURE: OutputKind = OutputKind { extension: "svg", noun: "picture", mark: MARK, command: "lr-run preview" };

/// Prints a chart or, with `--csv`, every step. With `--svg` it also writes a picture.
pub fn preview(args: &PreviewArgs) -> Result<Exit, Error> {
    let every = args.every.as_deref().map(interval).transpose()?;
    if let Some(path) = &args.svg {
        PICTURE.may_be_written(path)?;
    }
    let metrics = args.metrics.as_deref().map(Curve::read).transpose().map_err(Error::usage)?;
    let plans: Vec<Plan> = args.specs.iter().map(|spec| planned(spec, args)).collect::<Result<_, _>>()?;
    let names = names(args, &plans)?;
    let mut traces: Vec<(String, Trace<'_>)> = Vec::new();
    for (name, plan) in names.into_iter().zip(plans) {
        let trace = Trace::new(plan.groups.groups, plan.length.horizon, metrics.as_ref()).map_err(Error::usage)?;
        traces.push((name, trace));
    }
    let read = metrics.as_ref().and_then(|curve| curve.note.as_ref()).map(|note| format!("note: {note}"));
    let notes: Vec<String> = read.into_iter().chain(note(&traces, metrics.is_some())).collect();
    let note = (!notes.is_empty()).then(|| notes.join("\n"));
    if args.csv {
        same_epochs(&traces)?;
    }
    if args.svg.is_some() || !args.csv {
        let mut runs = Vec::new();
        for (name, trace) in &mut traces {
            runs.push(PreviewedRun { name: name.clone(), trajectories: trajectories(trace) });
            trace.restart().map_err(Error::usage)?;
        }
        let scale = scale(args);
        if let Some(path) = &args.svg {
            let picture = svg(&runs, scale).map_err(|error| Error::failed(format!("{}: {error}", path.display())))?;
            atomic_write(path, picture.as_bytes()).map_err(Error::failed)?;
        }
        if !args.csv {
            let note = note.map(|note| format!("\n{note}\n")).unwrap_or_default();
            print(&(page(&runs, scale, chart_options()) + &note));
            return Ok(Exit::Success);
        }
    }
    if let Some(note) = note {
        let _ = writeln!(io::stderr(), "{note}");
    }
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    match write_csv(&mut out, &mut traces, every).and_then(|()| out.flush()) {
        // A reader that has closed the pipe (`| head`) is not an error.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Error::failed(format!("standard output: {error}"))),
        _ => {
            // If the buffer were dropped, it would try to write its rest.
            let _ = out.into_parts();
            Ok(Exit::Success)
        }
    }
}

/// The steps per epoch of a spec without data.
const USUAL_STEPS_PER_EPOCH: u64 = 100;

/// Plans the first run of the spec at `path`. Its runs with other seeds have the same rates. If the spec has no
/// data or no model, placeholders are used. Of the data, only the steps per epoch influence the rates.
fn planned(path: &Path, args: &PreviewArgs) -> Result<Plan, Error> {
    let mut spec = Spec::load(path, &args.set)?;
    let mut assume = Assume { steps_per_epoch: args.steps_per_epoch, ..Assume::default() };
    if spec.add_missing("data", &[("type", "npz"), ("path", "none.npz")]) && assume.steps_per_epoch.is_none() {
        assume.steps_per_epoch = Some(USUAL_STEPS_PER_EPOCH);
        let note =
            format!("note: {} has no [data], so {USUAL_STEPS_PER_EPOCH} steps per epoch are assumed", path.display());
        let _ = writeln!(io::stderr(), "{note}\nhelp: set the number with --steps-per-epoch N");
    }
    assume.any_model = spec.add_missing("model", &[("type", "linear")]);
    let (plans, warnings) = plan_assuming(&spec, &any_device(), assume)?;
    print_warnings(&warnings);
    plans.into_iter().next().ok_or_else(|| Error::usage("the spec has no run"))
}

/// Returns the name of each run or, if two names are the same, the paths of the specs.
fn names(args: &PreviewArgs, plans: &[Plan]) -> Result<Vec<String>, Error> {
    let differ = |names: &[String]| names.iter().enumerate().find(|(at, name)| names[..*at].contains(name)).is_none();
    let names: Vec<String> = plans.iter().map(|plan| plan.name.clone()).collect();
    if differ(&names) {
        return Ok(names);
    }
    let paths: Vec<String> = args.specs.iter().map(|path| path.display().to_string()).collect();
    if differ(&paths) {
        Ok(paths)
    } else {
        Err(Error::usage("the same spec is given twice, so two lines would have the same name"))
    }
}

/// Returns an error if the runs cannot share the column `epoch` of one CSV.
fn same_epochs(traces: &[(String, Trace<'_>)]) -> Result<(), Error> {
    let Some(((first, one), others)) = traces.split_first() else { return Ok(()) };
    let one = one.horizon().steps_per_epoch;
    let other = others.iter().find(|(_, trace)| trace.horizon().steps_per_epoch != one);
    other.map_or(Ok(()), |(name, other)| {
        let other = other.horizon().steps_per_epoch;
        let message =
            format!("{first} has {one} steps an epoch and {name} has {other}: they cannot share a column `epoch`");
        Err(Error::usage(format!("{message}\nhelp: preview them one by one, or give --steps-per-epoch")))
    })
}

/// Returns a note about metric-driven rules. `fed` is true if there is a curve for them. `None` if no note is needed.
fn note(traces: &[(String, Trace<'_>)], fed: bool) -> Option<String> {
    let driven = |trace: &Trace<'_>| -> Vec<String> {
        trace.series().filter(|series| series.metric_driven).map(|series| series.group.clone()).collect()
    };
    let driven: Vec<String> = traces
        .iter()
        .map(|(name, trace)| (name, driven(trace)))
        .filter(|(_, groups)| !groups.is_empty())
        .map(|(name, groups)| format!("{name} ({})", groups.join(", ")))
        .collect();
    match (driven.is_empty(), fed) {
        (true, true) => Some("note: no rule here depends on metrics, so --metrics has no effect".to_owned()),
        (false, false) => Some(format!(
            "note: {}: a rule that depends on metrics keeps its rate here; --metrics FILE shows what it would do",
            driven.join(", ")
        )),
        _ => None,
    }
}

fn interval(text: &str) -> Result<Duration, Error> {
    let expected = "expected a duration such as \"1 epochs\", \"100 steps\" or \"10%\"";
    let every =
        Duration::parse(text).ok_or_else(|| Error::usage(format!("--every cannot be \"{text}\": {expected}")))?;
    let is_some = match every {
        Duration::Steps(steps) => steps > 0,
        Duration::Epochs(part) | Duration::Percent(part) => part > 0.0,
    };
    if is_some { Ok(every) } else { Err(Error::usage(format!("--every \"{text}\" is not above 0: {expected}"))) }
}

fn scale(args: &PreviewArgs) -> Scale {
    match (args.log, args.linear) {
        (true, _) => Scale::Log,
        (_, true) => Scale::Linear,
        _ => Scale::Auto,
    }
}
