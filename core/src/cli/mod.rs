//! The command line ([`Cli`]), one file per command. The commands here need no libtorch. The commands that compute are
//! in `lr_run::run`.

mod args;
mod bug;
mod compare;
mod compare_args;
mod compare_files;
mod data;
mod diff;
mod error;
mod fetch;
mod list;
mod machine;
mod output;
mod path;
mod predict;
mod preview;
mod process;
mod shell;
mod started;
mod terminal;

use std::io::Write;

use crate::exit::Exit;
use crate::plan::{Machine, Plan, plan};
use crate::spec::{Findings, Spec};

pub use args::{Cli, Command, EvalArgs, PredictArgs, RunArgs, ShowArgs, Split};
pub use error::Error;
pub use fetch::FetchProgress;
pub use machine::{MachineMemory, any_device, machine};
pub use process::run_process;
pub use started::started;

/// A command that needs libtorch.
#[derive(Debug)]
pub enum Computation {
    /// `lr-run SPEC…`: training.
    Run(RunArgs),
    /// `lr-run eval RUN`: evaluation of a finished run.
    Eval(EvalArgs),
    /// `lr-run predict RUN`: predictions of a finished run for new rows.
    Predict(PredictArgs),
}

/// Executes the command of `cli`. `compute` executes the commands that need libtorch.
fn execute(cli: Cli, compute: impl FnOnce(Computation) -> Result<Exit, Error>) -> Result<Exit, Error> {
    match cli.command {
        None => compute(Computation::Run(cli.run)),
        Some(Command::Eval(args)) => compute(Computation::Eval(args)),
        Some(Command::Predict(args)) => compute(Computation::Predict(args)),
        Some(Command::Data(args)) => data::data(&args),
        Some(Command::Fetch(args)) => fetch::fetch(&args),
        Some(Command::Compare(args)) => compare::compare(&args),
        Some(Command::Diff(args)) => diff::diff(&args),
        Some(Command::Preview(args)) => preview::preview(&args),
        Some(Command::Path(args)) => path::path(&args),
        Some(Command::List) => list::list(),
        Some(Command::Completions { shell }) => shell::completions(shell),
    }
}

impl Cli {
    /// Returns the options for output. `None` for a command without them.
    pub fn show(&self) -> Option<ShowArgs> {
        match &self.command {
            None => Some(self.run.show),
            Some(Command::Eval(args)) => Some(args.show),
            Some(Command::Predict(args)) => Some(args.show),
            Some(Command::Fetch(args)) => Some(args.show),
            Some(_) => None,
        }
    }
}

/// Prints `text` on standard output. A reader that has closed the pipe (`| head`) is not an error.
pub fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Plans each run of `spec` on `machine`. Warnings go to standard error.
pub fn plan_all(spec: &Spec, machine: &Machine<'_>) -> Result<Vec<Plan>, Error> {
    let (plans, warnings) = plan(spec, machine)?;
    print_warnings(&warnings);
    Ok(plans)
}

/// Prints the warnings of a plan on standard error.
pub fn print_warnings(warnings: &Findings) {
    if !warnings.is_empty() {
        let _ = writeln!(std::io::stderr(), "{}\n", error::render(warnings));
    }
}
