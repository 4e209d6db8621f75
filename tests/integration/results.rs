//! The files that a run leaves, and the run that its events and its record name.

use std::collections::BTreeSet;
use std::fs;

use lr_run::record::files::{LOCK, RESULTS};

use crate::support::Workspace;

/// A run that leaves every possible file, because it averages its weights and keeps its checkpoint.
const SPEC: &str = "epochs = 2\ndevice = \"cpu\"\nthreads = 1\n[data]\ntype = \"linear\"\npoints = 100\nvalidation = 20\n\
                    batch_size = 10\n[model]\ntype = \"linear\"\n[optimizer]\ntype = \"sgd\"\nlr = 0.03\n\
                    [ema]\ndecay = 0.5\n[checkpoint]\nkeep = true\n";

/// `--force` moves away the files in [`RESULTS`]. Any other file would survive among the files of the new run.
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

/// Returns a workspace with `project/a.toml`, which trains on `project/table.csv`.
fn project() -> Workspace {
    let workspace = Workspace::new();
    fs::create_dir(workspace.path("project")).unwrap();
    let spec = "epochs = 2\ndevice = \"cpu\"\nthreads = 1\n[data]\ntype = \"csv\"\npath = \"table.csv\"\ntarget = \"y\"\n\
                task = \"regression\"\nvalidation = 10\nbatch_size = 10\n[model]\ntype = \"linear\"\n[optimizer]\n\
                type = \"sgd\"\nlr = 0.01\n";
    workspace.write("project/a.toml", spec);
    let rows: String = (0..50).map(|x| format!("{x},{}\n", 2 * x)).collect();
    workspace.write("project/table.csv", &format!("x,y\n{rows}"));
    workspace
}

/// The arguments that train in the project.
const TRAIN: [&str; 4] = ["project/a.toml", "--quiet", "--out", "project/results"];

#[test]
fn project_can_be_copied_with_its_results() {
    let workspace = project();
    workspace.exits(&TRAIN, 0);
    let spec = fs::read_to_string(workspace.path("project/results/a/seed=1/spec.toml")).unwrap();
    assert!(
        spec.contains("relative_to = \"../../..\"") && !spec.contains(workspace.folder().to_str().unwrap()),
        "{spec}"
    );
    fs::rename(workspace.path("project"), workspace.path("moved")).unwrap();
    let run = "moved/results/a/seed=1";
    assert!(workspace.exits(&["eval", run], 0).contains("loss"));
    let printed = workspace.exits(&["moved/results/a/seed=1/spec.toml", "--out", "moved/results"], 0);
    assert!(printed.contains("is finished"), "{printed}");

    // Without its data, the message says how to name their folder.
    fs::create_dir(workspace.path("data")).unwrap();
    fs::rename(workspace.path("moved/table.csv"), workspace.path("data/table.csv")).unwrap();
    let data = format!("relative_to={}", workspace.path("data").display());
    for command in [&["eval", run][..], &["moved/results/a/seed=1/spec.toml", "--out", "new", "--quiet"]] {
        let printed = workspace.exits(command, 2);
        assert!(printed.contains("moved/table.csv: there is no such file"), "{printed}");
        assert!(printed.contains("`-s relative_to=DIR` names the folder"), "{printed}");
        workspace.exits(&[command, &["-s", &data]].concat(), 0);
    }
    let printed = workspace.exits(&["eval", run, "-s", "optimizer.lr=1"], 2);
    assert!(printed.contains("would change the run in"), "{printed}");
}

#[test]
fn changed_data_are_refused_without_data_changed() {
    let workspace = project();
    workspace.exits(&TRAIN, 0);
    workspace.replace("project/table.csv", "\n7,14\n", "\n7,15\n");
    let resolved = "project/results/a/seed=1/spec.toml";
    let seeds = [&TRAIN[..], &["-s", "seed=2"]].concat();
    let rate = [&TRAIN[..], &["-s", "optimizer.lr=0.1"]].concat();
    for command in [&TRAIN[..], &seeds, &rate, &[resolved, "--quiet", "--out", "elsewhere"]] {
        let printed = workspace.exits(command, 2);
        assert!(printed.contains("a/seed=1 was trained on other data"), "{command:?}: {printed}");
        assert!(printed.contains("--data-changed"), "{printed}");
    }
    assert!(!workspace.path("elsewhere").exists() && !workspace.path("project/results/a/seed=2").exists());
    let before = workspace.record("project/results/a/seed=1")["data_fingerprint"].clone();
    workspace.exits(&[&TRAIN[..], &["--data-changed"]].concat(), 0);
    assert_ne!(workspace.record("project/results/a/seed=1")["data_fingerprint"], before);
    // From now on, the changed data are the data of this spec.
    workspace.exits(&seeds, 0);
    workspace.exits(&TRAIN, 0);
    // A spec with another `[data]` may have other data.
    workspace.replace("project/table.csv", "\n7,15\n", "\n7,16\n");
    workspace.exits(&[&TRAIN[..], &["-s", "data.validation=11"]].concat(), 0);
}

#[test]
fn record_says_when_where_and_by_what_a_run_was_made() {
    let workspace = Workspace::with("a.toml", SPEC);
    workspace.exits(&["a.toml", "--quiet"], 0);
    let record = workspace.record("results/a/seed=1");
    let text = |key: &str| record[key].as_str().unwrap_or_default().to_owned();
    for key in ["started_at", "ended_at"] {
        assert!(
            text(key).starts_with("20") && text(key).ends_with('Z') && text(key).len() == 20,
            "{key}: {}",
            text(key)
        );
    }
    assert!(text("started_at") <= text("ended_at"));
    let command: Vec<&str> = record["command"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    assert!(command[0].ends_with("lr-run") && command[1..] == ["a.toml", "--quiet"], "{command:?}");
    let versions = &record["versions"];
    for key in ["lr_run", "lr_run_commit", "libtorch", "tch", "safetensors", "rand_chacha"] {
        assert!(versions[key].as_str().is_some_and(|version| !version.is_empty()), "{key}: {versions}");
    }
    if cfg!(target_arch = "x86_64") {
        assert!(!text("processor").is_empty());
    }
}
