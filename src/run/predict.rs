//! `lr-run predict RUN`: writes what a finished run predicts for the rows of a new table.

use std::io::{self, Write};

use super::finished_run::FinishedRun;
use super::{job, machine};
use crate::batches::Batches;
use crate::cli::{Error, PredictArgs, print};
use crate::dataset::{Coding, NewRows, Part, TargetKind, Targets, Task, Warning};
use crate::exit::Exit;
use crate::libtorch::{device, kind};
use crate::plan::{Assume, plan_assuming};
use crate::record::{PREPROCESSING, RUN_JSON, RunRecord, atomic_write};
use crate::train;

/// Writes a CSV file with one row of predictions for each row of the input.
pub fn predict(args: &PredictArgs) -> Result<Exit, Error> {
    args.check()?;
    let run = FinishedRun::open(&args.run, args.best, &[])?;
    let preprocessing = run.preprocessing()?.ok_or_else(|| {
        Error::usage(format!("{} has no {PREPROCESSING}, which predictions need", args.run.display()))
            .with_help("an earlier lr-run trained it: train it again with --force")
    })?;
    let Some(coding) = &preprocessing.coding else {
        let message = format!("{} was not trained on `csv` data, as predictions need", args.run.display());
        return Err(Error::usage(message));
    };
    let task = task(coding);
    // Plans with the run's own number of steps per epoch. With another number, a schedule in steps may not fit.
    let record = RunRecord::read(&args.run.join(RUN_JSON)).map_err(Error::usage)?;
    let steps_per_epoch = Some(record.started.length.steps_per_epoch);
    let assume = Assume { steps_per_epoch, table: Some((coding.width(), task)), ..Assume::default() };
    let (plans, _) = plan_assuming(&run.spec, &machine(), assume)?;
    let plan = plans.into_iter().next().ok_or_else(|| Error::usage("the spec has no run"))?;
    let new = plan.data.dataset.new_rows(&args.input, coding).map_err(Error::usage)?;
    let NewRows { inputs, rows, used, format, unseen } = new;

    job::prepare_libtorch(&plan);
    let targets = match task {
        Task::Classification { .. } => Targets::Classes(vec![0; used.len()]),
        Task::Regression { outputs } => Targets::Values(vec![0.0; used.len() * outputs]),
    };
    let part = Part { inputs, targets, len: used.len() };
    let dtype = kind(plan.model.precision.compute);
    let device = device(plan.compute.device);
    let input = [coding.width()];
    let examples = Batches::new(part, preprocessing.normalize.clone(), &input, plan.data.outputs(), dtype, device);
    let examples = examples.map_err(job::torch_error)?;
    let store = job::store(&plan, Some(&run.weights))?;
    let outputs = train::predict(&plan.model.architecture, &store, plan.loss, &examples).map_err(Error::failed)?;
    let table = table(coding, &outputs, rows, &used).map_err(Error::failed)?;
    match args.prints_predictions() {
        true => print(&String::from_utf8_lossy(&table)),
        false => drop(atomic_write(&args.output, &table).map_err(Error::failed)?),
    }
    print(&args.report(rows, used.len(), &format, &unseen));
    if !unseen.is_empty() {
        let warning = Warning::UnseenValues { columns: unseen };
        let _ = writeln!(io::stderr(), "warning: {warning}\nhelp: {}", warning.help());
    }
    Ok(Exit::Success)
}

fn task(coding: &Coding) -> Task {
    match &coding.target.kind {
        TargetKind::Classification { classes } => Task::Classification { classes: classes.len() },
        TargetKind::Regression { .. } => Task::Regression { outputs: 1 },
    }
}

/// Returns the predictions as CSV: a header, then a row for each of `rows`. A row that is not in `used` has empty
/// cells.
fn table(coding: &Coding, outputs: &[f32], rows: usize, used: &[u32]) -> csv::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut header = vec!["predicted".to_owned()];
    if let TargetKind::Classification { classes } = &coding.target.kind {
        header.extend(classes.iter().map(|class| format!("probability of {class}")));
    }
    writer.write_record(&header)?;
    let width = outputs.len() / used.len().max(1);
    let mut predicted = used.iter().zip(outputs.chunks(width.max(1))).peekable();
    for row in 0..rows {
        let cells = match predicted.next_if(|(at, _)| **at as usize == row) {
            Some((_, outputs)) => cells(&coding.target.kind, outputs),
            None => vec![String::new(); header.len()],
        };
        writer.write_record(&cells)?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

/// Returns the cells of a row: the class with the highest probability and all probabilities, or the value.
fn cells(target: &TargetKind, outputs: &[f32]) -> Vec<String> {
    match target {
        TargetKind::Regression { .. } => vec![target.shown(outputs[0])],
        TargetKind::Classification { classes } => {
            let highest = (1..outputs.len()).fold(0, |best, at| if outputs[at] > outputs[best] { at } else { best });
            let name = classes.get(highest).cloned().unwrap_or_default();
            std::iter::once(name).chain(outputs.iter().map(f32::to_string)).collect()
        }
    }
}
