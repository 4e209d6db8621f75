//! The process around a command: arguments, logging, panics and the exit code.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use super::bug::{bug_report, guarded};
use super::{Cli, Computation, Error, execute};
use crate::exit::Exit;

/// Parses the arguments of this process and executes its command. `compute` executes the commands that need libtorch.
/// `libtorch` is the version that a bug report names.
pub fn run_process(libtorch: &str, compute: impl FnOnce(Computation) -> Result<Exit, Error>) -> ExitCode {
    let cli = Cli::parse();
    start_logging(cli.show().map_or(0, |show| show.verbose));
    let libtorch = libtorch.to_owned();
    std::panic::set_hook(Box::new(move |panic| {
        // A closed standard error must not cause another panic.
        let _ = writeln!(std::io::stderr(), "{}", bug_report(panic, &libtorch));
    }));
    let exit = guarded(|| {
        execute(cli, compute).unwrap_or_else(|error| {
            error.print();
            error.exit
        })
    });
    exit.into()
}

/// Starts logging to standard error: warnings, and more with `-v`. If `RUST_LOG` is set, it decides instead.
fn start_logging(verbose: u8) {
    let level = ["warn", "lr_run=info,lr_run_core=info", "lr_run=debug,lr_run_core=debug"][usize::from(verbose.min(2))];
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let colors = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    logs.with_ansi(colors).with_target(false).init();
}
