//! Compares strategies in pairs: their differences, p-values and verdicts.

use std::cmp::Ordering;

use super::assess::better;
use super::measure::Measure;
use super::report::{Pair, StrategyReport, Verdict};
use super::{Options, stats};
use crate::metric::Mode;

/// The largest probability of any false claim in the family of all pairs.
const ALPHA: f64 = 0.05;

/// The results of a strategy's runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The seed of each run. `None` if a run has no seed.
    pub seeds: Option<Vec<u64>>,
    /// The value of each run, in the order of the seeds. `None` for a run that failed.
    pub values: Vec<Option<f64>>,
}

/// Compares every two of `strategies`, which are sorted best first. With a reference, compares it with each of the
/// others.
pub fn pairs(strategies: &[StrategyReport], measure: Measure, options: &Options) -> Vec<Pair> {
    let sample = |it: &StrategyReport| Sample {
        seeds: it.runs.iter().map(|run| run.seed).collect(),
        values: it.runs.iter().map(|run| run.value).collect(),
    };
    let samples: Vec<Sample> = strategies.iter().map(sample).collect();
    let reference = options.reference.as_ref().and_then(|name| strategies.iter().position(|it| it.label == *name));
    let mut pairs = family(&samples, reference, measure.better(), options.margin);
    // Holm's method tests the pair with the smallest p-value of those that are left at α, divided by their number.
    let left = pairs.iter().filter(|it| matches!(it.verdict, Verdict::NotToldApart | Verdict::Equivalent)).count();
    let goal = stats::Goal { alpha: ALPHA / left.max(1) as f64, ..stats::Goal::default() };
    pairs.iter_mut().for_each(|pair| describe(pair, &samples, goal));
    pairs
}

/// Adds the fields that no verdict depends on. They take longer than all the rest.
fn describe(pair: &mut Pair, samples: &[Sample], goal: stats::Goal) {
    let joined = joined(&samples[pair.a], &samples[pair.b]);
    if pair.verdict == Verdict::NotToldApart {
        pair.seeds_needed = joined.difference().and_then(|it| it.seeds_needed(goal));
    }
    if joined.paired {
        let wins = stats::Wins { wins: pair.wins, ties: pair.ties, losses: pair.losses };
        pair.win_share = wins.interval(stats::LEVEL).map(|it| (it.low, it.high));
        pair.smallest_p = Some(stats::smallest_sign_p(wins.untied()));
        pair.correlation = joined.values().and_then(|(a, b)| stats::correlation(&a, &b));
    }
}

/// Compares every two of `samples`. With a `reference`, compares it with each of the others. The p-values are corrected
/// for the number of pairs by Holm's method. `better` is the direction in which values are better, and `margin` the
/// largest difference that does not matter.
///
/// Two samples with the same seeds are paired by seed. All others, also those without seeds, are compared by Welch's
/// test. This rule does not depend on the values. If a run failed, there is no mean difference, and order decides: the
/// sign test of pairs, and the rank-sum test of unpaired samples. A failed run is worse than every value, and two failed
/// runs are a tie.
pub fn family(samples: &[Sample], reference: Option<usize>, better: Mode, margin: Option<f64>) -> Vec<Pair> {
    let mut all = Vec::new();
    for a in 0..samples.len() {
        for b in a + 1..samples.len() {
            if reference.is_none_or(|it| it == a || it == b) {
                all.push(pair(samples, a, b, better));
            }
        }
    }
    let p: Vec<Option<f64>> = all.iter().map(|it| it.pair.p).collect();
    // `holm` fails only if a number is not a probability. P-values are.
    let corrected = stats::holm(&p).unwrap_or_else(|_| vec![None; p.len()]);
    for (compared, p_holm) in all.iter_mut().zip(corrected) {
        compared.pair.p_holm = p_holm;
        compared.pair.verdict = verdict(compared, better, margin);
    }
    all.into_iter().map(|it| it.pair).collect()
}

/// Returns the pair of two strategies, which may be given in either order. `pairs` is the result of [`family`], which
/// is sorted. `None` if the two were not compared.
pub fn between(pairs: &[Pair], a: usize, b: usize) -> Option<&Pair> {
    let at = pairs.binary_search_by_key(&(a.min(b), a.max(b)), |it| (it.a, it.b)).ok()?;
    pairs.get(at)
}

/// The values of two samples.
struct Joined<'a> {
    a: &'a [Option<f64>],
    b: &'a [Option<f64>],
    paired: bool,
}

fn joined<'a>(a: &'a Sample, b: &'a Sample) -> Joined<'a> {
    Joined { a: &a.values, b: &b.values, paired: a.seeds.is_some() && a.seeds == b.seeds }
}

impl Joined<'_> {
    /// Returns the values of both samples. `None` if a run failed.
    fn values(&self) -> Option<(Vec<f64>, Vec<f64>)> {
        let whole = |values: &[Option<f64>]| values.iter().copied().collect::<Option<Vec<f64>>>();
        whole(self.a).zip(whole(self.b))
    }

    /// Returns the mean difference, with its test. `None` if a run failed.
    fn difference(&self) -> Option<stats::Difference> {
        let (a, b) = self.values()?;
        if self.paired { stats::paired(&a, &b).ok() } else { stats::welch(&a, &b).ok() }
    }

    /// Compares the ranks of the two samples. A failed run has the worst rank.
    fn rank_sum(&self, mode: Mode) -> Test {
        // Turned so that a lower number is better.
        let rank = |value: &Option<f64>| match (value, mode) {
            (None, _) => f64::INFINITY,
            (Some(value), Mode::Min) => *value,
            (Some(value), Mode::Max) => -value,
        };
        let ranks = |values: &[Option<f64>]| values.iter().map(rank).collect::<Vec<_>>();
        match stats::rank_sum(&ranks(self.a), &ranks(self.b)) {
            Some(found) => Test::Order(Some(found.p), found.side),
            None => Test::Order(None, Ordering::Equal),
        }
    }

    /// Counts the seeds on which a is better. A failed run loses against every value, and two failed runs are a tie.
    /// Without common seeds, nothing is counted.
    fn wins(&self, mode: Mode) -> stats::Wins {
        let mut wins = stats::Wins { wins: 0, ties: 0, losses: 0 };
        if !self.paired {
            return wins;
        }
        for (a, b) in self.a.iter().zip(self.b) {
            match better(mode, *a, *b) {
                Ordering::Less => wins.wins += 1,
                Ordering::Greater => wins.losses += 1,
                Ordering::Equal => wins.ties += 1,
            }
        }
        wins
    }
}

/// A pair, with the test that decides.
struct Compared {
    pair: Pair,
    test: Test,
}

/// The test of a pair.
enum Test {
    /// The t test of the mean difference.
    Mean(stats::Difference),
    /// A test of the order alone, because a run failed: its p-value, and `Less` if a is better.
    Order(Option<f64>, Ordering),
    /// The samples are too small or have values that no test takes.
    None,
}

impl Test {
    fn p(&self) -> Option<f64> {
        match self {
            Test::Mean(difference) => difference.p,
            Test::Order(p, _) => *p,
            Test::None => None,
        }
    }
}

fn pair(samples: &[Sample], a: usize, b: usize, mode: Mode) -> Compared {
    let joined = joined(&samples[a], &samples[b]);
    let n = joined.a.len().min(joined.b.len());
    let wins = joined.wins(mode);
    let test = match (joined.values().is_some(), joined.paired) {
        (true, _) => joined.difference().map_or(Test::None, Test::Mean),
        (false, true) => Test::Order(wins.p(), wins.losses.cmp(&wins.wins)),
        (false, false) => joined.rank_sum(mode),
    };
    let difference = if let Test::Mean(difference) = &test { Some(*difference) } else { None };
    let pair = Pair {
        a,
        b,
        verdict: Verdict::TooFewSeeds,
        paired: joined.paired,
        n,
        difference: difference.map(|it| it.mean),
        interval: difference.and_then(|it| it.interval).map(|it| (it.low, it.high)),
        p: test.p().filter(|_| n >= stats::SEEDS_FOR_P),
        p_holm: None,
        wins: wins.wins,
        losses: wins.losses,
        ties: wins.ties,
        win_share: None,
        smallest_p: None,
        correlation: None,
        seeds_needed: None,
    };
    Compared { pair, test }
}

fn verdict(compared: &Compared, mode: Mode, margin: Option<f64>) -> Verdict {
    let Some(p) = compared.pair.p_holm else {
        return if compared.pair.n < stats::SEEDS_FOR_P { Verdict::TooFewSeeds } else { Verdict::Tied };
    };
    let is_better = match &compared.test {
        Test::Mean(difference) => match stats::decide(difference, Some(p), margin, ALPHA) {
            stats::Decision::Equivalent => return Verdict::Equivalent,
            stats::Decision::NotToldApart => return Verdict::NotToldApart,
            stats::Decision::Better => mode == Mode::Max,
            stats::Decision::Worse => mode == Mode::Min,
        },
        Test::Order(_, order) if p <= ALPHA => *order == Ordering::Less,
        Test::Order(..) | Test::None => return Verdict::NotToldApart,
    };
    if is_better { Verdict::Better } else { Verdict::Worse }
}
