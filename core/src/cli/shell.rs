//! `lr-run completions SHELL`: prints completions for a shell.

use clap::CommandFactory;

use super::{Cli, Error, print};
use crate::exit::Exit;

/// Prints completions for `shell`.
pub fn completions(shell: clap_complete::Shell) -> Result<Exit, Error> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "lr-run", &mut script);
    print(&String::from_utf8_lossy(&script));
    Ok(Exit::Success)
}
