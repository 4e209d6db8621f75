use std::fs;
use std::path::Path;

use super::*;
use crate::plot::ChartOptions;
use crate::record::{Event, Experiment, Facts, Opened, Outcome, Row, RunDirectory, Started, Status, example};

/// A run to write: its folder, strategy, seed, and the validation accuracy of each epoch.
pub(super) struct Made<'a> {
    pub folder: &'a str,
    pub strategy: &'a str,
    pub seed: u64,
    pub accuracies: &'a [f64],
    pub status: Option<Status>,
}

/// Writes a run below `results`. Its spec has the strategy as the type of its schedule, or `TYPE@LR` as both type and
/// rate.
pub(super) fn write(results: &Path, made: &Made<'_>) {
    let (strategy, lr) = made.strategy.split_once('@').unwrap_or((made.strategy, "0.1"));
    let spec: toml::Table = format!(
        "seed = {}\nepochs = 3\n[optimizer]\ntype = \"sgd\"\nlr = {lr}\n[schedule]\ntype = \"{strategy}\"\n",
        made.seed
    )
    .parse()
    .unwrap();
    let folder = results.join(made.folder);
    let Ok(Opened::Ready(directory)) = RunDirectory::open(&folder, &spec, false) else { panic!("not ready") };
    let rows: Vec<Row> =
        made.accuracies.iter().zip(0..).map(|(&accuracy, epoch)| example::row(epoch, 0.5, accuracy)).collect();
    let started = Started { seed: made.seed, target: None, ..example::started() };
    let mut events = vec![Event::Started(Box::new(started))];
    events.extend(rows.into_iter().map(Event::Epoch));
    let end = |status| Event::Ended(Box::new(Outcome { status, reached: None, ..example::outcome() }));
    events.extend(made.status.map(end));
    let facts = Facts { experiment: Experiment::of(&spec, "data"), ..example::facts() };
    let mut sinks = directory.sinks(facts);
    events.iter().for_each(|event| crate::record::Sink::on(&mut sinks, event).unwrap());
}

/// Writes runs of `strategy` with the seeds 1, 2, … They end with the accuracies `last`.
pub(super) fn write_seeds(results: &Path, strategy: &str, last: &[f64]) {
    for (seed, &accuracy) in (1..).zip(last) {
        let accuracies = [0.1, 0.5, 0.8, accuracy];
        let folder = format!("{strategy}/seed={seed}");
        let status = Some(Status::Completed);
        write(results, &Made { folder: &folder, strategy, seed, accuracies: &accuracies, status });
    }
}

pub(super) fn compared(results: &Path, options: &Options) -> Report {
    compare(&[results.to_owned()], options).unwrap()
}

/// A chart without colour, 80 columns wide.
const OPTIONS: ChartOptions = ChartOptions { width: 80, colour: false };

const COSINE: [f64; 5] = [0.90, 0.91, 0.92, 0.91, 0.90];
const STEP: [f64; 5] = [0.86, 0.88, 0.87, 0.87, 0.86];
const LINEAR: [f64; 5] = [0.91, 0.90, 0.92, 0.90, 0.91];

#[test]
fn a_report_says_which_strategy_is_best_and_which_cannot_be_told_apart() {
    let results = tempfile::tempdir().unwrap();
    write_seeds(results.path(), "cosine", &COSINE);
    write_seeds(results.path(), "step", &STEP);
    write_seeds(results.path(), "linear", &LINEAR);
    let report = compared(results.path(), &Options { charts: true, ..Options::default() });
    assert_eq!(report.left_out, Vec::<String>::new());
    insta::assert_snapshot!(show::terminal(&report, true, OPTIONS));
    insta::assert_snapshot!(show::markdown(&report, false));
    insta::assert_snapshot!(show::latex(&report, false));
    insta::assert_snapshot!(show::csv(&report));
    let json: serde_json::Value = serde_json::from_str(&show::json(&report)).unwrap();
    assert_eq!(json["problems"][0]["strategies"][0]["runs"][0]["seed"], 1);
}

#[test]
fn fewer_than_three_seeds_make_no_claim() {
    let results = tempfile::tempdir().unwrap();
    write_seeds(results.path(), "cosine", &COSINE[..2]);
    write_seeds(results.path(), "step", &[0.1, 0.1]);
    let problem = &compared(results.path(), &Options::default()).problems[0];
    assert!(problem.conclusions[0].starts_with("No claim can be made from 2 seeds: cosine has the best result"));
    assert!(problem.pairs.iter().all(|pair| pair.p.is_none() && pair.p_holm.is_none()));
    assert!(problem.strategies.iter().all(|it| it.letters.is_empty()));
}

#[test]
fn strategies_with_failed_runs_only_are_tied() {
    let results = tempfile::tempdir().unwrap();
    let bad = [0.1, f64::NAN];
    let status = Some(Status::Diverged);
    for (strategy, seed) in ["step", "wild"].into_iter().flat_map(|strategy| (1..4).map(move |seed| (strategy, seed))) {
        let folder = format!("{strategy}/seed={seed}");
        write(results.path(), &Made { folder: &folder, strategy, seed, accuracies: &bad, status });
    }
    let conclusions = |options: &Options| compared(results.path(), options).problems[0].conclusions.clone();
    assert!(conclusions(&Options::default())[0].starts_with("No claim can be made: the strategies are tied"));
    write_seeds(results.path(), "cosine", &[0.5, 0.5, 0.5]);
    let options = Options { reference: Some("wild".to_owned()), ..Options::default() };
    assert!(conclusions(&options).contains(&"step and wild are tied.".to_owned()));
}

#[test]
fn a_diverged_run_is_counted_and_ranked_last() {
    let results = tempfile::tempdir().unwrap();
    write_seeds(results.path(), "step", &[0.5; 6]);
    write_seeds(results.path(), "wild", &[0.99; 5]);
    let bad = [0.1, 0.99, 0.99, f64::NAN];
    let status = Some(Status::Diverged);
    write(results.path(), &Made { folder: "wild/seed=6", strategy: "wild", seed: 6, accuracies: &bad, status });
    let problem = &compared(results.path(), &Options::default()).problems[0];
    let labels: Vec<&str> = problem.strategies.iter().map(|it| it.label.as_str()).collect();
    assert_eq!(labels, ["step", "wild"]);
    let wild = &problem.strategies[1].summary;
    assert_eq!((wild.diverged, wild.mean, wild.worst, wild.median), (1, None, None, Some(0.99)));
    // Five wins of six are not significant.
    let pair = &problem.pairs[0];
    assert_eq!((pair.wins, pair.losses, pair.difference), (1, 5, None));
    assert_eq!(pair.verdict, report::Verdict::NotToldApart);
}

#[test]
fn the_sign_test_names_the_failed_runs() {
    let results = tempfile::tempdir().unwrap();
    write_seeds(results.path(), "step", &[0.5; 7]);
    let bad = [0.1, f64::NAN];
    let status = Some(Status::Diverged);
    for seed in 1..8 {
        let folder = format!("wild/seed={seed}");
        write(results.path(), &Made { folder: &folder, strategy: "wild", seed, accuracies: &bad, status });
    }
    let conclusions = &compared(results.path(), &Options::default()).problems[0].conclusions;
    assert_eq!(conclusions[0], "step is better than wild on 7 of 7 seeds (7 of 7 runs of wild diverged).");
}

#[test]
fn a_run_without_the_value_is_left_out_with_the_reason() {
    let results = tempfile::tempdir().unwrap();
    fs::write(results.path().join("a.csv"), "epoch,val_accuracy,train_accuracy\n1,0.5,0.5\n2,0.6,\n").unwrap();
    let reason = |measure, metric: &str| {
        let options =
            Options { measure: Some(measure), metric: metric.parse().ok(), target: Some(0.5), ..Options::default() };
        compared(results.path(), &options).left_out.join("\n")
    };
    for (measure, metric, expected) in [
        (MeasureKind::Steps, "val_accuracy", "column `step` has no number in the epoch that reached the target"),
        (MeasureKind::Seconds, "val_accuracy", "do not have the time of every epoch until the target"),
        (MeasureKind::Last, "train_accuracy", "column `train_accuracy` has no number in the last epoch"),
        (MeasureKind::Area, "train_accuracy", "column `train_accuracy` has an epoch without a finite number"),
        (MeasureKind::Test, "val_accuracy", "it has no accuracy on a test part"),
    ] {
        let reason = reason(measure, metric);
        assert!(reason.contains(expected), "{reason}");
    }
}

#[test]
fn runs_that_cannot_be_used_are_named() {
    let results = tempfile::tempdir().unwrap();
    write_seeds(results.path(), "cosine", &COSINE);
    let made = |folder, seed, status| Made { folder, strategy: "cosine", seed, accuracies: &[0.1, 0.5], status };
    write(results.path(), &made("again/seed=1", 1, Some(Status::Completed)));
    write(results.path(), &made("cosine/seed=7", 7, None));
    write(results.path(), &made("cosine/seed=8", 8, Some(Status::Completed)));
    fs::write(results.path().join("cosine/seed=8/epochs.csv"), "a,b\n").unwrap();
    write(results.path(), &made("cosine/seed=9", 9, Some(Status::Completed)));
    fs::write(results.path().join("cosine/seed=9/run.json"), "{}").unwrap();
    let report = compared(results.path(), &Options::default());
    let all = report.left_out.join("\n");
    for part in
        ["seed=7: the run is not finished (crashed)", "seed=8", "no column `epoch`", "seed=9", "same strategy and seed"]
    {
        assert!(all.contains(part), "{part} is not in\n{all}");
    }
    assert_eq!(report.left_out.len(), 4);
    assert_eq!(report.problems[0].strategies[0].summary.seeds, 5);
}

#[test]
fn strategies_of_different_problems_are_not_compared() {
    let results = tempfile::tempdir().unwrap();
    write_seeds(results.path(), "cosine", &COSINE);
    fs::write(results.path().join("one.csv"), "epoch,val_accuracy\n1,0.5\n2,0.6\n").unwrap();
    fs::write(results.path().join("other.csv"), "epoch,val_rmse\n1,0.5\n2,0.4\n").unwrap();
    let paths = ["cosine", "one.csv", "other.csv"].map(|name| results.path().join(name));
    let report = compare(&paths, &Options::default()).unwrap();
    let measures: Vec<String> = report.problems.iter().map(|it| it.measure.to_string()).collect();
    assert_eq!(measures.len(), 3);
    assert!(measures.contains(&"val_rmse in the last epoch".to_owned()), "{measures:?}");
}

#[test]
fn a_margin_makes_equivalence_a_conclusion() {
    let results = tempfile::tempdir().unwrap();
    write_seeds(results.path(), "cosine", &COSINE);
    write_seeds(results.path(), "linear", &LINEAR);
    let with_margin = |margin| compared(results.path(), &Options { margin: Some(margin), ..Options::default() });
    assert_eq!(with_margin(0.05).problems[0].pairs[0].verdict, report::Verdict::Equivalent);
    let conclusion = "linear is equivalent to cosine: the two differ by less than 5.00 points.";
    assert_eq!(with_margin(0.05).problems[0].conclusions, [conclusion]);
    assert_eq!(with_margin(0.001).problems[0].pairs[0].verdict, report::Verdict::NotToldApart);
}

#[test]
fn strategies_are_chosen_on_some_seeds_and_reported_on_others() {
    let results = tempfile::tempdir().unwrap();
    write_seeds(results.path(), "cosine", &[0.99, 0.99, 0.5, 0.5, 0.5]);
    write_seeds(results.path(), "step", &[0.5, 0.5, 0.6, 0.7, 0.8]);
    let seeds = |text: &str| text.parse().ok();
    let options = Options { select_seeds: seeds("1-2"), report_seeds: seeds("3-5"), ..Options::default() };
    let problem = &compared(results.path(), &options).problems[0];
    assert_eq!(problem.conclusions[0], "cosine was chosen: it is the best strategy on the seeds 1-2.");
    let step = problem.strategies.iter().find(|it| it.label == "step").unwrap();
    assert_eq!((step.summary.seeds, step.summary.best), (3, Some(0.8)));
    let options = Options { select_seeds: seeds("7-9"), ..Options::default() };
    let conclusions = &compared(results.path(), &options).problems[0].conclusions;
    assert!(conclusions[0].starts_with("No strategy was chosen: on the seeds 7-9, each has no run"), "{conclusions:?}");
}

#[test]
fn a_folder_without_runs_is_an_error() {
    let results = tempfile::tempdir().unwrap();
    let error = |path: &str| compare(&[results.path().join(path)], &Options::default()).unwrap_err().to_string();
    fs::create_dir(results.path().join("empty")).unwrap();
    assert!(error("empty").starts_with("no runs found under "));
    assert!(error("missing").starts_with("there is no "));
    assert!(error("missing*").starts_with("no runs found under "));
    assert!(error("missing[").contains("is not a valid pattern"));
}

#[test]
fn a_pattern_finds_runs() {
    let results = tempfile::tempdir().unwrap();
    write_seeds(results.path(), "cosine", &COSINE);
    write_seeds(results.path(), "step", &STEP);
    let pattern = results.path().join("*/seed=[12]");
    let report = compare(&[pattern], &Options::default()).unwrap();
    let seeds: Vec<usize> = report.problems[0].strategies.iter().map(|it| it.summary.seeds).collect();
    assert_eq!(seeds, [2, 2]);
}

#[test]
fn the_learning_rate_has_a_band_and_an_edge() {
    let results = tempfile::tempdir().unwrap();
    write_seeds(results.path(), "step@0.001", &[0.5, 0.51, 0.52, 0.51]);
    write_seeds(results.path(), "step@0.01", &[0.90, 0.91, 0.92, 0.93]);
    write_seeds(results.path(), "step@0.1", &[0.91, 0.90, 0.93, 0.92]);
    let bad = [0.1, 0.5, f64::NAN];
    let status = Some(Status::Diverged);
    for seed in 1..5 {
        let folder = format!("step@1/seed={seed}");
        write(results.path(), &Made { folder: &folder, strategy: "step@1.0", seed, accuracies: &bad, status });
    }
    let options = Options { default_lr: Some(|_| Some(0.01)), ..Options::default() };
    let report = compared(results.path(), &options);
    let curve = &report.problems[0].sensitivity.as_ref().unwrap().curves[0];
    assert_eq!(curve.points.iter().map(|it| it.value).collect::<Vec<_>>(), [0.001, 0.01, 0.1, 1.0]);
    assert_eq!((curve.band, curve.at_edge, curve.head_room), ((0.01, 0.1), false, Some(0.1 / curve.best)));
    assert!((curve.band_decades - 1.0).abs() < 1e-12);
    assert_eq!(curve.at_default.map(|it| it.0), Some(0.01));
    // Over ln 10 each: 0.405, 0, 0 and, for the diverged rate, the loss from the untrained 0.1.
    let best = 0.915;
    let expected = ((best - 0.51) / 2.0 + (best - 0.1) / 2.0) / 3.0;
    assert!((curve.sensitivity.unwrap() - expected).abs() < 1e-12, "{:?}", curve.sensitivity);
    let text = show::terminal(&report, false, OPTIONS);
    let best = "optimizer.lr (sgd step): best";
    let band = "; values from 0.01 to 0.1 (1.0 decades) cannot be told apart from it";
    assert!(text.contains(best) && text.contains(band), "{text}");
}

#[test]
fn a_best_value_at_the_edge_is_a_warning() {
    let results = tempfile::tempdir().unwrap();
    for (lr, accuracy) in [("0.001", 0.5), ("0.01", 0.6), ("0.1", 0.7)] {
        write_seeds(results.path(), &format!("step@{lr}"), &[accuracy; 3]);
    }
    let warnings = compared(results.path(), &Options::default()).problems[0].warnings.join("\n");
    assert!(warnings.contains("the best `optimizer.lr` of"), "{warnings}");
}

#[test]
fn the_difference_between_two_runs_names_the_first_epoch() {
    let results = tempfile::tempdir().unwrap();
    let made =
        |folder, strategy, accuracies| Made { folder, strategy, seed: 1, accuracies, status: Some(Status::Completed) };
    write(results.path(), &made("a", "step", &[0.1, 0.5, 0.6]));
    write(results.path(), &made("b", "step@0.2", &[0.1, 0.5, 0.7]));
    let [a, b] = ["a", "b"].map(|name| results.path().join(name));
    let text = diff::shown(&diff::diff(&a, &b).unwrap());
    assert_eq!(
        text,
        "spec\n  optimizer.lr: 0.1 in a, 0.2 in b\nThe curves differ from epoch 2 on: train_accuracy is 0.5875 in a and \
         0.6875 in b.\n"
    );
    let same = diff::shown(&diff::diff(&a, &a).unwrap());
    assert!(same.ends_with("The curves are the same, digit by digit.\n"), "{same}");
    let curve = a.join("epochs.csv");
    let text = diff::shown(&diff::diff(&curve, &curve).unwrap());
    assert!(
        text.starts_with("not compared: data, seed, machine, versions and status\n  a has no run.json\n"),
        "{text}"
    );
}

#[test]
fn curves_have_the_mean_of_the_runs_and_its_interval() {
    let results = tempfile::tempdir().unwrap();
    write_seeds(results.path(), "cosine", &COSINE);
    write_seeds(results.path(), "step", &STEP[..2]);
    let bad = [0.1, 0.5, f64::NAN];
    let status = Some(Status::Diverged);
    write(results.path(), &Made { folder: "wild", strategy: "wild", seed: 1, accuracies: &bad, status });
    let report = compared(results.path(), &Options { charts: true, ..Options::default() });
    let problem = &report.problems[0];
    let curves = &problem.curves;
    assert_eq!(curves.epochs, [0, 1, 2, 3]);
    let names: Vec<(&str, QuantityKind)> = curves.quantities.iter().map(|it| (it.name.as_str(), it.kind)).collect();
    assert_eq!(names[0], ("val_accuracy", QuantityKind::Compared));
    assert_eq!(names[names.len() - 2..], [("lr", QuantityKind::Rate), ("lr.bias", QuantityKind::Rate)]);
    let of = |label: &str| {
        let at = problem.strategies.iter().position(|it| it.label == label).unwrap();
        &curves.quantities[0].strategies[at]
    };
    let cosine = of("cosine");
    // The same mean and interval as in the table, which computes them in another way.
    let summary = &problem.strategies.iter().find(|it| it.label == "cosine").unwrap().summary;
    let (mean, half) = (summary.mean.unwrap(), summary.half_width.unwrap());
    assert_eq!(cosine.mean[3], Some(mean));
    assert!((cosine.low[3].unwrap() - (mean - half)).abs() < 1e-12, "{:?} {mean} {half}", cosine.low[3]);
    assert!((cosine.high[3].unwrap() - (mean + half)).abs() < 1e-12);
    assert_eq!(cosine.runs[1][3], Some(COSINE[1]));
    assert_eq!((of("step").mean[1], of("step").low[1]), (Some(0.5), None), "two runs have no interval");
    assert_eq!(of("wild").mean, [Some(0.1), Some(0.5), None, None], "a mean ends where a run does");
}

#[test]
fn event_files_have_the_values_of_a_run() {
    let results = tempfile::tempdir().unwrap();
    write_seeds(results.path(), "cosine", &COSINE[..1]);
    let report = compared(results.path(), &Options::default());
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(tensorboard(&report, folder.path()).unwrap(), 1);
    let label = &report.problems[0].strategies[0].label;
    let file = folder.path().join(label).join("seed=1/events.out.tfevents.lr-run");
    let bytes = fs::read(&file).unwrap();
    let has = |part: &[u8]| bytes.windows(part.len()).any(|it| it == part);
    assert!(has(b"brain.Event:2") && has(b"accuracy/val") && has(b"loss/train") && has(&0.90f32.to_le_bytes()));
    // Written again, the file is replaced.
    tensorboard(&report, folder.path()).unwrap();
    assert_eq!(fs::read(&file).unwrap(), bytes);
}

/// Six runs of which all diverged are worse than six others, although no seed has both.
#[test]
fn unpaired_runs_that_failed_are_compared_by_their_ranks() {
    let results = tempfile::tempdir().unwrap();
    write_seeds(results.path(), "step", &[0.5; 6]);
    let bad = [0.1, 0.99, f64::NAN];
    let status = Some(Status::Diverged);
    for seed in 11..17 {
        let folder = format!("wild/seed={seed}");
        write(results.path(), &Made { folder: &folder, strategy: "wild", seed, accuracies: &bad, status });
    }
    let problem = &compared(results.path(), &Options::default()).problems[0];
    let pair = &problem.pairs[0];
    // Two of the 924 divisions into six and six are as extreme.
    assert_eq!((pair.verdict, pair.p), (report::Verdict::Better, Some(2.0 / 924.0)));
    assert_eq!((pair.wins, pair.losses, pair.smallest_p), (0, 0, None));
    let said = &problem.conclusions[0];
    assert!(
        said.starts_with("step is better than wild by the ranks of its runs (6 of 6 runs of wild diverged"),
        "{said}"
    );
}

#[test]
fn seeds_that_choose_and_are_reported_are_named() {
    let results = tempfile::tempdir().unwrap();
    write_seeds(results.path(), "cosine", &COSINE);
    write_seeds(results.path(), "step", &STEP);
    let seeds = |text: &str| text.parse().ok();
    let options = Options { select_seeds: seeds("1-3"), report_seeds: seeds("3-5"), ..Options::default() };
    let conclusions = compared(results.path(), &options).problems[0].conclusions.join("\n");
    assert!(conclusions.contains("The seeds 1-3 and 3-5 overlap"), "{conclusions}");
}

#[test]
fn a_strategy_with_one_seed_does_not_silence_the_others() {
    let results = tempfile::tempdir().unwrap();
    write_seeds(results.path(), "linear", &[0.99]);
    write_seeds(results.path(), "cosine", &COSINE);
    write_seeds(results.path(), "step", &STEP);
    let conclusions = &compared(results.path(), &Options::default()).problems[0].conclusions;
    assert_eq!(conclusions[0], "No claim can be made about linear, although it has the best result: it has 1 seed.");
    assert!(conclusions[1].starts_with("cosine is better than step by 4.00 points"), "{conclusions:?}");
}

#[test]
fn options_that_fit_no_run_are_errors() {
    let results = tempfile::tempdir().unwrap();
    write_seeds(results.path(), "cosine", &COSINE);
    write_seeds(results.path(), "step", &STEP);
    let error = |options: &Options| compare(&[results.path().to_owned()], options).unwrap_err().to_string();
    let seeds = |text: &str| text.parse().ok();
    assert_eq!(
        error(&Options { report_seeds: seeds("77"), ..Options::default() }),
        "no run is left to report; the runs have the seeds 1, 2, 3, 4, 5"
    );
    assert!(error(&Options { select_seeds: seeds("1-9"), ..Options::default() }).starts_with("no run is left"));
    assert_eq!(
        error(&Options { by: Some("optimizer.typ".to_owned()), ..Options::default() }),
        "no strategy has the key `optimizer.typ`: did you mean `optimizer.type`?"
    );
    let measure = Some(MeasureKind::Epochs);
    assert!(error(&Options { measure, ..Options::default() }).starts_with("no run has a target"));
    let sensitivity = Some("optimizer.momentum".to_owned());
    let warnings =
        compared(results.path(), &Options { sensitivity, ..Options::default() }).problems[0].warnings.join("\n");
    assert!(warnings.contains("there is no sensitivity to `optimizer.momentum`"), "{warnings}");
}

#[test]
fn a_broken_spec_is_named() {
    let results = tempfile::tempdir().unwrap();
    write_seeds(results.path(), "cosine", &COSINE);
    write_seeds(results.path(), "step", &STEP);
    fs::write(results.path().join("step/seed=1/spec.toml"), "garbage [").unwrap();
    let warnings = compared(results.path(), &Options::default()).problems[0].warnings.join("\n");
    assert!(warnings.contains("step/seed=1/spec.toml is missing or cannot be read"), "{warnings}");
}

#[test]
fn curves_of_different_lengths_are_different_problems() {
    let results = tempfile::tempdir().unwrap();
    let curve = |name: &str, epochs: usize| {
        let rows: String = (1..=epochs).map(|epoch| format!("{epoch},0.{epoch}\n")).collect();
        fs::write(results.path().join(name), format!("epoch,val_accuracy\n{rows}")).unwrap();
    };
    (1..4).for_each(|seed| curve(&format!("long_seed{seed}.csv"), 8));
    (1..4).for_each(|seed| curve(&format!("short_seed{seed}.csv"), 4));
    let titles = |report: &Report| report.problems.iter().map(|it| it.title.clone()).collect::<Vec<_>>();
    let report = compared(results.path(), &Options::default());
    let title = |epochs| format!("curves without records, val_accuracy, {epochs} epochs");
    assert_eq!(titles(&report), [title(8), title(4)]);
    // Early stopping makes the lengths of one strategy differ.
    curve("long_seed3.csv", 6);
    assert_eq!(titles(&compared(results.path(), &Options::default())), ["curves without records, val_accuracy"]);
}

#[test]
fn a_curve_that_ends_in_nan_has_failed() {
    let results = tempfile::tempdir().unwrap();
    for seed in 1..4 {
        let csv = |name: &str, last: &str| {
            let text = format!("epoch,val_accuracy\n1,0.5\n2,{last}\n");
            fs::write(results.path().join(format!("{name}_seed{seed}.csv")), text).unwrap();
        };
        csv("good", "0.6");
        csv("bad", if seed == 2 { "nan" } else { "0.9" });
    }
    for measure in [MeasureKind::Last, MeasureKind::Best, MeasureKind::Area] {
        let report = compared(results.path(), &Options { measure: Some(measure), ..Options::default() });
        assert_eq!(report.left_out, Vec::<String>::new());
        let bad = &report.problems[0].strategies[1];
        assert_eq!((bad.label.as_str(), bad.summary.diverged, bad.summary.mean), ("bad", 1, None), "{measure:?}");
    }
}

/// With more pairs left, each needs a smaller p-value.
#[test]
fn the_number_of_seeds_counts_the_other_pairs() {
    let results = tempfile::tempdir().unwrap();
    write_seeds(results.path(), "cosine", &COSINE);
    write_seeds(results.path(), "linear", &LINEAR.map(|it| it - 0.005));
    let needed = |report: &Report| {
        let problem = &report.problems[0];
        let at = |label: &str| problem.strategies.iter().position(|it| it.label == label).unwrap();
        let (a, b) = (at("cosine"), at("linear"));
        problem.pairs.iter().find(|it| (it.a, it.b) == (a.min(b), a.max(b))).unwrap().seeds_needed.unwrap()
    };
    let alone = needed(&compared(results.path(), &Options::default()));
    write_seeds(results.path(), "rex", &COSINE.map(|it| it - 0.002));
    assert!(needed(&compared(results.path(), &Options::default())) > alone);
}
