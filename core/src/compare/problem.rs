//! Groups runs by problem, then by strategy, then by seed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::label::{Lines, labels};
use super::name::{names, split_at_seed};
use super::run::Run;
use crate::record::{Experiment, RunRecord, SPEC_TOML, lines_of};
use crate::spec::Role;

/// The runs of one problem. Their strategies can be compared with each other.
#[derive(Debug)]
pub struct Problem<'a> {
    /// The problem in words: `mnist, mlp 784-128-10, 20 epochs`.
    pub title: String,
    pub strategies: Vec<Strategy<'a>>,
    /// True if the runs are curves without records. That they are of one problem is then only assumed.
    pub is_assumed: bool,
    /// The specs that are missing or cannot be read, so that nothing is known about their keys.
    pub unread: Vec<PathBuf>,
}

/// Runs of one strategy. They differ by their seeds.
#[derive(Debug)]
pub struct Strategy<'a> {
    /// The values of the keys in which it differs from the other strategies or, for curves, the part of the path in
    /// which they differ.
    pub label: String,
    /// The keys of the strategy in the spec, with their values. Empty for curves without records.
    pub lines: Lines,
    /// In the order of their seeds.
    pub runs: Vec<&'a Run>,
}

/// A run that is not used, because the run `first` has the same strategy and seed.
#[derive(Debug)]
pub struct Repeated<'a> {
    pub run: &'a Run,
    pub first: &'a Run,
}

/// The identity of a run.
struct Identity {
    problem: String,
    strategy: String,
}

/// Groups `runs` by problem and strategy. Problems are in the order of their first runs. Of several runs with the same
/// strategy and seed, only the first is used. The others are returned as well.
pub fn problems(runs: &[Run]) -> (Vec<Problem<'_>>, Vec<Repeated<'_>>) {
    let curves: Vec<&Run> = runs.iter().filter(|run| run.record.is_none()).collect();
    let curve_names = names(&curves.iter().map(|run| run.path.as_path()).collect::<Vec<_>>());
    let curve_name = |run: &Run| {
        let at = curves.iter().position(|it| std::ptr::eq(*it, run));
        at.map(|at| without_seed(&curve_names[at])).unwrap_or_default()
    };
    // The length is part of a problem. If it varies between the seeds of a strategy, as early stopping makes it vary, it
    // does not tell problems apart.
    let mut lengths: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    for run in &curves {
        lengths.entry(curve_name(run)).or_default().extend(run.trained().next_back());
    }
    let has_fixed_lengths = lengths.values().all(|all| all.len() <= 1);
    let last = |all: &BTreeSet<u64>| all.last().copied().unwrap_or(0);
    let mut order: Vec<String> = Vec::new();
    let mut groups: BTreeMap<String, Vec<(String, Vec<&Run>)>> = BTreeMap::new();
    let mut repeated = Vec::new();
    for run in runs {
        let identity = match &run.record {
            Some(record) => identity(run, record),
            None => {
                let strategy = curve_name(run);
                let length = lengths.get(&strategy).filter(|_| has_fixed_lengths).map(last);
                Identity { problem: problem_of_curve(run, length), strategy }
            }
        };
        if !groups.contains_key(&identity.problem) {
            order.push(identity.problem.clone());
        }
        let strategies = groups.entry(identity.problem).or_default();
        let at = strategies.iter().position(|(strategy, _)| *strategy == identity.strategy).unwrap_or_else(|| {
            strategies.push((identity.strategy, Vec::new()));
            strategies.len() - 1
        });
        let own = &mut strategies[at].1;
        match own.iter().find(|it| it.seed().is_some() && it.seed() == run.seed()) {
            Some(first) => repeated.push(Repeated { run, first }),
            None => own.push(run),
        }
    }
    let mut found: Vec<(Lines, Problem<'_>)> = Vec::new();
    for id in order {
        let strategies = groups.remove(&id).unwrap_or_default();
        found.push(problem(strategies));
    }
    distinguish(&mut found);
    (found.into_iter().map(|(_, problem)| problem).collect(), repeated)
}

/// Returns the problem of `strategies`, and the keys of the problem in the spec. The keys are empty for curves without
/// records.
fn problem(strategies: Vec<(String, Vec<&Run>)>) -> (Lines, Problem<'_>) {
    let mut of_problem = Lines::new();
    let mut title = String::new();
    let mut is_assumed = true;
    let mut unread = Vec::new();
    let mut all: Vec<Strategy<'_>> = Vec::new();
    for (name, mut runs) in strategies {
        runs.sort_by_key(|run| run.seed());
        let mut lines = Lines::new();
        if let Some(record) = runs.first().and_then(|run| run.record.as_ref()) {
            is_assumed = false;
            title = title_of(record);
            match resolved(&runs[0].path) {
                Some(resolved) => {
                    lines = lines_of(&resolved, Role::Strategy);
                    of_problem = lines_of(&resolved, Role::Problem);
                }
                None => unread.push(runs[0].path.join(SPEC_TOML)),
            }
        }
        all.push(Strategy { label: name, lines, runs });
    }
    let curves = all.iter().flat_map(|it| &it.runs).filter(|_| is_assumed);
    let ends: BTreeSet<u64> = curves.clone().filter_map(|run| run.trained().next_back()).collect();
    if let Some(run) = curves.into_iter().next() {
        let length = match ends.iter().collect::<Vec<_>>()[..] {
            [end] => format!(", {end} epochs"),
            _ => String::new(),
        };
        title = format!("curves without records, {}{length}", run.metric());
    }
    if !is_assumed {
        let found = labels(&all.iter().map(|strategy| &strategy.lines).collect::<Vec<_>>());
        for (strategy, label) in all.iter_mut().zip(found) {
            let recorded = || strategy.runs[0].record.as_ref()?.experiment.as_ref().map(|it| it.label.clone());
            strategy.label = if strategy.lines.is_empty() { recorded().unwrap_or(label) } else { label };
        }
    }
    number_repeated(&mut all);
    (of_problem, Problem { title, strategies: all, is_assumed, unread })
}

/// Adds a number to each label that occurred before, so that a label names one strategy.
fn number_repeated(strategies: &mut [Strategy<'_>]) {
    for at in 0..strategies.len() {
        let before = strategies[..at].iter().filter(|it| it.label == strategies[at].label).count();
        if before > 0 {
            strategies[at].label = format!("{} ({})", strategies[at].label, before + 1);
        }
    }
}

/// Adds to equal titles the values of the keys in which their problems differ.
fn distinguish(found: &mut [(Lines, Problem<'_>)]) {
    let titles: Vec<String> = found.iter().map(|(_, problem)| problem.title.clone()).collect();
    for title in &titles {
        let same: Vec<usize> = (0..found.len()).filter(|&at| found[at].1.title == *title).collect();
        if same.len() < 2 {
            continue;
        }
        let differences = labels(&same.iter().map(|&at| &found[at].0).collect::<Vec<_>>());
        for (at, difference) in same.into_iter().zip(differences) {
            found[at].1.title = format!("{title}, {difference}");
        }
    }
}

/// Returns an id of the problem of a curve without a record. Curves with different metrics or lengths are of different
/// problems.
fn problem_of_curve(run: &Run, length: Option<u64>) -> String {
    match length {
        Some(length) => format!("{}, {length} epochs", run.metric()),
        None => run.metric().to_string(),
    }
}

fn title_of(record: &RunRecord) -> String {
    let started = &record.started;
    let length = started.length;
    let epochs = length.total_steps as f64 / length.steps_per_epoch.max(1) as f64;
    let length = match epochs {
        1.0 => "1 epoch".to_owned(),
        epochs if epochs.fract() == 0.0 => format!("{epochs} epochs"),
        _ => format!("{} steps", length.total_steps),
    };
    format!("{}, {}, {length}", started.data.name, started.model.description)
}

/// Returns the identity of a run. A record of an older version has no ids. They are then computed from the spec.
fn identity(run: &Run, record: &RunRecord) -> Identity {
    let recorded = record.experiment.as_ref().filter(|it| !it.problem.is_empty()).cloned();
    let computed = || Some(Experiment::of(&resolved(&run.path)?, &record.data_fingerprint));
    match recorded.or_else(computed) {
        Some(experiment) => Identity { problem: experiment.problem, strategy: experiment.strategy },
        // Without a spec, a run can be compared only with repetitions of itself.
        None => Identity { problem: record.spec_hash.clone(), strategy: record.spec_hash.clone() },
    }
}

/// Reads the resolved spec of the run in `folder`. `None` if it cannot be read.
fn resolved(folder: &Path) -> Option<toml::Table> {
    std::fs::read_to_string(folder.join(SPEC_TOML)).ok()?.parse().ok()
}

/// Returns the name of a curve without its ending and its seed.
fn without_seed(name: &str) -> String {
    let name = name.strip_suffix(".csv").unwrap_or(name);
    let Some((before, _, after)) = split_at_seed(name) else { return name.to_owned() };
    let separators = ['_', '-', '/', ',', ' ', '.'];
    let (before, after) = (before.trim_end_matches(separators), after.trim_start_matches(separators));
    match (before.is_empty(), after.is_empty()) {
        (true, true) => name.to_owned(),
        (false, false) => format!("{before}/{after}"),
        _ => format!("{before}{after}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_is_named_without_its_seed() {
        for (name, expected) in [
            ("cosine_seed=3.csv", "cosine"),
            ("cosine/seed=1/epochs.csv", "cosine/epochs"),
            ("seed=1", "seed=1"),
            ("step.csv", "step"),
            ("seedling.csv", "seedling"),
        ] {
            assert_eq!(without_seed(name), expected);
        }
    }
}
