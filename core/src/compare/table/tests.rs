use std::fs;

use super::super::{compare, find};
use super::*;
use crate::record::{Event, Opened, Outcome, Row, RunDirectory, Scores, Started, Status, ValidationPart, example};

/// Writes a run with `rows` to `folder`. It ends with `status`.
fn run(folder: &Path, started: Started, rows: &[Row], status: Option<Status>) -> RunDirectory {
    let spec = "seed = 1\n".parse().unwrap();
    let Ok(Opened::Ready(directory)) = RunDirectory::open(folder, &spec, false) else { panic!("not ready") };
    let mut events = vec![Event::Started(Box::new(started))];
    events.extend(rows.iter().cloned().map(Event::Epoch));
    let reached = (status == Some(Status::StoppedAtTarget)).then(example::reached);
    let end = |status| Event::Ended(Box::new(Outcome { status, reached, ..example::outcome() }));
    events.extend(status.map(end));
    let mut sinks = directory.sinks(example::facts());
    events.iter().for_each(|event| crate::record::Sink::on(&mut sinks, event).unwrap());
    directory
}

fn rows(accuracies: &[f64]) -> Vec<Row> {
    accuracies.iter().zip(0..).map(|(&accuracy, epoch)| example::row(epoch, 0.5, accuracy)).collect()
}

#[test]
fn runs_are_listed_best_first() {
    let results = tempfile::tempdir().unwrap();
    let at = |name: &str| results.path().join("mnist").join(name);
    let started = example::started;
    let with_lr = |lr| {
        let mut started = started();
        started.strategy.lr = lr;
        started
    };
    run(&at("lr=0.001,seed=1"), started(), &rows(&[0.1, 0.94, 0.9712]), Some(Status::StoppedAtTarget));
    run(&at("lr=0.001,seed=2"), started(), &rows(&[0.1, 0.96, 0.95]), Some(Status::StoppedEarly));
    run(&at("lr=0.01,seed=1"), with_lr(0.01), &rows(&[0.1, 0.98, 0.98]), Some(Status::Completed));
    run(&at("lr=0.1,seed=1"), with_lr(0.1), &rows(&[0.1]), None);
    run(&at("lr=10,seed=1"), with_lr(10.0), &rows(&[f64::NAN]), Some(Status::Diverged));
    let _live = run(&at("lr=1e-5,seed=1"), Started { target: None, ..with_lr(1e-5) }, &rows(&[0.1, 0.2]), None);
    let _soon = run(&at("lr=1e-6,seed=1"), with_lr(1e-6), &[], None);
    fs::create_dir_all(at("notes/empty")).unwrap();
    insta::assert_snapshot!(compare(&[results.path().to_owned()]).unwrap(), @r"
     run               status              epochs   val acc   best val acc   at epoch   target              lr
    ───────────────────────────────────────────────────────────────────────────────────────────────────────────
     lr=0.01,seed=1    completed                2   98.00 %        98.00 %          1   no                0.01
     lr=0.001,seed=1   stopped at target        2   97.12 %        97.12 %          2   epoch 3, 4.1 s   0.001
     lr=0.001,seed=2   stopped early            2   95.00 %        96.00 %          1   no               0.001
     lr=1e-5,seed=1    running                  1   20.00 %        20.00 %          1   -                 1e-5
     lr=0.1,seed=1     crashed                  0   10.00 %              -          -   no                 0.1
     lr=10,seed=1      diverged                 0         -              -          -   no                  10
     lr=1e-6,seed=1    running                  -         -              -          -   not yet           1e-6
    Sorted by best val_accuracy, highest first.
    ");
}

#[test]
fn each_metric_has_a_table_and_a_direction() {
    let results = tempfile::tempdir().unwrap();
    let line = |metric: Metric| Started { metric, target: None, ..example::started() };
    let by_test = || {
        let mut started = line(Metric::RMSE);
        started.data.validation_part = ValidationPart::Test;
        started.columns.test = true;
        started
    };
    let scores = |metric| Some(Scores { loss: 0.25, metric });
    let row = |metric| Row { val: None, test: scores(metric), ..example::row(1, 0.5, 0.5) };
    run(&results.path().join("a"), line(Metric::RMSE), &rows(&[3.5, 0.75, 0.5]), Some(Status::Completed));
    run(&results.path().join("b"), by_test(), &[row(0.25)], Some(Status::Completed));
    run(&results.path().join("c"), line(Metric::ACCURACY), &rows(&[0.5]), Some(Status::Completed));
    insta::assert_snapshot!(compare(&[results.path().to_owned()]).unwrap(), @r"
     run   status      epochs   val acc   best val acc   at epoch   target      lr
    ───────────────────────────────────────────────────────────────────────────────
     c     completed        0   50.00 %              -          -   -        0.001
    Sorted by best val_accuracy, highest first.

     run   status      epochs   val rmse   best val rmse   at epoch   target      lr
    ─────────────────────────────────────────────────────────────────────────────────
     b     completed        1     0.2500          0.2500          1   -        0.001
     a     completed        2     0.5000          0.5000          2   -        0.001
    Sorted by best val_rmse, lowest first.
    b is judged by its test part, because it has no validation part.
    ");
}

#[test]
fn each_run_is_listed_once_and_a_broken_run_is_reported() {
    let results = tempfile::tempdir().unwrap();
    let good = results.path().join("good");
    let bad = results.path().join("bad");
    run(&good, example::started(), &rows(&[0.5]), Some(Status::Completed));
    run(&bad, example::started(), &rows(&[0.5]), Some(Status::Completed));
    fs::write(bad.join("epochs.csv"), "a,b\n").unwrap();
    let found = find(&[good.clone(), results.path().to_owned(), good.join("../good")]).unwrap();
    assert_eq!((found.runs.len(), found.left_out.len()), (1, 1));
    let text = compare(&[results.path().to_owned()]).unwrap();
    assert!(text.contains("\nleft out: ") && text.contains("bad/epochs.csv:1: there is no column `epoch`"), "{text}");
    let only_bad = compare(&[bad]).unwrap();
    assert!(only_bad.starts_with("left out: "), "{only_bad}");
}

#[test]
fn folder_without_runs_is_an_error() {
    let results = tempfile::tempdir().unwrap();
    let good = results.path().join("good");
    run(&good, example::started(), &[], Some(Status::Completed));
    let empty = results.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let error = |path: &Path| compare(&[good.clone(), path.to_owned()]).unwrap_err().to_string();
    assert!(error(&empty).starts_with(&format!("no runs found under {}: ", empty.display())));
    let missing = results.path().join("missing");
    assert!(error(&missing).starts_with(&format!("cannot look for runs in {}: ", missing.display())));
}
