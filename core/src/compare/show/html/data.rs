//! The data of a page: what its script shows, in a compact form.

use serde::Serialize;

use super::specs::{Pool, RunSpec};
use crate::compare::curves::{Lines, Quantity, QuantityKind};
use crate::compare::grid;
use crate::compare::measure::{Measure, MeasureKind};
use crate::compare::report::{ProblemReport, Profile, Report, RunReport, Sensitivity, StrategyReport};
use crate::compare::show::terminal::sensitivity;
use crate::metric::{Format, Mode};
use crate::record::number::{figure, rate};

/// A number for each epoch.
type Values = Vec<Option<f64>>;

/// The part that is read when the page opens.
#[derive(Serialize)]
pub struct Overview<'a> {
    version: &'static str,
    problems: Vec<Problem<'a>>,
    profile: Option<ProfilePart<'a>>,
    left_out: &'a [String],
    notes: &'a [String],
}

#[derive(Serialize)]
struct Problem<'a> {
    title: &'a str,
    measure: Measure,
    /// The form of the measure's values: `percent`, `number`, `count` or `seconds`.
    format: &'static str,
    /// True if higher values are better.
    is_max: bool,
    conclusions: &'a [String],
    warnings: &'a [String],
    /// The names of the table's columns.
    head: Vec<String>,
    strategies: Vec<Strategy<'a>>,
    epochs: &'a [u64],
    quantities: Vec<Drawn<'a>>,
    sensitivity: Option<SensitivityPart<'a>>,
    pairs: usize,
}

#[derive(Serialize)]
struct Strategy<'a> {
    label: &'a str,
    spec: &'a [(String, String)],
    mean: Option<f64>,
    half: Option<f64>,
    /// The row of the table, and the numbers to sort it by.
    cells: Vec<String>,
    keys: Vec<Option<f64>>,
    runs: Vec<Run<'a>>,
}

#[derive(Serialize)]
struct Run<'a> {
    path: &'a str,
    seed: Option<u64>,
    status: &'a str,
    value: Option<f64>,
    /// The value in words.
    text: String,
}

/// A quantity over the epochs.
#[derive(Serialize)]
struct Drawn<'a> {
    name: &'a str,
    kind: QuantityKind,
    format: &'static str,
    /// For each strategy, the means and the half-widths of their intervals. The latter are empty if all are unknown.
    lines: Vec<(Values, Values)>,
}

#[derive(Serialize)]
struct SensitivityPart<'a> {
    #[serde(flatten)]
    data: &'a Sensitivity,
    /// The conclusion on each curve, in lines.
    text: Vec<String>,
}

#[derive(Serialize)]
struct ProfilePart<'a> {
    #[serde(flatten)]
    data: &'a Profile,
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// The part that is read when it is first needed.
#[derive(Serialize)]
pub struct Details {
    problems: Vec<ProblemDetails>,
    /// The lines of all specs, each once.
    lines: Vec<String>,
}

#[derive(Serialize)]
struct ProblemDetails {
    /// For each quantity and strategy its runs over the epochs. Empty where all runs are the same.
    runs: Vec<Vec<Vec<Values>>>,
    /// For each strategy, the specs of its runs.
    specs: Vec<Vec<Option<RunSpec>>>,
    pair_head: Vec<String>,
    /// The two strategies of each pair, and its cells in the table of pairs.
    pairs: Vec<(usize, usize, Vec<String>)>,
}

/// Returns the part of `report` that is read when the page opens.
pub fn overview(report: &Report) -> Overview<'_> {
    let profile = report.profile.as_ref().map(|data| {
        let table = grid::profile(data);
        ProfilePart { data, head: table.head, rows: table.rows }
    });
    Overview {
        version: env!("CARGO_PKG_VERSION"),
        problems: report.problems.iter().map(problem).collect(),
        profile,
        left_out: &report.left_out,
        notes: &report.notes,
    }
}

/// Returns the other part of `report`.
pub fn details(report: &Report) -> Details {
    let mut pool = Pool::default();
    let problems = report.problems.iter().map(|problem| details_of(problem, &mut pool)).collect();
    Details { problems, lines: pool.into_lines() }
}

fn problem(it: &ProblemReport) -> Problem<'_> {
    let table = grid::strategies(it);
    let rows = it.strategies.iter().zip(table.rows);
    let part = |data| SensitivityPart { data, text: data.curves.iter().map(|curve| sensitivity(it, curve)).collect() };
    Problem {
        title: &it.title,
        measure: it.measure,
        format: format_of(it.measure),
        is_max: it.measure.better() == Mode::Max,
        conclusions: &it.conclusions,
        warnings: &it.warnings,
        strategies: rows.map(|(strategy, cells)| self::strategy(it.measure, strategy, cells, &table.head)).collect(),
        head: table.head,
        epochs: &it.curves.epochs,
        quantities: it.curves.quantities.iter().map(drawn).collect(),
        sensitivity: it.sensitivity.as_ref().map(part),
        pairs: it.pairs.len(),
    }
}

fn strategy<'a>(measure: Measure, it: &'a StrategyReport, cells: Vec<String>, head: &[String]) -> Strategy<'a> {
    let run = |run: &'a RunReport| Run {
        path: &run.path,
        seed: run.seed,
        status: &run.status,
        value: run.value,
        text: run.value.map_or_else(|| "failed".to_owned(), |value| measure.shown(value)),
    };
    Strategy {
        label: &it.label,
        spec: &it.spec,
        mean: it.summary.mean,
        half: it.summary.half_width,
        cells,
        keys: head.iter().map(|column| grid::number(column, &it.summary)).collect(),
        runs: it.runs.iter().map(run).collect(),
    }
}

fn format_of(measure: Measure) -> &'static str {
    match measure.kind {
        MeasureKind::Epochs | MeasureKind::Steps => "count",
        MeasureKind::Seconds => "seconds",
        _ => match measure.metric.metric.format {
            Format::Percent => "percent",
            Format::Number => "number",
        },
    }
}

/// Returns how people read a value of the quantity.
fn shown(quantity: &Quantity) -> fn(f64) -> String {
    match quantity.kind {
        QuantityKind::Rate => rate,
        _ if quantity.is_percent => |value| format!("{:.2}", 100.0 * value),
        _ => figure,
    }
}

fn drawn(it: &Quantity) -> Drawn<'_> {
    let shown = shown(it);
    let values = |values: &[Option<f64>]| values.iter().map(|value| value.map(|it| short(it, 6, shown))).collect();
    let lines = |it: &Lines| {
        let half = |(mean, high): (&Option<f64>, &Option<f64>)| {
            mean.zip(*high).map(|(mean, high)| short(high - mean, 3, shown))
        };
        let mut halves: Values = it.mean.iter().zip(&it.high).map(half).collect();
        if halves.iter().flatten().all(|half| *half == 0.0) {
            halves.clear();
        }
        (values(&it.mean), halves)
    };
    Drawn {
        name: &it.name,
        kind: it.kind,
        format: match it.kind {
            QuantityKind::Rate => "rate",
            _ if it.is_percent => "percent",
            _ => "number",
        },
        lines: it.strategies.iter().map(lines).collect(),
    }
}

fn details_of(it: &ProblemReport, pool: &mut Pool) -> ProblemDetails {
    let runs = |quantity: &Quantity| {
        let shown = shown(quantity);
        let of = |lines: &Lines| -> Vec<Values> {
            if lines.runs.iter().all(|run| *run == lines.runs[0]) {
                return Vec::new();
            }
            let run = |run: &Values| run.iter().map(|value| value.map(|it| short(it, 6, shown))).collect();
            lines.runs.iter().map(run).collect()
        };
        quantity.strategies.iter().map(of).collect()
    };
    let mut table = grid::pairs(it);
    // The first two columns are the strategies, which the page knows.
    table.head.drain(..2);
    let pairs = it.pairs.iter().zip(table.rows).map(|(pair, mut cells)| (pair.a, pair.b, cells.split_off(2)));
    ProblemDetails {
        runs: it.curves.quantities.iter().map(runs).collect(),
        specs: it.strategies.iter().map(|strategy| pool.specs(&strategy.runs)).collect(),
        pair_head: table.head,
        pairs: pairs.collect(),
    }
}

/// Returns the number with the fewest significant digits, at least `digits`, that people read as the same text.
fn short(x: f64, digits: usize, shown: fn(f64) -> String) -> f64 {
    let text = shown(x);
    let rounded = (digits..=17).map(|digits| format!("{x:.*e}", digits - 1).parse().unwrap_or(x));
    rounded.into_iter().find(|it| shown(*it) == text).unwrap_or(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn short_numbers_read_the_same(x in -1e6..1e6_f64, power in -12..6) {
            let x = x * 10_f64.powi(power);
            let percent: fn(f64) -> String = |value| format!("{:.2}", 100.0 * value);
            for shown in [percent, figure, rate] {
                let short = short(x, 6, shown);
                prop_assert_eq!(shown(short), shown(x));
                prop_assert!((short - x).abs() <= 5e-6 * x.abs(), "{} became {}", x, short);
            }
        }
    }

    #[test]
    fn short_numbers_have_six_digits() {
        assert_eq!(short(0.123_456_789, 6, figure), 0.123457);
        // With six digits it would read as 0.1235, and not as 0.1234.
        assert_eq!(short(0.123_449_99, 6, figure), 0.123_449_99);
        assert_eq!(short(2.345_678_912e-5, 6, rate), 2.34568e-5);
    }
}
