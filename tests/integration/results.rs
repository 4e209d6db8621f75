//! The files that a run leaves, and the run that its events and its record name.

use std::collections::BTreeSet;
use std::fs;

use lr_run::record::files::{LOCK, RESULTS};

use crate::support::Workspace;

/// A run that leaves every file there is: with an average of the weights, and with its checkpoint kept.
const SPEC: &str = "epochs = 2\ndevice = \"cpu\"\nthreads = 1\n[data]\ntype = \"linear\"\npoints = 100\nvalidation = 20\n\
                    batch_size = 10\n[model]\ntype = \"linear\"\n[optimizer]\ntype = \"sgd\"\nlr = 0.03\n\
                    [ema]\ndecay = 0.5\n[checkpoint]\nkeep = true\n";

/// `--force` moves away what [`RESULTS`] lists. A file that is not there would survive and mix with the new run's.
#[test]
fn force_knows_every_file_that_a_run_leaves() {
    let workspace = Workspace::with("a.toml", SPEC);
    workspace.exits(&["a.toml", "--quiet"], 0);
    let run = workspace.path("results/a/seed=1");
    let left: BTreeSet<String> =
        fs::read_dir(&run).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let known: BTreeSet<String> = RESULTS.iter().chain([&LOCK]).map(|&name| name.to_owned()).collect();
    assert_eq!(left, known, "the list is `RESULTS` in core/src/record/files.rs");
}

#[test]
fn experiments_and_events_name_their_run() {
    let workspace = Workspace::with("a.toml", SPEC);
    let events = workspace.exits(&["a.toml", "--json", "-s", "seeds=[1, 2]", "-s", "optimizer.lr=0.01"], 0);
    let runs: BTreeSet<String> = events
        .lines()
        .map(|line| {
            let event: serde_json::Value = serde_json::from_str(line).unwrap();
            event["run"].as_str().unwrap().to_owned()
        })
        .collect();
    let expected = ["a/optimizer.lr=0.01,seed=1", "a/optimizer.lr=0.01,seed=2"];
    assert_eq!(runs.iter().map(String::as_str).collect::<Vec<_>>(), expected);
    let experiment = |run: &str| workspace.record(&format!("results/{run}"))["experiment"].clone();
    let [one, two] = expected.map(experiment);
    assert_eq!((&one["id"], &one["label"]), (&two["id"], &two["label"]));
    assert_eq!((&one["label"], &one["seed"], &two["seed"]), (&"optimizer.lr=0.01".into(), &1.into(), &2.into()));
    workspace.exits(&["a.toml", "--quiet"], 0);
    let other = experiment("a/seed=1");
    assert_eq!(other["label"], "a");
    assert_ne!(other["id"], one["id"]);
}
