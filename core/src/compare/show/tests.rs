use std::fs;
use std::path::Path;

use super::*;
use crate::compare::diff::{diff, shown};
use crate::compare::grid::p_value;
use crate::compare::tests::{Made, compared, write, write_seeds};
use crate::compare::{Options, Report, compare};
use crate::plot::ChartOptions;
use crate::record::Status;

const OPTIONS: ChartOptions = ChartOptions { width: 80, colour: false };

/// Returns the report on runs of two strategies.
fn two_strategies(results: &Path) -> Report {
    write_seeds(results, "cosine", &[0.95, 0.97, 0.96]);
    write_seeds(results, "step", &[0.90, 0.91, 0.93]);
    compared(results, &Options::default())
}

/// Writes a curve of another tool for each of three seeds.
fn write_curves(folder: &Path, name: &str, last: f64) {
    fs::create_dir_all(folder).unwrap();
    for seed in 1..4 {
        let last = last + 0.001 * f64::from(seed);
        let text = format!("epoch,val_accuracy\n1,0.5\n2,0.8\n3,{last}\n");
        fs::write(folder.join(format!("{name}_seed{seed}.csv")), text).unwrap();
    }
}

#[test]
fn a_curve_of_another_tool_differs_in_its_values_only() {
    let results = tempfile::tempdir().unwrap();
    let [ours, keras] = ["ours.csv", "keras.csv"].map(|name| results.path().join(name));
    fs::write(&ours, "epoch,lr,train_loss,val_loss\n1,0.1,0.5,0.6\n2,0.1,0.4,0.5\n").unwrap();
    let same = "epoch,learning_rate,loss,val_loss\n0,0.1,0.5,0.6\n1,0.1,0.4,0.5\n";
    fs::write(&keras, same).unwrap();
    let text = shown(&diff(&ours, &keras).unwrap());
    assert!(text.ends_with("The curves are the same, digit by digit.\n"), "{text}");
    fs::write(&keras, same.replace("1,0.1,", "1,0.2,")).unwrap();
    let text = shown(&diff(&ours, &keras).unwrap());
    assert!(text.ends_with("The curves differ from epoch 2 on: lr is 0.1 in a and 0.2 in b.\n"), "{text}");
}

#[test]
fn the_best_strategy_is_on_top() {
    let results = tempfile::tempdir().unwrap();
    for name in ["a", "b", "c"] {
        write_curves(results.path(), name, 0.9);
    }
    let options = Options { charts: true, ..Options::default() };
    let report = compare(&[results.path().to_owned()], &options).unwrap();
    let text = super::curves::curves(&report.problems[0], OPTIONS).unwrap();
    let (plot, legend) = text.split_once('└').unwrap();
    assert!(plot.contains('*') && !plot.contains(['o', '+']), "{text}");
    let place = |key: &str| legend.find(key).unwrap();
    assert!(place("  * ") < place("  o ") && place("  o ") < place("  + "), "{text}");
}

#[test]
fn a_strategy_whose_runs_all_failed_has_an_empty_line() {
    let results = tempfile::tempdir().unwrap();
    write_seeds(results.path(), "step", &[0.90, 0.91, 0.93]);
    for seed in 1..4 {
        let folder = format!("cosine/seed={seed}");
        let status = Some(Status::Diverged);
        write(
            results.path(),
            &Made { folder: &folder, strategy: "cosine", seed, accuracies: &[0.1, f64::NAN], status },
        );
    }
    let bars = super::bars::bars(&compared(results.path(), &Options::default()).problems[0]).unwrap();
    let line = bars.lines().find(|it| it.contains("cosine")).unwrap();
    assert_eq!(line.split_whitespace().collect::<Vec<_>>(), ["cosine", "3", "failed"]);
    let other = bars.lines().find(|it| it.contains("step")).unwrap();
    assert!(other.contains('┃'), "{bars}");
}

#[test]
fn a_p_value_is_never_0() {
    let shown = [0.0, 1e-16, 2e-15, 7e-4, 0.004, 0.03].map(p_value);
    assert_eq!(shown, ["<1e-15", "<1e-15", "2e-15", "7e-4", "<.01", "0.03"]);
}

#[test]
fn pairs_are_rows_of_csv() {
    let results = tempfile::tempdir().unwrap();
    let report = two_strategies(results.path());
    let text = csv_pairs(&report);
    let mut reader = ::csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    let rows: Vec<::csv::StringRecord> = reader.records().collect::<Result<_, _>>().unwrap();
    assert_eq!((rows.len(), rows[0].len(), rows[1].len()), (2, 19, 19), "{text}");
    let cell = |name: &str| &rows[1][rows[0].iter().position(|it| it == name).unwrap()];
    assert_eq!((cell("a"), cell("b"), cell("paired"), cell("n")), ("cosine", "step", "true", "3"));
    let pair = &report.problems[0].pairs[0];
    assert_eq!(cell("difference").parse().ok(), pair.difference);
    assert_eq!(cell("p_holm").parse().ok(), pair.p_holm);
    assert_eq!((cell("wins"), cell("losses"), cell("ties")), ("3", "0", "0"));
}

#[test]
fn a_ratio_of_1_is_not_worth_a_line() {
    let results = tempfile::tempdir().unwrap();
    for (strategy, last) in [("step@0.001", 0.5), ("step@0.01", 0.7), ("step@0.1", 0.9)] {
        write_seeds(results.path(), strategy, &[last, last + 0.01, last + 0.02]);
    }
    let mut report = compared(results.path(), &Options::default());
    let text = |report: &Report| terminal(report, false, OPTIONS).contains("the largest value without");
    for (ratio, is_shown) in [(1.0, false), (10.0, true)] {
        report.problems[0].sensitivity.as_mut().unwrap().curves[0].head_room = Some(ratio);
        assert_eq!(text(&report), is_shown, "{ratio}");
    }
}

#[test]
fn control_characters_do_not_reach_a_table() {
    let results = tempfile::tempdir().unwrap();
    let mut report = two_strategies(results.path());
    let problem = &mut report.problems[0];
    problem.strategies[0].label = "co\n\x1b[2Jsine".to_owned();
    problem.title = "da\nta\x1b".to_owned();
    problem.conclusions.push("co\n\x1b is best".to_owned());
    let texts = [
        terminal(&report, true, OPTIONS),
        markdown(&report, true),
        latex(&report, true),
        csv(&report),
        csv_pairs(&report),
    ];
    for text in texts {
        assert!(!text.chars().any(|it| it.is_control() && it != '\n'), "{text}");
        // The label is in one line.
        assert!(text.lines().any(|line| line.contains("co") && line.contains("2Jsine")), "{text}");
        assert!(!text.lines().any(|line| line.starts_with("ta")), "{text}");
    }
}
