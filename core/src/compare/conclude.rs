//! Conclusions in sentences.

use super::Options;
use super::measure::Measure;
use super::pairs::between;
use super::report::{Pair, ProblemReport, StrategyReport, Verdict};
use crate::metric::Mode;
use crate::record::number::count;

/// More seeds than this are not worth an estimate.
const MANY: u64 = 1000;

/// Returns what can be said about the strategies of a problem.
pub fn conclusions(report: &ProblemReport, options: &Options) -> Vec<String> {
    let Some((top, rest)) = report.strategies.split_first() else { return Vec::new() };
    if rest.is_empty() {
        return vec![alone(top, report.measure)];
    }
    if report.pairs.iter().all(|pair| pair.verdict == Verdict::TooFewSeeds) {
        return vec![too_few(report)];
    }
    match options.reference.as_ref().and_then(|name| report.strategies.iter().position(|it| it.label == *name)) {
        Some(reference) => against(report, reference, options),
        None => ranked(report, options),
    }
}

fn alone(only: &StrategyReport, measure: Measure) -> String {
    let seeds = seeds(only.summary.seeds);
    match (only.summary.mean, only.summary.half_width) {
        (Some(mean), Some(half)) => format!(
            "There is one strategy, {}, and nothing to compare it with: {} ± {} (95 % interval, {seeds}).",
            only.label,
            measure.shown(mean),
            measure.spread(half)
        ),
        _ => format!("There is one strategy, {} ({seeds}), and nothing to compare it with.", only.label),
    }
}

fn too_few(report: &ProblemReport) -> String {
    let top = &report.strategies[0];
    let fewest = report.strategies.iter().map(|it| it.summary.seeds).min().unwrap_or(0);
    let best = match top.summary.mean.or(top.summary.median) {
        Some(mean) => format!("{} has the best result ({})", top.label, report.measure.shown(mean)),
        None => format!("{} is listed first", top.label),
    };
    let tell = if fewest == 1 { "one run does" } else { "two runs do" };
    format!(
        "No claim can be made from {}: {best}, but {tell} not tell a better strategy from a luckier one. Run at least 3 \
         seeds each; with 5, intervals are half as wide.",
        seeds(fewest)
    )
}

/// Returns the conclusions about the best strategy.
fn ranked(report: &ProblemReport, options: &Options) -> Vec<String> {
    let pair_of = |other: usize| between(&report.pairs, 0, other);
    let verdict = |other: usize| pair_of(other).map_or(Verdict::TooFewSeeds, |it| it.verdict);
    let others = 1..report.strategies.len();
    let worse: Vec<usize> = others.clone().filter(|&other| verdict(other) == Verdict::Better).collect();
    let equivalent: Vec<usize> = others.clone().filter(|&other| verdict(other) == Verdict::Equivalent).collect();
    let open: Vec<usize> = others.filter(|&other| verdict(other) == Verdict::NotToldApart).collect();
    let mut lines = Vec::new();
    if let Some(pair) = worse.first().and_then(|&other| pair_of(other)) {
        let mut line = better(report, pair);
        if worse.len() > 1 {
            line += &format!(" It is also better than {}.", names(report, &worse[1..]));
        }
        lines.push(line);
    }
    if !equivalent.is_empty() {
        let margin = options.margin.unwrap_or_default();
        let all: Vec<usize> = std::iter::once(0).chain(equivalent).collect();
        lines.push(format!(
            "{} are equivalent: they differ by less than {}.",
            names(report, &all),
            report.measure.difference(margin)
        ));
    }
    if !open.is_empty() {
        let all: Vec<usize> = std::iter::once(0).chain(open.iter().copied()).collect();
        let mut line = format!("{} cannot be told apart.", names(report, &all));
        if let Some(more) = pair_of(open[0]).and_then(|pair| settle(report, pair)) {
            line += &format!(" {more}");
        }
        lines.push(line);
    }
    lines
}

/// Returns a conclusion for each strategy against the reference.
fn against(report: &ProblemReport, reference: usize, options: &Options) -> Vec<String> {
    let line = |pair: &Pair| match pair.verdict {
        Verdict::Better | Verdict::Worse => better(report, pair),
        Verdict::Equivalent => format!(
            "{} and {} are equivalent: they differ by less than {}.",
            report.strategies[pair.a].label,
            report.strategies[pair.b].label,
            report.measure.difference(options.margin.unwrap_or_default())
        ),
        Verdict::NotToldApart => {
            let names = names(report, &[pair.a, pair.b]);
            let more = settle(report, pair).map(|more| format!(" {more}")).unwrap_or_default();
            format!("{names} cannot be told apart.{more}")
        }
        Verdict::TooFewSeeds => format!("There are too few seeds to compare {}.", names(report, &[pair.a, pair.b])),
    };
    report.pairs.iter().filter(|pair| pair.a == reference || pair.b == reference).map(line).collect()
}

/// Returns `cosine is better than step by 0.31 points (95 % interval 0.12 to 0.50, 5 seeds).`
fn better(report: &ProblemReport, pair: &Pair) -> String {
    let measure = report.measure;
    let is_a = pair.verdict == Verdict::Better;
    let (winner, loser) = if is_a { (pair.a, pair.b) } else { (pair.b, pair.a) };
    let (winner, loser) = (&report.strategies[winner], &report.strategies[loser]);
    let unpaired = if pair.paired { "" } else { ", not paired" };
    if let (Some(difference), Some((low, high))) = (pair.difference, pair.interval) {
        // A difference in favour of the winner is above 0.
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
    let wins = if is_a { pair.wins } else { pair.losses };
    let failed = loser.runs.iter().filter(|run| run.value.is_none()).count();
    let what = if measure.is_time() { "missed the target" } else { "diverged" };
    format!(
        "{} is better than {} in {wins} of {} ({failed} of its {} {what}).",
        winner.label,
        loser.label,
        seeds((pair.wins + pair.losses + pair.ties) as usize),
        loser.summary.seeds
    )
}

/// Returns how many seeds would settle a pair. `None` if there is no difference to find.
fn settle(report: &ProblemReport, pair: &Pair) -> Option<String> {
    let needed = pair.seeds_needed?;
    let names = (&report.strategies[pair.a].label, &report.strategies[pair.b].label);
    let more = needed.saturating_sub(pair.n as u64);
    Some(match more {
        0 => format!("A few more seeds would probably settle {} against {}.", names.0, names.1),
        more if more > MANY => {
            format!(
                "At this spread it would take more than {} seeds to settle {} against {}.",
                count(MANY),
                names.0,
                names.1
            )
        }
        1 => format!("About 1 more seed would settle {} against {} at this spread.", names.0, names.1),
        more => format!("About {more} more seeds would settle {} against {} at this spread.", names.0, names.1),
    })
}

fn seeds(n: usize) -> String {
    if n == 1 { "1 seed".to_owned() } else { format!("{n} seeds") }
}

/// Returns `cosine, linear and rex`.
fn names(report: &ProblemReport, which: &[usize]) -> String {
    let all: Vec<&str> = which.iter().map(|&at| report.strategies[at].label.as_str()).collect();
    match all.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
