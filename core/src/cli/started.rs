//! The first event of a run, from its plan.

use crate::dataset::{About, ClassCount, ColumnUse, TaskKind};
use crate::plan::{Compute, DataPlan, Group, Groups, ModelPlan, Plan, Scheduled};
use crate::record::{
    ClassInfo, Columns, ComputeInfo, DataInfo, GroupInfo, HyperInfo, ModelInfo, Started, StrategyInfo, TableInfo,
    ValidationPart,
};

/// Returns the first event of the run of `plan`.
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
    // A plan that assumes the steps per epoch reads no files.
    let about = if plan.assumed_steps.is_some() { About::default() } else { plan.dataset.about().unwrap_or_default() };
    let test_examples = plan.info.test;
    let validation_part = match (plan.info.held_out, test_examples) {
        (0, 0) => ValidationPart::Train,
        (0, _) => ValidationPart::Test,
        _ => ValidationPart::Validation,
    };
    DataInfo {
        name: plan.name.to_owned(),
        train_examples: plan.train_examples() as u64,
        val_examples: plan.info.held_out as u64,
        test_examples: test_examples as u64,
        validation_part,
        input_shape: plan.info.input.iter().map(|&size| size as u64).collect(),
        task: TaskKind::of(plan.info.task).word().to_owned(),
        outputs: plan.outputs() as u64,
        classes: about.classes.iter().map(class).collect(),
        table: (about.rows > 0).then(|| table(&about)),
    }
}

fn class(class: &ClassCount) -> ClassInfo {
    ClassInfo { name: class.name.clone(), examples: class.examples as u64 }
}

fn table(about: &About) -> TableInfo {
    let count = |is: fn(&ColumnUse) -> bool| about.columns.iter().filter(|column| is(&column.usage)).count();
    let numbers = count(|usage| matches!(usage, ColumnUse::Number { .. }));
    let categories = count(|usage| matches!(usage, ColumnUse::Category { .. }));
    let counted = |count: usize, one: &str, more: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        _ => Some(format!("{count} {more}")),
    };
    let columns =
        [counted(numbers, "number", "numbers"), counted(categories, "category", "categories")].into_iter().flatten();
    let left_out = about.columns.iter().filter_map(|column| match &column.usage {
        ColumnUse::LeftOut { reason } => Some(format!("`{}` ({reason})", column.name)),
        _ => None,
    });
    TableInfo {
        format: about.files.clone(),
        rows: about.rows as u64,
        rows_left_out: about.rows_left_out(),
        columns: columns.collect::<Vec<_>>().join(", "),
        columns_left_out: left_out.collect(),
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
        frozen: group.frozen,
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
