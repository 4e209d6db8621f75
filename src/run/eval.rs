//! `lr-run eval RUN`: evaluates a finished run's weights on a part of the data.

use super::{job, machine};
use crate::batches::Batches;
use crate::cli::{Error, EvalArgs, Split, plan_all, print};
use crate::exit::Exit;
use crate::libtorch::device;
use crate::record::{BEST_WEIGHTS, RUN_JSON, RunRecord, SPEC_TOML, WEIGHTS};
use crate::spec::{Spec, Value, ValueKind};
use crate::train::{Validation, evaluate};

/// Prints loss and metric.
pub fn eval(args: &EvalArgs) -> Result<Exit, Error> {
    let spec = args.run.join(SPEC_TOML);
    let name = if args.best { BEST_WEIGHTS } else { WEIGHTS };
    let weights = args.run.join(name);
    for path in [&spec, &weights] {
        if !path.is_file() {
            let message = format!("{} is not a finished run: there is no {}", args.run.display(), path.display());
            return Err(Error::usage(format!("{message}\nhelp: name the folder that `lr-run path SPEC` prints")));
        }
    }
    let mut spec = Spec::load(&spec, &["device=auto".to_owned()])?;
    // The file of initial weights is not needed, and it may no longer exist.
    if let Some(Value { kind: ValueKind::Table(model), .. }) = spec.table.get_mut("model") {
        model.remove("weights");
    }
    let plan = plan_all(&spec, &machine())?.into_iter().next().ok_or_else(|| Error::usage("the spec has no run"))?;
    job::prepare_libtorch(&plan);
    let data = job::read_data(&plan, args.offline, args.show.quiet)?;
    let record = RunRecord::read(&args.run.join(RUN_JSON)).map_err(Error::usage)?;
    if record.data_fingerprint != data.fingerprint {
        return Err(Error::usage("the data have changed since this run: its weights were trained on other data"));
    }
    let data = job::examples(&plan, data)?;
    let store = job::store(&plan, Some(&weights))?;
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
        print(&format!("{part} ({} examples): loss {}, {metric} {}\n", rows.len(), scores.loss, scores.metric));
    }
    Ok(Exit::Success)
}
