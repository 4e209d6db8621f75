//! Reasons to doubt a comparison.

use std::collections::BTreeMap;

use super::measure::MeasureKind;
use super::problem::Problem;
use super::report::ProblemReport;
use super::run::Run;
use super::{Options, stats};
use crate::record::{RunRecord, ValidationPart};

/// Returns the warnings about the runs of a problem.
pub fn warnings(problem: &Problem<'_>, options: &Options) -> Vec<String> {
    let runs: Vec<&Run> = problem.strategies.iter().flat_map(|it| it.runs.iter().copied()).collect();
    let records: Vec<&RunRecord> = runs.iter().filter_map(|run| run.record.as_ref()).collect();
    let mut warnings = Vec::new();
    if problem.is_assumed {
        warnings.push("these curves have no run.json: it is only assumed that they are of one problem".to_owned());
        let ends =
            counts(runs.iter().filter_map(|run| run.curve.epochs().next_back()).map(|end| format!("{end} epochs")));
        if ends.len() > 1 {
            warnings.push(format!("the curves have different lengths: {}", listed(&ends)));
        }
    }
    for path in &problem.unread {
        warnings.push(format!(
            "{} is missing or cannot be read: nothing is known about the keys of its strategy",
            path.display()
        ));
    }
    for (what, values) in differences(&records) {
        if values.len() > 1 {
            warnings.push(format!("the runs differ in their {what}: {}", listed(&values)));
        }
    }
    let parts = counts(records.iter().map(|it| it.started.data.validation_part).filter_map(|part| match part {
        ValidationPart::Validation => None,
        other => Some(other.to_string()),
    }));
    for part in parts.keys() {
        warnings.push(format!("runs without a validation part are judged by their {part} part"));
    }
    let seeds = |at: usize| problem.strategies[at].runs.iter().map(|run| run.seed()).collect::<Vec<_>>();
    if (1..problem.strategies.len()).any(|at| seeds(at) != seeds(0)) {
        warnings.push(
            "the strategies do not all have the same seeds: those with different seeds are compared without pairing"
                .to_owned(),
        );
    }
    if options.measure == Some(MeasureKind::Seconds) && machines(&records).len() > 1 {
        warnings.push(
            "epochs are compared instead of seconds, because the runs differ in machine, device or threads".to_owned(),
        );
    }
    warnings
}

/// Returns the warnings about the results in a report.
pub fn of_results(report: &ProblemReport) -> Vec<String> {
    let mut warnings = Vec::new();
    for strategy in &report.strategies {
        let values: Vec<f64> = strategy.runs.iter().filter_map(|run| run.value).collect();
        if stats::gap(&values).is_some() {
            warnings.push(format!(
                "the results of {} form two groups: the mean and the interval describe neither of them",
                strategy.label
            ));
        }
    }
    for curve in report.sensitivity.iter().flat_map(|it| &it.curves).filter(|it| it.at_edge) {
        let key = report.sensitivity.as_ref().map(|it| it.key.as_str()).unwrap_or_default();
        warnings.push(format!(
            "the best `{key}` of {} is at the edge of the values that were tried: try values beyond {}",
            curve.label,
            crate::record::number::rate(curve.best)
        ));
    }
    warnings
}

/// Returns whether the times of the runs can be compared: all runs have the same machine, device and number of threads.
/// Runs without a record are ignored.
pub fn has_one_machine(problem: &Problem<'_>) -> bool {
    let records: Vec<&RunRecord> =
        problem.strategies.iter().flat_map(|it| &it.runs).filter_map(|run| run.record.as_ref()).collect();
    machines(&records).len() <= 1
}

fn machines(records: &[&RunRecord]) -> BTreeMap<String, usize> {
    counts(records.iter().map(|it| {
        let compute = &it.started.compute;
        format!("{} {} {:?} {}", compute.device, compute.threads, it.processor, it.process.host)
    }))
}

/// Returns the properties that the runs of a problem should share. Each has its values, with the number of runs that
/// have each.
fn differences(records: &[&RunRecord]) -> Vec<(&'static str, BTreeMap<String, usize>)> {
    let of = |value: &dyn Fn(&RunRecord) -> String| counts(records.iter().map(|it| value(it)));
    vec![
        ("device", of(&|it| it.started.compute.device.clone())),
        ("threads", of(&|it| it.started.compute.threads.to_string())),
        ("processor", of(&|it| it.processor.clone().unwrap_or_else(|| "unknown".to_owned()))),
        ("version of lr-run", of(&|it| it.versions.lr_run.clone())),
        ("version of libtorch", of(&|it| it.versions.libtorch.clone())),
    ]
}

fn counts(values: impl Iterator<Item = String>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    values.for_each(|value| *counts.entry(value).or_default() += 1);
    counts
}

fn listed(values: &BTreeMap<String, usize>) -> String {
    let runs = |count: usize| if count == 1 { "1 run".to_owned() } else { format!("{count} runs") };
    values.iter().map(|(value, count)| format!("{value} ({})", runs(*count))).collect::<Vec<_>>().join(", ")
}
