//! Conclusions in sentences.

use super::Options;
use super::measure::Measure;
use super::pairs::between;
use super::report::{Pair, ProblemReport, StrategyReport, Verdict};
use super::stats::SEEDS_FOR_P;
use crate::metric::Mode;
use crate::record::number::count;

/// The largest number of additional seeds that is printed. For more, the text says that it is more than this.
const MANY: u64 = 1000;

/// Returns the conclusions about the strategies of a problem, as sentences.
pub fn conclusions(report: &ProblemReport, options: &Options) -> Vec<String> {
    let Some((top, rest)) = report.strategies.split_first() else { return Vec::new() };
    if rest.is_empty() {
        return vec![alone(top, report.measure)];
    }
    if report.pairs.iter().all(|pair| matches!(pair.verdict, Verdict::TooFewSeeds | Verdict::Tied)) {
        return vec![no_claim(report)];
    }
    match options.reference.as_ref().and_then(|name| report.strategies.iter().position(|it| it.label == *name)) {
        Some(reference) => against(report, reference, options),
        None => all(report, options),
    }
}

/// Returns the conclusions about the strategies that have enough seeds, and names the others.
fn all(report: &ProblemReport, options: &Options) -> Vec<String> {
    let is_enough = |&at: &usize| report.strategies[at].summary.seeds >= SEEDS_FOR_P;
    let (enough, few): (Vec<usize>, Vec<usize>) = (0..report.strategies.len()).partition(is_enough);
    let mut lines = ranked(report, &enough, options);
    if !few.is_empty() {
        let best = if few[0] == 0 { ", although it has the best result" } else { "" };
        let others = names(report, &few);
        let line = match few.len() {
            1 => format!(
                "No claim can be made about {others}{best}: it has {}.",
                seeds(report.strategies[few[0]].summary.seeds)
            ),
            _ => format!("No claim can be made about {others}: they have fewer than {SEEDS_FOR_P} seeds."),
        };
        lines.insert(0, line);
    }
    lines
}

fn alone(only: &StrategyReport, measure: Measure) -> String {
    let seeds = seeds(only.summary.seeds);
    match (only.summary.mean, only.summary.half_width) {
        (Some(mean), Some(half)) => format!(
            "There is only one strategy, {}, and nothing to compare it with. Its mean is {} ± {} (95 % interval, \
             {seeds}).",
            only.label,
            measure.shown(mean),
            measure.spread(half)
        ),
        _ => format!("There is only one strategy, {} ({seeds}), and nothing to compare it with.", only.label),
    }
}

/// Returns the conclusion if no pair has a p-value.
fn no_claim(report: &ProblemReport) -> String {
    let top = &report.strategies[0];
    let fewest = report.strategies.iter().map(|it| it.summary.seeds).min().unwrap_or(0);
    if fewest >= SEEDS_FOR_P {
        return "No claim can be made: the strategies are tied. Two failed runs are a tie.".to_owned();
    }
    let best = match top.summary.mean.or(top.summary.median) {
        Some(mean) => format!("{} has the best result ({})", top.label, report.measure.shown(mean)),
        None => format!("{} is listed first", top.label),
    };
    let runs = if fewest == 1 { "one run" } else { "two runs" };
    format!(
        "No claim can be made from {}: {best}, but {runs} cannot tell a better strategy from a lucky one. Run at least \
         3 seeds of each strategy; with 5, intervals are half as wide.",
        seeds(fewest)
    )
}

/// Returns the conclusions about the best of some strategies and each of the others. `strategies` are sorted best first.
fn ranked(report: &ProblemReport, strategies: &[usize], options: &Options) -> Vec<String> {
    let Some((&best, others)) = strategies.split_first() else { return Vec::new() };
    let pair_of = |other: usize| between(&report.pairs, best, other);
    let verdict = |other: usize| pair_of(other).map_or(Verdict::TooFewSeeds, |it| it.verdict);
    let with =
        |wanted: Verdict| others.iter().copied().filter(|&other| verdict(other) == wanted).collect::<Vec<usize>>();
    let (worse, equivalent, open) = (with(Verdict::Better), with(Verdict::Equivalent), with(Verdict::NotToldApart));
    let mut lines = Vec::new();
    if let Some(pair) = worse.first().and_then(|&other| pair_of(other)) {
        let mut line = better(report, pair);
        if worse.len() > 1 {
            line += &format!(" It is also better than {}.", names(report, &worse[1..]));
        }
        lines.push(line);
    }
    if !equivalent.is_empty() {
        lines.push(equivalent_to(report, &equivalent, best, options));
    }
    if let Some(&first) = open.first() {
        let mut line = not_told_apart(report, &open, best);
        if let Some(more) = pair_of(first).and_then(more_seeds) {
            let whom = if open.len() > 1 { format!(" for {}", report.strategies[first].label) } else { String::new() };
            line += &format!(" {more}{whom}.");
        }
        lines.push(line);
    }
    lines
}

/// Returns a conclusion for each strategy against the reference.
fn against(report: &ProblemReport, reference: usize, options: &Options) -> Vec<String> {
    let line = |pair: &Pair| {
        let other = if pair.a == reference { pair.b } else { pair.a };
        match pair.verdict {
            Verdict::Better | Verdict::Worse => better(report, pair),
            Verdict::Equivalent => equivalent_to(report, &[other], reference, options),
            Verdict::NotToldApart => {
                let more = more_seeds(pair).map(|more| format!(" {more}.")).unwrap_or_default();
                not_told_apart(report, &[other], reference) + &more
            }
            Verdict::Tied => format!("{} are tied.", names(report, &[pair.a, pair.b])),
            Verdict::TooFewSeeds => format!("There are too few seeds to compare {}.", names(report, &[pair.a, pair.b])),
        }
    };
    report.pairs.iter().filter(|pair| pair.a == reference || pair.b == reference).map(line).collect()
}

/// Returns `linear and rex are equivalent to cosine: each differs from it by less than 0.10 points.`
fn equivalent_to(report: &ProblemReport, others: &[usize], to: usize, options: &Options) -> String {
    let (are, each) = if others.len() == 1 { ("is", "the two differ") } else { ("are", "each differs from it") };
    format!(
        "{} {are} equivalent to {}: {each} by less than {}.",
        names(report, others),
        report.strategies[to].label,
        report.measure.difference(options.margin.unwrap_or_default())
    )
}

/// Returns `linear and rex cannot be told apart from cosine.`
fn not_told_apart(report: &ProblemReport, others: &[usize], from: usize) -> String {
    format!("{} cannot be told apart from {}.", names(report, others), report.strategies[from].label)
}

/// Returns `cosine is better than step by 0.31 points (95 % interval 0.12 to 0.50, 5 seeds).` If a run failed, returns
/// `cosine is better than step on 6 of 6 seeds (6 of 6 runs of step diverged).`
fn better(report: &ProblemReport, pair: &Pair) -> String {
    let measure = report.measure;
    let is_a = pair.verdict == Verdict::Better;
    let (winner, loser) = if is_a { (pair.a, pair.b) } else { (pair.b, pair.a) };
    let (winner, loser) = (&report.strategies[winner], &report.strategies[loser]);
    let unpaired = if pair.paired { "" } else { ", not paired" };
    if let (Some(difference), Some((low, high))) = (pair.difference, pair.interval) {
        // Turns the interval so that a positive number favours the winner.
        let is_turned = (measure.better() == Mode::Min) == is_a;
        let (low, high) = if is_turned { (-high, -low) } else { (low, high) };
        let number = |value: f64| measure.signed(value).trim_start_matches('+').to_owned();
        return format!(
            "{} is better than {} by {} (95 % interval {} to {}, {}{unpaired}).",
            winner.label,
            loser.label,
            measure.difference(difference),
            number(low),
            number(high),
            seeds(pair.n)
        );
    }
    let what = if measure.is_time() { "missed the target" } else { "diverged" };
    let failed = |it: &StrategyReport| {
        let failed = it.runs.iter().filter(|run| run.value.is_none()).count();
        (failed > 0).then(|| format!("{failed} of {} runs of {} {what}", it.summary.seeds, it.label))
    };
    let failed: Vec<String> = [loser, winner].into_iter().filter_map(failed).collect();
    let wins = if is_a { pair.wins } else { pair.losses };
    let how = match pair.paired {
        true => format!("on {wins} of {}", seeds((pair.wins + pair.losses + pair.ties) as usize)),
        false => "by the ranks of its runs".to_owned(),
    };
    format!("{} is better than {} {how} ({}{unpaired}).", winner.label, loser.label, failed.join(", "))
}

/// Returns how many more seeds would probably tell a pair apart: a sentence without its full stop. `None` if
/// [`Pair::seeds_needed`] is.
fn more_seeds(pair: &Pair) -> Option<String> {
    let more = pair.seeds_needed?.saturating_sub(pair.n as u64);
    Some(match more {
        0 => "A few more seeds would probably suffice".to_owned(),
        1 => "At this difference and spread, about 1 more seed would probably suffice".to_owned(),
        more if more > MANY => {
            format!("At this difference and spread, more than {} more seeds would be needed", count(MANY))
        }
        more => format!("At this difference and spread, about {more} more seeds would probably suffice"),
    })
}

fn seeds(n: usize) -> String {
    if n == 1 { "1 seed".to_owned() } else { format!("{n} seeds") }
}

/// Returns the labels of strategies as a list: `cosine, linear and rex`.
fn names(report: &ProblemReport, which: &[usize]) -> String {
    let all: Vec<&str> = which.iter().map(|&at| report.strategies[at].label.as_str()).collect();
    match all.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
