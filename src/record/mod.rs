//! Everything that goes out: [`Event`] and its sinks.

mod event;

pub use event::*;

/// Something that events go to.
pub trait Sink {
    /// Takes one event. An error ends the run as `failed`.
    fn on(&mut self, event: &Event) -> std::io::Result<()>;
}
