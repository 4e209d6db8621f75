//! The experiment that a run belongs to. The runs of one experiment differ only in their seed.

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::canonical::{role_hash, spec_hash};
use crate::spec::Role;

/// The experiment that a run belongs to, as `run.json` holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Experiment {
    /// The hash of the resolved spec without the seed. [`spec_hash`] describes what else is left out. Runs with the
    /// same id repeat the same experiment.
    pub id: String,
    pub seed: u64,
    /// A name for people: the overrides that make the variant, without the seed, or the experiment's name if there are
    /// none. Different experiments may share a label.
    pub label: String,
    /// The hash of the problem: data, model, loss, target and length. [`Role`] says which keys these are. Empty in
    /// records of older versions.
    #[serde(default)]
    pub problem: String,
    /// The hash of the strategy: optimizer, schedule, and whatever else decides how the model is trained. Empty in
    /// records of older versions.
    #[serde(default)]
    pub strategy: String,
}

impl Experiment {
    /// Returns the experiment of a resolved spec. `data` is the fingerprint of its data.
    pub fn of(resolved: &Table, data: &str) -> Self {
        let text = |key: &str| resolved.get(key).and_then(Value::as_str).unwrap_or_default();
        let label = if text("variant").is_empty() { text("name") } else { text("variant") };
        let seed = resolved.get("seed").and_then(Value::as_integer).and_then(|seed| u64::try_from(seed).ok());
        let mut without_seed = resolved.clone();
        without_seed.remove("seed");
        Experiment {
            id: spec_hash(&without_seed),
            seed: seed.unwrap_or_default(),
            label: label.to_owned(),
            problem: role_hash(resolved, Role::Problem, data),
            strategy: role_hash(resolved, Role::Strategy, data),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn experiment(text: &str) -> Experiment {
        Experiment::of(&text.parse().unwrap(), "ab")
    }

    #[test]
    fn runs_that_differ_only_in_their_seed_share_an_id() {
        let one = experiment("name = 'adam'\nseed = 1\nthreads = 2\n[optimizer]\nlr = 0.01\n");
        let other = experiment("name = 'adam'\nseed = 2\nthreads = 8\n[optimizer]\nlr = 0.01\n");
        assert_eq!((one.seed, other.seed), (1, 2));
        assert_eq!((&one.id, &one.label), (&other.id, &other.label));
        assert_eq!(one.id.len(), 64);
        let faster = experiment("name = 'adam'\nseed = 1\nthreads = 2\n[optimizer]\nlr = 0.1\n");
        assert_ne!(one.id, faster.id);
    }

    #[test]
    fn a_problem_is_what_strategies_are_compared_on() {
        let base = "epochs = 2\nseed = 1\n[data]\npath = 'a.csv'\nbatch_size = 8\n[optimizer]\nlr = 0.1\n";
        let one = experiment(base);
        let same = |from: &str, to: &str| {
            let other = experiment(&base.replace(from, to));
            (other.problem == one.problem, other.strategy == one.strategy)
        };
        assert_eq!(same("seed = 1", "seed = 2"), (true, true));
        assert_eq!(same("a.csv", "folder/a.csv"), (true, true));
        assert_eq!(same("lr = 0.1", "lr = 0.2"), (true, false));
        assert_eq!(same("batch_size = 8", "batch_size = 9"), (true, false));
        assert_eq!(same("epochs = 2", "epochs = 3"), (false, true));
        let other_data = Experiment::of(&base.parse().unwrap(), "cd");
        assert_ne!(other_data.problem, one.problem);
        assert_eq!(other_data.strategy, one.strategy);
    }

    #[test]
    fn the_label_is_the_variant_or_the_name() {
        assert_eq!(experiment("name = 'adam'\nseed = 1\n").label, "adam");
        assert_eq!(experiment("name = 'adam'\nvariant = 'optimizer.lr=0.1'\nseed = 1\n").label, "optimizer.lr=0.1");
    }
}
