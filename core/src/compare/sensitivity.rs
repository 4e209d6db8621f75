//! The influence of a numeric key of the spec, such as the learning rate, on the measure.

use std::collections::BTreeMap;

use super::Options;
use super::assess::{better, mean_at};
use super::label::{Lines, labels};
use super::pairs::between;
use super::problem::Problem;
use super::report::{ProblemReport, Sensitivity, SensitivityCurve, SensitivityPoint, Verdict};

/// The key that most sweeps vary.
const USUAL: &str = "optimizer.lr";
/// The fewest values of a key that make a curve.
const FEWEST: usize = 3;

/// Returns the curves over the key `options.sensitivity` or, without it, over the learning rate. Each curve is of
/// strategies that differ in this key alone, and has at least three values of it. `None` if there is no such curve.
pub fn sensitivity(problem: &Problem<'_>, report: &ProblemReport, options: &Options) -> Option<Sensitivity> {
    let key = options.sensitivity.as_deref().unwrap_or(USUAL);
    let mut groups: BTreeMap<Lines, Vec<(f64, usize)>> = BTreeMap::new();
    for (at, strategy) in report.strategies.iter().enumerate() {
        let Some(value) = strategy.spec.iter().find(|(it, _)| it == key).and_then(|(_, value)| value.parse().ok())
        else {
            continue;
        };
        let rest = strategy.spec.iter().filter(|(it, _)| it != key).cloned().collect();
        groups.entry(rest).or_default().push((value, at));
    }
    groups.retain(|_, points| points.len() >= FEWEST);
    let names = labels(&groups.keys().collect::<Vec<_>>());
    let default = |rest: &Lines| {
        let optimizer = rest.get("optimizer.type").filter(|_| key == USUAL)?;
        options.default_lr.and_then(|of| of(optimizer.trim_matches('"')))
    };
    let curves = groups.into_iter().zip(names).filter_map(|((rest, points), label)| {
        let mut curve = curve(problem, report, label, points)?;
        let default = default(&rest);
        let tried = curve.points.iter().find(|point| Some(point.value) == default);
        curve.at_default = tried.map(|point| (point.value, point.mean));
        Some(curve)
    });
    let curves: Vec<SensitivityCurve> = curves.collect();
    (!curves.is_empty()).then(|| Sensitivity { key: key.to_owned(), curves })
}

fn curve(
    problem: &Problem<'_>,
    report: &ProblemReport,
    label: String,
    mut values: Vec<(f64, usize)>,
) -> Option<SensitivityCurve> {
    values.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mode = report.measure.better();
    let summary = |at: usize| &report.strategies[at].summary;
    let best_at = (0..values.len())
        .filter(|&it| summary(values[it].1).mean.is_some())
        .min_by(|&a, &b| better(mode, summary(values[a].1).mean, summary(values[b].1).mean))?;
    let (best, best_strategy) = values[best_at];
    let is_apart = |other: usize| {
        let pair = between(&report.pairs, best_strategy, other);
        pair.is_some_and(|it| matches!(it.verdict, Verdict::Better | Verdict::Worse))
    };
    // The band is one interval: it ends at the first value that is told apart from the best, or has a failed run.
    let open = |it: &&(f64, usize)| !is_apart(it.1) && summary(it.1).mean.is_some();
    let above = values[best_at..].iter().take_while(open).last().map_or(best, |it| it.0);
    let below = values[..=best_at].iter().rev().take_while(open).last().map_or(best, |it| it.0);
    let diverged = |at: usize| summary(at).diverged > 0;
    let largest = values.iter().rev().find(|it| !diverged(it.1)).map(|it| it.0);
    let points = values.iter().map(|&(value, strategy)| SensitivityPoint {
        value,
        strategy,
        mean: summary(strategy).mean,
        diverged: summary(strategy).diverged,
    });
    Some(SensitivityCurve {
        label,
        points: points.collect(),
        best,
        band: (below, above),
        band_decades: if below > 0.0 { (above / below).log10() } else { 0.0 },
        head_room: largest.filter(|_| values.iter().any(|it| diverged(it.1))).map(|largest| largest / best),
        sensitivity: mean_regret(problem, report, &values, best_strategy),
        range: (values[0].0, values[values.len() - 1].0),
        at_edge: best_at == 0 || best_at + 1 == values.len(),
        at_default: None,
    })
}

/// Returns how much worse the measure is than at the best value, averaged over the range of values on a logarithmic
/// axis (Wortsman et al. 2023). A value with a failed run, or with a mean worse than without training, counts with its
/// mean at epoch 0. `None` if the measure is a time to the target, if a value is not above 0, or if a value with a
/// failed run has no mean at epoch 0.
fn mean_regret(problem: &Problem<'_>, report: &ProblemReport, values: &[(f64, usize)], best: usize) -> Option<f64> {
    if report.measure.is_time() || values.iter().any(|it| it.0 <= 0.0) {
        return None;
    }
    let of = |at: usize| report.strategies[at].summary.mean;
    let best = of(best)?;
    let untrained = |at: usize| {
        let label = &report.strategies[at].label;
        let own = problem.strategies.iter().find(|it| it.label == *label)?;
        mean_at(&own.runs, 0, report.measure.metric)
    };
    let mode = report.measure.better();
    let mut regrets = Vec::new();
    for &(value, at) in values {
        let start = untrained(at);
        let reached = match (of(at), start) {
            (Some(own), Some(start)) if mode.is_better(start, own, 0.0) => start,
            (Some(own), _) => own,
            (None, start) => start?,
        };
        regrets.push((value.ln(), (reached - best).abs()));
    }
    let (first, last) = (regrets.first()?, regrets.last()?);
    let area: f64 = regrets.windows(2).map(|it| (it[1].0 - it[0].0) * (it[0].1 + it[1].1) / 2.0).sum();
    (last.0 > first.0).then(|| area / (last.0 - first.0))
}
