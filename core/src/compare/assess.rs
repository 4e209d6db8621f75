//! Makes the report of a problem from its runs.

use std::cmp::Ordering;

use super::conclude::conclusions;
use super::curves::{Curves, curves};
use super::measure::{Measure, MeasureKind, Reached, Score, area, best, last, reached, test};
use super::pairs::{between, pairs};
use super::problem::{Problem, Strategy};
use super::report::{ProblemReport, RunReport, StrategyReport, Summary, Verdict};
use super::run::{Run, State};
use super::{Options, sensitivity, stats, warn};
use crate::metric::{Mode, PartMetric};
use crate::record::Status;

/// Compares the strategies of `problem`. Adds each run that is not finished or has no value of the measure to
/// `left_out`, with the reason. `None` if no run remains.
pub fn assess(problem: &Problem<'_>, options: &Options, left_out: &mut Vec<String>) -> Option<ProblemReport> {
    let runs = || problem.strategies.iter().flat_map(|strategy| strategy.runs.iter().copied());
    let metric = options.metric.or_else(|| runs().next().map(Run::metric))?;
    let measure = Measure { kind: kind(problem, options), metric };
    let mut compared: Vec<(StrategyReport, Vec<&Run>)> = Vec::new();
    for strategy in &problem.strategies {
        let (mut own, mut runs) = (Vec::new(), Vec::new());
        for &run in &strategy.runs {
            match of_run(run, measure, options) {
                Ok(report) => {
                    own.push(report);
                    runs.push(run);
                }
                Err(reason) => left_out.push(format!("{}: {reason}", run.path.display())),
            }
        }
        if !own.is_empty() {
            let has_target = options.target.is_some() || has_target(strategy);
            let report = StrategyReport {
                label: strategy.label.clone(),
                spec: strategy.lines.clone().into_iter().collect(),
                summary: summary(&own, measure, has_target),
                letters: String::new(),
                runs: own,
            };
            compared.push((report, runs));
        }
    }
    if compared.is_empty() {
        return None;
    }
    compared.sort_by(|a, b| order(measure.better(), &a.0, &b.0));
    let (mut strategies, runs): (Vec<StrategyReport>, Vec<Vec<&Run>>) = compared.into_iter().unzip();
    let pairs = pairs(&strategies, measure, options);
    let is_apart = |a: usize, b: usize| {
        between(&pairs, a, b).is_some_and(|it| matches!(it.verdict, Verdict::Better | Verdict::Worse))
    };
    let is_grouped = options.reference.is_none() && pairs.iter().any(|it| it.p_holm.is_some());
    if is_grouped && strategies.len() > 1 {
        let letters = stats::letters(strategies.len(), is_apart);
        strategies.iter_mut().zip(letters).for_each(|(strategy, letters)| strategy.letters = letters);
    }
    let mut report = ProblemReport {
        title: problem.title.clone(),
        measure,
        conclusions: Vec::new(),
        warnings: warn::warnings(problem, options),
        sensitivity: None,
        curves: if options.charts { curves(&runs, metric) } else { Curves::default() },
        strategies,
        pairs,
    };
    report.sensitivity = sensitivity::sensitivity(problem, &report, options);
    if let (None, Some(key)) = (&report.sensitivity, &options.sensitivity) {
        report.warnings.push(format!(
            "there is no sensitivity to `{key}`: it takes three strategies that differ by this number alone"
        ));
    }
    report.warnings.extend(warn::of_results(&report));
    report.conclusions = conclusions(&report, options);
    Some(report)
}

/// Returns the kind of measure. The user's choice comes first, but `seconds` becomes `epochs` if the runs are from
/// several machines. By default it is `epochs` if the target ended any run, because such runs end with nearly the same
/// metric, and `last` otherwise.
fn kind(problem: &Problem<'_>, options: &Options) -> MeasureKind {
    let stopped = |run: &&Run| run.record.as_ref().is_some_and(|it| it.status == Status::StoppedAtTarget);
    let ends_at_target = || problem.strategies.iter().flat_map(|it| &it.runs).any(stopped);
    match options.measure {
        // Times of different machines say nothing about strategies.
        Some(MeasureKind::Seconds) if !warn::has_one_machine(problem) => MeasureKind::Epochs,
        Some(kind) => kind,
        None => {
            if ends_at_target() {
                MeasureKind::Epochs
            } else {
                MeasureKind::Last
            }
        }
    }
}

pub fn has_target(strategy: &Strategy<'_>) -> bool {
    strategy.runs.iter().any(|run| run.record.as_ref().is_some_and(|it| it.started.target.is_some()))
}

/// Returns the report of a run. The error is the reason why the run is left out.
fn of_run(run: &Run, measure: Measure, options: &Options) -> Result<RunReport, String> {
    let metric = measure.metric;
    if run.state() == State::Unfinished {
        return Err(format!("the run is not finished ({}): run its spec again to resume it", run.status()));
    }
    let reached = reached(run, metric, options.target);
    let value = match measure.of(run, reached) {
        Score::Value(value) => Some(value),
        Score::Failed => None,
        Score::Missing => return Err(missing(run, measure)),
    };
    let best = best(run, metric);
    Ok(RunReport {
        path: run.path.display().to_string(),
        seed: run.seed(),
        status: run.status(),
        value,
        last_epoch: last(run, metric).filter(|it| it.is_finite()),
        best_epoch: best.map(|it| it.0),
        at_epoch: best.map(|it| it.1),
        test: test(run, metric.metric).filter(|it| it.is_finite()),
        area: area(run, metric).filter(|it| it.is_finite()),
        reached,
        diverged: run.state() == State::Diverged,
    })
}

/// Returns the reason why a finished run has no value of `measure`.
fn missing(run: &Run, measure: Measure) -> String {
    let metric = measure.metric;
    match measure.kind {
        MeasureKind::Test => format!("it has no {} on a test part", metric.metric),
        // These runs reached the target.
        MeasureKind::Steps => "column `step` has no number in the epoch that reached the target".to_owned(),
        MeasureKind::Seconds => {
            "`train_seconds` and `eval_seconds` do not have the time of every epoch until the target".to_owned()
        }
        _ if run.trained().next().is_none() => "it has no row after epoch 0".to_owned(),
        _ if !run.curve.has(metric) => format!("it has no column `{metric}`"),
        MeasureKind::Last => format!("column `{metric}` has no number in the last epoch"),
        MeasureKind::Best => format!("column `{metric}` has no finite number"),
        _ => format!("column `{metric}` has an epoch without a finite number"),
    }
}

/// Returns the summary of a strategy's runs. `has_target` is true if they have a target.
fn summary(runs: &[RunReport], measure: Measure, has_target: bool) -> Summary {
    let values: Option<Vec<f64>> = runs.iter().map(|run| run.value).collect();
    let of = |get: &dyn Fn(&RunReport) -> Option<f64>| {
        let all: Option<Vec<f64>> = runs.iter().map(get).collect();
        all.and_then(|all| stats::mean(&all))
    };
    let mode = measure.better();
    let mean = values.as_deref().and_then(stats::mean);
    let sd = values.as_deref().and_then(stats::sd);
    let time = |get: &dyn Fn(Reached) -> Option<f64>| {
        let times: Vec<Option<f64>> = runs.iter().map(|run| run.reached.and_then(get)).collect();
        median(&times, Mode::Min)
    };
    let mut ranked: Vec<Option<f64>> = runs.iter().map(|run| run.value).collect();
    ranked.sort_by(|a, b| better(mode, *a, *b));
    Summary {
        seeds: runs.len(),
        mean,
        sd,
        half_width: values.as_deref().and_then(half_width),
        median: median(&ranked, mode),
        worst: ranked.last().copied().flatten(),
        best: ranked.first().copied().flatten(),
        diverged: runs.iter().filter(|run| run.diverged).count(),
        missed: has_target.then(|| runs.iter().filter(|run| run.reached.is_none()).count()),
        last_epoch: of(&|run| run.last_epoch),
        best_epoch: of(&|run| run.best_epoch),
        test: of(&|run| run.test),
        area: of(&|run| run.area),
        epochs_to_target: time(&|it| Some(it.epoch as f64)),
        steps_to_target: time(&|it| it.step.map(|step| step as f64)),
        seconds_to_target: time(&|it| it.seconds),
    }
}

/// Returns the half-width of the 95 % Student t interval of the mean. `None` for a single value.
fn half_width(values: &[f64]) -> Option<f64> {
    let from_zero = stats::paired(values, &vec![0.0; values.len()]).ok()?;
    from_zero.interval.map(|it| (it.high - it.low) / 2.0)
}

/// Returns the median, in which a `None` among `values` is worse than every number. For an even number of values, it is
/// the mean of the middle two. `None` if there are no values, or if one in the middle is `None`.
fn median(values: &[Option<f64>], mode: Mode) -> Option<f64> {
    let mut values = values.to_vec();
    values.sort_by(|a, b| better(mode, *a, *b));
    let high = *values.get(values.len() / 2)?;
    let low = *values.get((values.len() - 1) / 2)?;
    Some((low? + high?) / 2.0)
}

/// Orders the better value first. `None` is a failed run: it comes last, and two of them are equal.
pub fn better(mode: Mode, a: Option<f64>, b: Option<f64>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => match mode {
            Mode::Min => a.total_cmp(&b),
            Mode::Max => b.total_cmp(&a),
        },
        (a, b) => b.is_some().cmp(&a.is_some()),
    }
}

/// Orders the better strategy first: the one with the smaller share of failed runs. If the shares are equal, the mean
/// decides or, with failed runs, the median. If these are equal too, the label decides.
fn order(mode: Mode, a: &StrategyReport, b: &StrategyReport) -> Ordering {
    let failures =
        |it: &StrategyReport| it.runs.iter().filter(|run| run.value.is_none()).count() as f64 / it.runs.len() as f64;
    let typical = |it: &StrategyReport| it.summary.mean.or(it.summary.median);
    failures(a)
        .total_cmp(&failures(b))
        .then_with(|| better(mode, typical(a), typical(b)))
        .then_with(|| a.label.cmp(&b.label))
}

/// Returns the mean of `metric` at the end of `epoch` over `runs`. `None` if a run has no finite number there.
pub fn mean_at(runs: &[&Run], epoch: u64, metric: PartMetric) -> Option<f64> {
    let values: Option<Vec<f64>> =
        runs.iter().map(|run| run.curve.get(epoch, metric).filter(|it| it.is_finite())).collect();
    values.as_deref().and_then(stats::mean)
}
