//! The decisions of a run: no decision uses epoch 0, and a loss that explodes is noticed.

use crate::support::{Workspace, column};

/// Returns the beginning of a spec that fits a line to 100 points in batches of 20.
fn line(epochs: u64) -> String {
    format!(
        "epochs = {epochs}\nseed = 1\nthreads = 1\ndevice = \"cpu\"\n\
         [data]\ntype = \"linear\"\npoints = 100\nvalidation = 20\nbatch_size = 20\n\
         [model]\ntype = \"linear\"\ninit = \"zeros\"\nbias_init = \"zeros\"\n"
    )
}

/// The first epochs are worse than no training at all. Then the loss falls far below that of epoch 0.
#[test]
fn early_stopping_does_not_count_the_evaluation_before_training() {
    let spec = format!(
        "{}[optimizer]\ntype = \"sgd\"\nlr = 0.1\n[early_stop]\npatience = \"2 epochs\"\n\
         [schedule]\ntype = \"piecewise\"\nboundaries = [\"1 epochs\", \"3 epochs\"]\n\
         values = [15.0, 0.01, 1.0]\n",
        line(12)
    );
    let workspace = Workspace::with("late.toml", &spec);
    workspace.exits(&["late.toml", "--quiet"], 0);
    let loss = column(&workspace.rows("results/late/seed=1"), "val_loss");
    assert!(loss[1] > loss[0] && loss[2] > loss[0], "{loss:?}");
    assert!(loss.len() > 4 && loss.last().unwrap() < &(0.1 * loss[0]), "{loss:?}");
    let best = workspace.record("results/late/seed=1")["best"].clone();
    assert!(best["epoch"].as_u64().unwrap() > 2, "{best}");
}

/// All epochs are worse than no training. The best epoch is one of them even so.
#[test]
fn the_best_epoch_is_one_of_training() {
    let spec = format!("{}[optimizer]\ntype = \"sgd\"\nlr = 1.2\n", line(2));
    let workspace = Workspace::with("worse.toml", &spec);
    workspace.exits(&["worse.toml", "--quiet"], 0);
    let loss = column(&workspace.rows("results/worse/seed=1"), "val_loss");
    assert!(loss[1] > loss[0] && loss[2] > loss[1], "{loss:?}");
    assert_eq!(workspace.record("results/worse/seed=1")["best"]["epoch"], 1);
    let report = workspace.exits(&["compare", "results", "--json"], 0);
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["problems"][0]["strategies"][0]["runs"][0]["at_epoch"], 1, "{report}");
}

#[test]
fn a_target_reached_before_training_is_reported_and_does_not_end_the_run() {
    let workspace = Workspace::new();
    workspace.write("few.csv", "a,kind\n1,x\n2,x\n3,x\n4,x\n5,x\n6,x\n7,x\n8,x\n9,y\n10,x\n");
    workspace.write(
        "few.toml",
        "epochs = 3\nseeds = [1, 2, 3, 4, 5, 6]\nthreads = 1\ndevice = \"cpu\"\n\
         data = { type = \"csv\", path = \"few.csv\", target = \"kind\", validation = 2, batch_size = 8 }\n\
         model = { type = \"linear\" }\noptimizer = { type = \"adam\" }\ntarget = { accuracy = 0.9 }\n",
    );
    let events = workspace.exits(&["few.toml", "--json"], 0);
    let warned = events.lines().filter(|line| line.contains("\"target_before_training\"")).count();
    assert_eq!(warned, 2, "{events}");
    for seed in 1..=6 {
        let record = workspace.record(&format!("results/few/seed={seed}"));
        assert!(record["reached"]["epoch"].as_u64().is_none_or(|epoch| epoch > 0), "{record}");
    }
}

#[test]
fn a_loss_that_is_infinite_before_training_names_the_example() {
    let workspace = Workspace::new();
    workspace.write("huge.csv", "x,y\n1,1.5\n2,2.5\n3,3.5\n4,1e25\n");
    workspace.write(
        "huge.toml",
        "epochs = 3\nthreads = 1\ndevice = \"cpu\"\n\
         data = { type = \"csv\", path = \"huge.csv\", target = \"y\", validation = 1, split_seed = 1, batch_size = 3 }\n\
         model = { type = \"linear\" }\noptimizer = { type = \"sgd\", lr = 0.01 }\n",
    );
    let shown = workspace.exits(&["huge.toml"], 4);
    assert!(shown.contains("the validation loss before training is inf, because of example 3"), "{shown}");
    assert!(shown.contains("diverged before the first step"), "{shown}");
    assert!(workspace.record("results/huge/seed=1")["best"].is_null());
    let report = workspace.exits(&["compare", "results", "--json"], 0);
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    let run = &report["problems"][0]["strategies"][0]["runs"][0];
    assert_eq!((&run["diverged"], &run["value"], &run["best_epoch"]), (&true.into(), &().into(), &().into()));
}

#[test]
fn a_loss_that_explodes_is_a_warning_or_a_divergence() {
    let spec = |more: &str| format!("{}[optimizer]\ntype = \"sgd\"\nlr = 1.6\n{more}", line(4));
    let workspace = Workspace::with("exploding.toml", &spec(""));
    let events = workspace.exits(&["exploding.toml", "--json"], 0);
    assert_eq!(events.lines().filter(|line| line.contains("\"loss_exploded\"")).count(), 1, "{events}");
    workspace.write("ended.toml", &spec("[on_divergence]\nabove = 100\n"));
    let shown = workspace.exits(&["ended.toml"], 4);
    assert!(shown.contains("(above "), "{shown}");
    workspace.write("reduced.toml", &spec("[on_divergence]\nabove = 100\naction = \"reduce\"\n"));
    workspace.exits(&["reduced.toml", "--quiet"], 0);
    let rows = workspace.rows("results/reduced/seed=1");
    assert!(column(&rows, "lr").last().unwrap() < &1.0);
}
