//! A report as Markdown tables.

use crate::compare::grid::{self, Grid};
use crate::compare::report::Report;

/// Returns the conclusions and the tables of a report. The text ends in a line break.
pub fn markdown(report: &Report, with_pairs: bool) -> String {
    let mut text = String::new();
    for problem in &report.problems {
        text += &format!("### {}\n\nCompared by {}.\n\n", escaped(&problem.title), problem.measure);
        for line in &problem.conclusions {
            text += &format!("- {}\n", escaped(line));
        }
        text += &format!("\n{}", table(&grid::strategies(problem)));
        if with_pairs {
            text += &format!("\n{}", table(&grid::pairs(problem)));
        }
        for warning in &problem.warnings {
            text += &format!("\n> {}\n", escaped(warning));
        }
        text += "\n";
    }
    for line in report.notes.iter().chain(&report.left_out) {
        text += &format!("- {}\n", escaped(line));
    }
    text
}

fn table(grid: &Grid) -> String {
    let row = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| escaped(cell)).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let rule: Vec<&str> = (0..grid.head.len()).map(|at| if at == 0 { "---" } else { "---:" }).collect();
    let rows: String = grid.rows.iter().map(|cells| row(cells)).collect();
    format!("{}| {} |\n{rows}", row(&grid.head), rule.join(" | "))
}

/// Returns `text` with the special characters of Markdown and HTML escaped.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        match letter {
            '\\' | '|' | '*' | '_' | '`' | '[' | ']' | '<' | '>' | '#' => {
                escaped.push('\\');
                escaped.push(letter);
            }
            '\n' | '\r' => escaped.push(' '),
            _ if letter.is_control() => escaped.push('\u{fffd}'),
            _ => escaped.push(letter),
        }
    }
    escaped
}
