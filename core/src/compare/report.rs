//! The result of a comparison: plain data, which every format shows in its own way.

use std::fmt;

use serde::Serialize;

use super::curves::Curves;
use super::measure::{Measure, Reached};

/// The comparison of all runs.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// One report for each problem. Strategies of different problems are not compared.
    pub problems: Vec<ProblemReport>,
    /// The runs that are left out: the path of each, and the reason.
    pub left_out: Vec<String>,
    /// How the files of other tools were read: a sentence for each file.
    pub notes: Vec<String>,
    /// The performance profiles over the problems. `None` unless [`Options::profile`](super::Options::profile) is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
}

/// The performance profiles of the strategies that occur in every problem with a target, by the median epochs to the
/// target.
#[derive(Clone, Debug, Serialize)]
pub struct Profile {
    /// The titles of the problems.
    pub problems: Vec<String>,
    /// The largest ratio to the fastest strategy that the score takes into account.
    pub r_max: f64,
    /// The strategy with the highest score first.
    pub strategies: Vec<ProfileLine>,
}

/// The performance profile of a strategy.
#[derive(Clone, Debug, Serialize)]
pub struct ProfileLine {
    pub label: String,
    /// AlgoPerf's score: 1 for a strategy that is the fastest on every problem, 0 for one that always takes more than
    /// `r_max` times as long as the fastest.
    pub score: Option<f64>,
    /// The number of problems on which its median run reached the target.
    pub reached: usize,
    /// The corners of the profile, which is a step function. Each has a ratio to the time of the fastest strategy, and
    /// the share of problems that this strategy solves within this ratio.
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
    /// Every pair of strategies, in their order. With a reference, only its pairs.
    pub pairs: Vec<Pair>,
    /// `None` if no key has enough values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sensitivity: Option<Sensitivity>,
    /// The curves of the runs over the epochs. Empty unless [`Options::charts`](super::Options::charts) is set.
    #[serde(skip)]
    pub curves: Curves,
}

/// A strategy with its runs.
#[derive(Clone, Debug, Serialize)]
pub struct StrategyReport {
    pub label: String,
    /// The keys of the strategy in the spec, with their values. Empty for curves without a record.
    pub spec: Vec<(String, String)>,
    pub summary: Summary,
    /// The groups to which it belongs: strategies that share a letter cannot be told apart. Empty if there are no
    /// p-values, if there is one strategy only, or with a reference.
    pub letters: String,
    pub runs: Vec<RunReport>,
}

/// The results of a strategy over its seeds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// The number of runs.
    pub seeds: usize,
    /// The mean of the measure. `None` if a run failed, because a mean of the others would hide that.
    pub mean: Option<f64>,
    /// The sample standard deviation of the measure. `None` if a run failed, or for a single run.
    pub sd: Option<f64>,
    /// The half-width of the 95 % Student t interval of the mean. `None` if a run failed, or for a single run.
    pub half_width: Option<f64>,
    /// The median of the measure. A failed run is worse than every value. `None` if the median run failed.
    pub median: Option<f64>,
    /// The worst value of the measure. `None` if a run failed.
    pub worst: Option<f64>,
    /// The best value of the measure. `None` if all runs failed.
    pub best: Option<f64>,
    /// The number of runs that diverged.
    pub diverged: usize,
    /// The number of runs that missed the target. `None` without a target.
    pub missed: Option<usize>,
    /// The mean of the metric in the last epoch. `None` if a run does not have it.
    pub last_epoch: Option<f64>,
    /// The mean of the metric in the best epoch of each run. `None` if a run does not have it.
    pub best_epoch: Option<f64>,
    /// The mean of the metric on the test part. `None` if a run does not have it.
    pub test: Option<f64>,
    /// The mean of the area under the curve. `None` if a run does not have it.
    pub area: Option<f64>,
    /// The median of the epochs to the target. A run that missed the target counts as the slowest. `None` if the
    /// median run missed it.
    pub epochs_to_target: Option<f64>,
    /// The median of the steps to the target. `None` as for `epochs_to_target`.
    pub steps_to_target: Option<f64>,
    /// The median of the seconds to the target. `None` as for `epochs_to_target`.
    pub seconds_to_target: Option<f64>,
}

/// A run with its results.
#[derive(Clone, Debug, Serialize)]
pub struct RunReport {
    pub path: String,
    /// `None` for a curve without a seed in its path.
    pub seed: Option<u64>,
    /// The status in words, or `a curve` without a record.
    pub status: String,
    /// The value of the measure. `None` if the run failed.
    pub value: Option<f64>,
    /// The metric in the last epoch.
    pub last_epoch: Option<f64>,
    /// The metric in the best epoch.
    pub best_epoch: Option<f64>,
    /// The best epoch.
    pub at_epoch: Option<u64>,
    /// The metric on the test part.
    pub test: Option<f64>,
    /// The area under the curve of the metric.
    pub area: Option<f64>,
    /// `None` if the run missed the target, or has none.
    pub reached: Option<Reached>,
    pub diverged: bool,
}

/// Two strategies and their difference.
#[derive(Clone, Debug, Serialize)]
pub struct Pair {
    /// The index of the first strategy in [`ProblemReport::strategies`].
    pub a: usize,
    /// The index of the second strategy. It is larger than `a`.
    pub b: usize,
    pub verdict: Verdict,
    /// True if the runs are paired by seed. Otherwise the test is Welch's.
    pub paired: bool,
    /// The number of runs of each strategy. If the two have different numbers, the smaller one.
    pub n: usize,
    /// The mean of a minus the mean of b. `None` if a run of either failed.
    pub difference: Option<f64>,
    /// The 95 % interval of `difference`, for this pair alone. `None` if a run of either failed, or if either has only
    /// one.
    pub interval: Option<(f64, f64)>,
    /// The two-sided p-value of the t test. If a run failed, that of the sign test or, if the runs are not paired, of the
    /// rank-sum test. `None` below three seeds, and if such a test finds only ties.
    pub p: Option<f64>,
    /// `p` after Holm's correction for all pairs of the problem. The verdict uses it.
    pub p_holm: Option<f64>,
    /// The number of seeds on which a is better. This and the next two are 0 if the runs are not paired.
    pub wins: u64,
    /// The number of seeds on which b is better.
    pub losses: u64,
    /// The number of seeds on which both are equal, or both failed.
    pub ties: u64,
    /// The 95 % Clopper–Pearson interval of a's share of wins among the seeds that are not tied. `None` if all are
    /// tied, or if the runs are not paired.
    pub win_share: Option<(f64, f64)>,
    /// The smallest two-sided p-value that a sign test can give with this number of untied seeds. `None` if the runs are
    /// not paired.
    pub smallest_p: Option<f64>,
    /// Pearson's correlation of the two strategies over the seeds. `None` if the runs are not paired, if one failed,
    /// below three seeds, or if all values of a strategy are equal.
    pub correlation: Option<f64>,
    /// The number of seeds of each strategy with which this pair would be told apart with a probability of 80 %, if the
    /// difference and the spread are the true ones. Its p-value is tested at 0.05, divided by the number of pairs that
    /// are not told apart yet. `None` if the verdict is not `NotToldApart`, if a run failed, or if no number of seeds is
    /// enough.
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
    /// The difference is smaller than the margin: its 90 % interval lies within ±margin.
    Equivalent,
    /// The runs do not show which strategy is better, and do not show that they are equivalent.
    NotToldApart,
    /// A strategy has fewer than three seeds.
    TooFewSeeds,
    /// The runs are tied on every seed, so there is no p-value. Two failed runs are a tie.
    Tied,
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
            Verdict::Tied => "tied",
        })
    }
}

/// The influence of a numeric key of the spec, such as the learning rate, on the measure.
#[derive(Clone, Debug, Serialize)]
pub struct Sensitivity {
    /// The key: `optimizer.lr`.
    pub key: String,
    /// One curve for each set of strategies that differ in this key alone.
    pub curves: Vec<SensitivityCurve>,
}

/// The measure over the values of a key, for strategies that differ in this key alone.
#[derive(Clone, Debug, Serialize)]
pub struct SensitivityCurve {
    /// The label of the strategies without the key.
    pub label: String,
    /// In ascending order of the value.
    pub points: Vec<SensitivityPoint>,
    /// The value of the key with the best mean.
    pub best: f64,
    /// The lowest and the highest value of a range around `best`. All values in it cannot be told apart from `best`,
    /// and have no failed run.
    pub band: (f64, f64),
    /// The width of the band in decades. 0 if its lower end is not above 0.
    pub band_decades: f64,
    /// The largest value without a diverged run, divided by `best`. `None` if no value has a diverged run, or if all
    /// have.
    pub head_room: Option<f64>,
    /// How much worse the measure is than at `best`, averaged over the range on a logarithmic axis. 0 if every value is
    /// as good as `best`. `None` if a value is not above 0, for a time to the target, and if a value with a failed run
    /// has no metric at epoch 0.
    pub sensitivity: Option<f64>,
    /// The smallest and the largest value.
    pub range: (f64, f64),
    /// True if `best` is the smallest or the largest value.
    pub at_edge: bool,
    /// The optimizer's default of the key, and the mean of the measure there (`None` if a run failed). `None` if the
    /// default is unknown or has no runs.
    pub at_default: Option<(f64, Option<f64>)>,
}

/// The runs with one value of the key.
#[derive(Clone, Debug, Serialize)]
pub struct SensitivityPoint {
    pub value: f64,
    /// An index in [`ProblemReport::strategies`].
    pub strategy: usize,
    /// The mean of the measure. `None` if a run failed.
    pub mean: Option<f64>,
    /// The number of runs that diverged.
    pub diverged: usize,
}
