//! Comparison of runs: which strategy is best, and how sure that is.
//!
//! [`find()`] reads the runs. They are grouped by problem and strategy, and each run gets one value of the measure.
//! These values are compared. The result is a [`Report`]: plain data, which each format shows in its own way.

mod assess;
mod checkpoints;
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

use std::collections::BTreeSet;
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
use crate::spec::nearest;

/// The options of a comparison.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What runs are compared by. `None` is the epochs to the target if the target ended a run, and otherwise the
    /// metric in the last epoch.
    pub measure: Option<MeasureKind>,
    /// The metric. `None` is the metric of the problem's first run: that of its task, on the validation part if it has
    /// one.
    pub metric: Option<PartMetric>,
    /// A target for the metric, which replaces the runs' own. `None` keeps those.
    pub target: Option<f64>,
    /// The largest difference that does not matter, in the unit of the measure: 0.001 is 0.1 points of accuracy, and 2
    /// is two epochs to the target. `None` compares without a margin.
    pub margin: Option<f64>,
    /// The label of a strategy. Every other strategy is compared with this one only. `None` compares every pair.
    pub reference: Option<String>,
    /// A key of the spec. Of the strategies with the same value of this key, only the best one is compared.
    pub by: Option<String>,
    /// The seeds on which the best strategies are chosen. `None` chooses none, except that `by` chooses on all seeds.
    pub select_seeds: Option<Seeds>,
    /// The seeds that are reported. `None` is all seeds except those of `select_seeds`.
    pub report_seeds: Option<Seeds>,
    /// The numeric key of the spec whose influence is shown. `None` is `optimizer.lr`.
    pub sensitivity: Option<String>,
    /// True if the report has performance profiles over the problems.
    pub profile: bool,
    /// True if the report has the curves of the runs.
    pub charts: bool,
    /// Returns the default learning rate of an optimizer, or `None` if it has none.
    pub default_lr: Option<fn(&str) -> Option<f64>>,
}

/// Compares the runs in and under `paths`. Returns an error if there are no runs, if no strategy has the label
/// `options.reference`, or if there can be no performance profile although `options.profile` is set.
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
    check(&problems, options)?;
    for problem in problems {
        let choice = choose::choose(problem, options);
        let mut options = options.clone();
        options.reference = options.reference.or(choice.preferred);
        if let Some(mut own) = assess::assess(&choice.problem, &options, &mut report.left_out) {
            own.conclusions.splice(0..0, choice.notes);
            report.problems.push(own);
        }
    }
    if report.problems.is_empty() && (options.select_seeds.is_some() || options.report_seeds.is_some()) {
        let mut seeds: Vec<u64> = found.runs.iter().filter_map(Run::seed).collect();
        seeds.sort_unstable();
        seeds.dedup();
        let seeds: Vec<String> = seeds.iter().map(u64::to_string).collect();
        let seeds = if seeds.is_empty() { "no seeds".to_owned() } else { format!("the seeds {}", seeds.join(", ")) };
        return Err(CompareError::Options(format!("no run is left to report; the runs have {seeds}")));
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

/// Returns an error if an option names something that no run has.
fn check(problems: &[problem::Problem<'_>], options: &Options) -> Result<(), CompareError> {
    let strategies = || problems.iter().flat_map(|it| &it.strategies);
    if let Some(key) = options.by.as_ref().filter(|key| !strategies().any(|it| it.lines.contains_key(*key))) {
        let keys: BTreeSet<&str> = strategies().flat_map(|it| it.lines.keys().map(String::as_str)).collect();
        let near = nearest(key, keys).map(|it| format!(": did you mean `{it}`?")).unwrap_or_default();
        return Err(CompareError::Options(format!("no strategy has the key `{key}`{near}")));
    }
    let is_time = matches!(options.measure, Some(MeasureKind::Epochs | MeasureKind::Steps | MeasureKind::Seconds));
    if is_time && options.target.is_none() && !strategies().any(assess::has_target) {
        return Err(CompareError::Options("no run has a target: set one with --target".to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
