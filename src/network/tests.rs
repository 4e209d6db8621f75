//! Requirements of what every model computes, checked by looping over the registry of models.

use std::path::Path;

use tch::{Device, Kind, Tensor};

use super::{ForwardMode, forward, reported};
use crate::model::{Layer, Model, REGISTRY, Shape};
use crate::params::Declaration;
use crate::spec::{Log, Section, Spec, lookup};
use crate::store::Store;

/// Builds the model of a `[model]` table, and its initial parameters.
fn build(table: &str, input: &[usize], outputs: usize) -> (Model, Store) {
    let spec = Spec::parse(Path::new("test.toml"), table, &[]).unwrap();
    let log = Log::default();
    let mut section = Section::root(&spec.table, &log);
    let entry = lookup(REGISTRY, "model", &mut section).unwrap();
    let model = (entry.build)(&mut section, &Shape { input: input.to_vec(), outputs }, Path::new("")).unwrap();
    let store = Store::new(model.declaration.clone(), Kind::Float, Device::Cpu, 1).unwrap();
    (model, store)
}

fn build_for_images(table: &str) -> (Model, Store) {
    build(table, &[1, 28, 28], 10)
}

fn images(seed: i64, count: i64) -> Tensor {
    tch::manual_seed(seed);
    Tensor::rand([count, 1, 28, 28], (Kind::Float, Device::Cpu))
}

#[test]
fn each_model_computes_outputs_and_finite_gradients() {
    for entry in REGISTRY {
        let (model, store) = build_for_images(entry.example);
        let output = forward(&model, &images(1, 3), &store, ForwardMode::Train { seed: 1, step: 0 }).unwrap();
        assert_eq!(output.size(), [3, 10], "{}", entry.name);
        let loss = output.cross_entropy_for_logits(&Tensor::from_slice(&[1i64, 2, 3]));
        let grads = Tensor::f_run_backward(&[&loss], store.views(), false, false).unwrap();
        let finite = |grad: &Tensor| grad.defined() && grad.isfinite().all().int64_value(&[]) == 1;
        assert!(grads.iter().all(finite), "{}", entry.name);
    }
}

#[test]
fn dropout_follows_from_the_step() {
    let (model, store) = build_for_images("type = \"mlp\"\ndropout = 0.5");
    let x = images(1, 3);
    let output = |mode| forward(&model, &x, &store, mode).unwrap();
    let train = |step| output(ForwardMode::Train { seed: 1, step });
    assert!(train(5).equal(&train(5)));
    assert!(!train(5).equal(&train(6)));
    assert!(!train(5).equal(&output(ForwardMode::Eval)));
}

#[test]
fn a_frozen_batch_normalization_uses_its_running_statistics() {
    let (model, mut store) = build_for_images("type = \"mlp\"\nbatch_norm = true");
    let is_norm: Vec<bool> = store.declaration().params().iter().map(|param| param.name.contains("norm")).collect();
    assert!(is_norm.contains(&true) && is_norm.contains(&false));
    store.freeze(|param| is_norm[param]);
    let before = store.all().copy();
    let output = |mode| forward(&model, &images(1, 5), &store, mode).unwrap();
    let trained = output(ForwardMode::Train { seed: 1, step: 0 });
    // A line search passes over the batch again.
    assert!(trained.equal(&output(ForwardMode::Reevaluate { seed: 1, step: 0 })));
    assert!(trained.equal(&output(ForwardMode::Eval)) && store.all().equal(&before));
    let grads = store.gradients(&trained.sum(Kind::Float), false).unwrap();
    for (grad, is_norm) in grads.iter().zip(is_norm) {
        assert_eq!(grad.defined(), !is_norm);
    }
}

#[test]
fn running_statistics_move_only_in_training_and_calibration() {
    for table in ["type = \"mlp\"\nbatch_norm = true\ndropout = 0.5", "type = \"cnn\"\nbatch_norm = true"] {
        let (model, store) = build_for_images(table);
        let len = model.declaration.len() as i64;
        let buffers = || store.all().narrow(0, len, store.all().size()[0] - len).copy();
        let run = |x: &Tensor, mode| tch::no_grad(|| forward(&model, x, &store, mode).unwrap());
        let x = images(1, 5);
        let other = images(2, 5);
        let initial = buffers();
        let before = run(&x, ForwardMode::Eval);
        let trained = run(&x, ForwardMode::Train { seed: 1, step: 7 });
        let moved = buffers();
        assert!(!moved.equal(&initial), "{table}: training moves them");
        let again = run(&x, ForwardMode::Reevaluate { seed: 1, step: 7 });
        assert!(again.equal(&trained), "{table}: a second pass over the batch gives the same outputs");
        assert!(!run(&x, ForwardMode::Eval).equal(&before), "{table}: evaluation uses them");
        assert!(buffers().equal(&moved), "{table}: a second pass and evaluation leave them alone");

        let calibrated = |batches: &[(&Tensor, u64)]| {
            for &(x, batch) in batches {
                let _ = run(x, ForwardMode::Calibrate { seed: 1, batch });
            }
            buffers()
        };
        let first = calibrated(&[(&x, 0)]);
        let both = calibrated(&[(&x, 0), (&other, 1)]);
        assert!(calibrated(&[(&other, 0), (&x, 0)]).equal(&first), "{table}: batch 0 forgets earlier values");
        assert!(!both.equal(&first) && !both.equal(&calibrated(&[(&other, 0)])), "{table}: batch 1 adds to the mean");
    }
}

#[test]
fn a_line_reports_its_slope_and_intercept() {
    let (model, mut store) = build("type = \"linear\"", &[1], 1);
    store.assign(&Tensor::from_slice(&[2f32, -1.0])).unwrap();
    assert_eq!(reported(&model, &store), [("slope".to_owned(), 2.0), ("intercept".to_owned(), -1.0)]);
}

#[test]
fn an_error_names_the_layer_and_the_shape_of_its_input() {
    let (model, store) = build_for_images("type = \"mlp\"");
    let error = forward(&model, &Tensor::zeros([2, 5], (Kind::Float, Device::Cpu)), &store, ForwardMode::Eval);
    let message = error.unwrap_err().to_string();
    assert!(message.starts_with("in layer `layers.0`, on an input of shape [2, 5]: "), "{message}");
}

#[test]
fn a_model_without_layers_returns_its_input() {
    let model = Model::new("empty".to_owned(), Declaration::default(), vec![Layer::ChannelsLast]);
    let store = Store::new(Declaration::default(), Kind::Float, Device::Cpu, 1).unwrap();
    let x = Tensor::from_slice(&[1f32, 2.0]).view([1, 2]);
    assert!(forward(&model, &x, &store, ForwardMode::Eval).unwrap().equal(&x));
}
