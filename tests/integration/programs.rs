//! The two programs: `lr-run`, and `lr-run-torch`, which `lr-run` starts for a command that computes.

use std::fs;
use std::process::Command;

use super::support::{Workspace, exits, repository, text};

const SPEC: &str = "epochs = 1\n[data]\ntype = \"linear\"\n[model]\ntype = \"linear\"\n[optimizer]\ntype = \"sgd\"\n";

#[test]
fn lr_run_does_not_load_libtorch() {
    // With this variable, the loader lists the libraries of a program instead of starting it.
    let libraries = |program: &str| {
        let listed = Command::new(program).env("LD_TRACE_LOADED_OBJECTS", "1").output().unwrap();
        text(&listed.stdout)
    };
    assert!(!libraries(env!("CARGO_BIN_EXE_lr-run")).contains("torch"));
    assert!(libraries(env!("CARGO_BIN_EXE_lr-run-torch")).contains("torch_cpu"));
}

#[test]
fn commands_without_computation_need_lr_run_alone() {
    let workspace = Workspace::with("spec.toml", SPEC);
    let program = workspace.path("lr-run");
    fs::copy(env!("CARGO_BIN_EXE_lr-run"), &program).unwrap();
    let lr_run =
        |arguments: &[&str]| Command::new(&program).current_dir(workspace.folder()).args(arguments).output().unwrap();
    let curve = repository("results/reference/mnist_adam.csv");
    let preview = ["preview", "spec.toml", "--metrics", curve.to_str().unwrap()];
    for arguments in
        [&["--version"][..], &["--help"], &["list"], &["path", "spec.toml"], &preview, &["completions", "bash"]]
    {
        exits(&lr_run(arguments), 0);
    }
    let output = lr_run(&["spec.toml"]);
    exits(&output, 1);
    let message = text(&output.stderr);
    assert!(
        message.contains("lr-run-torch: No such file") && message.contains("must be in the same folder"),
        "{message}"
    );
}

#[test]
fn link_to_lr_run_finds_lr_run_torch() {
    let workspace = Workspace::with("spec.toml", SPEC);
    let link = workspace.path("lr-run");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_lr-run"), &link).unwrap();
    let output = Command::new(&link).current_dir(workspace.folder()).args(["spec.toml", "--quiet"]).output().unwrap();
    exits(&output, 0);
}
