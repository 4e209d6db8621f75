//! The commands, run as a person runs them, on a real slice of MNIST.

use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::support::{SLICE, Workspace, curve, exits, signal, text, wait_for_epoch};

/// Returns a workspace with `slice.toml`: a small network on the slice, with `rest` after `[optimizer]`.
fn slice(rest: &str) -> Workspace {
    let spec = format!(
        "epochs = 3\ndevice = \"cpu\"\nthreads = 2\n\n[data]\ntype = \"mnist\"\ndir = '{SLICE}'\nbatch_size = 32\n\
         validation = 500\n\n[model]\ntype = \"mlp\"\nhidden = [32]\n\n[optimizer]\ntype = \"adam\"\nlr = 2e-3\n\n{rest}"
    );
    Workspace::with("slice.toml", &spec)
}

const RUN: &str = "results/slice/seed=1";

#[test]
fn run_writes_curve_record_and_weights() {
    let workspace = slice("");
    let output = workspace.lr_run(&["slice.toml"]);
    exits(&output, 0);
    let rows = workspace.rows(RUN);
    let header = "epoch,step,train_loss,train_accuracy,val_loss,val_accuracy,lr,train_seconds,eval_seconds";
    assert_eq!(rows[0].join(","), header);
    assert_eq!(rows.len(), 5);
    // 1,500 examples in batches of 32.
    let steps: Vec<&str> = rows[1..].iter().map(|row| row[1].as_str()).collect();
    assert_eq!(steps, ["0", "47", "94", "141"]);
    assert_eq!((rows[1][2].as_str(), rows[1][6].as_str()), ("", "0.002"));
    let accuracy: f64 = rows[4][5].parse().unwrap();
    assert!(accuracy > 0.8, "{accuracy}");
    let record = workspace.record(RUN);
    assert_eq!(record["status"], "completed");
    assert_eq!(record["final"]["val_accuracy"], accuracy);
    for file in ["spec.toml", "weights.safetensors", "best.safetensors"] {
        assert!(workspace.path(RUN).join(file).is_file(), "{file}");
    }
    // Standard output is not a terminal here, so there are no escape codes.
    let printed = text(&output.stdout);
    assert!(
        printed.contains("mlp 784-32-10") && printed.contains("epochs.csv") && !printed.contains('\x1b'),
        "{printed}"
    );
}

#[test]
fn scheduled_hyper_parameters_have_columns() {
    let workspace = slice(
        "weight_decay = 0.1\n\n[schedule_for]\nbeta1 = { type = \"step\", every = \"1 epochs\", factor = 0.5 }\n\
         weight_decay = { type = \"plateau\", monitor = \"val_loss\", mode = \"max\", patience = \"0 epochs\" }\n\n\
         [[group]]\nname = \"bias\"\nparams = [\"*.bias\"]\nweight_decay = 0.0\nschedule_for = {}\n",
    );
    let output = workspace.lr_run(&["slice.toml"]);
    exits(&output, 0);
    let rows = workspace.rows(RUN);
    let header = "epoch,step,train_loss,train_accuracy,val_loss,val_accuracy,lr,lr.bias,beta1,beta1.bias,weight_decay,\
                  weight_decay.bias,train_seconds,eval_seconds";
    assert_eq!(rows[0].join(","), header);
    let column = |at: usize| rows[1..].iter().map(|row| row[at].as_str()).collect::<Vec<_>>();
    assert_eq!(column(8), ["0.9", "0.9", "0.45", "0.225"]);
    assert_eq!(column(9), ["0.9"; 4]);
    // With `mode = "max"`, a falling loss is no improvement, so the factor is lowered after epoch 2.
    assert_eq!(column(10)[..3], ["0.1"; 3]);
    assert!(column(10)[3].starts_with("0.01"));
    assert_eq!(column(11), ["0"; 4]);
    let printed = text(&output.stdout);
    assert!(
        printed.contains("beta1 0.9, ×0.5 every epoch") && printed.contains("weight_decay 0.1 → 0.01: val_loss"),
        "{printed}"
    );
    let record = workspace.record(RUN);
    assert_eq!(record["final"]["beta1.bias"], 0.9);
    assert_eq!(record["groups"][0]["schedule_for"][0]["name"], "beta1");
    assert_eq!(record["groups"][1]["schedule_for"].as_array().unwrap().len(), 0);

    exits(&workspace.lr_run(&["compare", RUN]), 0);
    let planned = text(&workspace.lr_run(&["slice.toml", "--dry-run"]).stdout);
    assert!(
        planned.contains("# base: lr 0.002, constant; beta1 0.9, ×0.5 every epoch; weight_decay 0.1, "),
        "{planned}"
    );
    // The resolved spec describes the same run.
    fs::copy(workspace.path(RUN).join("spec.toml"), workspace.path("again.toml")).unwrap();
    exits(&workspace.lr_run(&["again.toml", "--out", "again"]), 0);
    assert_eq!(curve(&workspace.rows("again/slice/seed=1")), curve(&rows));
}

#[test]
fn two_processes_write_the_same_bytes() {
    let groups = "[[group]]\nname = \"bias\"\nparams = [\"*.bias\"]\nlr_mult = 2.0\n\n[clip_grad]\nnorm = 1.0\n";
    let workspace = slice(groups);
    let dropout = ["-s", "model.dropout=0.3"];
    for out in ["one", "two"] {
        exits(&workspace.lr_run(&[&["slice.toml", "--out", out], dropout.as_slice()].concat()), 0);
    }
    let run = |out: &str| format!("{out}/slice/model.dropout=0.3,seed=1");
    assert_eq!(curve(&workspace.rows(&run("one"))), curve(&workspace.rows(&run("two"))));
    assert_eq!(workspace.rows(&run("one"))[0][7], "lr.bias");
    for file in ["weights.safetensors", "best.safetensors"] {
        let bytes = |out: &str| fs::read(workspace.path(run(out)).join(file)).unwrap();
        assert!(bytes("one") == bytes("two"), "{file}");
    }
}

#[test]
fn complete_run_is_not_repeated() {
    let workspace = slice("[target]\naccuracy = 0.999\n");
    exits(&workspace.lr_run(&["slice.toml", "--require-target"]), 3);
    let before = workspace.rows(RUN);
    let again = workspace.lr_run(&["slice.toml"]);
    exits(&again, 0);
    assert!(text(&again.stdout).contains("--force"), "{}", text(&again.stdout));
    assert_eq!(workspace.rows(RUN), before);
    exits(&workspace.lr_run(&["slice.toml", "--require-target"]), 3);
    // The resolved spec describes this run, too.
    let resolved = format!("{RUN}/spec.toml");
    exits(&workspace.lr_run(&[&resolved]), 0);
    assert_eq!(workspace.rows(RUN), before);
    exits(&workspace.lr_run(&["slice.toml", "--force"]), 0);
    assert_ne!(workspace.rows(RUN), before, "at least the times differ");
    assert_eq!(curve(&workspace.rows(RUN)), curve(&before));
}

#[test]
fn another_spec_in_the_same_folder_is_refused() {
    let workspace = slice("");
    exits(&workspace.lr_run(&["slice.toml"]), 0);
    let spec = fs::read_to_string(workspace.path("slice.toml")).unwrap();
    fs::write(workspace.path("slice.toml"), spec.replace("2e-3", "1e-3")).unwrap();
    let before = fs::read(workspace.path(RUN).join("epochs.csv")).unwrap();
    let output = workspace.lr_run(&["slice.toml"]);
    exits(&output, 2);
    let printed = text(&output.stderr);
    assert!(printed.contains("optimizer.lr") && printed.contains("0.001") && printed.contains("0.002"), "{printed}");
    assert_eq!(fs::read(workspace.path(RUN).join("epochs.csv")).unwrap(), before);
    exits(&workspace.lr_run(&["slice.toml", "--force"]), 0);
    assert_eq!(workspace.rows(RUN)[1][6], "0.001");
}

#[test]
fn each_override_has_its_own_folder() {
    let workspace = slice("");
    exits(
        &workspace.lr_run(&["slice.toml", "-q", "-s", "optimizer.lr=1e-2", "-s", "seeds=[1, 2]", "-s", "epochs=1"]),
        0,
    );
    for seed in [1, 2] {
        let rows = workspace.rows(&format!("results/slice/epochs=1,optimizer.lr=0.01,seed={seed}"));
        assert_eq!((rows.len(), rows[1][6].as_str()), (3, "0.01"));
    }
    let path = workspace.lr_run(&["path", "slice.toml", "-s", "optimizer.lr=0.010", "-s", "epochs=1"]);
    assert_eq!(text(&path.stdout).trim(), "results/slice/epochs=1,optimizer.lr=0.01,seed=1");
    let compared = workspace.lr_run(&["compare", "results"]);
    exits(&compared, 0);
    assert!(text(&compared.stdout).contains("(95 % interval, 2 seeds)"), "{}", text(&compared.stdout));
}

#[test]
fn given_weights_are_loaded_and_eval_agrees_with_the_curve() {
    let workspace = slice("");
    exits(&workspace.lr_run(&["slice.toml"]), 0);
    let last = workspace.rows(RUN)[4].clone();
    let given = format!("model.weights={RUN}/weights.safetensors");
    exits(&workspace.lr_run(&["slice.toml", "-s", &given, "-s", "name=again", "-s", "steps=1"]), 0);
    let folder =
        text(&workspace.lr_run(&["path", "slice.toml", "-s", &given, "-s", "name=again", "-s", "steps=1"]).stdout);
    let first = workspace.rows(folder.trim())[1].clone();
    assert_eq!(first[4..6], last[4..6]);
    let eval = |split: &str| {
        let output = workspace.lr_run(&["eval", RUN, "--split", split, "--json"]);
        exits(&output, 0);
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    assert_eq!(eval("val")["loss"].to_string(), last[4]);
    assert_eq!(eval("val")["accuracy"].to_string(), last[5]);
    assert_eq!(eval("test")["accuracy"], workspace.record(RUN)["test"]["accuracy"]);
    // The output for people has four digits.
    let shown = workspace.exits(&["eval", RUN], 0);
    let accuracy: f64 = last[5].parse().unwrap();
    assert!(shown.contains(&format!("accuracy {accuracy:.4}\n")), "{shown}");
}

#[test]
fn one_experiment_has_one_folder() {
    let workspace = slice("");
    let folder = |overrides: &[&str]| {
        let overrides = overrides.iter().flat_map(|it| ["-s", *it]);
        let arguments: Vec<&str> = ["path", "slice.toml"].into_iter().chain(overrides).collect();
        workspace.exits(&arguments, 0)
    };
    let warm = folder(&["schedule.type=cosine", "schedule.warmup=1 epochs"]);
    for spelling in ["1 epoch", "1epochs", "1.0 epochs"] {
        assert_eq!(folder(&["schedule.type=cosine", &format!("schedule.warmup={spelling}")]), warm);
    }
    let resolved = workspace.exits(&["slice.toml", "--dry-run"], 0);
    let epochs = resolved.lines().find(|line| line.starts_with("epochs = ")).unwrap();
    assert_eq!(folder(&[epochs, "schedule.factor=1"]), folder(&[]));
}

#[test]
fn run_stops_at_its_target() {
    let workspace = slice("[target]\naccuracy = 0.7\n");
    exits(&workspace.lr_run(&["slice.toml", "-s", "epochs=50"]), 0);
    let record = workspace.record("results/slice/epochs=50,seed=1");
    assert_eq!(record["status"], "stopped_at_target");
    assert_eq!(record["reached"]["epoch"], record["final"]["epoch"]);
    assert!(record["final"]["epoch"].as_u64().unwrap() < 10);
}

#[test]
fn run_stops_early_and_at_its_time_limit() {
    let workspace = slice("");
    // The rate is so small that nothing changes, so no epoch is better than the first.
    let still = ["-s", "optimizer.lr=1e-30", "-s", "epochs=50", "-s", "early_stop.patience=2 epochs"];
    exits(&workspace.lr_run(&[&["slice.toml"], still.as_slice(), &["-s", "name=still"]].concat()), 0);
    let run = "results/still/early_stop.patience=2%20epochs,epochs=50,optimizer.lr=1e-30,seed=1";
    let record = workspace.record(run);
    assert_eq!((&record["status"], &record["final"]["epoch"]), (&"stopped_early".into(), &3.into()));
    let begun = Instant::now();
    exits(
        &workspace.lr_run(&["slice.toml", "-s", "epochs=100000", "-s", "limit.time=1 seconds", "-s", "name=timed"]),
        0,
    );
    assert!(begun.elapsed() < Duration::from_secs(30));
    let folder = fs::read_dir(workspace.path("results/timed")).unwrap().next().unwrap().unwrap().path();
    let record: serde_json::Value = serde_json::from_slice(&fs::read(folder.join("run.json")).unwrap()).unwrap();
    assert_eq!((&record["status"], &record["ended_by"]), (&"completed".into(), &"time".into()));
}

#[test]
fn divergence_has_its_own_status_and_exit_code() {
    let workspace = slice("");
    let output = workspace.lr_run(&["slice.toml", "-s", "optimizer.type=sgd", "-s", "optimizer.lr=1e30"]);
    exits(&output, 4);
    let run = "results/slice/optimizer.lr=1e30,optimizer.type=sgd,seed=1";
    let record = workspace.record(run);
    assert_eq!(record["status"], "diverged");
    assert!(record["diverged"]["step"].as_u64().unwrap() <= 5, "{record}");
    assert_eq!(workspace.rows(run).len(), 2, "the row of epoch 0 stays");
}

#[test]
fn quiet_verbose_and_json_change_what_is_printed() {
    let workspace = slice("[record]\ntest = \"every_epoch\"\n");
    let quiet = workspace.lr_run(&["slice.toml", "--quiet"]);
    exits(&quiet, 0);
    assert!(quiet.stdout.is_empty() && quiet.stderr.is_empty(), "{}", text(&quiet.stderr));
    assert_eq!(workspace.rows(RUN)[0][7..9], ["test_loss", "test_accuracy"]);
    let verbose = workspace.lr_run(&["slice.toml", "-v", "--force"]);
    let logged = text(&verbose.stderr);
    assert!(logged.contains("INFO") && logged.contains("read mnist"), "{logged}");
    let json = workspace.lr_run(&["slice.toml", "--json", "--force"]);
    exits(&json, 0);
    let events: Vec<serde_json::Value> =
        text(&json.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    let kept: Vec<&str> = names.into_iter().filter(|name| *name != "progress").collect();
    assert_eq!(kept, ["started", "epoch", "epoch", "epoch", "epoch", "ended"]);
}

#[test]
fn dry_run_prints_the_resolved_spec_and_writes_nothing() {
    let workspace = slice("[schedule]\ntype = \"step\"\nevery = \"1 epochs\"\n");
    let output = workspace.lr_run(&["slice.toml", "--dry-run", "-s", "optimizer.convention=keras"]);
    exits(&output, 0);
    assert!(!workspace.path("results").exists());
    let resolved = text(&output.stdout);
    assert!(resolved.contains("eps_hat = true") && !resolved.contains("convention ="), "{resolved}");
    fs::write(workspace.path("resolved.toml"), &output.stdout).unwrap();
    let again = workspace.lr_run(&["resolved.toml", "--dry-run"]);
    exits(&again, 0);
    assert_eq!(text(&again.stdout), resolved);
}

#[test]
fn lists_help_and_completions_are_complete() {
    let workspace = slice("");
    let listed = text(&workspace.lr_run(&["list"]).stdout);
    for name in ["fashion_mnist", "lenet", "adamw", "plateau"] {
        assert!(listed.contains(name), "{listed}");
    }
    let help = text(&workspace.lr_run(&["--help"]).stdout);
    assert!(help.contains("Examples:") && help.contains("Exit codes"), "{help}");
    for shell in ["bash", "zsh", "fish"] {
        assert!(text(&workspace.lr_run(&["completions", shell]).stdout).contains("lr-run"));
    }
    exits(&workspace.lr_run(&[]), 2);
    let path = workspace.exits(&["path"], 2);
    assert!(path.contains("needs a spec"), "{path}");
    exits(&workspace.lr_run(&["compare", "nowhere"]), 2);
    exits(&workspace.lr_run(&["eval", "nowhere"]), 2);
}

#[test]
fn missing_and_wrong_inputs_are_named() {
    let workspace = slice("");
    let output = workspace.lr_run(&["slise.toml"]);
    exits(&output, 2);
    assert!(text(&output.stderr).contains("did you mean ./slice.toml?"), "{}", text(&output.stderr));
    // If data may not be downloaded, the message says where to put them.
    let empty = workspace.path("cache");
    let builtin = ["slice.toml", "-s", "data.type=mnist", "-s", "data.dir=nowhere"];
    exits(&workspace.lr_run(&builtin), 2);
    fs::write(
        workspace.path("mnist.toml"),
        "epochs = 1\n[data]\ntype = \"mnist\"\n[model]\ntype = \"linear\"\n[optimizer]\ntype = \"sgd\"\n",
    )
    .unwrap();
    let output = workspace.command(&["mnist.toml", "--offline"]).env("LR_RUN_DATA", &empty).output().unwrap();
    exits(&output, 2);
    let printed = text(&output.stderr);
    assert!(printed.contains("train-images-idx3-ubyte") && printed.contains(&empty.display().to_string()), "{printed}");
    // An override is checked like the file, and the message shows it.
    let output = workspace.lr_run(&["slice.toml", "-s", "optimizer.lrr=1"]);
    exits(&output, 2);
    assert!(text(&output.stderr).contains("-s optimizer.lrr=1"), "{}", text(&output.stderr));
    // The spec is endless.
    let output = workspace.lr_run(&["/dev/zero"]);
    exits(&output, 2);
    assert!(text(&output.stderr).contains("longer than 1048576 bytes"), "{}", text(&output.stderr));
    // The output folder is a file.
    let output = workspace.lr_run(&["slice.toml", "--out", "slice.toml"]);
    exits(&output, 1);
    assert!(text(&output.stderr).contains("slice.toml"), "{}", text(&output.stderr));
    let cuda = workspace.command(&["slice.toml", "-s", "device=cuda:99"]).output().unwrap();
    exits(&cuda, 2);
    assert!(text(&cuda.stderr).contains("CUDA"), "{}", text(&cuda.stderr));
    assert!(!workspace.path("results").exists());
}

/// Starts a long run, and waits until it has written its first rows.
fn long_run(workspace: &Workspace) -> Child {
    // Rows of an earlier run must not be mistaken for this run's.
    let _ = fs::remove_dir_all(workspace.path(LONG));
    let mut command = workspace.command(&["slice.toml", "-s", "epochs=100000"]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_for_epoch(&workspace.path(LONG), 1);
    child
}

const LONG: &str = "results/slice/epochs=100000,seed=1";

#[test]
fn signal_interrupts_and_a_second_process_is_refused() {
    let workspace = slice("");
    for (name, code) in [("INT", 130), ("TERM", 143)] {
        let mut child = long_run(&workspace);
        let second = workspace.lr_run(&["slice.toml", "-s", "epochs=100000"]);
        exits(&second, 5);
        assert!(text(&second.stderr).contains(&child.id().to_string()), "{}", text(&second.stderr));
        signal(&child, name);
        assert_eq!(child.wait().unwrap().code(), Some(code));
        assert_eq!(workspace.record(LONG)["status"], "interrupted");
        let whole = workspace.rows(LONG);
        assert!(whole.iter().all(|row| row.len() == whole[0].len()));
    }
}

#[test]
fn closed_standard_output_does_not_end_the_run() {
    let workspace = slice("");
    let mut command = workspace.command(&["slice.toml"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    exits(&output, 0);
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
    assert_eq!(workspace.rows(RUN).len(), 5);
}

#[test]
fn changes_of_a_csv_that_was_trained_on_are_noticed() {
    let workspace = slice("");
    let mut table = "a,b,name,y\n".to_owned();
    for i in 0..200 {
        let (a, b) = (f64::from(i % 20), f64::from(i % 7));
        table += &format!("{a},{b},row {i},{}\n", 3.0 * a - 2.0 * b + 5.0);
    }
    fs::create_dir(workspace.path("specs")).unwrap();
    fs::write(workspace.path("specs/table.csv"), table).unwrap();
    let spec = "epochs = 60\n[data]\ntype = \"csv\"\npath = \"table.csv\"\ntarget = \"y\"\ntask = \"regression\"\n\
                drop = [\"name\"]\nbatch_size = 10\n[model]\ntype = \"linear\"\n[optimizer]\ntype = \"adam\"\nlr = 0.1\n";
    fs::write(workspace.path("specs/table.toml"), spec).unwrap();
    exits(&workspace.lr_run(&["specs/table.toml"]), 0);
    let run = "results/table/seed=1";
    let rmse: f64 = workspace.rows(run).last().unwrap()[5].parse().unwrap();
    assert!(rmse < 0.1, "{rmse}");
    // The resolved spec finds the table, and describes this run.
    let before = workspace.rows(run);
    let resolved = Path::new(run).join("spec.toml");
    exits(&workspace.lr_run(&[resolved.to_str().unwrap()]), 0);
    exits(&workspace.lr_run(&["eval", run]), 0);
    assert_eq!(workspace.rows(run), before);
    // Started from the spec's own folder, it is the same run. With a changed table, it is another run.
    let mut here = workspace.command(&["table.toml", "--out", "../results"]);
    exits(&here.current_dir(workspace.path("specs")).output().unwrap(), 0);
    assert_eq!(workspace.rows(run), before);
    exits(&workspace.lr_run(&["eval", run]), 0);
    let table = fs::read_to_string(workspace.path("specs/table.csv")).unwrap();
    fs::write(workspace.path("specs/table.csv"), table.replace("row 7,", "seven,").replacen("0,0,", "1,0,", 1))
        .unwrap();
    for arguments in [["specs/table.toml", "--quiet"], ["eval", run]] {
        let output = workspace.lr_run(&arguments);
        exits(&output, 2);
        assert!(text(&output.stderr).contains("changed"), "{}", text(&output.stderr));
    }
    assert_eq!(workspace.rows(run), before);
}

#[test]
fn impossible_sizes_are_refused() {
    let workspace = slice("");
    for (set, says) in [
        ("model.hidden=[1000000000, 1000000000000]", "parameters"),
        ("model.hidden=[9000000000000000000, 9000000000000000000]", "parameters"),
        ("threads=4294967296", "threads"),
        ("epochs=1e30", "epochs"),
    ] {
        let output = workspace.lr_run(&["slice.toml", "-s", set]);
        exits(&output, 2);
        assert!(text(&output.stderr).contains(says), "{}", text(&output.stderr));
    }
    assert!(!workspace.path("results").exists());
    exits(&workspace.lr_run(&["slice.toml", "-s", "limit.time=1e300 days", "-s", "steps=1"]), 0);
}

#[test]
fn any_file_name_of_a_spec_works() {
    let workspace = slice("");
    fs::rename(workspace.path("slice.toml"), workspace.path("my spéc.toml")).unwrap();
    let arguments = ["my spéc.toml", "-s", "epochs=1"];
    exits(&workspace.lr_run(&arguments), 0);
    assert_eq!(workspace.rows("results/my%20sp%C3%A9c/epochs=1,seed=1").len(), 3);
    // `path` prints a line per run, and accepts the options of a run.
    let path = workspace.lr_run(&["path", "my spéc.toml", "-q", "--force", "-s", "seeds=[1, 2]"]);
    assert_eq!(text(&path.stdout).lines().count(), 2);
}
