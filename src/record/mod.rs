//! Everything that goes out: [`Event`] and its sinks.

mod aside;
mod canonical;
mod curve;
mod directory;
mod epochs_csv;
mod event;
#[cfg(test)]
pub(crate) mod example;
mod fanout;
mod json_lines;
mod layout;
mod lock;
mod machine;
pub mod number;
mod page;
mod run_json;
mod terminal;
mod whole;

pub use canonical::spec_hash;
pub use curve::{Curve, CurveError};
pub use directory::{CHECKPOINT, EPOCHS_CSV, OpenError, Opened, RUN_JSON, RunDirectory, SPEC_TOML};
pub use epochs_csv::EpochsCsv;
pub use event::*;
pub use fanout::Fanout;
pub use json_lines::JsonLines;
pub use layout::{Cell, Layout};
pub use lock::is_held;
pub use page::Page;
pub use run_json::{Facts, Process, RunJson, RunRecord, RunRecordError, SCHEMA, Timings, Versions};
pub use terminal::Terminal;
pub use whole::write_whole;

/// Something that events go to.
pub trait Sink {
    /// Takes one event. An error ends the run as `failed`.
    fn on(&mut self, event: &Event) -> std::io::Result<()>;
}
