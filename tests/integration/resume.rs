//! A run that was cut anywhere ends in the same bytes as one that was not.
//!
//! The quick form runs with the other tests. `scripts/torture` runs the whole: `LR_RUN_TORTURE=1`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use lr_run::optimizer::REGISTRY;
use lr_run::random::Stream;

const SLICE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/mnist_slice");

/// One experiment of the matrix.
struct Case {
    name: String,
    model: &'static str,
    rest: String,
}

impl Case {
    fn new(name: &str, model: &'static str, rest: &str) -> Self {
        Case { name: name.replace([' ', '"'], ""), model, rest: rest.to_owned() }
    }

    fn write(&self, folder: &Path) {
        let text = format!(
            "steps = 90\nseed = 4\ndevice = \"cpu\"\nthreads = 1\n[data]\ntype = \"mnist\"\ndir = '{SLICE}'\nbatch_size = 32\n\
             validation = 200\n[model]\n{}\n[checkpoint]\nkeep = true\nevery = \"11 steps\"\n{}\n",
            self.model, self.rest
        );
        fs::write(folder.join(format!("{}.toml", self.name)), text).unwrap();
    }

    fn results(&self, out: &Path) -> PathBuf {
        out.join(&self.name).join("seed=4")
    }

    fn command(&self, folder: &Path, out: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lr-run"));
        command.current_dir(folder).args(["--quiet", "--out", out, &format!("{}.toml", self.name)]);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        command
    }
}

/// What a run leaves, without what no two runs share.
#[derive(Debug, PartialEq)]
struct Left {
    rows: String,
    weights: Vec<u8>,
    best: Vec<u8>,
    numbers: serde_json::Value,
    state: Vec<u8>,
}

impl Left {
    fn read(path: &Path) -> Left {
        let text = fs::read_to_string(path.join("epochs.csv")).unwrap();
        let row = |line: &str| line.rsplitn(3, ',').last().map(str::to_owned).unwrap();
        let rows = text.lines().map(row).collect::<Vec<_>>().join("\n");
        let newest = |entry: &fs::DirEntry| entry.file_name().to_str().unwrap().parse::<u64>().unwrap();
        let kept =
            fs::read_dir(path.join("checkpoint")).unwrap().map(Result::unwrap).max_by_key(newest).unwrap().path();
        let json: serde_json::Value = serde_json::from_slice(&fs::read(kept.join("state.json")).unwrap()).unwrap();
        let mut numbers = json["state"].clone();
        // Times of the last row, and of the target's.
        for (table, key) in [("last", "train_seconds"), ("last", "eval_seconds"), ("reached", "seconds")] {
            numbers[table].as_object_mut().and_then(|table| table.remove(key));
        }
        let bytes = |name: &str| fs::read(path.join(name)).unwrap();
        let state = fs::read(kept.join("state.safetensors")).unwrap();
        Left { rows, weights: bytes("weights.safetensors"), best: bytes("best.safetensors"), numbers, state }
    }

    /// Not `assert_eq`: nobody reads that many bytes.
    fn assert_same(&self, other: &Left, what: &str) {
        assert_eq!(self.rows, other.rows, "{what}: epochs.csv");
        assert!(self.weights == other.weights, "{what}: weights.safetensors");
        assert!(self.best == other.best, "{what}: best.safetensors");
        assert_eq!(self.numbers, other.numbers, "{what}: state.json");
        assert!(self.state == other.state, "{what}: state.safetensors");
    }
}

/// Runs `case` to its end, killing it `kills` times at moments that `random` chooses within the time that a whole run
/// takes; how often it was killed.
fn run_with_kills(case: &Case, folder: &Path, whole: Duration, kills: u32, random: &mut Stream) -> u32 {
    let mut killed = 0;
    loop {
        let mut child = case.command(folder, "cut").spawn().unwrap();
        if killed < kills {
            let wait = whole.mul_f64(random.uniform());
            std::thread::sleep(wait);
            if child.try_wait().unwrap().is_none() {
                child.kill().unwrap();
                child.wait().unwrap();
                killed += 1;
                continue;
            }
        }
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}: {}", case.name, String::from_utf8_lossy(&output.stderr));
        return killed;
    }
}

fn survives(cases: &[Case], kills: u32) -> u32 {
    let folder = tempfile::tempdir().unwrap();
    let mut killed = 0;
    for (number, case) in cases.iter().enumerate() {
        case.write(folder.path());
        let begun = Instant::now();
        let output = case.command(folder.path(), "whole").output().unwrap();
        assert!(output.status.success(), "{}: {}", case.name, String::from_utf8_lossy(&output.stderr));
        let whole = begun.elapsed();
        let mut random = Stream::new(1, "kills", number as u64);
        killed += run_with_kills(case, folder.path(), whole, kills, &mut random);
        let of = |out: &str| Left::read(&case.results(&folder.path().join(out)));
        of("cut").assert_same(&of("whole"), &case.name);
    }
    killed
}

const MODELS: [&str; 3] = [
    "type = \"mlp\"\nhidden = [32]\ndropout = 0.3",
    "type = \"mlp\"\nhidden = [32, 16]\nbatch_norm = true\ndropout = 0.1",
    "type = \"cnn\"\nbatch_norm = true",
];

const RULES: [&str; 6] = [
    "[schedule]\ntype = \"plateau\"\npatience = \"1 epochs\"\nthreshold = 0.5",
    "[[schedule]]\ntype = \"linear\"\nstart = 0.1\nend = 1.0\nfor = \"30%\"\n[[schedule]]\ntype = \"greedy\"",
    "[schedule]\ntype = \"one_cycle\"\nmax_lr = 0.01",
    "[schedule]\ntype = \"cosine\"\n[schedule_for.weight_decay]\ntype = \"plateau\"",
    "[schedule]\ntype = \"cosine_restarts\"\nperiod = \"1 epochs\"\n[[group]]\nname = \"bias\"\nparams = [\"*.bias\"]\nlr_mult = 2.0\n\
     schedule = { type = \"plateau\" }",
    "[schedule]\ntype = \"exponential\"\ngamma = 0.9",
];

/// The `[optimizer]` table that is shipped for a method, and whatever stands beside it.
fn shipped(name: &str) -> String {
    let path = format!("{}/experiments/optimizers/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    let mut spec: toml::Table = fs::read_to_string(path).unwrap().parse().unwrap();
    spec.retain(|key, _| matches!(key, "optimizer" | "schedule" | "group" | "clip_grad"));
    toml::to_string(&spec).unwrap()
}

#[test]
fn killed_runs_go_on_to_the_bit() {
    let table = |name: &str| format!("[optimizer]\ntype = \"{name}\"\n");
    let cases = [
        Case::new("adam_plateau", MODELS[0], &(table("adam") + RULES[0] + "\n[ema]\ndecay = 0.9")),
        Case::new("free", MODELS[1], &(table("schedule_free_adamw") + "[early_stop]\npatience = \"5 epochs\"")),
        Case::new("lbfgs", MODELS[0], &shipped("lbfgs")),
    ];
    assert!(survives(&cases, 3) > 0);
}

/// Every method with a rule and a model in turn, and every rule.
#[test]
fn the_whole_matrix_survives() {
    if std::env::var_os("LR_RUN_TORTURE").is_none() {
        return;
    }
    let mut cases = Vec::new();
    for (entry, number) in REGISTRY.iter().zip(0..) {
        cases.push(Case::new(entry.name, MODELS[number % MODELS.len()], &shipped(entry.name)));
    }
    for (rule, number) in RULES.iter().zip(0..) {
        for (model, optimizer) in MODELS.iter().zip(["sgd", "adamw", "rmsprop"]) {
            let momentum = if optimizer == "adamw" { "" } else { "momentum = 0.9\n" };
            let table = format!("[optimizer]\ntype = \"{optimizer}\"\nlr = 0.001\nweight_decay = 0.01\n{momentum}");
            cases.push(Case::new(&format!("rule_{number}_{optimizer}"), model, &(table + rule)));
        }
    }
    let kills = survives(&cases, 3);
    println!("kills survived: {kills}, by {} runs", cases.len());
    assert!(kills >= 50);
}

/// A spec that trains for long, and how to look at it.
struct Long {
    folder: tempfile::TempDir,
}

impl Long {
    fn new(tables: &str) -> Long {
        let folder = tempfile::tempdir().unwrap();
        let text = format!(
            "epochs = 4\ndevice = \"cpu\"\n[data]\ntype = \"mnist\"\ndir = '{SLICE}'\nbatch_size = 16\nvalidation = 200\n\
             [model]\ntype = \"mlp\"\nhidden = [64]\n[optimizer]\ntype = \"adam\"\n{tables}\n"
        );
        fs::write(folder.path().join("long.toml"), text).unwrap();
        Long { folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("results/long/seed=1")
    }

    fn command(&self, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lr-run"));
        command.current_dir(self.folder.path()).arg("long.toml").args(more);
        command
    }

    /// What it prints, having ended with `code`.
    fn run(&self, more: &[&str], code: i32) -> String {
        let output = self.command(more).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert_eq!(output.status.code(), Some(code), "{}", text(&output.stderr));
        text(&output.stdout) + &text(&output.stderr)
    }

    /// Starts it, and sends `signal` when it has the row of epoch 1.
    fn stop(&self, signal: &str, more: &[&str]) -> Option<i32> {
        let mut child = self.command(more).stdout(Stdio::null()).spawn().unwrap();
        let begun = Instant::now();
        while fs::read_to_string(self.path().join("epochs.csv")).map_or(0, |text| text.lines().count()) < 3 {
            assert!(begun.elapsed() < Duration::from_secs(60), "the run does not begin");
            std::thread::sleep(Duration::from_millis(2));
        }
        assert!(Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().unwrap().success());
        child.wait().unwrap().code()
    }

    fn epochs(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path().join("epochs.csv")).unwrap();
        text.lines().skip(1).map(|line| line.split(',').next().unwrap().to_owned()).collect()
    }

    fn checkpoints(&self) -> usize {
        fs::read_dir(self.path().join("checkpoint")).map_or(0, Iterator::count)
    }
}

#[test]
fn a_signal_leaves_a_checkpoint_and_the_same_command_goes_on() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let long = Long::new("");
        assert_eq!(long.stop(signal, &[]), Some(code));
        assert!(long.checkpoints() > 0);
        let told = long.run(&[], 0);
        assert!(told.contains("goes on") && told.contains("steps, in epoch"), "{told}");
        assert_eq!(long.epochs(), ["0", "1", "2", "3", "4"]);
        assert_eq!(long.checkpoints(), 0, "a complete run needs none");
        assert!(long.run(&[], 0).contains("is complete"));
    }
}

#[test]
fn the_recorded_threads_are_used_and_others_are_told() {
    let long = Long::new("");
    long.stop("INT", &["-s", "threads=1"]);
    let told = long.run(&["-s", "threads=2"], 0);
    assert!(told.contains("begun with threads = 1 and goes on with 2"), "{told}");
    let long = Long::new("");
    long.stop("INT", &["-s", "threads=1"]);
    let told = long.run(&[], 0);
    assert!(!told.contains("warning") && told.contains("1 thread"), "{told}");
}

#[test]
fn a_changed_spec_is_refused_and_force_starts_over() {
    let long = Long::new("");
    long.stop("INT", &[]);
    let text = fs::read_to_string(long.folder.path().join("long.toml")).unwrap();
    fs::write(long.folder.path().join("long.toml"), text.replace("\"adam\"", "\"adam\"\nlr = 0.01")).unwrap();
    let rows = long.epochs();
    let told = long.run(&[], 2);
    assert!(told.contains("optimizer.lr: 0.01 here, 0.001 there"), "{told}");
    assert_eq!(long.epochs(), rows);
    let told = long.run(&["--force"], 0);
    assert!(!told.contains("goes on"), "{told}");
    assert_eq!(long.epochs(), ["0", "1", "2", "3", "4"]);
}

#[test]
fn a_broken_checkpoint_gives_way_to_the_older_one() {
    let long = Long::new("[checkpoint]\nevery = \"5 steps\"");
    long.stop("KILL", &[]);
    assert_eq!(long.checkpoints(), 2);
    let newest = || {
        let mut numbers: Vec<u64> = fs::read_dir(long.path().join("checkpoint"))
            .unwrap()
            .filter_map(|entry| entry.unwrap().file_name().to_str().unwrap().parse().ok())
            .collect();
        numbers.sort_unstable();
        long.path().join("checkpoint").join(numbers.last().unwrap().to_string())
    };
    fs::remove_file(newest().join("state.safetensors")).unwrap();
    let told = long.run(&[], 0);
    assert!(told.contains("an older checkpoint is used") && told.contains("state.safetensors"), "{told}");
    assert_eq!(long.epochs(), ["0", "1", "2", "3", "4"]);
}
