//! The tables of a report as cells of text. The terminal, Markdown and LaTeX show the same cells.

use super::measure::{Measure, MeasureKind};
use super::report::{Pair, ProblemReport, Profile, ProfileLine, StrategyReport, Summary};
use crate::metric::Part;
use crate::record::number::{score, seconds};

/// A table of text. All rows have as many cells as the head.
#[derive(Debug, PartialEq)]
pub struct Grid {
    pub head: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

/// A column: its name, and a function that returns the cell of a strategy. `None` is an empty cell. A column with empty
/// cells only is left out.
type Column<'a> = (String, Box<dyn Fn(&StrategyReport) -> Option<String> + 'a>);

/// Returns the number that a cell of [`strategies`] shows, to sort by. `None` for text, and where there is no number.
pub fn number(column: &str, it: &Summary) -> Option<f64> {
    match column {
        "seeds" => Some(it.seeds as f64),
        "median" => it.median,
        "worst" => it.worst,
        "last epoch" => it.last_epoch,
        "best epoch" => it.best_epoch,
        "test" => it.test,
        "to target" => it.epochs_to_target,
        "area" => it.area,
        "diverged" => Some(it.diverged as f64),
        _ if column.ends_with(SPREAD) => it.mean,
        _ => None,
    }
}

/// The end of the name of the column with the means.
const SPREAD: &str = " ± sd";

/// Returns the table of the strategies, best first. Its first column has their labels.
pub fn strategies(problem: &ProblemReport) -> Grid {
    let measure = problem.measure;
    let metric = measure.metric.metric;
    let shown = move |value: Option<f64>| value.map(|value| measure.shown(value));
    let scored = move |value: Option<f64>| value.map(|value| score(metric, value));
    // With one seed each, the median and the worst are the value itself.
    let has_several = problem.strategies.iter().any(|it| it.summary.seeds > 1);
    let has_failed = |it: &StrategyReport| it.summary.mean.is_none() && it.summary.seeds > 0;
    let of_kind = |kind: MeasureKind| measure.kind == kind;
    let mut columns: Vec<Column<'_>> = vec![
        ("strategy".to_owned(), Box::new(|it| Some(one_line(&it.label)))),
        ("seeds".to_owned(), Box::new(|it| Some(it.summary.seeds.to_string()))),
        (mean_head(measure), Box::new(move |it| mean(measure, it))),
    ];
    if has_several {
        let or_failed = move |it: &StrategyReport, value: Option<f64>| {
            shown(value).or_else(|| has_failed(it).then(|| "failed".to_owned()))
        };
        columns.push(("median".to_owned(), Box::new(move |it| or_failed(it, it.summary.median))));
        columns.push(("worst".to_owned(), Box::new(move |it| or_failed(it, it.summary.worst))));
    }
    if !of_kind(MeasureKind::Last) {
        columns.push(("last epoch".to_owned(), Box::new(move |it| scored(it.summary.last_epoch))));
    }
    if !of_kind(MeasureKind::Best) {
        columns.push(("best epoch".to_owned(), Box::new(move |it| scored(it.summary.best_epoch))));
    }
    if !of_kind(MeasureKind::Test) {
        columns.push((Part::Test.name().to_owned(), Box::new(move |it| scored(it.summary.test))));
    }
    columns.push((
        "to target".to_owned(),
        Box::new(|it| {
            let summary = &it.summary;
            let missed = summary.missed?;
            let Some(epochs) = summary.epochs_to_target else { return Some("missed".to_owned()) };
            let time = summary.seconds_to_target.map(|it| format!(", {}", seconds(it))).unwrap_or_default();
            let missed = if missed == 0 { String::new() } else { format!(" ({missed} missed)") };
            Some(format!("epoch {epochs}{time}{missed}"))
        }),
    ));
    if !of_kind(MeasureKind::Area) {
        columns.push(("area".to_owned(), Box::new(move |it| scored(it.summary.area))));
    }
    columns.push((
        "diverged".to_owned(),
        Box::new(|it| (it.summary.diverged > 0).then(|| format!("{} of {}", it.summary.diverged, it.summary.seeds))),
    ));
    columns.push(("group".to_owned(), Box::new(|it| (!it.letters.is_empty()).then(|| it.letters.clone()))));
    let filled = columns.into_iter().filter(|(_, cell)| problem.strategies.iter().any(|it| cell(it).is_some()));
    let filled: Vec<Column<'_>> = filled.collect();
    let row = |it: &StrategyReport| filled.iter().map(|(_, cell)| cell(it).unwrap_or_else(|| "-".to_owned())).collect();
    Grid {
        head: filled.iter().map(|(name, _)| name.clone()).collect(),
        rows: problem.strategies.iter().map(row).collect(),
    }
}

/// Returns the table of the pairs.
pub fn pairs(problem: &ProblemReport) -> Grid {
    let measure = problem.measure;
    let head =
        ["a", "b", "a - b", "95 % interval", "n", "p (Holm)", "wins", "share of wins", "least p", "corr", "verdict"];
    let label = |at: usize| problem.strategies.get(at).map_or_else(String::new, |it| one_line(&it.label));
    let dash = || "-".to_owned();
    let row = |pair: &Pair| {
        let interval = pair
            .interval
            .map_or_else(dash, |(low, high)| format!("{} to {}", measure.signed(low), measure.signed(high)));
        let share =
            pair.win_share.map_or_else(dash, |(low, high)| format!("{:.0} to {:.0} %", 100.0 * low, 100.0 * high));
        let ties = if pair.ties > 0 { format!(", {} tied", pair.ties) } else { String::new() };
        vec![
            label(pair.a),
            label(pair.b),
            pair.difference.map_or_else(dash, |it| measure.signed(it)),
            interval,
            format!("{}{}", pair.n, if pair.paired { "" } else { " unpaired" }),
            pair.p_holm.map_or_else(dash, p_value),
            match pair.paired {
                true => format!("{} of {}{ties}", pair.wins, pair.wins + pair.losses + pair.ties),
                false => dash(),
            },
            share,
            pair.smallest_p.map_or_else(dash, p_value),
            pair.correlation.map_or_else(dash, |it| format!("{it:.2}")),
            pair.verdict.to_string(),
        ]
    };
    Grid { head: head.map(str::to_owned).to_vec(), rows: problem.pairs.iter().map(row).collect() }
}

/// Returns the table of a profile: the score of each strategy, the problems whose target it reached, and the share of
/// problems that it solves within some ratios to the fastest strategy.
pub fn profile(profile: &Profile) -> Grid {
    let ratios = [1.0, 1.5, 2.0, profile.r_max];
    let share = |it: &ProfileLine, ratio: f64| it.corners.iter().rev().find(|it| it.0 <= ratio).map_or(0.0, |it| it.1);
    let mut head = vec!["strategy".to_owned(), "score".to_owned(), "reached".to_owned()];
    head.extend(ratios.map(|ratio| if ratio == 1.0 { "fastest".to_owned() } else { format!("within {ratio}x") }));
    let row = |it: &ProfileLine| {
        let score = it.score.map_or_else(|| "-".to_owned(), |score| format!("{score:.3}"));
        let mut cells = vec![one_line(&it.label), score, format!("{} of {}", it.reached, profile.problems.len())];
        cells.extend(ratios.map(|ratio| format!("{:.0} %", 100.0 * share(it, ratio))));
        cells
    };
    Grid { head, rows: profile.strategies.iter().map(row).collect() }
}

/// Writes text in one line: replaces control characters, which names of files and values of a spec may contain.
pub fn one_line(text: &str) -> String {
    text.chars().map(|it| if it.is_control() { '\u{fffd}' } else { it }).collect()
}

/// Writes a p-value: `0.03`, `<.01` below 0.005, `7e-4` below 0.001, and `<1e-15` where rounding leaves no digits.
pub fn p_value(p: f64) -> String {
    if p < 1e-15 {
        return "<1e-15".to_owned();
    }
    if p < 0.001 { format!("{p:.0e}") } else { format!("{p:.2}").replace("0.00", "<.01") }
}

fn mean_head(measure: Measure) -> String {
    let what = match measure.kind {
        MeasureKind::Last => measure.metric.to_string(),
        MeasureKind::Best => format!("best {}", measure.metric),
        MeasureKind::Test => Part::Test.of(measure.metric.metric).to_string(),
        MeasureKind::Area => format!("area of {}", measure.metric),
        MeasureKind::Epochs => "epochs".to_owned(),
        MeasureKind::Steps => "steps".to_owned(),
        MeasureKind::Seconds => "seconds".to_owned(),
    };
    what + SPREAD
}

fn mean(measure: Measure, it: &StrategyReport) -> Option<String> {
    let mean = measure.shown(it.summary.mean?);
    Some(match it.summary.sd {
        Some(sd) => format!("{mean} ± {}", measure.spread(sd)),
        None => mean,
    })
}
