//! The first event of a run, from its plan.

use crate::dataset::TaskKind;
use crate::plan::{Compute, DataPlan, Group, Groups, ModelPlan, Plan, Scheduled};
use crate::record::{Columns, ComputeInfo, DataInfo, GroupInfo, HyperInfo, ModelInfo, Started, StrategyInfo};

/// Describes the run of `plan` in words and numbers.
pub fn started(plan: &Plan) -> Started {
    let type_of = |table: &str| {
        let name = plan.resolved.get(table).and_then(|table| table.get("type")?.as_str());
        name.unwrap_or_default().to_owned()
    };
    Started {
        name: plan.name.clone(),
        variant: plan.variant.clone(),
        model: model(&plan.model),
        data: data(&plan.data),
        strategy: strategy(type_of("optimizer"), &plan.groups),
        compute: compute(&plan.compute),
        seed: plan.seed,
        batch_size: plan.data.batching.batch_size as u64,
        length: plan.length.horizon,
        metric: plan.loss.metric(),
        target: plan.stops.target.as_ref().map(ToString::to_string),
        columns: columns(plan),
        resumed: None,
    }
}

fn model(plan: &ModelPlan) -> ModelInfo {
    let architecture = &plan.architecture;
    ModelInfo { description: architecture.description.clone(), parameters: architecture.declaration.len() as u64 }
}

fn data(plan: &DataPlan) -> DataInfo {
    let test_examples = plan.info.test;
    let validation_part = match (plan.info.held_out, test_examples) {
        (0, 0) => "train",
        (0, _) => "test",
        _ => "validation",
    };
    DataInfo {
        name: plan.name.to_owned(),
        train_examples: plan.train_examples() as u64,
        val_examples: plan.info.held_out as u64,
        test_examples: test_examples as u64,
        validation_part: validation_part.to_owned(),
        input_shape: plan.info.input.iter().map(|&size| size as u64).collect(),
        task: TaskKind::of(plan.info.task).word().to_owned(),
        outputs: plan.outputs() as u64,
    }
}

fn strategy(optimizer: String, groups: &Groups) -> StrategyInfo {
    let base = &groups.groups[0].rate;
    StrategyInfo {
        optimizer,
        schedule: base.rule.describe(),
        lr: base.base_lr,
        groups: groups.groups.iter().map(group).collect(),
    }
}

fn group(group: &Group) -> GroupInfo {
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

fn compute(compute: &Compute) -> ComputeInfo {
    ComputeInfo { device: compute.device.to_string(), threads: compute.threads as u64 }
}

fn columns(plan: &Plan) -> Columns {
    let base = &plan.groups.groups[0];
    Columns {
        hyper: base.rate.hyper.iter().map(|scheduled| scheduled.hyper.name.to_owned()).collect(),
        effective_lr: base.method.rates().finds_its_own,
        test: plan.evaluation.test_every_epoch && plan.data.info.test > 0,
        ema: plan.updates.ema.is_some(),
    }
}
