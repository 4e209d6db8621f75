//! Update rules compared with the frameworks: recorded gradients in, parameters and state out.

use std::num::NonZero;
use std::path::PathBuf;
use std::thread;

use lr_run::batches::Batch;
use lr_run::engine::{self, Batch as _, Error, Optimizer, Segments, Step};
use lr_run::optimizer::OptimizerConfig;
use lr_run::store::Store;
use lr_run::train::Closure;
use tch::{Device, Kind, Tensor};

use crate::golden::{Trace, distance, plan_table};

#[test]
fn every_rule_matches_its_framework() {
    let paths = Trace::paths("optimizers");
    assert!(paths.len() >= 200, "only {} traces", paths.len());
    let far: Vec<String> = thread::scope(|scope| {
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        let start = |share| scope.spawn(move || differences(share));
        let running: Vec<_> = paths.chunks(paths.len().div_ceil(threads)).map(start).collect();
        running.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert!(far.is_empty(), "{} of {} are too far:\n{}", far.len(), paths.len(), far.join("\n"));
}

/// Replays the traces in `paths`. Returns a line about each whose difference is too large.
fn differences(paths: &[PathBuf]) -> Vec<String> {
    let mut far = Vec::new();
    for path in paths {
        let trace = Trace::read(path);
        let (worst, what) = replay(&trace);
        let limit = if trace.metadata["dtype"].contains("64") { 1e-12 } else { 1e-6 };
        if worst.is_nan() || worst > limit {
            far.push(format!("{}: {what} is off by {worst:e}", trace.name));
        }
    }
    far
}

/// Every rule has a reference with two sets of hyper-parameters in f64, and with groups.
#[test]
fn every_registered_rule_has_traces() {
    let traces = Trace::all("optimizers");
    let mut missing = Vec::new();
    for entry in lr_run::optimizer::REGISTRY {
        let of_rule: Vec<&Trace> = traces.iter().filter(|trace| trace.metadata["optimizer"] == entry.name).collect();
        let in_f64 = of_rule.iter().filter(|trace| trace.metadata["dtype"].contains("64")).count();
        let in_groups = of_rule.iter().any(|trace| trace.metadata["spec"].contains("[[group]]"));
        if in_f64 < 2 || !(in_groups || NOT_IN_GROUPS.contains(&entry.name)) {
            missing.push(format!("{}: {in_f64} traces in f64, in groups: {in_groups}", entry.name));
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

/// Rules without groups, or whose reference has none.
const NOT_IN_GROUPS: [&str; 1] = ["lbfgs"];

/// The closure of an optimizer that evaluates the batch again. It uses the model of the trace's spec and the trace's
/// inputs, or the Hessian's diagonal if the trace has one.
struct Recorded<'a> {
    of_model: Option<Closure<'a>>,
    hessian: Option<Vec<Tensor>>,
}

impl engine::Batch for Recorded<'_> {
    fn loss(&mut self, store: &Store) -> Result<f64, Error> {
        self.of_model.as_mut().expect("the trace has inputs").loss(store)
    }

    fn gradients(&mut self, store: &Store) -> Result<(f64, Vec<Tensor>), Error> {
        self.of_model.as_mut().expect("the trace has inputs").gradients(store)
    }

    fn hessian_vector(&mut self, _: &Store, v: &[Tensor]) -> Result<Vec<Tensor>, Error> {
        let hessian = self.hessian.as_ref().expect("the trace has a Hessian");
        Ok(hessian.iter().zip(v).map(|(h, v)| h * v).collect())
    }
}

/// Runs the trace's spec on its gradients. Returns the largest relative distance, and the name of the value that has
/// it.
fn replay(trace: &Trace) -> (f64, String) {
    let kind = if trace.metadata["dtype"].contains("64") { Kind::Double } else { Kind::Float };
    let dtype = if kind == Kind::Double { "float64" } else { "float32" };
    let model = format!("[model]\ntype = \"mlp\"\nhidden = []\ndtype = \"{dtype}\"\n");
    let plan = plan_table(&format!("{model}{}", trace.metadata["spec"]), 5, 4);
    let names: Vec<String> = plan.groups.groups.iter().map(|group| group.rate.name.clone()).collect();
    let methods: Vec<Box<dyn OptimizerConfig>> = plan.groups.groups.into_iter().map(|group| group.method).collect();
    let mut store = Store::new(plan.model.architecture.declaration.clone(), kind, Device::Cpu, 0).unwrap();
    let params: Vec<String> = store.declaration().params().iter().map(|param| param.name.clone()).collect();
    let init: Vec<Tensor> = params.iter().map(|name| trace.get(&format!("init/{name}")).flatten(0, -1)).collect();
    store.assign(&Tensor::cat(&init, 0)).unwrap();
    let hypers: Vec<&'static str> = methods[0].hypers().iter().map(|hyper| hyper.name).collect();
    let segments = Segments::new(store.declaration(), &plan.groups.group_of);
    let mut optimizer: Box<dyn Optimizer> = engine::start(&methods, segments, plan.updates.clip, &store).unwrap();

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
        let of_step = |kind: &str| {
            let of_param = |name: &String| Some(trace.find(&format!("{kind}/{name}"))?.get(step - 1));
            params.iter().map(of_param).collect::<Option<Vec<Tensor>>>()
        };
        // The batches are taken in turn.
        let inputs = trace.find("x").map(|x| {
            let index = (step - 1) % x.size()[0];
            Batch { x: x.get(index), y: trace.get("y").get(index) }
        });
        let closure = |batch| Closure { model: &plan.model.architecture, batch, loss: plan.loss, seed: 1, step: 0 };
        let mut batch = Recorded { of_model: inputs.as_ref().map(closure), hessian: of_step("hessian") };
        let (loss, grads) = match of_step("grad") {
            Some(grads) => (trace.find("loss").map_or(0.0, |loss| loss.double_value(&[step - 1])), grads),
            None => batch.gradients(&store).unwrap(),
        };
        let lr: Vec<f64> = names.iter().map(|name| rate(name, step - 1)).collect();
        // Each group gets the same values, as in the traces.
        let values = |(name, values): &(&'static str, Tensor)| (*name, values.double_value(&[step - 1]));
        let hyper = vec![scheduled.iter().map(values).collect::<Vec<_>>(); names.len()];
        let loss = Tensor::from(loss);
        let (store_now, batch) = (&mut store, &mut batch);
        optimizer
            .step(&mut Step { store: store_now, grads: &grads, lr: &lr, hyper: &hyper, loss: &loss, batch })
            .unwrap();
        for (index, group) in names.iter().enumerate() {
            let theirs = trace.find(&format!("effective_lr.{group}"));
            if let Some(theirs) = theirs.or(trace.find("effective_lr").filter(|_| index == 0)) {
                let ours = Tensor::from(optimizer.effective_lr().unwrap()[index]);
                compare(&ours, &theirs.get(step - 1), format!("effective_lr of {group} at step {step}"));
            }
        }
        if let Some(row) = seen.iter().position(|&it| it == step) {
            for (index, name) in params.iter().enumerate() {
                let theirs = trace.get(&format!("param/{name}")).get(row as i64);
                compare(store.get(index), &theirs, format!("`{name}` after step {step}"));
            }
        }
    }
    if let Some(evaluated) = optimizer.eval_weights(&store).unwrap() {
        for param in store.declaration().params() {
            let ours = evaluated.narrow(0, param.offset as i64, param.len as i64);
            let theirs = trace.get(&format!("evaluated/{}", param.name)).flatten(0, -1);
            compare(&ours, &theirs, format!("`{}` to evaluate with", param.name));
        }
    }
    // We must have every state of the trace. A trace may leave out state that its reference stores in another form.
    let state = optimizer.state();
    for name in trace.names("state/") {
        assert!(state.iter().any(|(ours, _)| *ours == name), "{} has {name}, but we do not", trace.name);
    }
    for (name, ours) in state {
        let Some(theirs) = trace.find(&format!("state/{name}")) else {
            assert!(
                trace.metadata.get("not_kept").is_some_and(|it| it.split(' ').any(|it| name.starts_with(it))),
                "{name}"
            );
            continue;
        };
        // Keras's SGD keeps the buffer with the opposite sign.
        let opposite = trace.name.starts_with("keras_sgd") && name.starts_with("momentum_buffer");
        compare(&ours, &if opposite { -theirs } else { theirs.shallow_clone() }, name);
    }
    worst
}
