//! Every optimizer, run as a person runs it, on a real slice of MNIST.

use std::fs;
use std::path::PathBuf;

use lr_run::optimizer::REGISTRY;

use crate::support::{SLICE, Workspace, column, exits, rows, shipped_update};

/// Runs specs of the slice in one process, each with its own tables after data and model. Returns the rows of each run
/// and its folder.
fn run(workspace: &Workspace, specs: &[(String, String)]) -> Vec<(Vec<Vec<String>>, PathBuf)> {
    let mut command = workspace.command(&["--quiet"]);
    for (name, tables) in specs {
        let text = format!(
            "epochs = 2\ndevice = \"cpu\"\nthreads = 1\n[data]\ntype = \"mnist\"\ndir = '{SLICE}'\nbatch_size = 32\n\
             validation = 500\n[model]\ntype = \"mlp\"\nhidden = [32]\n{tables}\n"
        );
        workspace.write(&format!("{name}.toml"), &text);
        command.arg(format!("{name}.toml"));
    }
    exits(&command.output().unwrap(), 0);
    let folder = |(name, _): &(String, String)| workspace.path("results").join(name).join("seed=1");
    specs.iter().map(folder).map(|path| (rows(&path), path)).collect()
}

#[test]
fn each_optimizer_learns_at_its_shipped_rate() {
    let specs: Vec<(String, String)> = REGISTRY
        .iter()
        .map(|entry| {
            let update = shipped_update(entry.name);
            assert_eq!(update["optimizer"]["type"].as_str(), Some(entry.name));
            (entry.name.to_owned(), toml::to_string(&update).unwrap())
        })
        .collect();
    let workspace = Workspace::new();
    for ((name, _), (rows, _)) in specs.iter().zip(run(&workspace, &specs)) {
        let loss = column(&rows, "val_loss");
        assert!(loss[2] < loss[0], "{name}: {loss:?}");
        if rows[0].contains(&"effective_lr".to_owned()) {
            let rates = column(&rows, "effective_lr");
            assert!(rates[1..].iter().all(|&rate| rate > 0.0), "{name}: {rates:?}");
        }
    }
}

#[test]
fn saved_weights_are_the_weights_of_the_evaluation() {
    let workspace = Workspace::new();
    let table = "[optimizer]\ntype = \"schedule_free_sgd\"\nlr = 0.5".to_owned();
    let ran = run(&workspace, &[("averaged".to_owned(), table)]);
    let (rows, path) = &ran[0];
    let scores = workspace.exits(&["eval", path.to_str().unwrap(), "--split", "val", "--json"], 0);
    let scores: serde_json::Value = serde_json::from_str(&scores).unwrap();
    assert_eq!(scores["loss"].as_f64(), Some(column(rows, "val_loss")[2]));
}

#[test]
fn ema_is_evaluated_next_to_the_weights() {
    let workspace = Workspace::new();
    let tables = |decay: f64| format!("[optimizer]\ntype = \"sgd\"\nlr = 0.1\n[ema]\ndecay = {decay}");
    let specs = [("none".to_owned(), tables(0.0)), ("slow".to_owned(), tables(0.98))];
    let ran = run(&workspace, &specs);
    for ((name, _), (rows, path)) in specs.iter().zip(&ran) {
        let (raw, averaged) = (column(rows, "val_loss"), column(rows, "ema_loss"));
        // Before the first step there is no average.
        assert!(averaged[0].is_nan() && averaged[1] != averaged[2], "{averaged:?}");
        let [weights, ema] = ["weights", "ema"].map(|it| fs::read(path.join(format!("{it}.safetensors"))).unwrap());
        // With a decay of 0, the average equals the weights.
        assert_eq!(raw[1..] == averaged[1..], name == "none");
        assert_eq!(weights == ema, name == "none");
    }
    // The average does not change the run itself.
    assert_eq!(column(&ran[0].0, "val_loss"), column(&ran[1].0, "val_loss"));
}

/// If an optimizer evaluates other weights than those it trains, the running statistics of training are not those of
/// the evaluated weights. They must be computed again for the weights that are saved.
#[test]
fn running_statistics_belong_to_the_saved_weights() {
    let workspace = Workspace::new();
    let wave = |i: usize| (0.7 * i as f32).sin();
    let rows: Vec<[f32; 3]> = (0..64).map(|i| [wave(i), wave(3 * i + 1), wave(5 * i + 2)]).collect();
    let lines: Vec<String> = rows.iter().map(|[a, b, c]| format!("{a},{b},{c},{}\n", a * b + c)).collect();
    workspace.write("data.csv", &format!("a,b,c,y\n{}", lines.concat()));
    let inputs = tch::Tensor::from_slice(rows.as_flattened()).view([64, 3]);
    let lag = |optimizer: &str| {
        let name = optimizer.split('"').nth(1).unwrap();
        let spec = format!(
            "epochs = 3\ndevice = \"cpu\"\n[data]\ntype = \"csv\"\npath = \"data.csv\"\ntarget = \"y\"\nbatch_size = 16\n\
             validation = 0\nnormalize = \"none\"\n[model]\ntype = \"mlp\"\nhidden = [8]\nbatch_norm = true\n\
             [optimizer]\n{optimizer}\n"
        );
        workspace.write(&format!("{name}.toml"), &spec);
        workspace.exits(&["--quiet", &format!("{name}.toml")], 0);
        let path = workspace.path(format!("results/{name}/seed=1/weights.safetensors"));
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
