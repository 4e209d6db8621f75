//! The program as a person runs it, on a real slice of MNIST.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use assert_cmd::Command;
use tempfile::TempDir;

/// A folder with a spec in it, where results go to `results`.
struct Place {
    folder: TempDir,
}

const SLICE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/mnist_slice");

impl Place {
    fn new(rest: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let spec = format!(
            "epochs = 3\ndevice = \"cpu\"\nthreads = 2\n\n[data]\ntype = \"mnist\"\ndir = '{SLICE}'\nbatch_size = 32\n\
             validation = 500\n\n[model]\ntype = \"mlp\"\nhidden = [32]\n\n[optimizer]\ntype = \"adam\"\nlr = 2e-3\n\n{rest}"
        );
        fs::write(folder.path().join("slice.toml"), spec).unwrap();
        Place { folder }
    }

    fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    fn lr_run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::cargo_bin("lr-run").unwrap();
        command.current_dir(self.folder.path()).args(arguments).env_remove("RUST_LOG");
        command
    }

    fn rows(&self, run: &str) -> Vec<Vec<String>> {
        let text = fs::read_to_string(self.path(run).join("epochs.csv")).unwrap();
        text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect()
    }

    fn record(&self, run: &str) -> serde_json::Value {
        serde_json::from_slice(&fs::read(self.path(run).join("run.json")).unwrap()).unwrap()
    }
}

const RUN: &str = "results/slice/seed=1";

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[track_caller]
fn exits(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "{}{}", text(&output.stdout), text(&output.stderr));
}

/// Rows without their time columns.
fn curve(rows: &[Vec<String>]) -> Vec<Vec<String>> {
    rows.iter().map(|row| row[..row.len() - 2].to_vec()).collect()
}

#[test]
fn a_spec_becomes_a_curve() {
    let place = Place::new("");
    let output = place.lr_run(&["slice.toml"]);
    exits(&output, 0);
    let rows = place.rows(RUN);
    let header = "epoch,step,train_loss,train_accuracy,val_loss,val_accuracy,lr,train_seconds,eval_seconds";
    assert_eq!(rows[0].join(","), header);
    assert_eq!(rows.len(), 5);
    // 1,500 examples in batches of 32.
    let steps: Vec<&str> = rows[1..].iter().map(|row| row[1].as_str()).collect();
    assert_eq!(steps, ["0", "47", "94", "141"]);
    assert_eq!((rows[1][2].as_str(), rows[1][6].as_str()), ("", "0.002"));
    let accuracy: f64 = rows[4][5].parse().unwrap();
    assert!(accuracy > 0.8, "{accuracy}");
    let record = place.record(RUN);
    assert_eq!(record["status"], "completed");
    assert_eq!(record["final"]["val_accuracy"], accuracy);
    for file in ["spec.toml", "weights.safetensors", "best.safetensors"] {
        assert!(place.path(RUN).join(file).is_file(), "{file}");
    }
    // Not a terminal: plain lines, no escapes.
    let told = text(&output.stdout);
    assert!(told.contains("mlp 784-32-10") && told.contains("epochs.csv") && !told.contains('\x1b'), "{told}");
}

#[test]
fn scheduled_hyper_parameters_have_columns() {
    let place = Place::new(
        "weight_decay = 0.1\n\n[schedule_for]\nbeta1 = { type = \"step\", every = \"1 epochs\", factor = 0.5 }\n\
         weight_decay = { type = \"plateau\", monitor = \"val_loss\", mode = \"max\", patience = \"0 epochs\" }\n\n\
         [[group]]\nname = \"bias\"\nparams = [\"*.bias\"]\nweight_decay = 0.0\nschedule_for = {}\n",
    );
    let output = place.lr_run(&["slice.toml"]);
    exits(&output, 0);
    let rows = place.rows(RUN);
    let header = "epoch,step,train_loss,train_accuracy,val_loss,val_accuracy,lr,lr.bias,beta1,beta1.bias,weight_decay,\
                  weight_decay.bias,train_seconds,eval_seconds";
    assert_eq!(rows[0].join(","), header);
    let column = |at: usize| rows[1..].iter().map(|row| row[at].as_str()).collect::<Vec<_>>();
    assert_eq!(column(8), ["0.9", "0.9", "0.45", "0.225"]);
    assert_eq!(column(9), ["0.9"; 4]);
    // A loss that falls is no better by `max`: it is lowered after epoch 2.
    assert_eq!(column(10)[..3], ["0.1"; 3]);
    assert!(column(10)[3].starts_with("0.01"));
    assert_eq!(column(11), ["0"; 4]);
    let told = text(&output.stdout);
    assert!(
        told.contains("beta1 0.9, ×0.5 every epoch") && told.contains("weight_decay 0.1 → 0.01: val_loss"),
        "{told}"
    );
    let record = place.record(RUN);
    assert_eq!(record["final"]["beta1.bias"], 0.9);
    assert_eq!(record["groups"][0]["schedule_for"][0]["name"], "beta1");
    assert_eq!(record["groups"][1]["schedule_for"].as_array().unwrap().len(), 0);

    exits(&place.lr_run(&["compare", RUN]), 0);
    let planned = text(&place.lr_run(&["slice.toml", "--dry-run"]).stdout);
    assert!(
        planned.contains("# base: lr 0.002, constant; beta1 0.9, ×0.5 every epoch; weight_decay 0.1, "),
        "{planned}"
    );
    // The resolved spec is the same run.
    fs::copy(place.path(RUN).join("spec.toml"), place.path("again.toml")).unwrap();
    exits(&place.lr_run(&["again.toml", "--out", "again"]), 0);
    assert_eq!(curve(&place.rows("again/slice/seed=1")), curve(&rows));
}

#[test]
fn two_processes_give_the_same_bytes() {
    let groups = "[[group]]\nname = \"bias\"\nparams = [\"*.bias\"]\nlr_mult = 2.0\n\n[clip_grad]\nnorm = 1.0\n";
    let place = Place::new(groups);
    let dropout = ["-s", "model.dropout=0.3"];
    for out in ["one", "two"] {
        exits(&place.lr_run(&[&["slice.toml", "--out", out], dropout.as_slice()].concat()), 0);
    }
    let run = |out: &str| format!("{out}/slice/model.dropout=0.3,seed=1");
    assert_eq!(curve(&place.rows(&run("one"))), curve(&place.rows(&run("two"))));
    assert_eq!(place.rows(&run("one"))[0][7], "lr.bias");
    for file in ["weights.safetensors", "best.safetensors"] {
        let bytes = |out: &str| fs::read(place.path(&run(out)).join(file)).unwrap();
        assert!(bytes("one") == bytes("two"), "{file}");
    }
}

#[test]
fn a_complete_run_is_not_run_again() {
    let place = Place::new("[target]\naccuracy = 0.999\n");
    exits(&place.lr_run(&["slice.toml", "--require-target"]), 3);
    let before = place.rows(RUN);
    let again = place.lr_run(&["slice.toml"]);
    exits(&again, 0);
    assert!(text(&again.stdout).contains("--force"), "{}", text(&again.stdout));
    assert_eq!(place.rows(RUN), before);
    exits(&place.lr_run(&["slice.toml", "--require-target"]), 3);
    // The resolved spec is this run, too.
    let resolved = format!("{RUN}/spec.toml");
    exits(&place.lr_run(&[&resolved]), 0);
    assert_eq!(place.rows(RUN), before);
    exits(&place.lr_run(&["slice.toml", "--force"]), 0);
    assert_ne!(place.rows(RUN), before, "the times, at least");
    assert_eq!(curve(&place.rows(RUN)), curve(&before));
}

#[test]
fn another_spec_in_the_same_folder_is_refused() {
    let place = Place::new("");
    exits(&place.lr_run(&["slice.toml"]), 0);
    let spec = fs::read_to_string(place.path("slice.toml")).unwrap();
    fs::write(place.path("slice.toml"), spec.replace("2e-3", "1e-3")).unwrap();
    let before = fs::read(place.path(RUN).join("epochs.csv")).unwrap();
    let output = place.lr_run(&["slice.toml"]);
    exits(&output, 2);
    let told = text(&output.stderr);
    assert!(told.contains("optimizer.lr") && told.contains("0.001") && told.contains("0.002"), "{told}");
    assert_eq!(fs::read(place.path(RUN).join("epochs.csv")).unwrap(), before);
    exits(&place.lr_run(&["slice.toml", "--force"]), 0);
    assert_eq!(place.rows(RUN)[1][6], "0.001");
}

#[test]
fn overrides_have_folders_of_their_own() {
    let place = Place::new("");
    exits(&place.lr_run(&["slice.toml", "-q", "-s", "optimizer.lr=1e-2", "-s", "seeds=[1, 2]", "-s", "epochs=1"]), 0);
    for seed in [1, 2] {
        let rows = place.rows(&format!("results/slice/epochs=1,optimizer.lr=0.01,seed={seed}"));
        assert_eq!((rows.len(), rows[1][6].as_str()), (3, "0.01"));
    }
    let path = place.lr_run(&["path", "slice.toml", "-s", "optimizer.lr=0.010", "-s", "epochs=1"]);
    assert_eq!(text(&path.stdout).trim(), "results/slice/epochs=1,optimizer.lr=0.01,seed=1");
    let compared = place.lr_run(&["compare", "results"]);
    exits(&compared, 0);
    assert!(text(&compared.stdout).contains("seed=2"), "{}", text(&compared.stdout));
}

#[test]
fn a_run_begins_with_given_weights_and_eval_agrees_with_the_curve() {
    let place = Place::new("");
    exits(&place.lr_run(&["slice.toml"]), 0);
    let last = place.rows(RUN)[4].clone();
    let given = format!("model.weights={RUN}/weights.safetensors");
    exits(&place.lr_run(&["slice.toml", "-s", &given, "-s", "name=again", "-s", "steps=1"]), 0);
    let folder = text(&place.lr_run(&["path", "slice.toml", "-s", &given, "-s", "name=again", "-s", "steps=1"]).stdout);
    let first = place.rows(folder.trim())[1].clone();
    assert_eq!(first[4..6], last[4..6]);
    let eval = |split: &str| {
        let output = place.lr_run(&["eval", RUN, "--split", split, "--json"]);
        exits(&output, 0);
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    assert_eq!(eval("val")["loss"].to_string(), last[4]);
    assert_eq!(eval("val")["accuracy"].to_string(), last[5]);
    assert_eq!(eval("test")["accuracy"], place.record(RUN)["test"]["accuracy"]);
}

#[test]
fn a_target_ends_the_run() {
    let place = Place::new("[target]\naccuracy = 0.7\n");
    exits(&place.lr_run(&["slice.toml", "-s", "epochs=50"]), 0);
    let record = place.record("results/slice/epochs=50,seed=1");
    assert_eq!(record["status"], "stopped_at_target");
    assert_eq!(record["reached"]["epoch"], record["final"]["epoch"]);
    assert!(record["final"]["epoch"].as_u64().unwrap() < 10);
}

#[test]
fn patience_and_time_end_a_run() {
    let place = Place::new("");
    // A rate that does nothing: no epoch is better than the first.
    let still = ["-s", "optimizer.lr=1e-30", "-s", "epochs=50", "-s", "early_stop.patience=2 epochs"];
    exits(&place.lr_run(&[&["slice.toml"], still.as_slice(), &["-s", "name=still"]].concat()), 0);
    let run =
        "results/still/early_stop.patience=2%20epochs,epochs=50,optimizer.lr=0.000000000000000000000000000001,seed=1";
    let record = place.record(run);
    assert_eq!((&record["status"], &record["final"]["epoch"]), (&"stopped_early".into(), &2.into()));
    let begun = Instant::now();
    exits(&place.lr_run(&["slice.toml", "-s", "epochs=100000", "-s", "limit.time=1 seconds", "-s", "name=timed"]), 0);
    assert!(begun.elapsed() < Duration::from_secs(30));
    let folder = fs::read_dir(place.path("results/timed")).unwrap().next().unwrap().unwrap().path();
    let record: serde_json::Value = serde_json::from_slice(&fs::read(folder.join("run.json")).unwrap()).unwrap();
    assert_eq!((&record["status"], &record["ended_by"]), (&"completed".into(), &"time".into()));
}

#[test]
fn divergence_is_its_own_ending() {
    let place = Place::new("");
    let output = place.lr_run(&["slice.toml", "-s", "optimizer.type=sgd", "-s", "optimizer.lr=1e30"]);
    exits(&output, 4);
    let run = "results/slice/optimizer.lr=1000000000000000000000000000000,optimizer.type=sgd,seed=1";
    let record = place.record(run);
    assert_eq!(record["status"], "diverged");
    assert!(record["diverged"]["step"].as_u64().unwrap() <= 5, "{record}");
    assert_eq!(place.rows(run).len(), 2, "the row before training stays");
}

#[test]
fn what_is_printed_is_what_was_asked_for() {
    let place = Place::new("[record]\ntest = \"every_epoch\"\n");
    let quiet = place.lr_run(&["slice.toml", "--quiet"]);
    exits(&quiet, 0);
    assert!(quiet.stdout.is_empty() && quiet.stderr.is_empty(), "{}", text(&quiet.stderr));
    assert_eq!(place.rows(RUN)[0][7..9], ["test_loss", "test_accuracy"]);
    let verbose = place.lr_run(&["slice.toml", "-v", "--force"]);
    let logged = text(&verbose.stderr);
    assert!(logged.contains("INFO") && logged.contains("read mnist"), "{logged}");
    let json = place.lr_run(&["slice.toml", "--json", "--force"]);
    exits(&json, 0);
    let events: Vec<serde_json::Value> =
        text(&json.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    let kept: Vec<&str> = names.into_iter().filter(|name| *name != "progress").collect();
    assert_eq!(kept, ["started", "epoch", "epoch", "epoch", "epoch", "ended"]);
}

#[test]
fn a_dry_run_writes_nothing_and_is_a_spec() {
    let place = Place::new("[schedule]\ntype = \"step\"\nevery = \"1 epochs\"\n");
    let output = place.lr_run(&["slice.toml", "--dry-run", "-s", "optimizer.convention=keras"]);
    exits(&output, 0);
    assert!(!place.path("results").exists());
    let resolved = text(&output.stdout);
    assert!(resolved.contains("eps_hat = true") && !resolved.contains("convention ="), "{resolved}");
    fs::write(place.path("resolved.toml"), &output.stdout).unwrap();
    let again = place.lr_run(&["resolved.toml", "--dry-run"]);
    exits(&again, 0);
    assert_eq!(text(&again.stdout), resolved);
}

#[test]
fn the_lists_and_help_teach() {
    let place = Place::new("");
    let listed = text(&place.lr_run(&["list"]).stdout);
    for name in ["fashion_mnist", "lenet", "adamw", "plateau"] {
        assert!(listed.contains(name), "{listed}");
    }
    let help = text(&place.lr_run(&["--help"]).stdout);
    assert!(help.contains("Examples:") && help.contains("Exit codes"), "{help}");
    for shell in ["bash", "zsh", "fish"] {
        assert!(text(&place.lr_run(&["completions", shell]).stdout).contains("lr-run"));
    }
    exits(&place.lr_run(&[]), 2);
    exits(&place.lr_run(&["compare", "nowhere"]), 2);
    exits(&place.lr_run(&["eval", "nowhere"]), 2);
}

#[test]
fn what_is_missing_is_named() {
    let place = Place::new("");
    let output = place.lr_run(&["slise.toml"]);
    exits(&output, 2);
    assert!(text(&output.stderr).contains("did you mean ./slice.toml?"), "{}", text(&output.stderr));
    // Data that may not be fetched: where to put them.
    let empty = place.path("cache");
    let builtin = ["slice.toml", "-s", "data.type=mnist", "-s", "data.dir=nowhere"];
    exits(&place.lr_run(&builtin), 2);
    fs::write(
        place.path("mnist.toml"),
        "epochs = 1\n[data]\ntype = \"mnist\"\n[model]\ntype = \"linear\"\n[optimizer]\ntype = \"sgd\"\n",
    )
    .unwrap();
    let output = place.command(&["mnist.toml", "--offline"]).env("LR_RUN_DATA", &empty).output().unwrap();
    exits(&output, 2);
    let told = text(&output.stderr);
    assert!(told.contains("train-images-idx3-ubyte") && told.contains(&empty.display().to_string()), "{told}");
    // An override is checked like the file, and shown.
    let output = place.lr_run(&["slice.toml", "-s", "optimizer.lrr=1"]);
    exits(&output, 2);
    assert!(text(&output.stderr).contains("-s optimizer.lrr=1"), "{}", text(&output.stderr));
    // A spec without end.
    let output = place.lr_run(&["/dev/zero"]);
    exits(&output, 2);
    assert!(text(&output.stderr).contains("longer than the 1048576 bytes"), "{}", text(&output.stderr));
    // A folder that cannot be.
    let output = place.lr_run(&["slice.toml", "--out", "slice.toml"]);
    exits(&output, 1);
    assert!(text(&output.stderr).contains("slice.toml"), "{}", text(&output.stderr));
    let cuda = place.command(&["slice.toml", "-s", "device=cuda:99"]).output().unwrap();
    exits(&cuda, 2);
    assert!(text(&cuda.stderr).contains("CUDA"), "{}", text(&cuda.stderr));
    assert!(!place.path("results").exists());
}

/// Starts a run that lasts, and waits until it has written its first row.
fn long_run(place: &Place) -> std::process::Child {
    // Rows of an earlier run would be taken for its own.
    let _ = fs::remove_dir_all(place.path(LONG));
    let child = std::process::Command::new(assert_cmd::cargo::cargo_bin("lr-run"))
        .current_dir(place.folder.path())
        .args(["slice.toml", "-s", "epochs=100000"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let csv = place.path(LONG).join("epochs.csv");
    let begun = Instant::now();
    while fs::read_to_string(&csv).map_or(0, |text| text.lines().count()) < 3 {
        assert!(begun.elapsed() < Duration::from_secs(60), "the run does not begin");
        std::thread::sleep(Duration::from_millis(20));
    }
    child
}

const LONG: &str = "results/slice/epochs=100000,seed=1";

fn signal(child: &std::process::Child, name: &str) {
    let id = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
}

#[test]
fn a_run_has_one_writer_and_hears_a_signal() {
    let place = Place::new("");
    for (name, code) in [("INT", 130), ("TERM", 143)] {
        let mut child = long_run(&place);
        let second = place.lr_run(&["slice.toml", "-s", "epochs=100000"]);
        exits(&second, 5);
        assert!(text(&second.stderr).contains(&child.id().to_string()), "{}", text(&second.stderr));
        signal(&child, name);
        assert_eq!(child.wait().unwrap().code(), Some(code));
        assert_eq!(place.record(LONG)["status"], "interrupted");
        let whole = place.rows(LONG);
        assert!(whole.iter().all(|row| row.len() == whole[0].len()));
    }
}

#[test]
fn a_reader_that_goes_does_not_end_the_run() {
    let place = Place::new("");
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("lr-run"))
        .current_dir(place.folder.path())
        .arg("slice.toml")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    exits(&output, 0);
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
    assert_eq!(place.rows(RUN).len(), 5);
}

#[test]
fn a_table_of_ones_own_is_learned() {
    let place = Place::new("");
    let mut table = "a,b,name,y\n".to_owned();
    for i in 0..200 {
        let (a, b) = (f64::from(i % 20), f64::from(i % 7));
        table += &format!("{a},{b},row {i},{}\n", 3.0 * a - 2.0 * b + 5.0);
    }
    fs::create_dir(place.path("specs")).unwrap();
    fs::write(place.path("specs/table.csv"), table).unwrap();
    let spec = "epochs = 60\n[data]\ntype = \"csv\"\npath = \"table.csv\"\ntarget = \"y\"\ntask = \"regression\"\n\
                drop = [\"name\"]\nbatch_size = 10\n[model]\ntype = \"linear\"\n[optimizer]\ntype = \"adam\"\nlr = 0.1\n";
    fs::write(place.path("specs/table.toml"), spec).unwrap();
    exits(&place.lr_run(&["specs/table.toml"]), 0);
    let run = "results/table/seed=1";
    let rmse: f64 = place.rows(run).last().unwrap()[5].parse().unwrap();
    assert!(rmse < 0.1, "{rmse}");
    // The resolved spec finds the table from where it lies, and is this run.
    let before = place.rows(run);
    let resolved = Path::new(run).join("spec.toml");
    exits(&place.lr_run(&[resolved.to_str().unwrap()]), 0);
    exits(&place.lr_run(&["eval", run]), 0);
    assert_eq!(place.rows(run), before);
    // From the spec's own folder it is the same run; with another table it is not.
    let mut here = place.command(&["table.toml", "--out", "../results"]);
    exits(&here.current_dir(place.path("specs")).output().unwrap(), 0);
    assert_eq!(place.rows(run), before);
    exits(&place.lr_run(&["eval", run]), 0);
    let table = fs::read_to_string(place.path("specs/table.csv")).unwrap();
    fs::write(place.path("specs/table.csv"), table.replace("row 7,", "seven,").replacen("0,0,", "1,0,", 1)).unwrap();
    for arguments in [["specs/table.toml", "--quiet"], ["eval", run]] {
        let output = place.lr_run(&arguments);
        exits(&output, 2);
        assert!(text(&output.stderr).contains("since"), "{}", text(&output.stderr));
    }
    assert_eq!(place.rows(run), before);
}

#[test]
fn what_no_machine_can_do_is_refused() {
    let place = Place::new("");
    for (set, says) in [
        ("model.hidden=[1000000000, 1000000000000]", "parameters"),
        ("model.hidden=[9000000000000000000, 9000000000000000000]", "parameters"),
        ("threads=4294967296", "threads"),
        ("epochs=1e30", "epochs"),
    ] {
        let output = place.lr_run(&["slice.toml", "-s", set]);
        exits(&output, 2);
        assert!(text(&output.stderr).contains(says), "{}", text(&output.stderr));
    }
    assert!(!place.path("results").exists());
    exits(&place.lr_run(&["slice.toml", "-s", "limit.time=1e300 days", "-s", "steps=1"]), 0);
}

#[test]
fn a_file_name_is_no_reason_not_to_run() {
    let place = Place::new("");
    fs::rename(place.path("slice.toml"), place.path("my spéc.toml")).unwrap();
    let arguments = ["my spéc.toml", "-s", "epochs=1"];
    exits(&place.lr_run(&arguments), 0);
    assert_eq!(place.rows("results/my%20sp%C3%A9c/epochs=1,seed=1").len(), 3);
    // Each line of `path` is one run; it takes what the run takes.
    let path = place.lr_run(&["path", "my spéc.toml", "-q", "--force", "-s", "seeds=[1, 2]"]);
    assert_eq!(text(&path.stdout).lines().count(), 2);
}
