//! Performance profiles over several problems (Dolan and Moré 2002), with AlgoPerf's score.

use std::collections::BTreeSet;

use super::label::{Lines, labels};
use super::report::{ProblemReport, Profile, ProfileLine, Report};
use super::stats;

/// The keys of a strategy with their values. They identify the strategy in every problem.
type Spec = [(String, String)];

/// Returns the performance profiles of the strategies that occur in every problem with a target, by their median epochs
/// to the target. A missed target counts as an infinite time. The error is the reason why there is no profile.
pub fn profile(report: &Report) -> Result<Profile, String> {
    let has_target = |problem: &&ProblemReport| problem.strategies.iter().any(|it| it.summary.missed.is_some());
    let problems: Vec<&ProblemReport> = report.problems.iter().filter(has_target).collect();
    if problems.len() < 2 {
        let found = if problems.is_empty() { "none" } else { "only one" };
        return Err(format!("a profile needs at least two problems with a target, and {found} was found"));
    }
    let specs = |problem: &ProblemReport| -> BTreeSet<Vec<(String, String)>> {
        problem.strategies.iter().map(|it| it.spec.clone()).filter(|it| !it.is_empty()).collect()
    };
    let first = specs(problems[0]);
    let shared: Vec<Vec<(String, String)>> =
        first.into_iter().filter(|spec| problems.iter().all(|problem| specs(problem).contains(spec))).collect();
    if shared.len() < 2 {
        return Err("a profile needs at least two strategies that all problems with a target share".to_owned());
    }
    let times: Vec<Vec<f64>> =
        problems.iter().map(|problem| shared.iter().map(|spec| time(problem, spec)).collect()).collect();
    let profile = stats::Profile::of(&times).map_err(|error| error.to_string())?;
    let lines: Vec<Lines> = shared.iter().map(|spec| spec.iter().cloned().collect()).collect();
    let names = labels(&lines.iter().collect::<Vec<_>>());
    let line = |(at, label): (usize, String)| ProfileLine {
        label,
        score: profile.score(at, stats::R_MAX),
        reached: times.iter().filter(|problem| problem[at].is_finite()).count(),
        corners: profile.corners(at).unwrap_or_default(),
    };
    let mut strategies: Vec<ProfileLine> = names.into_iter().enumerate().map(line).collect();
    strategies.sort_by(|a, b| b.score.unwrap_or(0.0).total_cmp(&a.score.unwrap_or(0.0)).then(a.label.cmp(&b.label)));
    let titles = problems.iter().map(|it| it.title.clone()).collect();
    Ok(Profile { problems: titles, r_max: stats::R_MAX, strategies })
}

/// Returns the median epochs to the target of the strategy with the keys `spec`. Infinite if the target was missed.
fn time(problem: &ProblemReport, spec: &Spec) -> f64 {
    let strategy = problem.strategies.iter().find(|it| it.spec == spec);
    strategy.and_then(|it| it.summary.epochs_to_target).unwrap_or(f64::INFINITY)
}
