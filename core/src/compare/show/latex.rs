//! A report as LaTeX tables for the package booktabs.

use crate::compare::grid::{self, Grid};
use crate::compare::report::Report;

/// Returns one `tabular` for each problem, after a comment with its title and conclusions. The text ends in a line
/// break.
pub fn latex(report: &Report, with_pairs: bool) -> String {
    let mut text = "% needs \\usepackage{booktabs}\n".to_owned();
    for problem in &report.problems {
        let comments = [&problem.title].into_iter().chain(&problem.conclusions).chain(&problem.warnings);
        for line in comments {
            text += &format!("% {}\n", line.replace(char::is_control, " "));
        }
        text += &table(&grid::strategies(problem));
        if with_pairs {
            text += &table(&grid::pairs(problem));
        }
    }
    text
}

fn table(grid: &Grid) -> String {
    let row = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| escaped(cell)).collect();
        format!("{} \\\\\n", cells.join(" & "))
    };
    let columns = format!("l{}", "r".repeat(grid.head.len().saturating_sub(1)));
    let rows: String = grid.rows.iter().map(|cells| row(cells)).collect();
    format!(
        "\\begin{{tabular}}{{{columns}}}\n\\toprule\n{}\\midrule\n{rows}\\bottomrule\n\\end{{tabular}}\n",
        row(&grid.head)
    )
}

/// Returns `text` with the special characters of LaTeX escaped.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        match letter {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => {
                escaped.push('\\');
                escaped.push(letter);
            }
            '\\' => escaped += "\\textbackslash{}",
            '~' => escaped += "\\textasciitilde{}",
            '^' => escaped += "\\textasciicircum{}",
            '<' => escaped += "\\textless{}",
            '>' => escaped += "\\textgreater{}",
            '±' => escaped += "$\\pm$",
            // TeX has no letter for them.
            _ if letter.is_control() => escaped.push(' '),
            '\u{fffd}' => escaped.push('?'),
            _ => escaped.push(letter),
        }
    }
    escaped
}
