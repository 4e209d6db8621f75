//! The identity of a run among others: runs of one experiment differ in their seed alone.

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::canonical::spec_hash;

/// The experiment that a run belongs to, as `run.json` holds it.
///
/// Ids of the experiment's parts, such as its problem (data, model, loss, …) and its strategy (optimizer, schedule, …), are
/// further fields with `#[serde(default)]`: records without them stay readable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Experiment {
    /// The hash of the resolved spec without the seed; [`spec_hash`] describes what else is left out. Runs with the same
    /// id repeat one experiment.
    pub id: String,
    pub seed: u64,
    /// A name for people: the overrides that make the variant, without the seed, or the experiment's name if there are
    /// none. Different experiments may share a label.
    pub label: String,
}

impl Experiment {
    /// Returns the experiment of a resolved spec.
    pub fn of(resolved: &Table) -> Self {
        let text = |key: &str| resolved.get(key).and_then(Value::as_str).unwrap_or_default();
        let label = if text("variant").is_empty() { text("name") } else { text("variant") };
        let seed = resolved.get("seed").and_then(Value::as_integer).and_then(|seed| u64::try_from(seed).ok());
        let mut without_seed = resolved.clone();
        without_seed.remove("seed");
        Experiment { id: spec_hash(&without_seed), seed: seed.unwrap_or_default(), label: label.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn experiment(text: &str) -> Experiment {
        Experiment::of(&text.parse().unwrap())
    }

    #[test]
    fn runs_that_differ_in_their_seed_alone_share_an_id() {
        let one = experiment("name = 'adam'\nseed = 1\nthreads = 2\n[optimizer]\nlr = 0.01\n");
        let other = experiment("name = 'adam'\nseed = 2\nthreads = 8\n[optimizer]\nlr = 0.01\n");
        assert_eq!((one.seed, other.seed), (1, 2));
        assert_eq!((&one.id, &one.label), (&other.id, &other.label));
        assert_eq!(one.id.len(), 64);
        let faster = experiment("name = 'adam'\nseed = 1\nthreads = 2\n[optimizer]\nlr = 0.1\n");
        assert_ne!(one.id, faster.id);
    }

    #[test]
    fn the_label_is_the_variant_or_the_name() {
        assert_eq!(experiment("name = 'adam'\nseed = 1\n").label, "adam");
        assert_eq!(experiment("name = 'adam'\nvariant = 'optimizer.lr=0.1'\nseed = 1\n").label, "optimizer.lr=0.1");
    }
}
