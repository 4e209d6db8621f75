//! The error of a command: a message for a person, and an exit code.

use std::io::{IsTerminal, Write};

use crate::exit::Exit;
use crate::record::OpenError;
use crate::spec::{Findings, SpecError};

/// An error that ends a command.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    message: String,
    pub exit: Exit,
    /// True if the message already begins with `error:`, as rendered findings do.
    rendered: bool,
}

impl Error {
    /// Creates an error in the command line, the spec or the data.
    pub fn usage(message: impl ToString) -> Self {
        Error { message: message.to_string(), exit: Exit::Usage, rendered: false }
    }

    /// Creates an error for something that failed while running.
    pub fn failed(message: impl ToString) -> Self {
        Error { message: message.to_string(), exit: Exit::Failed, rendered: false }
    }

    /// Returns the message.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Adds a line of help to the message.
    pub fn with_help(self, help: &str) -> Self {
        Error { message: format!("{}\nhelp: {help}", self.message), ..self }
    }

    /// Prints the error on standard error.
    pub fn print(&self) {
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

/// Renders findings for standard error, with colour on a terminal.
pub(super) fn render(findings: &Findings) -> String {
    findings.render(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none())
}
