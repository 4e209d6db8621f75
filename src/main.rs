//! `lr-run`, the program that people start. It runs every command that needs no libtorch. For the other commands it
//! replaces itself with `lr-run-torch` from the same folder. So only they load libtorch, which takes half a second and
//! 100 MB.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use lr_run_core::cli::{Error, run_process};
use lr_run_core::exit::Exit;

/// The program that computes.
const TORCH: &str = "lr-run-torch";

fn main() -> ExitCode {
    run_process("not loaded", |_| become_torch())
}

/// Replaces this process with the program that computes. So process id, signals and exit code need no forwarding.
/// Returns only if there is an error.
fn become_torch() -> Result<Exit, Error> {
    let program = torch().map_err(Error::failed)?;
    let mut arguments = std::env::args_os();
    let own_name = arguments.next().unwrap_or_else(|| "lr-run".into());
    let error = Command::new(&program).arg0(own_name).args(arguments).exec();
    let help = format!("`lr-run` and `{TORCH}` must be in the same folder: scripts/run builds both");
    Err(Error::failed(format!("{}: {error}", program.display())).with_help(&help))
}

/// Returns the path of [`TORCH`].
fn torch() -> std::io::Result<PathBuf> {
    // A link to `lr-run`, in ~/.local/bin for example, is followed.
    Ok(std::env::current_exe()?.with_file_name(TORCH))
}
