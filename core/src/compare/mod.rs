//! Comparison of runs: which strategy is best, and how sure that is.
//!
//! Runs are found and read ([`find()`]), grouped by problem and strategy, measured by one number each, and compared. The
//! result is a [`Report`], plain data that each format shows in its own way.

mod assess;
mod choose;
mod conclude;
mod curves;
pub mod diff;
mod find;
mod grid;
mod label;
mod measure;
mod name;
mod pairs;
mod problem;
mod profile;
pub mod report;
mod run;
mod seeds;
mod sensitivity;
pub mod show;
pub mod stats;
mod tensorboard;
mod warn;

use std::path::PathBuf;

pub use curves::{Curves, Lines, Quantity, QuantityKind};
pub use find::{CompareError, Found, find};
pub use measure::MeasureKind;
pub use pairs::{Sample, family};
pub use report::Report;
pub use run::{LeftOut, Run};
pub use seeds::Seeds;
pub use tensorboard::{ExportError, tensorboard};

use crate::metric::PartMetric;

/// What a comparison compares, and how.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The number of each run. Without it, the last epoch's metric or, if the target ends runs, the epochs to it.
    pub measure: Option<MeasureKind>,
    /// The metric. Without it, that of the task on the validation part.
    pub metric: Option<PartMetric>,
    /// A target, in place of the runs' own.
    pub target: Option<f64>,
    /// Differences up to this size do not matter. In the metric's own unit: 0.001 for 0.1 points of accuracy.
    pub margin: Option<f64>,
    /// The label of a strategy that every other is compared with.
    pub reference: Option<String>,
    /// A key of the spec. The best strategy of each of its values is compared.
    pub by: Option<String>,
    /// The seeds on which strategies are chosen.
    pub select_seeds: Option<Seeds>,
    /// The seeds that are reported. Without them, all that do not choose.
    pub report_seeds: Option<Seeds>,
    /// The number of the spec whose influence is shown. Without it, the learning rate.
    pub sensitivity: Option<String>,
    /// True for performance profiles over the problems.
    pub profile: bool,
    /// True if the report has the curves of the runs.
    pub charts: bool,
    /// Returns the default learning rate of an optimizer. `None` if that is not known.
    pub default_lr: Option<fn(&str) -> Option<f64>>,
}

/// Compares the runs in and under `paths`.
pub fn compare(paths: &[PathBuf], options: &Options) -> Result<Report, CompareError> {
    let found = find(paths)?;
    let mut report = Report {
        left_out: found.left_out.iter().map(ToString::to_string).collect(),
        notes: found.runs.iter().filter_map(|run| run.curve.note.clone()).collect(),
        ..Report::default()
    };
    let (problems, repeated) = problem::problems(&found.runs);
    for problem::Repeated { run, first } in repeated {
        let (path, first) = (run.path.display(), first.path.display());
        report.left_out.push(format!("{path}: {first} has the same strategy and seed"));
    }
    for problem in problems {
        let choice = choose::choose(problem, options);
        let mut options = options.clone();
        options.reference = options.reference.or(choice.preferred);
        if let Some(mut own) = assess::assess(&choice.problem, &options, &mut report.left_out) {
            own.conclusions.splice(0..0, choice.notes);
            report.problems.push(own);
        }
    }
    if options.profile {
        report.profile = Some(profile::profile(&report).map_err(CompareError::Options)?);
    }
    let labels = || report.problems.iter().flat_map(|it| &it.strategies).map(|it| it.label.as_str());
    if let Some(name) = options.reference.as_ref().filter(|name| !labels().any(|it| it == name.as_str())) {
        let all: Vec<&str> = labels().collect();
        return Err(CompareError::Options(format!(
            "there is no strategy `{name}` to compare with; the strategies are: {}",
            all.join(", ")
        )));
    }
    Ok(report)
}

#[cfg(test)]
mod tests;
