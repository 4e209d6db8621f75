//! The command line: what a person asks for ([`Cli`]), and one file for each thing it can be.

mod args;
mod bug;
mod compare;
mod eval;
mod fetch;
pub mod job;
mod list;
mod longer;
mod memory;
mod path;
mod preview;
mod resume;
mod run;
mod shell;

use std::io::Write;

use crate::exit::Exit;
use crate::plan::{Machine, Plan, plan};
use crate::record::OpenError;
use crate::spec::{Findings, Spec, SpecError};

pub use args::{Cli, Command, ShowArgs};
pub use bug::{bug_report, guarded};

/// Does what `cli` asks for.
pub fn execute(cli: Cli) -> Result<Exit, Error> {
    match cli.command {
        None => run::run(&cli.run),
        Some(Command::Eval(args)) => eval::eval(&args),
        Some(Command::Fetch(args)) => fetch::fetch(&args),
        Some(Command::Compare(args)) => compare::compare(&args),
        Some(Command::Preview(args)) => preview::preview(&args),
        Some(Command::Path(args)) => path::path(&args),
        Some(Command::List) => list::list(),
        Some(Command::Completions { shell }) => shell::completions(shell),
    }
}

impl Cli {
    /// How much is to be said.
    pub fn show(&self) -> Option<ShowArgs> {
        match &self.command {
            None => Some(self.run.show),
            Some(Command::Eval(args)) => Some(args.show),
            Some(Command::Fetch(args)) => Some(args.show),
            Some(_) => None,
        }
    }
}

/// Why a command came to nothing: the text for a person, and the exit code.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    message: String,
    pub exit: Exit,
    /// Whether the message says for itself that it is an error, as findings do.
    rendered: bool,
}

impl Error {
    /// The command line, the spec or the data is wrong.
    fn usage(message: impl ToString) -> Self {
        Error { message: message.to_string(), exit: Exit::Usage, rendered: false }
    }

    /// Something failed under way.
    fn failed(message: impl ToString) -> Self {
        Error { message: message.to_string(), exit: Exit::Failed, rendered: false }
    }

    /// Tells a person, on standard error.
    pub fn tell(&self) {
        let lead = if self.rendered { "" } else { "error: " };
        let _ = writeln!(std::io::stderr(), "{lead}{}", self.message);
    }
}

impl From<Findings> for Error {
    fn from(findings: Findings) -> Self {
        Error { rendered: true, ..Error::usage(render(&findings)) }
    }
}

impl From<SpecError> for Error {
    fn from(error: SpecError) -> Self {
        match error {
            SpecError::Findings(findings) => findings.into(),
            other => Error::usage(other),
        }
    }
}

impl From<OpenError> for Error {
    fn from(error: OpenError) -> Self {
        Error { exit: Exit::from(&error), message: error.to_string(), rendered: false }
    }
}

fn render(findings: &Findings) -> String {
    use std::io::IsTerminal;
    findings.render(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none())
}

/// Prints `text` on standard output. A reader that has gone (`| head`) is no error.
fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Plans each run of `spec` on this machine. Warnings go to standard error.
fn plan_all(spec: &Spec) -> Result<Vec<Plan>, Error> {
    let (plans, warnings) = plan(spec, &machine())?;
    tell_warnings(&warnings);
    Ok(plans)
}

fn tell_warnings(warnings: &Findings) {
    if !warnings.is_empty() {
        let _ = writeln!(std::io::stderr(), "{}\n", render(warnings));
    }
}

fn machine() -> Machine<'static> {
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    Machine { cuda: &cuda, cores, memory: memory::Memory::of_this_machine().total }
}

fn cuda() -> Result<usize, String> {
    crate::libtorch::load_cuda().inspect_err(|reason| tracing::info!(reason, "no CUDA"))?;
    Ok(tch::Cuda::device_count().max(0) as usize)
}
