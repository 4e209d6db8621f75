//! Everything that a person or a script sees of a run: [`Event`] and its sinks, and the files in a run's folder.

mod atomic_write;
mod canonical;
mod curve;
mod date;
mod directory;
mod epochs_csv;
mod event;
#[cfg(test)]
pub(crate) mod example;
mod experiment;
mod fanout;
pub mod files;
mod json_lines;
mod layout;
mod lock;
mod machine;
pub mod number;
mod page;
mod previous;
mod quiet;
mod run_json;
mod space;
mod started;
mod terminal;
mod warning;
mod words;

pub use atomic_write::atomic_write;
pub use canonical::{differences, lines_of, spec_hash};
pub use curve::{Curve, CurveError};
pub use date::seconds_since_1970;
pub use directory::{OpenError, Opened, RunDirectory};
pub use epochs_csv::EpochsCsv;
pub use event::*;
pub use experiment::Experiment;
pub use fanout::Fanout;
pub use files::{BEST_WEIGHTS, CHECKPOINT, EMA_WEIGHTS, EPOCHS_CSV, PREPROCESSING, RUN_JSON, SPEC_TOML, WEIGHTS};
pub use json_lines::JsonLines;
pub use layout::{Cell, Layout};
pub use lock::is_held;
pub use page::Page;
pub use quiet::Quiet;
pub use run_json::{Build, Facts, Process, RunJson, RunRecord, RunRecordError, SCHEMA, Timings, Versions};
pub use space::{FreeSpace, Reserve, is_full};
pub use started::*;
pub use terminal::Terminal;
pub use warning::{EXPLOSION, Warning};
pub use words::{Access, in_words};

/// A consumer of events.
pub trait Sink {
    /// Processes one event. An error ends the run with the status `failed`.
    fn on(&mut self, event: &Event) -> std::io::Result<()>;
}
