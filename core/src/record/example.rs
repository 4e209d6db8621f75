//! An example run and its events, for the tests of the sinks and of `compare`.

use std::collections::BTreeMap;

use super::event::*;
use super::experiment::Experiment;
use super::run_json::{Build, Facts};
use super::started::*;
use super::warning::Warning;
use crate::metric::{Metric, Part};
use crate::spec::Horizon;

/// Returns a run of Adam on MNIST with two groups, a validation part and a test part.
pub(crate) fn started() -> Started {
    let group = |name: &str, parameters, lr, schedule: &str| GroupInfo {
        name: name.into(),
        parameters,
        frozen: false,
        lr,
        schedule: schedule.into(),
        schedule_for: vec![],
    };
    let data = DataInfo {
        name: "mnist".into(),
        train_examples: 50_000,
        val_examples: 10_000,
        test_examples: 10_000,
        validation_part: ValidationPart::Validation,
        input_shape: vec![1, 28, 28],
        task: "classification".into(),
        outputs: 10,
        ..DataInfo::default()
    };
    let strategy = StrategyInfo {
        optimizer: "adam, betas 0.9 0.999, eps 1e-8".into(),
        schedule: "×0.1 when val_loss has not been lower for 2 epochs, by at least 1e-4 of it".into(),
        lr: 1e-3,
        groups: vec![
            group("base", 101_632, 1e-3, "×0.1 when val_loss has not been lower for 2 epochs"),
            group("bias", 138, 2e-3, "constant"),
        ],
    };
    Started {
        name: "mnist_adam".into(),
        variant: "optimizer.lr=0.001,seed=1".into(),
        model: ModelInfo { description: "mlp 784-128-10".into(), parameters: 101_770 },
        data,
        strategy,
        compute: ComputeInfo { device: "cpu".into(), threads: 2 },
        seed: 1,
        batch_size: 128,
        length: Horizon { steps_per_epoch: 391, total_steps: 7_820 },
        metric: Metric::ACCURACY,
        target: Some("val_accuracy >= 0.97".into()),
        columns: Columns::default(),
        resumed: None,
    }
}

/// Returns the facts of that run.
pub(crate) fn facts() -> Facts {
    let experiment = Experiment {
        id: "ef".into(),
        seed: 1,
        label: "optimizer.lr=0.001".into(),
        problem: "01".into(),
        strategy: "23".into(),
    };
    let packages = BTreeMap::from([("tch".to_owned(), "0.24.0".to_owned())]);
    Facts {
        experiment,
        spec_hash: "ab".into(),
        libtorch: "2.9.0".into(),
        data_fingerprint: "cd".into(),
        build: Build { commit: "0123abcd".into(), packages },
    }
}

/// Returns the row of `epoch` with this validation loss and accuracy.
pub(crate) fn row(epoch: u64, loss: f64, accuracy: f64) -> Row {
    let scores = |loss, metric| Some(Scores { loss, metric });
    Row {
        epoch,
        step: 391 * epoch,
        train: if epoch == 0 { None } else { scores(loss + 0.125, accuracy - 0.0125) },
        val: scores(loss, accuracy),
        test: None,
        ema: None,
        lr: vec![1e-3, 2e-3],
        hyper: BTreeMap::new(),
        effective_lr: vec![],
        train_seconds: if epoch == 0 { 0.0 } else { 1.25 },
        eval_seconds: 0.125,
    }
}

/// Returns the moment when the run reached 97 %, in epoch 3.
pub(crate) fn reached() -> Reached {
    Reached { metric: Part::Val.of(Metric::ACCURACY), value: 0.9712, epoch: 3, step: 1_173, seconds: 4.1 }
}

/// Returns an outcome: stopped at the target in epoch 3.
pub(crate) fn outcome() -> Outcome {
    Outcome {
        status: Status::StoppedAtTarget,
        ended_by: "target".into(),
        target: started().target,
        reached: Some(reached()),
        best: Some(Best { metric: Part::Val.of(Metric::ACCURACY), value: 0.9712, epoch: 3 }),
        last: Some(row(3, 0.0952, 0.9712)),
        test: Some(Scores { loss: 0.0987, metric: 0.9705 }),
        fitted: vec![],
        diverged: None,
        rollbacks: Vec::new(),
        train_seconds: 3.75,
        eval_seconds: 0.5,
        total_seconds: 4.6,
    }
}

/// Returns all events of the run.
pub(crate) fn events() -> Vec<Event> {
    let step_in_epoch = 200;
    let steps_in_epoch = 391;
    let progress = Progress { epoch: 1, step: 200, step_in_epoch, steps_in_epoch, loss: 0.61 };
    let group = "base".to_owned();
    let quantity = "lr".to_owned();
    let from = 1e-3;
    let to = 1e-4;
    let reason = "val_loss has not been lower for 2 epochs".to_owned();
    vec![
        Event::Started(Box::new(started())),
        Event::Epoch(row(0, 2.3102, 0.0981)),
        Event::Progress(progress),
        Event::Epoch(row(1, 0.1902, 0.9451)),
        Event::RateChanged(RateChanged { epoch: 1, group, quantity, from, to, reason }),
        Event::Epoch(row(2, 0.1207, 0.9640)),
        Event::Warning(Warning::SettingChanged { setting: "threads =", before: "1".into(), now: "2".into() }),
        Event::Epoch(row(3, 0.0952, 0.9712)),
        Event::TargetReached(reached()),
        Event::Ended(Box::new(outcome())),
    ]
}
