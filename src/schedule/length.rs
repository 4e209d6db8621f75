//! A duration of a rule, in steps, rounded to whole ones. A percentage is of all that the rule's moments count from: of the
//! run or the phase, a warm-up before the rule included unless its `clock` is `"after"`.

use super::{Context, words};
use crate::spec::{Diagnostic, Duration, Horizon, Section};

/// A duration as the spec words it, and the steps it comes to: at least one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Length {
    pub written: Duration,
    pub steps: u64,
}

impl Length {
    /// The duration under `key`; a missing, wrong or empty one is logged.
    pub fn required(section: &mut Section<'_>, key: &'static str, context: &Context<'_>) -> Option<Length> {
        let written = section.required::<Duration>(key)?;
        Length::new(section, key, written, whole(context))
    }

    /// The duration under `key`, or `default` where it is not written.
    pub fn or(
        section: &mut Section<'_>,
        key: &'static str,
        default: Duration,
        context: &Context<'_>,
    ) -> Option<Length> {
        let written = section.or(key, default);
        Length::new(section, key, written, whole(context))
    }

    /// The duration under `key`, where it is written.
    pub fn optional(section: &mut Section<'_>, key: &'static str, context: &Context<'_>) -> Option<Option<Length>> {
        if !section.has(key) {
            section.ask(key);
            return Some(None);
        }
        let written = section.optional::<Duration>(key)?;
        Length::new(section, key, written, whole(context)).map(Some)
    }

    /// The moment under `key`, or `default`. A moment is counted from where the spec's table begins, its warm-up
    /// included; the steps are those of the rule's own clock.
    pub fn until(
        section: &mut Section<'_>,
        key: &'static str,
        default: Duration,
        context: &Context<'_>,
    ) -> Option<Length> {
        let written = section.or(key, default);
        Length::moment(section, key, written, context)
    }

    /// The moment `written`, which stands under `key`.
    pub fn moment(section: &Section<'_>, key: &str, written: Duration, context: &Context<'_>) -> Option<Length> {
        let whole = Length::new(section, key, written, whole(context))?;
        if whole.steps <= context.lead {
            let message = format!("`{}` lies in the warm-up", section.dotted(key));
            let label = format!("step {}; the warm-up takes {}", whole.steps, words::count(context.lead, "step"));
            let found = Diagnostic::error(message).at(section.place_of(key)).label(label);
            section.log().push(found.help("in `warmup`, `clock = \"after\"` counts from the end of the warm-up"));
            return None;
        }
        Some(Length { steps: whole.steps - context.lead, ..whole })
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

    /// Warns that `what` ("the cosine ends") comes after the end of `total` steps.
    pub fn warn_beyond(self, total: u64, section: &Section<'_>, key: &str, what: &str) {
        if self.steps > total {
            self.warn(total, section, key, what);
        }
    }

    /// Warns that `what` ("the first drop comes") is not seen: the last of `total` steps is before it.
    pub fn warn_unseen(self, total: u64, section: &Section<'_>, key: &str, what: &str) {
        if self.steps >= total {
            self.warn(total, section, key, what);
        }
    }

    fn warn(self, total: u64, section: &Section<'_>, key: &str, what: &str) {
        let message = format!("`{}`: {what} after the last step", section.dotted(key));
        let label = format!("step {}; there are {}", self.steps, words::count(total, "step"));
        section.log().push(Diagnostic::warning(message).at(section.place_of(key)).label(label));
    }

    /// Whether it was written as the whole.
    pub fn is_whole(self) -> bool {
        self.written == Duration::Percent(100.0)
    }

    /// Steps as a number to divide by.
    pub fn f64(self) -> f64 {
        self.steps as f64
    }
}

/// What a percentage is of.
fn whole(context: &Context<'_>) -> Horizon {
    let total_steps = context.horizon.total_steps.saturating_add(context.lead);
    Horizon { total_steps, ..context.horizon }
}
