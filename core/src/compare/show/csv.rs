//! A report as CSV: a row for each strategy, with exact numbers.

use crate::compare::report::{ProblemReport, Report, StrategyReport};
use crate::record::number::exact;

/// Returns a row for each strategy of each problem. The text ends in a line break. A missing value is an empty cell.
pub fn csv(report: &Report) -> String {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    let head = [
        "problem",
        "strategy",
        "measure",
        "seeds",
        "mean",
        "sd",
        "half_width",
        "median",
        "worst",
        "best",
        "diverged",
        "missed",
        "last_epoch",
        "best_epoch",
        "test",
        "area",
        "epochs_to_target",
        "steps_to_target",
        "seconds_to_target",
        "group",
    ];
    // Writing to memory does not fail.
    let _ = writer.write_record(head);
    for problem in &report.problems {
        for strategy in &problem.strategies {
            let _ = writer.write_record(cells(problem, strategy));
        }
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

fn cells(problem: &ProblemReport, strategy: &StrategyReport) -> Vec<String> {
    let it = &strategy.summary;
    let number = |value: Option<f64>| value.map(exact).unwrap_or_default();
    let mut cells = vec![
        problem.title.clone(),
        strategy.label.clone(),
        problem.measure.to_string(),
        it.seeds.to_string(),
        number(it.mean),
        number(it.sd),
        number(it.half_width),
        number(it.median),
        number(it.worst),
        number(it.best),
        it.diverged.to_string(),
        it.missed.map(|missed| missed.to_string()).unwrap_or_default(),
    ];
    let rest =
        [it.last_epoch, it.best_epoch, it.test, it.area, it.epochs_to_target, it.steps_to_target, it.seconds_to_target];
    cells.extend(rest.map(number));
    cells.push(strategy.letters.clone());
    cells
}
