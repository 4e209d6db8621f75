//! `--quiet`: prints only warnings and a divergence.

use std::io::{self, Stderr, Write};

use super::Sink;
use super::event::{Divergence, Event};
use super::number::rate;

/// Writes warnings, and the divergence of a run, to `out`.
pub struct Quiet<W> {
    out: W,
}

impl Quiet<Stderr> {
    /// Writes to standard error.
    pub fn stderr() -> Self {
        Quiet { out: io::stderr() }
    }
}

impl<W: Write> Sink for Quiet<W> {
    /// Writes the event. Errors are ignored, so that a closed standard error does not end the run.
    fn on(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Warning(warning) => {
                let _ = writeln!(self.out, "warning: {warning}");
            }
            Event::Ended(outcome) => {
                if let Some(Divergence { step, lr, loss }) = &outcome.diverged {
                    let _ = writeln!(
                        self.out,
                        "warning: diverged at step {step}: the loss is {loss}, the learning rate {}",
                        rate(*lr)
                    );
                }
            }
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::event::Outcome;
    use super::super::example::{events, outcome};
    use super::super::warning::Warning;
    use super::*;

    fn written(events: &[Event]) -> String {
        let mut quiet = Quiet { out: Vec::new() };
        events.iter().for_each(|event| quiet.on(event).unwrap());
        String::from_utf8(quiet.out).unwrap()
    }

    #[test]
    fn only_warnings_and_a_divergence_are_written() {
        let without_warnings: Vec<Event> =
            events().into_iter().filter(|event| !matches!(event, Event::Warning(_))).collect();
        assert_eq!(written(&without_warnings), "");
        let warning = Event::Warning(Warning::TestPartDecides);
        assert!(written(&[warning]).starts_with("warning: no examples are held out"));
        let diverged = Some(Divergence { step: 7, lr: 10.0, loss: "NaN".into() });
        let end = Event::Ended(Box::new(Outcome { diverged, ..outcome() }));
        assert_eq!(written(&[end]), "warning: diverged at step 7: the loss is NaN, the learning rate 10\n");
    }
}
