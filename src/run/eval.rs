//! `lr-run eval RUN`: evaluates a finished run's weights on a part of the data.

use super::finished_run::FinishedRun;
use super::{job, machine};
use crate::batches::Batches;
use crate::cli::{Error, EvalArgs, Split, plan_all, print};
use crate::exit::Exit;
use crate::libtorch::device;
use crate::record::number::figure;
use crate::record::{RUN_JSON, RunRecord};
use crate::train::{Validation, evaluate};

/// Prints the loss and the metric.
pub fn eval(args: &EvalArgs) -> Result<Exit, Error> {
    let run = FinishedRun::open(&args.run, args.best, &args.set)?;
    let plan =
        plan_all(&run.spec, &machine())?.into_iter().next().ok_or_else(|| Error::usage("the spec has no run"))?;
    job::prepare_libtorch(&plan);
    let data = job::read_data(&plan, args.offline, args.show.quiet)?;
    let record = RunRecord::read(&args.run.join(RUN_JSON)).map_err(Error::usage)?;
    if record.data_fingerprint != data.fingerprint {
        return Err(Error::usage("the data have changed since this run: its weights were trained on other data"));
    }
    let preprocessing = match run.preprocessing()? {
        Some(learned) => learned,
        None => job::preprocessing(&plan, &data)?,
    };
    let data = job::examples(&plan, data, &preprocessing.normalize)?;
    let store = job::store(&plan, Some(&run.weights))?;
    let all_rows = |examples: &Batches| (0..examples.len() as u32).collect::<Vec<u32>>();
    let (examples, rows) = match (args.split, &data.val, &data.test) {
        (Split::Train, ..) | (Split::Val, Validation::Train, _) => (&data.all, data.train_rows.clone()),
        (Split::Val, Validation::HeldOut(rows), _) => (&data.all, rows.clone()),
        (Split::Val | Split::Test, _, Some(test)) => (test, all_rows(test)),
        (_, _, None) => return Err(Error::usage(format!("the data set \"{}\" has no test part", plan.data.name))),
    };
    let model = &plan.model.architecture;
    let device = device(plan.compute.device);
    let scores = evaluate(model, &store, plan.loss, examples, &rows, device).map_err(Error::failed)?;
    let scores = scores.ok_or_else(|| Error::usage("this part of the data has no examples"))?;
    let metric = plan.loss.metric().name;
    let part = format!("{:?}", args.split).to_lowercase();
    if args.show.json {
        let shown = serde_json::json!({
            "split": part, "examples": rows.len(), "loss": scores.loss, metric: scores.metric,
        });
        print(&format!("{shown}\n"));
    } else {
        let (loss, value) = (figure(scores.loss), figure(scores.metric));
        print(&format!("{part} ({} examples): loss {loss}, {metric} {value}\n", rows.len()));
    }
    Ok(Exit::Success)
}
