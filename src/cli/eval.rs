//! `lr-run eval RUN`: a finished run's weights on a part of the data.

use super::args::{EvalArgs, Split};
use super::job::{self, Parts};
use super::{Error, plan_all, print};
use crate::exit::Exit;
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
            let message = format!("{} is no finished run: it has no {}", args.run.display(), path.display());
            return Err(Error::usage(format!("{message}\nhelp: name the folder that `lr-run path SPEC` prints")));
        }
    }
    let mut spec = Spec::load(&spec, &["device=auto".to_owned()])?;
    // What the run began with is not needed any more, and may be gone.
    if let Some(Value { kind: ValueKind::Table(model), .. }) = spec.table.get_mut("model") {
        model.remove("weights");
    }
    let plan = plan_all(&spec)?.into_iter().next().ok_or_else(|| Error::usage("the spec has no run"))?;
    job::prepare_libtorch(&plan);
    let data = job::read_data(&plan, args.offline, args.show.quiet)?;
    let record = RunRecord::read(&args.run.join(RUN_JSON)).map_err(Error::usage)?;
    if record.data_fingerprint != data.fingerprint {
        return Err(Error::usage("the data have changed since this run: its weights were trained on others"));
    }
    let Parts { examples, train_rows, val, test } = job::parts(&plan, data)?;
    let store = job::store(&plan, Some(&weights))?;
    let all = |examples: &crate::batches::Batches| (0..examples.len() as u32).collect::<Vec<u32>>();
    let (examples, rows) = match (args.split, &val, &test) {
        (Split::Train, ..) | (Split::Val, Validation::Train, _) => (&examples, train_rows),
        (Split::Val, Validation::HeldOut(rows), _) => (&examples, rows.clone()),
        (Split::Val | Split::Test, _, Some(test)) => (test, all(test)),
        (_, _, None) => return Err(Error::usage(format!("the data set \"{}\" has no test part", plan.data.name))),
    };
    let scores = evaluate(&plan.model, &store, plan.loss, examples, &rows, plan.device).map_err(Error::failed)?;
    let scores = scores.ok_or_else(|| Error::usage("this part of the data has no examples"))?;
    let (metric, part) = (plan.loss.metric().name, format!("{:?}", args.split).to_lowercase());
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
