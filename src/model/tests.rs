//! What every model must do, by looping over the registry.

use tch::{Device, Kind, Tensor};

use super::{Model, Pass, REGISTRY, Shape};
use crate::params::Store;
use crate::spec::{Log, Section, Spec};

fn build(table: &str, index: usize) -> (Option<Box<dyn Model>>, Result<(), String>) {
    let spec = Spec::parse(std::path::Path::new("test.toml"), table, &[]).unwrap();
    let log = Log::default();
    let mut section = Section::root(&spec.table, &log);
    section.ask("type");
    let model = (REGISTRY[index].build)(&mut section, &Shape { input: vec![1, 28, 28], outputs: 10 });
    section.finish();
    let result = log.finish(&spec.texts).map(drop).map_err(|found| found.to_string());
    (model, result)
}

#[test]
fn names_are_unique_and_sorted() {
    assert!(REGISTRY.windows(2).all(|pair| pair[0].name < pair[1].name));
}

#[test]
fn each_builds_from_its_example_and_trains() {
    for (index, entry) in REGISTRY.iter().enumerate() {
        let (model, result) = build(entry.example, index);
        assert_eq!(result, Ok(()), "{}", entry.name);
        let model = model.unwrap();
        let store = Store::new(model.declaration().clone(), Kind::Float, Device::Cpu, 1).unwrap();
        let x = Tensor::rand([3, 1, 28, 28], (Kind::Float, Device::Cpu));
        let y = model.forward(&x, &store, Pass::Train { seed: 1, step: 0 }).unwrap();
        assert_eq!(y.size(), [3, 10], "{}", entry.name);
        let loss = y.cross_entropy_for_logits(&Tensor::from_slice(&[1i64, 2, 3]));
        let grads = Tensor::f_run_backward(&[&loss], store.views(), false, false).unwrap();
        assert!(
            grads.iter().all(|grad| grad.defined() && grad.isfinite().all().int64_value(&[]) == 1),
            "{}",
            entry.name
        );
    }
}

#[test]
fn each_refuses_an_unknown_key() {
    for (index, entry) in REGISTRY.iter().enumerate() {
        let (_, result) = build(&format!("{}\nhiden = [3]", entry.example), index);
        let message = result.unwrap_err();
        assert!(message.contains("unknown key `hiden`") && message.contains("hiden = [3]"), "{message}");
    }
}

#[test]
fn the_cnn_is_2c2d() {
    let index = REGISTRY.iter().position(|entry| entry.name == "cnn").unwrap();
    let (model, _) = build("type = \"cnn\"", index);
    assert_eq!(model.unwrap().declaration().len(), 3_274_634);
}

#[test]
fn dropout_is_drawn_again_from_its_step() {
    let index = REGISTRY.iter().position(|entry| entry.name == "mlp").unwrap();
    let (model, _) = build("type = \"mlp\"\ndropout = 0.5", index);
    let model = model.unwrap();
    let store = Store::new(model.declaration().clone(), Kind::Float, Device::Cpu, 1).unwrap();
    let x = Tensor::rand([3, 1, 28, 28], (Kind::Float, Device::Cpu));
    let y = |pass| model.forward(&x, &store, pass).unwrap();
    let train = |step| y(Pass::Train { seed: 1, step });
    assert!(train(5).equal(&train(5)));
    assert!(!train(5).equal(&train(6)));
    assert!(!train(5).equal(&y(Pass::Eval)));
}
