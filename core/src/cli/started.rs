//! The first event of a run, from its plan.

use crate::plan::{Group, Plan, Scheduled};
use crate::record::{Columns, GroupInfo, HyperInfo, Started};

/// Describes the run of `plan` in words and numbers.
pub fn started(plan: &Plan) -> Started {
    let info = &plan.data.info;
    let validation_part = match (plan.data.held_out, info.test) {
        (0, 0) => "train",
        (0, _) => "test",
        _ => "validation",
    };
    let base = &plan.groups.groups[0];
    let type_of = |table: &str| {
        let name = plan.resolved.get(table).and_then(|table| table.get("type")?.as_str());
        name.unwrap_or_default().to_owned()
    };
    Started {
        name: plan.name.clone(),
        variant: plan.variant.clone(),
        model: plan.model.architecture.description.clone(),
        parameters: plan.model.architecture.declaration.len() as u64,
        data: plan.data.name.to_owned(),
        train_examples: plan.data.train_examples() as u64,
        val_examples: plan.data.held_out as u64,
        test_examples: info.test as u64,
        validation_part: validation_part.to_owned(),
        optimizer: type_of("optimizer"),
        schedule: base.rate.rule.describe(),
        lr: base.rate.base_lr,
        groups: plan.groups.groups.iter().map(group_info).collect(),
        device: plan.compute.device.to_string(),
        threads: plan.compute.threads as u64,
        seed: plan.seed,
        batch_size: plan.data.batching.batch_size as u64,
        steps_per_epoch: plan.length.horizon.steps_per_epoch,
        total_steps: plan.length.horizon.total_steps,
        metric: plan.loss.metric(),
        target: plan.stops.target.as_ref().map(ToString::to_string),
        columns: Columns {
            hyper: base.rate.hyper.iter().map(|scheduled| scheduled.hyper.name.to_owned()).collect(),
            effective_lr: base.method.rates().finds_its_own,
            test: plan.evaluation.test_every_epoch && info.test > 0,
            ema: plan.updates.ema.is_some(),
        },
        resumed: None,
    }
}

fn group_info(group: &Group) -> GroupInfo {
    let rate = &group.rate;
    let hyper = |scheduled: &Scheduled| {
        let name = scheduled.hyper.name.to_owned();
        let value = scheduled.hyper.value;
        scheduled.describe().map(|schedule| HyperInfo { name, value, schedule })
    };
    GroupInfo {
        name: rate.name.clone(),
        parameters: group.parameters as u64,
        lr: rate.base_lr,
        schedule: rate.rule.describe(),
        schedule_for: rate.hyper.iter().filter_map(hyper).collect(),
    }
}
