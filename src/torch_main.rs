//! `lr-run-torch`: the program that computes. `lr-run` starts it when a command needs libtorch.

use std::process::ExitCode;

use lr_run::run::execute;
use lr_run_core::cli::run_process;

fn main() -> ExitCode {
    run_process(&lr_run::libtorch::version(), execute)
}
