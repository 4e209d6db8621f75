//! Every optimizer as a person runs it, on a real slice of MNIST: it learns, and what it finds is told.

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use lr_run::optimizer::REGISTRY;

const SLICE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/mnist_slice");

/// The shipped spec of an optimizer.
fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("experiments/optimizers/{name}.toml"))
}

/// Runs specs of the slice in one process, each with these tables after data and model; their rows, header first, and
/// where each has left its files.
fn run(folder: &Path, specs: &[(String, String)]) -> Vec<(Vec<Vec<String>>, PathBuf)> {
    let mut command = Command::cargo_bin("lr-run").unwrap();
    command.current_dir(folder).arg("--quiet");
    for (name, tables) in specs {
        let text = format!(
            "epochs = 2\ndevice = \"cpu\"\nthreads = 1\n[data]\ntype = \"mnist\"\ndir = '{SLICE}'\nbatch_size = 32\n\
             validation = 500\n[model]\ntype = \"mlp\"\nhidden = [32]\n{tables}\n"
        );
        fs::write(folder.join(format!("{name}.toml")), text).unwrap();
        command.arg(format!("{name}.toml"));
    }
    command.assert().success();
    let rows = |path: &Path| -> Vec<Vec<String>> {
        let text = fs::read_to_string(path.join("epochs.csv")).unwrap();
        text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect()
    };
    let place = |(name, _): &(String, String)| folder.join("results").join(name).join("seed=1");
    specs.iter().map(place).map(|path| (rows(&path), path)).collect()
}

fn column(rows: &[Vec<String>], name: &str) -> Vec<f64> {
    let at = rows[0].iter().position(|it| it == name).unwrap_or_else(|| panic!("no {name} in {:?}", rows[0]));
    rows[1..].iter().map(|row| row[at].parse().unwrap_or(f64::NAN)).collect()
}

#[test]
fn each_learns_at_its_shipped_rate() {
    let specs: Vec<(String, String)> = REGISTRY
        .iter()
        .map(|entry| {
            let path = shipped(entry.name);
            let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let mut spec: toml::Table = text.parse().unwrap();
            spec.retain(|key, _| matches!(key, "optimizer" | "schedule" | "group" | "clip_grad"));
            assert_eq!(spec["optimizer"]["type"].as_str(), Some(entry.name), "{}", path.display());
            (entry.name.to_owned(), toml::to_string(&spec).unwrap())
        })
        .collect();
    let folder = tempfile::tempdir().unwrap();
    for ((name, _), (rows, _)) in specs.iter().zip(run(folder.path(), &specs)) {
        let loss = column(&rows, "val_loss");
        assert!(loss[2] < loss[0], "{name}: {loss:?}");
        if rows[0].contains(&"effective_lr".to_owned()) {
            let rates = column(&rows, "effective_lr");
            assert!(rates[1..].iter().all(|&rate| rate > 0.0), "{name}: {rates:?}");
        }
    }
}

#[test]
fn what_a_method_evaluates_with_is_what_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let table = "[optimizer]\ntype = \"schedule_free_sgd\"\nlr = 0.5".to_owned();
    let ran = run(folder.path(), &[("averaged".to_owned(), table)]);
    let (rows, path) = &ran[0];
    let mut command = Command::cargo_bin("lr-run").unwrap();
    let command = command.current_dir(folder.path()).args(["eval", path.to_str().unwrap(), "--split", "val", "--json"]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let scores: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(scores["loss"].as_f64(), Some(column(rows, "val_loss")[2]));
}

#[test]
fn an_average_of_the_weights_is_evaluated_beside_them() {
    let folder = tempfile::tempdir().unwrap();
    let tables = |decay: f64| format!("[optimizer]\ntype = \"sgd\"\nlr = 0.1\n[ema]\ndecay = {decay}");
    let specs = [("none".to_owned(), tables(0.0)), ("slow".to_owned(), tables(0.98))];
    let ran = run(folder.path(), &specs);
    for ((name, _), (rows, path)) in specs.iter().zip(&ran) {
        let (raw, averaged) = (column(rows, "val_loss"), column(rows, "ema_loss"));
        // Before the first step there is no average.
        assert!(averaged[0].is_nan() && averaged[1] != averaged[2], "{averaged:?}");
        let [weights, ema] = ["weights", "ema"].map(|it| fs::read(path.join(format!("{it}.safetensors"))).unwrap());
        // Without a memory the average is the weights.
        assert_eq!(raw[1..] == averaged[1..], name == "none");
        assert_eq!(weights == ema, name == "none");
    }
    // The average changes nothing of the run itself.
    assert_eq!(column(&ran[0].0, "val_loss"), column(&ran[1].0, "val_loss"));
}

/// Where the weights to evaluate with are others than those trained, running statistics that training gathered do not
/// belong to them.
#[test]
fn running_statistics_are_of_the_weights_that_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let wave = |i: usize| (0.7 * i as f32).sin();
    let rows: Vec<[f32; 3]> = (0..64).map(|i| [wave(i), wave(3 * i + 1), wave(5 * i + 2)]).collect();
    let lines: Vec<String> = rows.iter().map(|[a, b, c]| format!("{a},{b},{c},{}\n", a * b + c)).collect();
    fs::write(folder.path().join("data.csv"), format!("a,b,c,y\n{}", lines.concat())).unwrap();
    let inputs = tch::Tensor::from_slice(rows.as_flattened()).view([64, 3]);
    let lag = |optimizer: &str| {
        let name = optimizer.split('"').nth(1).unwrap();
        let spec = format!(
            "epochs = 3\ndevice = \"cpu\"\n[data]\ntype = \"csv\"\npath = \"data.csv\"\ntarget = \"y\"\nbatch_size = 16\n\
             validation = 0\nnormalize = \"none\"\n[model]\ntype = \"mlp\"\nhidden = [8]\nbatch_norm = true\n\
             [optimizer]\n{optimizer}\n"
        );
        fs::write(folder.path().join(format!("{name}.toml")), spec).unwrap();
        let mut command = Command::cargo_bin("lr-run").unwrap();
        command.current_dir(folder.path()).args(["--quiet", &format!("{name}.toml")]).assert().success();
        let path = folder.path().join(format!("results/{name}/seed=1/weights.safetensors"));
        let weights: std::collections::HashMap<_, _> =
            tch::Tensor::read_safetensors(path).unwrap().into_iter().collect();
        let of = |name: &str| &weights[name];
        let hidden = inputs.linear(of("layers.0.weight"), Some(of("layers.0.bias")));
        let mean = hidden.mean_dim(0i64, false, tch::Kind::Float);
        (mean - of("norms.0.running_mean")).abs().max().double_value(&[])
    };
    assert!(lag("type = \"schedule_free_sgd\"\nlr = 0.5") < 1e-6);
    assert!(lag("type = \"sgd\"\nlr = 0.5") > 1e-3);
}
