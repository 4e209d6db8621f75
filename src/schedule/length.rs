//! A duration of a rule, in steps.

use super::words;
use crate::spec::{Diagnostic, Duration, Horizon, Section};

/// A duration as the spec words it, and the steps it comes to: at least one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Length {
    pub written: Duration,
    pub steps: u64,
}

impl Length {
    /// The duration under `key`; a missing, wrong or empty one is logged.
    pub fn required(section: &mut Section<'_>, key: &'static str, horizon: Horizon) -> Option<Length> {
        let written = section.required::<Duration>(key)?;
        Length::new(section, key, written, horizon)
    }

    /// The duration under `key`, or `default` where it is not written.
    pub fn or(section: &mut Section<'_>, key: &'static str, default: Duration, horizon: Horizon) -> Option<Length> {
        let written = section.or(key, default);
        Length::new(section, key, written, horizon)
    }

    fn new(section: &Section<'_>, key: &str, written: Duration, horizon: Horizon) -> Option<Length> {
        let steps = written.steps(horizon);
        if steps == 0 {
            let message = format!("`{}` comes to 0 steps", section.dotted(key));
            let of = match written {
                Duration::Steps(_) => String::new(),
                Duration::Epochs(_) => format!("; an epoch has {}", words::count(horizon.steps_per_epoch, "step")),
                Duration::Percent(_) => format!("; there are {}", words::count(horizon.total_steps, "step")),
            };
            section.error(key, message, format!("expected at least one step{of}"));
            return None;
        }
        Some(Length { written, steps })
    }

    /// Warns that `what` ("the first drop comes") is not seen when this length is more than `steps`.
    pub fn warn_beyond(self, steps: u64, section: &Section<'_>, key: &str, what: &str) {
        if self.steps > steps {
            let message = format!("`{}`: {what} after the last step", section.dotted(key));
            let label = format!("step {}; there are {}", self.steps, words::count(steps, "step"));
            section.log().push(Diagnostic::warning(message).at(section.place_of(key)).label(label));
        }
    }
}
