//! Limits of optimizers. Some take no schedule, no groups, only one learning rate, or no options that differ between
//! groups.

use super::Group;
use crate::optimizer::{Conflict, Rates};
use crate::schedule::{Clock, Rule};
use crate::spec::{Diagnostic, Horizon, Log, Place, Section, Value};

/// Logs an error for each limit of the optimizer `name` that the spec breaks. `tables` are the tables of the groups
/// after the base group.
pub(super) fn check(root: &Section<'_>, name: &str, groups: &[Group], tables: &[&Value], horizon: Horizon) {
    let Rates { no_schedule, one_rate, one_group, .. } = groups[0].method.rates();
    let log = root.log();
    let of_group = |index: usize, key: &str| -> Option<Place> {
        let table = tables.get(index.checked_sub(1)?)?;
        let own = table.as_table().and_then(|table| table.get(key));
        Some(own.map_or(&table.place, |value| &value.place).clone())
    };
    let trained = groups.iter().skip(1).zip(tables).find(|(group, _)| !group.frozen);
    if let (Some(reason), Some((_, table))) = (one_group, trained) {
        refuse(log, Some(&table.place), format!("\"{name}\" takes no groups"), reason);
    }
    for (index, group) in groups.iter().enumerate().skip(1) {
        if let Err(Conflict { key, message }) = group.method.compatible_with(&*groups[0].method) {
            let place = of_group(index, key.unwrap_or_default());
            refuse(log, place.as_ref(), message, &format!("group \"{}\" differs from the base group", group.rate.name));
        }
    }
    if let Some(reason) = no_schedule {
        let moving = groups.iter().position(|group| moves(&*group.rate.rule, horizon));
        if let Some(index) = moving {
            let place = of_group(index, "schedule").or_else(|| root.place_of("schedule").cloned());
            refuse(log, place.as_ref(), format!("\"{name}\" takes no schedule of its learning rate"), reason);
        }
    }
    if let Some(reason) = one_rate {
        // A frozen group does not change, so it does not affect the others.
        let first = groups.iter().find(|group| group.parameters > 0 && !group.frozen);
        let other = groups.iter().enumerate().find(|(index, group)| {
            let differs = first.is_some_and(|first| first.rate.base_lr != group.rate.base_lr);
            group.parameters > 0 && !group.frozen && (differs || has_own_schedule(tables, *index))
        });
        if let Some((index, group)) = other {
            let key = if first.is_some_and(|first| first.rate.base_lr != group.rate.base_lr) {
                "lr_mult"
            } else {
                "schedule"
            };
            let message = format!("\"{name}\" takes one learning rate for all groups");
            refuse(log, of_group(index, key).or_else(|| root.place_of("group").cloned()).as_ref(), message, reason);
        }
    }
}

/// Returns whether the group has a schedule of its own. The base group, at index 0, has not.
fn has_own_schedule(tables: &[&Value], index: usize) -> bool {
    let table = index.checked_sub(1).and_then(|index| tables.get(index)?.as_table());
    table.is_some_and(|table| table.get("schedule").is_some())
}

/// Returns whether the rule ever gives a factor other than 1.
fn moves(rule: &dyn Rule, horizon: Horizon) -> bool {
    let Horizon { total_steps, steps_per_epoch } = horizon;
    let factor = |step| rule.factor(Clock { step, total_steps, steps_per_epoch });
    rule.is_metric_driven() || super::hyper::samples(total_steps).any(|step| factor(step) != 1.0)
}

fn refuse(log: &Log, place: Option<&Place>, message: String, reason: &str) {
    log.push(Diagnostic::error(message).at(place).label(reason));
}
