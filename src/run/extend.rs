//! The extension of a run to more steps. It is possible if the longer run would have made the same steps up to the end
//! of the shorter one.

use std::path::Path;

use toml::{Table, Value};

use super::machine;
use crate::cli::Error;
use crate::plan::{HyperSource, Plan, plan};
use crate::record::{SPEC_TOML, spec_hash};
use crate::schedule::{Clock, Rule};
use crate::spec::{Horizon, Spec};

/// The keys that set the length of a run.
const LENGTH: [&str; 2] = ["epochs", "steps"];

/// The largest number of steps at which two rules are compared. They are evenly spread.
const SAMPLES: u64 = 100_000;

/// Returns whether the run in `folder` with the resolved spec `there` can be extended to `plan`: the specs differ only
/// in their length. Returns an error that names the key if some value depends on the length.
pub fn is_extension(plan: &Plan, folder: &Path, there: &Table) -> Result<bool, Error> {
    if fingerprint(&plan.resolved) != fingerprint(there) {
        return Ok(false);
    }
    let spec = Spec::load(&folder.join(SPEC_TOML), &[])?;
    let (earlier, _) = self::plan(&spec, &machine())?;
    let Some(earlier) = earlier.first() else { return Ok(false) };
    let old = earlier.length.horizon;
    let new = plan.length.horizon;
    if new.total_steps < old.total_steps {
        return Ok(false);
    }
    match changed_key(plan, earlier).or_else(|| percentage(there, "")) {
        None => Ok(true),
        Some(key) => Err(Error::usage(format!(
            "{} holds a run of {} steps, which cannot be extended to {}: `{key}` depends on the length, so the steps \
             made so far would have been different\n\
             help: choose another folder with --out, or replace that run with --force",
            folder.display(),
            old.total_steps,
            new.total_steps,
        ))),
    }
}

/// Returns the hash of a resolved spec without the run's length.
pub fn fingerprint(resolved: &Table) -> String {
    let mut table = resolved.clone();
    LENGTH.iter().for_each(|key| drop(table.remove(*key)));
    spec_hash(&table)
}

/// Returns the first key whose values differ between the two runs before the end of the earlier one. `None` if none
/// does.
fn changed_key(plan: &Plan, earlier: &Plan) -> Option<String> {
    let old = earlier.length.horizon;
    let new = plan.length.horizon;
    for (index, (here, there)) in plan.groups.groups.iter().zip(&earlier.groups.groups).enumerate() {
        let (here, there) = (&here.rate, &there.rate);
        let of_group = |key: &str| if index == 0 { key.to_owned() } else { format!("group.{}.{key}", here.name) };
        if differ([&*here.rule, &*there.rule], [new, old]) {
            return Some(of_group("schedule"));
        }
        for (here, there) in here.hyper.iter().zip(&there.hyper) {
            if let (HyperSource::Rule(own), HyperSource::Rule(other)) = (&here.source, &there.source)
                && differ([&**own, &**other], [new, old])
            {
                return Some(of_group(&format!("schedule_for.{}", here.hyper.name)));
            }
        }
    }
    let patience = |plan: &Plan| plan.stops.early_stop.as_ref().map(|stop| stop.patience);
    (patience(plan) != patience(earlier)).then(|| "early_stop.patience".to_owned())
}

/// Returns whether two rules differ at a step before the end of the second one's horizon.
fn differ(rules: [&dyn Rule; 2], horizons: [Horizon; 2]) -> bool {
    let end = horizons[1].total_steps;
    let stride = end.div_ceil(SAMPLES).max(1);
    (0..end).step_by(stride as usize).any(|step| {
        let [here, there] = [0, 1].map(|which| {
            let Horizon { total_steps, steps_per_epoch } = horizons[which];
            let clock = Clock { step, total_steps, steps_per_epoch };
            (rules[which].factor(clock).to_bits(), rules[which].momentum(clock).map(f64::to_bits))
        });
        here != there
    })
}

/// Returns the key of a duration that is a percentage of the run. Its effect may depend on metrics that are not known
/// yet. `None` if there is no such duration.
fn percentage(table: &Table, path: &str) -> Option<String> {
    table.iter().find_map(|(key, value)| in_value(value, &format!("{path}{key}")))
}

fn in_value(value: &Value, path: &str) -> Option<String> {
    match value {
        Value::String(text) => {
            let number = text.strip_suffix('%')?.trim();
            number.parse::<f64>().is_ok().then(|| path.to_owned())
        }
        Value::Table(table) if path != "checkpoint" => percentage(table, &format!("{path}.")),
        Value::Array(items) => items.iter().enumerate().find_map(|(at, item)| in_value(item, &format!("{path}.{at}"))),
        _ => None,
    }
}
