//! Complete training steps compared with PyTorch's, in f64, from given weights.

use lr_run::batches::Batch;
use lr_run::engine::{Segments, Step, start};
use lr_run::network::{ForwardMode, forward};
use lr_run::optimizer::OptimizerConfig;
use lr_run::plan::{Loss, Plan};
use lr_run::store::Store;
use lr_run::train::{Closure, mean_loss};
use tch::{Device, Kind, Tensor, no_grad};

use crate::golden::{Trace, distance, plan_images, plan_table};

const TOLERANCE: f64 = 1e-10;

#[test]
fn networks_train_as_in_pytorch() {
    let traces = Trace::all("networks");
    let (images, tables): (Vec<&Trace>, Vec<&Trace>) = traces.iter().partition(|it| it.name.ends_with("_images"));
    assert!(images.len() >= 2 && tables.len() >= 6);
    tables.into_iter().for_each(table);
    images.into_iter().for_each(image);
}

/// Checks a trace that contains everything: weights before and after, data, losses, outputs.
fn table(trace: &Trace) {
    let x = trace.get("x");
    let regression = trace.metadata["loss"] == "mse";
    let classes = if regression { 0 } else { 5 };
    let plan = plan_table(&trace.metadata["spec"], x.size()[1] as usize, classes);
    let mut store = Store::new(plan.model.architecture.declaration.clone(), Kind::Double, Device::Cpu, 0).unwrap();
    let names: Vec<String> = store.declaration().params().iter().map(|param| param.name.clone()).collect();
    let init: Vec<Tensor> = names.iter().map(|name| trace.get(&format!("init/{name}")).flatten(0, -1)).collect();
    store.assign(&Tensor::cat(&init, 0)).unwrap();
    let (losses, outputs) = train(trace, plan, &mut store, x, trace.get("losses").size()[0]);
    close(trace, "losses", &losses);
    close(trace, "outputs", &outputs);
    for (index, name) in names.iter().enumerate() {
        close(trace, &format!("param/{name}"), store.get(index));
    }
    for (index, buffer) in store.declaration().buffers().iter().enumerate() {
        close(trace, &format!("buffer/{}", buffer.name), store.buffer(index));
    }
}

/// Checks a trace whose weights and inputs follow from formulas. It contains a summary of each parameter.
fn image(trace: &Trace) {
    let plan = plan_images(&trace.metadata["spec"]);
    let mut store = Store::new(plan.model.architecture.declaration.clone(), Kind::Double, Device::Cpu, 0).unwrap();
    let params = store.declaration().params().to_vec();
    let wave = |len: usize, rate: f64, phase: f64| {
        let values: Vec<f64> = (0..len).map(|i| (rate * i as f64 + phase).sin()).collect();
        Tensor::from_slice(&values)
    };
    let init: Vec<Tensor> =
        params.iter().zip(0..).map(|(param, k)| 0.05 * wave(param.len, 0.37, f64::from(k))).collect();
    store.assign(&Tensor::cat(&init, 0)).unwrap();
    let before = store.flat().copy();
    let x: Tensor = 0.5 + 0.5 * wave(2 * 784, 0.11, 0.0);
    let x = x.view([2, 1, 28, 28]);
    let (losses, outputs) = train(trace, plan, &mut store, &x, trace.get("losses").size()[0]);
    close(trace, "losses", &losses);
    close(trace, "outputs", &outputs);
    for param in &params {
        let part = |of: &Tensor| of.narrow(0, param.offset as i64, param.len as i64);
        let (old, new) = (part(&before), part(store.flat()));
        for (when, values) in [("init", &old), ("param", &new), ("change", &(&new - &old))] {
            let name = format!("{when}/{}", param.name);
            // A bias before a normalization changes by rounding errors only, which are not stored.
            if when != "change" || trace.find(&format!("{name}/sum")).is_some() {
                summary(trace, &name, values);
            }
        }
    }
    for (index, buffer) in store.declaration().buffers().iter().enumerate() {
        close(trace, &format!("buffer/{}", buffer.name), store.buffer(index));
    }
}

/// Compares `values` with the summary `name` of the trace.
fn summary(trace: &Trace, name: &str, values: &Tensor) {
    let of = |what: &str| trace.get(&format!("{name}/{what}"));
    let squares = values.square().sum(Kind::Double);
    close(trace, &format!("{name}/sum_squares"), &squares.view(of("sum_squares").size().as_slice()));
    // A sum may be small compared with its terms: an error in it has the scale √(n · Σx²).
    let scale = (values.numel() as f64 * squares.double_value(&[])).sqrt();
    let error = (values.sum(Kind::Double).double_value(&[]) - of("sum").sum(Kind::Double).double_value(&[])).abs();
    assert!(error <= TOLERANCE * scale, "{}: sum of {name} is off by {error:e} at a scale of {scale:e}", trace.name);
    let len = of("first").size()[0];
    close(trace, &format!("{name}/first"), &values.narrow(0, 0, len));
    close(trace, &format!("{name}/last"), &values.narrow(0, values.size1().unwrap() - len, len));
}

/// Trains on the complete batch at each step. Returns the loss before each step, and the outputs after the last.
fn train(trace: &Trace, plan: Plan, store: &mut Store, x: &Tensor, steps: i64) -> (Tensor, Tensor) {
    let y = trace.get("y");
    let label_smoothing: f64 = trace.metadata["label_smoothing"].parse().unwrap();
    let loss = if trace.metadata["loss"] == "mse" {
        Loss::Mse { target_sd: 1.0 }
    } else {
        Loss::CrossEntropy { label_smoothing }
    };
    let segments = Segments::new(store.declaration(), &plan.groups.group_of);
    let rates: Vec<f64> = plan.groups.groups.iter().map(|group| group.rate.base_lr).collect();
    let methods: Vec<Box<dyn OptimizerConfig>> = plan.groups.groups.into_iter().map(|group| group.method).collect();
    let mut optimizer = start(&methods, segments, plan.updates.clip, store).unwrap();
    let mut losses = Vec::new();
    let batch = Batch { x: x.shallow_clone(), y: y.shallow_clone() };
    for step in 0..steps as u64 {
        let output = forward(&plan.model.architecture, x, store, ForwardMode::Train { seed: 1, step }).unwrap();
        let value = mean_loss(loss, &output, y).unwrap();
        losses.push(value.double_value(&[]));
        let grads = Tensor::f_run_backward(&[&value], store.views(), false, false).unwrap();
        let batch = &mut Closure { model: &plan.model.architecture, batch: &batch, loss, seed: 1, step };
        optimizer.step(&mut Step { store, grads: &grads, lr: &rates, hyper: &[], loss: &value, batch }).unwrap();
    }
    let outputs = no_grad(|| forward(&plan.model.architecture, x, store, ForwardMode::Eval).unwrap());
    (Tensor::from_slice(&losses), outputs)
}

/// Panics unless `ours` is the tensor `name` of the trace, within the tolerance.
fn close(trace: &Trace, name: &str, ours: &Tensor) {
    let distance = distance(ours, trace.get(name));
    assert!(distance <= TOLERANCE, "{}: {name} is off by {distance:e}", trace.name);
}
