//! A run that is killed and resumed ends with the same bytes as a run that is not.
//!
//! The quick form runs with the other tests. `scripts/torture` also runs the ignored test.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use lr_run::optimizer::REGISTRY;
use lr_run::random::Stream;
use lr_run::{model, schedule};

use crate::support::{SLICE, Workspace, exits, shipped_update};

/// One experiment of the matrix.
struct Case {
    name: String,
    model: &'static str,
    rest: String,
    /// The interval between checkpoints.
    every: &'static str,
}

impl Case {
    fn new(name: &str, model: &'static str, rest: &str) -> Self {
        Case { name: name.replace([' ', '"'], ""), model, rest: rest.to_owned(), every: "11 steps" }
    }

    fn write(&self, workspace: &Workspace) {
        let text = format!(
            "steps = 90\nseed = 4\ndevice = \"cpu\"\nthreads = 1\n[data]\ntype = \"mnist\"\ndir = '{SLICE}'\nbatch_size = 32\n\
             validation = 200\n[model]\n{}\n[checkpoint]\nkeep = true\nevery = \"{}\"\n{}\n",
            self.model, self.every, self.rest
        );
        workspace.write(&format!("{}.toml", self.name), &text);
    }

    fn command(&self, workspace: &Workspace, out: &str) -> Command {
        let mut command = workspace.command(&["--quiet", "--out", out, &format!("{}.toml", self.name)]);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        command
    }

    /// Reads the results of the run under `out`.
    fn left(&self, workspace: &Workspace, out: &str) -> Left {
        Left::read(&workspace.path(out).join(&self.name).join("seed=4"))
    }
}

/// The results of a run, without the times.
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

    /// Panics unless both are equal. It does not print the bytes that differ.
    pub fn assert_same(&self, other: &Left, what: &str) {
        assert_eq!(self.rows, other.rows, "{what}: epochs.csv");
        assert!(self.weights == other.weights, "{what}: weights.safetensors");
        assert!(self.best == other.best, "{what}: best.safetensors");
        assert_eq!(self.numbers, other.numbers, "{what}: state.json");
        assert!(self.state == other.state, "{what}: state.safetensors");
    }
}

/// Removes the times of the last row and of the target.
fn forget_times(numbers: &mut serde_json::Value) {
    for (table, key) in [("last", "train_seconds"), ("last", "eval_seconds"), ("reached", "seconds")] {
        let table = numbers.get_mut(table).and_then(serde_json::Value::as_object_mut);
        table.and_then(|table| table.remove(key));
    }
}

/// Runs `case` to its end, and kills it up to `kills` times at random moments within the duration `whole` of a complete
/// run. Returns how often it was killed.
fn run_with_kills(case: &Case, workspace: &Workspace, whole: Duration, kills: u32, random: &mut Stream) -> u32 {
    let mut killed = 0;
    loop {
        let mut child = case.command(workspace, "killed").spawn().unwrap();
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
        exits(&child.wait_with_output().unwrap(), 0);
        return killed;
    }
}

/// Compares each case, killed up to `kills` times, with the same run without interruption. Returns the number of kills.
fn survives(cases: &[Case], kills: u32) -> u32 {
    let workspace = Workspace::new();
    let mut killed = 0;
    for (number, case) in cases.iter().enumerate() {
        case.write(&workspace);
        let begun = Instant::now();
        exits(&case.command(&workspace, "whole").output().unwrap(), 0);
        let whole = begun.elapsed();
        let mut random = Stream::new(1, "kills", number as u64);
        killed += run_with_kills(case, &workspace, whole, kills, &mut random);
        case.left(&workspace, "killed").assert_same(&case.left(&workspace, "whole"), &case.name);
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

/// Diverges in the first epoch, at least twice.
const REDUCED: &str = "[optimizer]\ntype = \"sgd\"\nlr = 1e38\nmomentum = 0.9\n[on_divergence]\naction = \"reduce\"\nfactor = 1e-20\ntimes = 9";

/// Returns the shipped `[optimizer]` table, and the tables that belong to it.
fn shipped(name: &str) -> String {
    toml::to_string(&shipped_update(name)).unwrap()
}

#[test]
fn killed_runs_resume_to_the_bit() {
    let table = |name: &str| format!("[optimizer]\ntype = \"{name}\"\n");
    let cases = [
        Case::new("adam_plateau", MODELS[0], &(table("adam") + RULES[0] + "\n[ema]\ndecay = 0.9")),
        Case::new("free", MODELS[1], &(table("schedule_free_adamw") + "[early_stop]\npatience = \"5 epochs\"")),
        Case::new("lbfgs", MODELS[0], &shipped("lbfgs")),
        Case::new("augmented", MODELS[2], &(AUGMENTED.to_owned() + &table("nadam"))),
        Case::new("reduced", MODELS[0], REDUCED),
        // With a checkpoint at each step, most kills hit a half-written checkpoint.
        Case { every: "1 steps", ..Case::new("writing", MODELS[0], &table("adamw")) },
    ];
    assert!(survives(&cases, 3) > 0);
}

fn table_of_adam() -> String {
    "[optimizer]\ntype = \"adam\"\n".to_owned()
}

/// Tests every optimizer with one of the models, every schedule and every model with Adam, and each of [`RULES`] with
/// three pairs of a model and an optimizer.
#[test]
#[ignore = "takes an hour: scripts/torture"]
fn every_killed_optimizer_and_rule_resumes_to_the_bit() {
    let mut cases = Vec::new();
    for (entry, number) in REGISTRY.iter().zip(0..) {
        // The shipped groups name parameters of a multilayer perceptron.
        cases.push(Case::new(entry.name, MODELS[number % 2], &shipped(entry.name)));
    }
    for (rule, number) in RULES.iter().zip(0..) {
        for (model, optimizer) in MODELS.iter().zip(["sgd", "adamw", "rmsprop"]) {
            let momentum = if optimizer == "adamw" { "" } else { "momentum = 0.9\n" };
            let table = format!("[optimizer]\ntype = \"{optimizer}\"\nlr = 0.001\nweight_decay = 0.01\n{momentum}");
            cases.push(Case::new(&format!("rule_{number}_{optimizer}"), model, &(table + rule)));
        }
    }
    for entry in schedule::REGISTRY {
        // The examples are for longer runs. The patience of a metric-driven rule is in epochs.
        let example = match entry.example.contains("monitor") {
            true => entry.example.to_owned(),
            false => entry.example.replace(" epochs\"", " steps\""),
        };
        let tables = format!("{}[schedule]\n{example}\n", table_of_adam());
        cases.push(Case::new(&format!("schedule_{}", entry.name), MODELS[0], &tables));
    }
    for entry in model::REGISTRY {
        cases.push(Case::new(&format!("model_{}", entry.name), entry.example, &table_of_adam()));
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
