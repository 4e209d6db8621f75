//! A run that is to be longer than it was begun: whether its first part would have been the same.

use std::path::Path;

use toml::{Table, Value};

use super::{Error, machine};
use crate::plan::{Plan, plan};
use crate::record::{SPEC_TOML, spec_hash};
use crate::schedule::{Clock, Rule};
use crate::spec::{Horizon, Spec};
use crate::train::{Follows, Scheduled};

/// The keys that say how long a run is.
const LENGTH: [&str; 2] = ["epochs", "steps"];

/// Steps that are looked at; of a longer run as many, evenly spread.
const LOOKS: u64 = 100_000;

/// Whether the run in `folder`, whose resolved spec is `there`, differs from `plan` in its length alone and can become as long.
/// An error where it cannot; it names the key.
pub fn is_longer(plan: &Plan, folder: &Path, there: &Table) -> Result<bool, Error> {
    if experiment(&plan.resolved) != experiment(there) {
        return Ok(false);
    }
    let spec = Spec::load(&folder.join(SPEC_TOML), &[])?;
    let (earlier, _) = self::plan(&spec, &machine())?;
    let Some(earlier) = earlier.first() else { return Ok(false) };
    let (old, new) = (earlier.horizon, plan.horizon);
    if new.total_steps < old.total_steps {
        return Ok(false);
    }
    match in_the_way(plan, earlier).or_else(|| percentage(there, "")) {
        None => Ok(true),
        Some(key) => Err(Error::usage(format!(
            "{} holds a run of {} steps, which cannot go on to {}: `{key}` depends on the length, so that its first part \
             would have been another\n\
             help: choose another folder with --out, or replace that run with --force",
            folder.display(),
            old.total_steps,
            new.total_steps,
        ))),
    }
}

/// The hash of a resolved spec, whatever the run's length.
pub fn experiment(resolved: &Table) -> String {
    let mut table = resolved.clone();
    LENGTH.iter().for_each(|key| drop(table.remove(*key)));
    spec_hash(&table)
}

/// The key of what would have been otherwise up to the earlier end.
fn in_the_way(plan: &Plan, earlier: &Plan) -> Option<String> {
    let (old, new) = (earlier.horizon, plan.horizon);
    for (index, (here, there)) in plan.groups.groups.iter().zip(&earlier.groups.groups).enumerate() {
        let of_group = |key: &str| if index == 0 { key.to_owned() } else { format!("group.{}.{key}", here.name) };
        if differ([&*here.rule, &*there.rule], [new, old]) {
            return Some(of_group("schedule"));
        }
        for (here, there) in here.hyper.iter().zip(&there.hyper) {
            if let (Follows::Rule(own), Follows::Rule(other)) = (&here.follows, &there.follows)
                && differ([&**own, &**other], [new, old])
            {
                let Scheduled { hyper, .. } = here;
                return Some(of_group(&format!("schedule_for.{}", hyper.name)));
            }
        }
    }
    let patience = |plan: &Plan| plan.early_stop.as_ref().map(|stop| stop.patience);
    (patience(plan) != patience(earlier)).then(|| "early_stop.patience".to_owned())
}

/// Whether two rules differ at a step before the end of the second's horizon.
fn differ(rules: [&dyn Rule; 2], horizons: [Horizon; 2]) -> bool {
    let end = horizons[1].total_steps;
    let stride = end.div_ceil(LOOKS).max(1);
    (0..end).step_by(stride as usize).any(|step| {
        let [here, there] = [0, 1].map(|which| {
            let Horizon { total_steps, steps_per_epoch } = horizons[which];
            let clock = Clock { step, total_steps, steps_per_epoch };
            (rules[which].factor(clock).to_bits(), rules[which].momentum(clock).map(f64::to_bits))
        });
        here != there
    })
}

/// The key of a duration that is a part of the run: what it sets may show only under metrics that are still to come.
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
