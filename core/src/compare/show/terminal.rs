//! A report for people in a terminal.

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, CellAlignment, ContentArrangement, LineStyle, Table};

use super::bars::bars;
use super::curves::curves;
use crate::compare::grid::{self, Grid, one_line};
use crate::compare::report::{ProblemReport, Report, SensitivityCurve};
use crate::plot::ChartOptions;
use crate::record::number::rate;

/// Returns the report as text that ends in a line break. `with_pairs` adds a table of all pairs.
pub fn terminal(report: &Report, with_pairs: bool, options: ChartOptions) -> String {
    let mut blocks: Vec<String> =
        report.problems.iter().map(|problem| of_problem(problem, with_pairs, options)).collect();
    let lines = |head: &str, all: &[String]| all.iter().map(|it| format!("{head}: {it}\n")).collect::<String>();
    blocks.extend(report.profile.as_ref().map(|profile| {
        let problems = profile.problems.len();
        printable(&format!(
            "{problems} problems, by the median epochs to the target\n\n{}",
            table(&grid::profile(profile))
        ))
    }));
    let rest = lines("note", &report.notes) + &lines("left out", &report.left_out);
    blocks.extend((!rest.is_empty()).then(|| printable(&rest)));
    blocks.join("\n")
}

fn of_problem(problem: &ProblemReport, with_pairs: bool, options: ChartOptions) -> String {
    let mut text = format!("{}\ncompared by {}\n\n", one_line(&problem.title), problem.measure);
    for conclusion in &problem.conclusions {
        text += &format!("{}\n", one_line(conclusion));
    }
    text += &format!("\n{}", table(&grid::strategies(problem)));
    if let Some(bars) = bars(problem) {
        text += &format!("\n{bars}");
    }
    text = printable(&text);
    if let Some(curves) = curves(problem, options) {
        text += &format!("\n{curves}");
    }
    text + &printable(&details(problem, with_pairs))
}

/// Returns what follows the chart: the pairs, the sensitivity and the warnings.
fn details(problem: &ProblemReport, with_pairs: bool) -> String {
    let mut text = String::new();
    if with_pairs && !problem.pairs.is_empty() {
        text += &format!("\n{}", table(&grid::pairs(problem)));
    }
    for curve in problem.sensitivity.iter().flat_map(|it| &it.curves) {
        text += &format!("\n{}", sensitivity(problem, curve));
    }
    for warning in &problem.warnings {
        text += &format!("warning: {}\n", one_line(warning));
    }
    text
}

/// Replaces control characters, which the names of files and strategies may contain. They must not move the cursor.
fn printable(text: &str) -> String {
    text.chars().map(|it| if it.is_control() && it != '\n' { '\u{fffd}' } else { it }).collect()
}

/// Returns a table without frames. The first column is text, the others are aligned on the right.
fn table(grid: &Grid) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING.header_separator(LineStyle::none().fill('─').junction('─')));
    let cell = |(at, text): (usize, &String)| match at {
        0 => Cell::new(text),
        _ => Cell::new(text).set_alignment(CellAlignment::Right),
    };
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(grid.head.iter().enumerate().map(cell));
    for row in &grid.rows {
        table.add_row(row.iter().enumerate().map(cell));
    }
    format!("{}\n", table.trim_fmt())
}

/// Returns the influence of a key in a few lines.
pub(super) fn sensitivity(problem: &ProblemReport, curve: &SensitivityCurve) -> String {
    let key = problem.sensitivity.as_ref().map(|it| it.key.as_str()).unwrap_or_default();
    let mut text = format!("{key} ({}): best {}", one_line(&curve.label), rate(curve.best));
    if curve.at_edge {
        text += ", at the edge of the values that were tried";
    }
    let (low, high) = curve.band;
    text += &match low == high {
        true => "; its neighbours failed or are told apart from it\n".to_owned(),
        false => {
            let decades = format!("{:.1} decades", curve.band_decades);
            format!("; values from {} to {} ({decades}) cannot be told apart from it\n", rate(low), rate(high))
        }
    };
    if let Some(room) = curve.head_room.map(rate).filter(|it| it != "1") {
        text += &format!("  the largest value without a diverged run is {room} times the best\n");
    }
    if let Some(mean) = curve.sensitivity {
        let (from, to) = curve.range;
        text += &format!(
            "  sensitivity: {} worse than the best on average, from {} to {}\n",
            problem.measure.difference(mean),
            rate(from),
            rate(to)
        );
    }
    if let Some((default, value)) = curve.at_default {
        let value = value.map_or_else(|| "failed".to_owned(), |it| problem.measure.shown(it));
        text += &format!("  at the default of {}: {value}\n", rate(default));
    }
    text
}
