//! The result of a comparison: plain data, which every format shows in its own way.

use std::fmt;

use serde::Serialize;

use super::curves::Curves;
use super::measure::{Measure, Reached};

/// The comparison of all runs.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// One part for each problem. Strategies of different problems are not compared.
    pub problems: Vec<ProblemReport>,
    /// The runs that are left out, with their files and reasons.
    pub left_out: Vec<String>,
    /// The files of other tools, with the way they were read.
    pub notes: Vec<String>,
    /// The strategies over all problems, if they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
}

/// The strategies that several problems share, by their times to the targets.
#[derive(Clone, Debug, Serialize)]
pub struct Profile {
    /// The titles of the problems.
    pub problems: Vec<String>,
    /// The ratio to the fastest strategy up to which the score counts.
    pub r_max: f64,
    /// The highest score first.
    pub strategies: Vec<ProfileLine>,
}

/// The performance profile of a strategy.
#[derive(Clone, Debug, Serialize)]
pub struct ProfileLine {
    pub label: String,
    /// AlgoPerf's score: 1 for the fastest strategy on every problem, 0 for one that is never within `r_max`.
    pub score: Option<f64>,
    /// The number of problems whose target it reached.
    pub reached: usize,
    /// The corners of the profile: a ratio to the fastest strategy, and the share of problems solved within it.
    pub corners: Vec<(f64, f64)>,
}

/// The comparison of the strategies of one problem.
#[derive(Clone, Debug, Serialize)]
pub struct ProblemReport {
    pub title: String,
    pub measure: Measure,
    /// The conclusions: which strategy is best, and how sure that is.
    pub conclusions: Vec<String>,
    pub warnings: Vec<String>,
    /// The best strategy first.
    pub strategies: Vec<StrategyReport>,
    /// Every pair, in the order of the strategies. With a reference, only its pairs.
    pub pairs: Vec<Pair>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sensitivity: Option<Sensitivity>,
    /// The runs over their epochs, for charts. Empty if none was asked for.
    #[serde(skip)]
    pub curves: Curves,
}

/// A strategy with its runs.
#[derive(Clone, Debug, Serialize)]
pub struct StrategyReport {
    pub label: String,
    /// The keys of the strategy in the spec, with their values.
    pub spec: Vec<(String, String)>,
    pub summary: Summary,
    /// The groups that it belongs to: strategies that share a letter cannot be told apart. Empty below three seeds.
    pub letters: String,
    pub runs: Vec<RunReport>,
}

/// The numbers of a strategy over its seeds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    pub seeds: usize,
    /// The mean of the measure. `None` if a run failed: its number is worse than any, and is not averaged away.
    pub mean: Option<f64>,
    pub sd: Option<f64>,
    /// The half-width of the 95 % Student t interval of the mean.
    pub half_width: Option<f64>,
    /// The median. A failed run counts as the worst. `None` if the median run failed.
    pub median: Option<f64>,
    /// The worst run. `None` if one failed.
    pub worst: Option<f64>,
    /// The best run. `None` if all failed.
    pub best: Option<f64>,
    pub diverged: usize,
    /// The runs that missed the target. `None` without a target.
    pub missed: Option<usize>,
    /// Means over the seeds. `None` where a run has no value.
    pub last_epoch: Option<f64>,
    pub best_epoch: Option<f64>,
    pub test: Option<f64>,
    pub area: Option<f64>,
    /// Medians over the seeds, of the runs that reached the target and those that missed it. `None` if the median run
    /// missed it.
    pub epochs_to_target: Option<f64>,
    pub steps_to_target: Option<f64>,
    pub seconds_to_target: Option<f64>,
}

/// A run with its numbers.
#[derive(Clone, Debug, Serialize)]
pub struct RunReport {
    pub path: String,
    pub seed: Option<u64>,
    pub status: String,
    /// The measure. `None` if the run failed.
    pub value: Option<f64>,
    pub last_epoch: Option<f64>,
    pub best_epoch: Option<f64>,
    /// The number of the best epoch.
    pub at_epoch: Option<u64>,
    pub test: Option<f64>,
    pub area: Option<f64>,
    pub reached: Option<Reached>,
    pub diverged: bool,
}

/// Two strategies and their difference.
#[derive(Clone, Debug, Serialize)]
pub struct Pair {
    /// Indices in [`ProblemReport::strategies`].
    pub a: usize,
    pub b: usize,
    pub verdict: Verdict,
    /// True if the runs are joined by their seeds. Otherwise Welch's interval is used.
    pub paired: bool,
    /// The number of pairs, or the smaller number of runs.
    pub n: usize,
    /// The mean of a − b, with its 95 % interval. `None` if a run of the two failed.
    pub difference: Option<f64>,
    pub interval: Option<(f64, f64)>,
    /// The two-sided p-value of the t test. `None` below three seeds.
    pub p: Option<f64>,
    /// The same after Holm's correction for all pairs of the problem. The verdict uses it.
    pub p_holm: Option<f64>,
    /// The seeds in which a is better, b is better, and both are equal.
    pub wins: u64,
    pub losses: u64,
    pub ties: u64,
    /// The 95 % Clopper–Pearson interval of the share of wins among seeds that are not tied.
    pub win_share: Option<(f64, f64)>,
    /// The smallest two-sided p-value that a sign test can give with this number of seeds.
    pub smallest_p: f64,
    /// The correlation of the two strategies over the seeds.
    pub correlation: Option<f64>,
    /// The number of seeds at which a difference of this size and spread would be found with a probability of 80 %.
    pub seeds_needed: Option<u64>,
}

/// The conclusion on a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// a is better than b.
    Better,
    /// a is worse than b.
    Worse,
    /// The difference is smaller than the margin.
    Equivalent,
    NotToldApart,
    /// There are fewer than three seeds.
    TooFewSeeds,
}

/// Writes the verdict in words.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Verdict::Better => "better",
            Verdict::Worse => "worse",
            Verdict::Equivalent => "equivalent",
            Verdict::NotToldApart => "not told apart",
            Verdict::TooFewSeeds => "too few seeds",
        })
    }
}

/// The measure over the values of a number of the spec, such as the learning rate.
#[derive(Clone, Debug, Serialize)]
pub struct Sensitivity {
    /// `optimizer.lr`
    pub key: String,
    /// One curve for each strategy without that key.
    pub curves: Vec<SensitivityCurve>,
}

/// The measure over a number of the spec.
#[derive(Clone, Debug, Serialize)]
pub struct SensitivityCurve {
    /// The strategy without the number.
    pub label: String,
    /// In ascending order of the number.
    pub points: Vec<SensitivityPoint>,
    /// The best value of the number, and the values that cannot be told apart from it.
    pub best: f64,
    pub band: (f64, f64),
    /// The width of the band in decades.
    pub band_decades: f64,
    /// The largest value without a diverged run, divided by the best. `None` if no value diverged.
    pub head_room: Option<f64>,
    /// The mean loss against the best value over the range: 0 if every value is as good as the best one.
    pub sensitivity: Option<f64>,
    pub range: (f64, f64),
    /// True if the best value is the smallest or the largest that was tried.
    pub at_edge: bool,
    /// The measure at the default value of the number, if it was tried.
    pub at_default: Option<(f64, Option<f64>)>,
}

/// The runs with one value of the number.
#[derive(Clone, Debug, Serialize)]
pub struct SensitivityPoint {
    pub value: f64,
    /// An index in [`ProblemReport::strategies`].
    pub strategy: usize,
    pub mean: Option<f64>,
    pub diverged: usize,
}
