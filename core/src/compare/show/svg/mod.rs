//! A report as SVG pictures. Each is a file of its own, for a paper or a page.
//!
//! Colours are those of Okabe and Ito, each with a mark of its own shape, so that a print in grey can be read. With more
//! strategies than colours, the best and the worst have one; the others are grey, and a line of text says so.

mod curves;
mod ends;
mod intervals;
mod key;
mod page;
mod points;
mod profile;
mod rows;
mod sensitivity;
#[cfg(test)]
mod tests;
mod time_to_target;
mod words;
mod zoom;

use self::key::Key;
use crate::compare::report::{ProblemReport, Report};
use crate::plot::DrawError;

/// The first line of every picture of a comparison. A file without it is not overwritten.
pub const MARK: &str = "<!-- lr-run compare -->\n";

/// A picture and its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// The name of its file: `curves.svg`. With several problems, it begins with the problem.
    pub name: String,
    pub svg: String,
}

/// Returns the pictures of a report, those of the first problem first. A problem has no picture of something that its runs
/// do not have, such as a target.
pub fn pictures(report: &Report) -> Result<Vec<Picture>, DrawError> {
    let mut all = Vec::new();
    for (number, problem) in (1..).zip(&report.problems) {
        let start = match report.problems.len() {
            1 => String::new(),
            _ => format!("{number}-{}", file_name(&problem.title)),
        };
        for (name, svg) in of_problem(problem)? {
            all.push(Picture { name: format!("{start}{name}.svg"), svg: format!("{MARK}{svg}") });
        }
    }
    if let Some(profile) = &report.profile {
        let svg = profile::profile(profile)?;
        all.push(Picture { name: "profile.svg".to_owned(), svg: format!("{MARK}{svg}") });
    }
    Ok(all)
}

fn of_problem(problem: &ProblemReport) -> Result<Vec<(&'static str, String)>, DrawError> {
    let key = Key::of_strategies(problem);
    let pictures = [
        ("curves", curves::curves(problem, &key)?),
        ("intervals", intervals::intervals(problem, &key)?),
        ("time-to-target", time_to_target::time_to_target(problem, &key)?),
        ("sensitivity", sensitivity::sensitivity(problem)?),
    ];
    Ok(pictures.into_iter().filter_map(|(name, svg)| Some((name, svg?))).collect())
}

/// The most letters of a problem in the name of a file.
const FILE_NAME: usize = 40;

/// Returns the title of a problem in letters that every file system has, with a hyphen at the end. Empty if it has none.
fn file_name(title: &str) -> String {
    let mut name = String::new();
    for letter in title.to_lowercase().chars() {
        match letter {
            'a'..='z' | '0'..='9' | '_' => name.push(letter),
            _ if name.is_empty() || name.ends_with('-') => {}
            _ => name.push('-'),
        }
        if name.len() == FILE_NAME {
            break;
        }
    }
    let name = name.trim_end_matches('-');
    if name.is_empty() { String::new() } else { format!("{name}-") }
}
