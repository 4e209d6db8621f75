//! A report as CSV: a row for each strategy, or for each pair, with exact numbers.

use crate::compare::grid::one_line;
use crate::compare::report::{Pair, ProblemReport, Report, StrategyReport};
use crate::record::number::exact;

/// Returns a row for each strategy of each problem. The text ends in a line break. A missing value is an empty cell.
pub fn csv(report: &Report) -> String {
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
    let own = |problem: &ProblemReport| problem.strategies.iter().map(|it| cells(problem, it)).collect();
    table(&head, report.problems.iter().flat_map::<Vec<_>, _>(own))
}

/// Returns a row for each pair of strategies of each problem, in the form of the table of strategies.
pub fn csv_pairs(report: &Report) -> String {
    let head = [
        "problem",
        "a",
        "b",
        "verdict",
        "paired",
        "n",
        "difference",
        "low",
        "high",
        "p",
        "p_holm",
        "wins",
        "losses",
        "ties",
        "share_low",
        "share_high",
        "smallest_p",
        "correlation",
        "seeds_needed",
    ];
    let own = |problem: &ProblemReport| problem.pairs.iter().map(|it| pair_cells(problem, it).to_vec()).collect();
    table(&head, report.problems.iter().flat_map::<Vec<_>, _>(own))
}

/// Returns a table as text that ends in a line break.
fn table(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    // Writing to memory does not fail.
    let _ = writer.write_record(head);
    for row in rows {
        let _ = writer.write_record(row);
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

fn number(value: Option<f64>) -> String {
    value.map(exact).unwrap_or_default()
}

/// Returns the cells of a pair. Runs that are not paired have no wins, losses and ties.
fn pair_cells(problem: &ProblemReport, pair: &Pair) -> [String; 19] {
    let label = |at: usize| problem.strategies.get(at).map_or_else(String::new, |it| one_line(&it.label));
    let count = |count: u64| if pair.paired { count.to_string() } else { String::new() };
    [
        one_line(&problem.title),
        label(pair.a),
        label(pair.b),
        pair.verdict.to_string(),
        pair.paired.to_string(),
        pair.n.to_string(),
        number(pair.difference),
        number(pair.interval.map(|it| it.0)),
        number(pair.interval.map(|it| it.1)),
        number(pair.p),
        number(pair.p_holm),
        count(pair.wins),
        count(pair.losses),
        count(pair.ties),
        number(pair.win_share.map(|it| it.0)),
        number(pair.win_share.map(|it| it.1)),
        number(pair.smallest_p),
        number(pair.correlation),
        pair.seeds_needed.map(|it| it.to_string()).unwrap_or_default(),
    ]
}

fn cells(problem: &ProblemReport, strategy: &StrategyReport) -> Vec<String> {
    let it = &strategy.summary;
    let mut cells = vec![
        one_line(&problem.title),
        one_line(&strategy.label),
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
