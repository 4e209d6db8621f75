//! The process: arguments, logging, and the exit code.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use clap::Parser;
use lr_run::cli::{Cli, bug_report, guarded};
use lr_run::run::execute;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let cli = Cli::parse();
    start_logging(cli.show().map_or(0, |show| show.verbose));
    std::panic::set_hook(Box::new(|panic| {
        // A closed standard error must not cause another panic.
        let _ = writeln!(std::io::stderr(), "{}", bug_report(panic, &lr_run::libtorch::version()));
    }));
    let exit = guarded(|| {
        execute(cli).unwrap_or_else(|error| {
            error.print();
            error.exit
        })
    });
    exit.into()
}

/// Starts logging to standard error: warnings, and more with `-v`. `RUST_LOG` selects in detail.
fn start_logging(verbose: u8) {
    let level = ["warn", "lr_run=info", "lr_run=debug"][usize::from(verbose.min(2))];
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let colors = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    logs.with_ansi(colors).with_target(false).init();
}
