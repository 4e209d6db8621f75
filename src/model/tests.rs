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

#[test]
fn running_statistics_move_when_a_batch_comes_first() {
    for (name, options) in [("mlp", "dropout = 0.5"), ("cnn", "")] {
        let index = REGISTRY.iter().position(|entry| entry.name == name).unwrap();
        let (model, _) = build(&format!("type = \"{name}\"\nbatch_norm = true\n{options}"), index);
        let model = model.unwrap();
        let store = Store::new(model.declaration().clone(), Kind::Float, Device::Cpu, 1).unwrap();
        let len = model.declaration().len() as i64;
        let buffers = || store.all().narrow(0, len, store.all().size()[0] - len).copy();
        let batch = |seed: i64| {
            tch::manual_seed(seed);
            Tensor::rand([5, 1, 28, 28], (Kind::Float, Device::Cpu))
        };
        let run = |x: &Tensor, pass| tch::no_grad(|| model.forward(x, &store, pass).unwrap());
        let (x, other) = (batch(1), batch(2));
        let fresh = buffers();
        let before = run(&x, Pass::Eval);
        let trained = run(&x, Pass::Train { seed: 1, step: 7 });
        let moved = buffers();
        assert!(!moved.equal(&fresh), "{name}: training moves them");
        assert!(run(&x, Pass::Again { seed: 1, step: 7 }).equal(&trained), "{name}: the same batch again");
        assert!(!run(&x, Pass::Eval).equal(&before), "{name}: evaluation goes by them");
        assert!(buffers().equal(&moved), "{name}: neither moves them");

        // Two batches of a calibration: each alone, then their mean. With dropout these are other streams than a step's.
        let calibrated = |batches: &[(&Tensor, u64)]| {
            for &(x, batch) in batches {
                let _ = run(x, Pass::Calibrate { seed: 1, batch });
            }
            buffers()
        };
        let (first, both) = (calibrated(&[(&x, 0)]), calibrated(&[(&x, 0), (&other, 1)]));
        assert!(calibrated(&[(&other, 0), (&x, 0)]).equal(&first), "{name}: what was there does not matter");
        assert!(!both.equal(&first) && !both.equal(&calibrated(&[(&other, 0)])), "{name}");
    }
}
