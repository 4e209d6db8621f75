//! `lr-run compare` as a person runs it, on runs of the program.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use crate::support::{Workspace, column, repository, rows, skip, text};

/// A regression that trains in milliseconds, with a target that a good rate reaches.
const SPEC: &str = "epochs = 6\nthreads = 1\ndevice = \"cpu\"\ntarget = { rmse = 0.2 }\n[data]\ntype = \"linear\"\n\
                    points = 200\nvalidation = 50\nbatch_size = 10\n[model]\ntype = \"linear\"\n\
                    [optimizer]\ntype = \"sgd\"\nlr = 0.03\n[schedule]\ntype = \"constant\"\n";

/// The scalars of a run by tag, each with its time, step and value.
type Run = BTreeMap<String, Vec<(u64, f64, f64)>>;

/// Returns a workspace with three seeds each of two schedules and two rates.
fn runs() -> Workspace {
    let workspace = Workspace::with("a.toml", SPEC);
    workspace.write("b.toml", &SPEC.replace("constant", "cosine"));
    for rate in ["0.02", "0.01"] {
        let rate = format!("optimizer.lr={rate}");
        workspace.exits(&["a.toml", "b.toml", "--quiet", "-s", "seeds=[1,2,3]", "-s", &rate], 0);
    }
    workspace
}

#[test]
fn a_pattern_chooses_runs() {
    let workspace = runs();
    let all = workspace.exits(&["compare", "results"], 0);
    assert!(all.contains("constant lr=0.01") && all.contains("cosine lr=0.02"), "{all}");
    let some = workspace.exits(&["compare", "results/*/*,seed=[12]"], 0);
    assert!(some.contains("No claim can be made from"), "{some}");
}

#[test]
fn what_cannot_be_compared_is_named_and_the_rest_is_compared() {
    let workspace = runs();
    let run = |rate: &str, seed: u32| format!("results/a/optimizer.lr={rate},seed={seed}");
    workspace.replace(&format!("{}/run.json", run("0.01", 1)), "\"schema\": 1", "\"schema\": 999");
    fs::write(workspace.path(run("0.01", 2)).join("epochs.csv"), "epoch,val_rmse\n0,1.0\n1,0.5,7\n").unwrap();
    fs::create_dir(workspace.path("results/empty")).unwrap();
    let said = workspace.exits(&["compare", "results"], 1);
    for part in ["left out: ", "lr=0.01,seed=1/run.json", "999", "lr=0.01,seed=2/epochs.csv", "epochs.csv:3:"] {
        assert!(said.contains(part), "no {part} in\n{said}");
    }
    assert!(said.contains("cosine lr=0.01"), "{said}");
    assert!(!said.contains("os error"), "{said}");
    let nothing = workspace.exits(&["compare", "results/empty"], 2);
    assert!(nothing.contains("no runs found under results/empty"), "{nothing}");
}

#[test]
fn runs_of_two_tasks_have_two_tables() {
    let workspace = runs();
    let adam = repository("results/reference/mnist_adam.csv");
    let said = workspace.exits(&["compare", "results/b", adam.to_str().unwrap()], 0);
    assert!(said.contains("val_rmse in the last epoch"), "{said}");
    assert!(said.contains("val_accuracy in the last epoch"), "{said}");
}

#[test]
fn a_profile_needs_two_problems_and_ranks_over_them() {
    let workspace = runs();
    let alone = workspace.exits(&["compare", "results", "--profile"], 2);
    assert!(alone.contains("problem"), "{alone}");
    for spec in ["a.toml", "b.toml"] {
        let set = ["-s", "seeds=[1,2,3]", "-s", "optimizer.lr=0.02", "-s", "data.points=400"];
        workspace.exits(&[&[spec, "--quiet"], &set[..]].concat(), 0);
    }
    let said = workspace.exits(&["compare", "results", "--profile"], 0);
    assert!(said.contains("2 problems, by the median epochs to the target"), "{said}");
    let json = workspace.lr_run(&["compare", "results", "--profile", "--json"]);
    let report: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    let scores: Vec<f64> =
        report["profile"]["strategies"].as_array().unwrap().iter().map(|it| it["score"].as_f64().unwrap()).collect();
    assert!(scores.len() == 2 && scores.iter().all(|score| (0.0..=1.0).contains(score)), "{scores:?}");
}

#[test]
fn options_that_name_nothing_are_refused() {
    let workspace = runs();
    let said = workspace.exits(&["compare", "results", "--reference", "adam"], 2);
    assert!(said.contains("there is no strategy `adam`") && said.contains("cosine lr=0.01"), "{said}");
    let said = workspace.exits(&["compare", "results", "--margin=-1"], 2);
    assert!(said.contains("margin"), "{said}");
}

/// The reader is TensorBoard's own. Its numbers are single precision.
#[test]
fn event_files_are_read_back_by_tensorboard() {
    let packages = repository("target/tensorboard");
    if !packages.join("requirements.txt").is_file() {
        return skip("TensorBoard is not installed: scripts/setup-tensorboard");
    }
    let workspace = runs();
    let said = workspace.exits(&["compare", "results", "--quiet", "--tensorboard", "events"], 2);
    assert!(said.contains("--quiet"), "{said}");
    let said = workspace.exits(&["compare", "results", "--tensorboard", "events"], 0);
    assert!(said.contains("wrote 12 event files: tensorboard --logdir events"), "{said}");
    let read = Command::new("python3")
        .env("PYTHONPATH", packages)
        .arg(repository("tests/integration/read_events.py"))
        .arg(workspace.path("events"))
        .output()
        .unwrap();
    assert!(read.status.success(), "{}", text(&read.stderr));
    let read: BTreeMap<String, Run> = serde_json::from_slice(&read.stdout).unwrap();
    assert_eq!(read.len(), 12);
    for schedule in ["a constant", "b cosine"] {
        let (spec, schedule) = schedule.split_once(' ').unwrap();
        let table = rows(&workspace.path(format!("results/{spec}/optimizer.lr=0.02,seed=2")));
        let tags = &read[&format!("{schedule} lr=0.02/seed=2")];
        let names: Vec<&str> = tags.keys().map(String::as_str).collect();
        assert_eq!(names, ["loss/train", "loss/val", "lr", "rmse/train", "rmse/val"]);
        for (tag, name) in [("rmse/val", "val_rmse"), ("loss/train", "train_loss"), ("lr", "lr")] {
            let (steps, values) = (column(&table, "step"), column(&table, name));
            let expected: Vec<(u64, f32)> = steps
                .iter()
                .zip(values)
                .filter(|(_, value)| value.is_finite())
                .map(|(step, value)| (*step as u64, value as f32))
                .collect();
            let found: Vec<(u64, f32)> =
                tags[tag].iter().map(|(_, step, value)| (*step as u64, *value as f32)).collect();
            assert_eq!(found, expected, "{tag} of {schedule}");
        }
        assert!(tags["lr"].iter().all(|(time, ..)| *time > 1_700_000_000), "the time is that of the run");
    }
}

/// A file in the way is an error, and stays.
#[test]
fn a_folder_for_files_does_not_replace_a_file() {
    let workspace = runs();
    workspace.write("mine", "mine");
    for option in ["--tensorboard", "--svg"] {
        let said = workspace.exits(&["compare", "results", option, "mine"], 2);
        assert!(said.contains("mine is not a folder"), "{said}");
    }
    assert_eq!(fs::read_to_string(workspace.path("mine")).unwrap(), "mine");
}

#[test]
fn pictures_and_a_table_are_written_by_one_command() {
    let workspace = runs();
    let output = workspace.lr_run(&["compare", "results", "--svg", "pictures", "--csv"]);
    let table = text(&output.stdout);
    assert!(table.starts_with("problem,strategy,") && table.lines().count() == 5, "{table}");
    let said = text(&output.stderr);
    assert_eq!(said, "wrote curves.svg, intervals.svg, time-to-target.svg in pictures\n");
    for name in ["curves", "intervals", "time-to-target"] {
        assert!(fs::read_to_string(workspace.path(format!("pictures/{name}.svg"))).unwrap().contains("</svg>"));
    }
}
