//! A run that was cut anywhere ends in the same bytes as one that was not.
//!
//! The quick form runs with the other tests. `scripts/torture` runs the whole: `LR_RUN_TORTURE=1`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use lr_run::optimizer::REGISTRY;
use lr_run::random::Stream;

pub const SLICE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/mnist_slice");

/// One experiment of the matrix.
struct Case {
    name: String,
    model: &'static str,
    rest: String,
    /// How often the state is kept.
    every: &'static str,
}

impl Case {
    fn new(name: &str, model: &'static str, rest: &str) -> Self {
        Case { name: name.replace([' ', '"'], ""), model, rest: rest.to_owned(), every: "11 steps" }
    }

    fn write(&self, folder: &Path) {
        let text = format!(
            "steps = 90\nseed = 4\ndevice = \"cpu\"\nthreads = 1\n[data]\ntype = \"mnist\"\ndir = '{SLICE}'\nbatch_size = 32\n\
             validation = 200\n[model]\n{}\n[checkpoint]\nkeep = true\nevery = \"{}\"\n{}\n",
            self.model, self.every, self.rest
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
pub struct Left {
    rows: String,
    weights: Vec<u8>,
    best: Vec<u8>,
    numbers: serde_json::Value,
    state: Vec<u8>,
}

impl Left {
    pub fn read(path: &Path) -> Left {
        let text = fs::read_to_string(path.join("epochs.csv")).unwrap();
        let row = |line: &str| line.rsplitn(3, ',').last().map(str::to_owned).unwrap();
        let rows = text.lines().map(row).collect::<Vec<_>>().join("\n");
        let newest = |entry: &fs::DirEntry| entry.file_name().to_str().unwrap().parse::<u64>().unwrap();
        let kept =
            fs::read_dir(path.join("checkpoint")).unwrap().map(Result::unwrap).max_by_key(newest).unwrap().path();
        let json: serde_json::Value = serde_json::from_slice(&fs::read(kept.join("state.json")).unwrap()).unwrap();
        let mut numbers = json["state"].clone();
        forget_times(&mut numbers);
        forget_times(&mut numbers["back"]);
        let bytes = |name: &str| fs::read(path.join(name)).unwrap();
        let state = fs::read(kept.join("state.safetensors")).unwrap();
        Left { rows, weights: bytes("weights.safetensors"), best: bytes("best.safetensors"), numbers, state }
    }

    /// Not `assert_eq`: nobody reads that many bytes.
    pub fn assert_same(&self, other: &Left, what: &str) {
        assert_eq!(self.rows, other.rows, "{what}: epochs.csv");
        assert!(self.weights == other.weights, "{what}: weights.safetensors");
        assert!(self.best == other.best, "{what}: best.safetensors");
        assert_eq!(self.numbers, other.numbers, "{what}: state.json");
        assert!(self.state == other.state, "{what}: state.safetensors");
    }
}

/// Takes out the times of the last row, and of the target's.
fn forget_times(numbers: &mut serde_json::Value) {
    for (table, key) in [("last", "train_seconds"), ("last", "eval_seconds"), ("reached", "seconds")] {
        let table = numbers.get_mut(table).and_then(serde_json::Value::as_object_mut);
        table.and_then(|table| table.remove(key));
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

const AUGMENTED: &str = "[data.augment]\npadding = 2\nhorizontal_flip = 0.5\n";

const RULES: [&str; 6] = [
    "[schedule]\ntype = \"plateau\"\npatience = \"1 epochs\"\nthreshold = 0.5",
    "[[schedule]]\ntype = \"linear\"\nstart = 0.1\nend = 1.0\nfor = \"30%\"\n[[schedule]]\ntype = \"greedy\"",
    "[schedule]\ntype = \"one_cycle\"",
    "[schedule]\ntype = \"cosine\"\n[schedule_for.weight_decay]\ntype = \"plateau\"",
    "[schedule]\ntype = \"cosine_restarts\"\nperiod = \"1 epochs\"\n[[group]]\nname = \"bias\"\nparams = [\"*.bias\"]\nlr_mult = 2.0\n\
     schedule = { type = \"plateau\" }",
    "[schedule]\ntype = \"exponential\"\nfactor = 0.9\nevery = \"1 epochs\"",
];

/// Diverges in the first epoch, twice or more.
const REDUCED: &str = "[optimizer]\ntype = \"sgd\"\nlr = 1e38\nmomentum = 0.9\n[on_divergence]\naction = \"reduce\"\nfactor = 1e-20\ntimes = 9";

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
        Case::new("augmented", MODELS[2], &(AUGMENTED.to_owned() + &table("nadam"))),
        Case::new("reduced", MODELS[0], REDUCED),
        // Hardly anything but writing: most kills hit a state that is half there.
        Case { every: "1 steps", ..Case::new("writing", MODELS[0], &table("adamw")) },
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
        // The shipped groups are of a multilayer perceptron.
        cases.push(Case::new(entry.name, MODELS[number % 2], &shipped(entry.name)));
    }
    for (rule, number) in RULES.iter().zip(0..) {
        for (model, optimizer) in MODELS.iter().zip(["sgd", "adamw", "rmsprop"]) {
            let momentum = if optimizer == "adamw" { "" } else { "momentum = 0.9\n" };
            let table = format!("[optimizer]\ntype = \"{optimizer}\"\nlr = 0.001\nweight_decay = 0.01\n{momentum}");
            cases.push(Case::new(&format!("rule_{number}_{optimizer}"), model, &(table + rule)));
        }
    }
    for (model, optimizer) in MODELS.iter().zip(["schedule_free_sgd", "adam", "armijo"]) {
        let name = format!("augmented_{optimizer}");
        cases.push(Case::new(&name, model, &(AUGMENTED.to_owned() + &shipped(optimizer))));
    }
    let writing = |model: &str, name: &str| Case { every: "1 steps", ..Case::new(name, MODELS[1], model) };
    cases.extend([writing("[optimizer]\ntype = \"adamw\"", "writing_adamw"), writing(REDUCED, "writing_reduced")]);
    let kills = survives(&cases, 3);
    println!("kills survived: {kills}, by {} runs", cases.len());
    assert!(kills >= 50);
}
