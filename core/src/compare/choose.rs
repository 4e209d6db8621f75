//! Chooses strategies on some seeds, so that they can be reported on others.

use super::Options;
use super::assess::better;
use super::measure::{Measure, MeasureKind, Score, reached};
use super::problem::{Problem, Strategy};
use super::run::Run;
use super::stats;

/// The outcome of a choice.
pub struct Choice<'a> {
    /// The strategies that are reported. They have only the runs of the seeds that are reported.
    pub problem: Problem<'a>,
    /// The label of the best strategy on `select_seeds`. `None` without `select_seeds`, or if no strategy has a mean
    /// there.
    pub preferred: Option<String>,
    /// Sentences that say how the choice was made.
    pub notes: Vec<String>,
}

/// Reduces a problem to the strategies and seeds that the options choose.
///
/// With `by`, the strategies with the same value of this key form a group. Only the best strategy of each group is
/// kept, and the value becomes its label.
///
/// The best strategy is the one with the best mean of the metric in the last epoch, over the seeds of `select_seeds`
/// or, without them, over all seeds. The metric is `options.metric` or, without it, the metric of the runs. A strategy
/// with a failed or unfinished run on these seeds has no mean.
pub fn choose<'a>(mut problem: Problem<'a>, options: &Options) -> Choice<'a> {
    let mut notes = Vec::new();
    let mut preferred = None;
    let is_selecting = |run: &Run| options.select_seeds.as_ref().is_none_or(|seeds| seeds.has(run.seed()));
    let measure = |runs: &[&Run]| {
        let metric = options.metric.or_else(|| runs.first().map(|run| run.metric()));
        metric.map(|metric| Measure { kind: MeasureKind::Last, metric })
    };
    let score = |strategy: &Strategy<'a>| {
        let runs: Vec<&Run> = strategy.runs.iter().copied().filter(|run| is_selecting(run)).collect();
        let measure = measure(&runs)?;
        let values: Option<Vec<f64>> = runs
            .iter()
            .map(|run| match measure.of(run, reached(run, measure.metric, options.target)) {
                Score::Value(value) => Some(value),
                _ => None,
            })
            .collect();
        values.as_deref().and_then(stats::mean)
    };
    let mode = problem.strategies.first().and_then(|it| measure(&it.runs)).map(|it| it.better());
    if let (Some(key), Some(mode)) = (&options.by, mode) {
        let value = |strategy: &Strategy<'a>| {
            let own = strategy.lines.get(key).map(|value| value.trim_matches('"').to_owned());
            own.unwrap_or_else(|| format!("without {key}"))
        };
        let mut groups: Vec<(String, Vec<Strategy<'a>>)> = Vec::new();
        for strategy in problem.strategies {
            let name = value(&strategy);
            match groups.iter_mut().find(|(it, _)| *it == name) {
                Some((_, group)) => group.push(strategy),
                None => groups.push((name, vec![strategy])),
            }
        }
        problem.strategies = Vec::new();
        for (name, group) in groups {
            let tried = group.len();
            let best = group.into_iter().min_by(|a, b| better(mode, score(a), score(b)));
            if let Some(mut best) = best {
                if tried > 1 {
                    notes.push(format!("{name}: the best of {tried} strategies is {}.", best.label));
                }
                best.label = name;
                problem.strategies.push(best);
            }
        }
        if options.select_seeds.is_none() && !notes.is_empty() {
            notes.push(
                "The strategies were chosen and are reported on the same seeds, which favours groups with many \
                 strategies. --select-seeds and --report-seeds separate the two."
                    .to_owned(),
            );
        }
    }
    if let (Some(seeds), Some(mode)) = (&options.select_seeds, mode) {
        let scored = problem.strategies.iter().filter(|it| score(it).is_some());
        let best = scored.min_by(|a, b| better(mode, score(a), score(b)));
        if best.is_none() {
            notes.push(format!(
                "No strategy was chosen: on the seeds {seeds}, each has no run, or one that is unfinished, diverged or \
                 without the metric."
            ));
        }
        if let Some(best) = best {
            notes.push(format!("{} was chosen: it is the best strategy on the seeds {seeds}.", best.label));
            preferred = Some(best.label.clone());
        }
    }
    if let (Some(select), Some(report)) = (&options.select_seeds, &options.report_seeds) {
        let runs = || problem.strategies.iter().flat_map(|it| &it.runs);
        if runs().any(|run| select.has(run.seed()) && report.has(run.seed())) {
            notes.push(format!(
                "The seeds {select} and {report} overlap: a strategy that was chosen by luck has the same luck in the report."
            ));
        }
    }
    let is_reported = |run: &Run| match (&options.report_seeds, &options.select_seeds) {
        (Some(seeds), _) => seeds.has(run.seed()),
        (None, Some(seeds)) => !seeds.has(run.seed()),
        (None, None) => true,
    };
    for strategy in &mut problem.strategies {
        strategy.runs.retain(|run| is_reported(run));
    }
    problem.strategies.retain(|strategy| !strategy.runs.is_empty());
    Choice { problem, preferred, notes }
}
