//! Frozen groups: their parameters do not exist for training, whatever the optimizer.

use crate::support::{Workspace, column};

/// Returns the beginning of a spec that fits a line whose weight and bias start at 0.
fn line(data: &str, steps: u64) -> String {
    format!(
        "steps = {steps}\nseed = 1\nthreads = 1\ndevice = \"cpu\"\n\
         [data]\ntype = \"linear\"\npoints = 100\nvalidation = 0\nbatch_size = 100\n{data}\n\
         [model]\ntype = \"linear\"\ninit = \"zeros\"\nbias_init = \"zeros\"\n"
    )
}

/// Runs a spec. Returns slope and intercept of its line after the last step.
fn fitted(spec: &str) -> [f64; 2] {
    let workspace = Workspace::with("frozen.toml", spec);
    workspace.exits(&["frozen.toml", "--quiet"], 0);
    let record = workspace.record("results/frozen/seed=1");
    ["slope", "intercept"].map(|name| record["fitted"][name].as_f64().unwrap())
}

const STILL: [&str; 2] = ["freeze = true", "lr_mult = 0"];

/// Rprop's step sizes grow from a minimum even at rate 0.
#[test]
fn rprop_does_not_move_a_frozen_bias() {
    for still in STILL {
        let group = format!("[[group]]\nname = \"still\"\nparams = [\"linear.bias\"]\n{still}\n");
        for steps in [1, 10, 100] {
            let [slope, intercept] = fitted(&format!("{}[optimizer]\ntype = \"rprop\"\n{group}", line("", steps)));
            assert_eq!(intercept, 0.0, "{still}, {steps} steps");
            assert!(slope > 0.0);
        }
    }
}

/// The weight's own gradient, 0.708, is above the norm, so a step of SGD with lr = 1 moves it by lr · norm.
#[test]
fn the_gradient_of_a_frozen_bias_is_in_no_norm() {
    let data = "slope = 0.1\nintercept = 10\nnoise = 0";
    for still in STILL {
        let spec = format!(
            "{}[clip_grad]\nnorm = 0.1\n[optimizer]\ntype = \"sgd\"\nlr = 1.0\n\
             [[group]]\nname = \"still\"\nparams = [\"linear.bias\"]\n{still}\n",
            line(data, 1)
        );
        let [slope, intercept] = fitted(&spec);
        assert!((slope.abs() - 0.1).abs() < 1e-6, "{still}: {slope}");
        assert_eq!(intercept, 0.0);
    }
}

/// Both spellings are the same experiment. A frozen group has a rate of 0, even with an optimizer that takes no groups.
#[test]
fn the_resolved_spec_and_the_curve_say_that_a_group_is_frozen() {
    let spec = |still: &str| {
        format!(
            "{}[optimizer]\ntype = \"lbfgs\"\n[[group]]\nname = \"still\"\nparams = [\"linear.bias\"]\n{still}\n",
            line("", 2)
        )
    };
    let hashes = STILL.map(|still| {
        let workspace = Workspace::with("frozen.toml", &spec(still));
        let shown = workspace.exits(&["frozen.toml"], 0);
        assert!(shown.contains("still: 1 parameters, frozen"), "{shown}");
        assert_eq!(column(&workspace.rows("results/frozen/seed=1"), "lr.still")[1..], [0.0, 0.0]);
        workspace.record("results/frozen/seed=1")["spec_hash"].clone()
    });
    assert_eq!(hashes[0], hashes[1]);
    let moving = Workspace::with("frozen.toml", &spec("lr_mult = 0.5"));
    moving.exits(&["frozen.toml"], 2);
}

/// Some optimizers evaluate a batch again. There, a trained batch normalization leaves its running statistics alone,
/// but a frozen one must still use them.
#[test]
fn every_optimizer_trains_next_to_a_frozen_batch_normalization() {
    let workspace = Workspace::new();
    let mut arguments = Vec::new();
    for entry in lr_run::optimizer::REGISTRY {
        let name = format!("{}.toml", entry.name);
        let spec = format!(
            "steps = 2\nthreads = 1\ndevice = \"cpu\"\n[data]\ntype = \"linear\"\npoints = 40\nbatch_size = 20\n\
             [model]\ntype = \"mlp\"\nhidden = [4]\nbatch_norm = true\n[optimizer]\n{}\n\
             [[group]]\nname = \"norms\"\nparams = [\"norms.*\"]\nfreeze = true\n",
            entry.example
        );
        workspace.write(&name, &spec);
        arguments.push(name);
    }
    let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    arguments.push("--quiet");
    workspace.exits(&arguments, 0);
}
