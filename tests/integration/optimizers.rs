//! Update rules against the frameworks themselves: recorded gradients in, parameters and state out.

use lr_run::optimizer::{Method, Optimizer, Segments, Step};
use lr_run::params::Store;
use tch::{Device, Kind, Tensor};

use crate::golden::{Trace, distance, plan_table};

#[test]
fn every_rule_follows_its_framework() {
    let traces = Trace::all("optimizers");
    assert!(traces.len() >= 126, "only {} traces", traces.len());
    let mut far = Vec::new();
    for trace in &traces {
        let (worst, what) = replay(trace);
        let limit = if trace.metadata["dtype"].contains("64") { 1e-12 } else { 1e-6 };
        if worst.is_nan() || worst > limit {
            far.push(format!("{}: {what} is off by {worst:e}", trace.name));
        }
    }
    assert!(far.is_empty(), "{} of {} are too far:\n{}", far.len(), traces.len(), far.join("\n"));
}

/// What Keras 3 does not have.
const NOT_IN_KERAS: [&str; 1] = ["radam"];

#[test]
fn every_registered_rule_has_a_trace_of_each_framework() {
    let traces = Trace::all("optimizers");
    for entry in lr_run::optimizer::REGISTRY {
        for framework in ["torch", "keras"] {
            if framework == "keras" && NOT_IN_KERAS.contains(&entry.name) {
                continue;
            }
            let prefix = format!("{framework}_{}_", entry.name);
            assert!(traces.iter().any(|trace| trace.name.starts_with(&prefix)), "no trace {prefix}…");
        }
    }
}

/// Runs the trace's spec on its gradients; the largest relative distance, and where.
fn replay(trace: &Trace) -> (f64, String) {
    let kind = if trace.metadata["dtype"].contains("64") { Kind::Double } else { Kind::Float };
    let model = "[model]\ntype = \"mlp\"\nhidden = []\n";
    let plan = plan_table(&format!("{model}{}", trace.metadata["spec"]), 5, 4);
    let names: Vec<String> = plan.groups.groups.iter().map(|group| group.name.clone()).collect();
    let methods: Vec<Box<dyn Method>> = plan.groups.groups.into_iter().map(|group| group.method).collect();
    let mut store = Store::new(plan.model.declaration().clone(), kind, Device::Cpu, 0).unwrap();
    let params: Vec<String> = store.declaration().params().iter().map(|param| param.name.clone()).collect();
    let init: Vec<Tensor> = params.iter().map(|name| trace.get(&format!("init/{name}")).flatten(0, -1)).collect();
    store.assign(&Tensor::cat(&init, 0)).unwrap();
    let hypers: Vec<&'static str> = methods[0].hypers().iter().map(|hyper| hyper.name).collect();
    let segments = Segments::new(store.declaration(), &plan.groups.group_of);
    let mut optimizer: Box<dyn Optimizer> = methods[0].start(&methods, segments, plan.clip, &store).unwrap();

    let rate = |group: &str, step: i64| match trace.find(&format!("lr.{group}")) {
        Some(rates) => rates.double_value(&[step]),
        None => trace.get("lr").double_value(&[step]),
    };
    let recorded = |name: &'static str| Some((name, trace.find(&format!("hyper/{name}"))?.shallow_clone()));
    let scheduled: Vec<(&'static str, Tensor)> = hypers.into_iter().filter_map(recorded).collect();
    assert_eq!(scheduled.len(), trace.names("hyper/").len(), "{}", trace.name);
    let seen: Vec<i64> = Vec::try_from(trace.get("steps")).unwrap();
    let mut worst = (0.0, String::new());
    let mut compare = |ours: &Tensor, theirs: &Tensor, what: String| {
        let distance = distance(ours, theirs);
        if distance.is_nan() || distance > worst.0 {
            worst = (distance, what);
        }
    };
    for step in 1..=100 {
        let grads: Vec<Tensor> = params.iter().map(|name| trace.get(&format!("grad/{name}")).get(step - 1)).collect();
        let lr: Vec<f64> = names.iter().map(|name| rate(name, step - 1)).collect();
        // A name once for each group; the traces have the same value in all of them.
        let values = |(name, values): &(&'static str, Tensor)| (*name, values.double_value(&[step - 1]));
        let hyper = vec![scheduled.iter().map(values).collect::<Vec<_>>(); names.len()];
        let loss = Tensor::from(0.0);
        let mut reevaluate = |_: &Store| panic!("no rule here looks twice");
        let (store_now, reevaluate) = (&mut store, &mut reevaluate);
        optimizer
            .step(&mut Step { store: store_now, grads: &grads, lr: &lr, hyper: &hyper, loss: &loss, reevaluate })
            .unwrap();
        if let Some(row) = seen.iter().position(|&it| it == step) {
            for (index, name) in params.iter().enumerate() {
                let theirs = trace.get(&format!("param/{name}")).get(row as i64);
                compare(store.get(index), &theirs, format!("`{name}` after step {step}"));
            }
        }
    }
    let slots = optimizer.slots();
    let recorded = trace.names("state/");
    assert_eq!(recorded.len(), slots.len() * params.len(), "{}: {recorded:?}", trace.name);
    for (slot, values) in slots {
        for param in store.declaration().params() {
            let ours = values.narrow(0, param.offset as i64, param.len as i64);
            let theirs = trace.get(&format!("state/{slot}/{}", param.name)).flatten(0, -1);
            // Keras's SGD keeps the buffer with the opposite sign.
            let opposite = trace.name.starts_with("keras_sgd") && slot == "momentum_buffer";
            let theirs = if opposite { -theirs } else { theirs };
            compare(&ours, &theirs, format!("{slot} of `{}`", param.name));
        }
    }
    worst
}
