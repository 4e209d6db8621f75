//! The durations of a rule, in whole steps.
//!
//! A percentage refers to the length of the run or the phase. This length includes the warm-up before the rule, unless
//! the `clock` of the warm-up is `"after"`.

use super::{Context, words};
use crate::spec::{Diagnostic, Duration, Horizon, Section};

/// A duration as the spec writes it, and its length in steps: at least 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Length {
    pub written: Duration,
    pub steps: u64,
}

impl Length {
    /// Returns the duration under `key`. `None` (logged) if it is missing, wrong or 0 steps long.
    pub fn required(section: &mut Section<'_>, key: &'static str, context: &Context<'_>) -> Option<Length> {
        let written = section.required::<Duration>(key)?;
        Length::new(section, key, written, whole(context))
    }

    /// Returns the duration under `key`. `Some(None)` means 0 steps. `None` (logged) if it is missing or wrong. Warns
    /// if a duration above 0 is rounded to 0 steps.
    pub fn required_or_none(
        section: &mut Section<'_>,
        key: &'static str,
        context: &Context<'_>,
    ) -> Option<Option<Length>> {
        let written = section.required::<Duration>(key)?;
        let horizon = whole(context);
        if written.steps(horizon) > 0 {
            return Length::new(section, key, written, horizon).map(Some);
        }
        let (Duration::Epochs(amount) | Duration::Percent(amount)) = written else { return Some(None) };
        if amount > 0.0 {
            let message = format!("`{}` is less than half a step, so it is rounded to 0 steps", section.dotted(key));
            let of = match written {
                Duration::Epochs(_) => format!("an epoch has {}", words::count(horizon.steps_per_epoch, "step")),
                _ => format!("the schedule has {}", words::count(horizon.total_steps, "step")),
            };
            section.log().push(Diagnostic::warning(message).at(section.place_of(key)).label(of));
        }
        Some(None)
    }

    /// Returns the duration under `key`, or `default` if it is not written. `None` (logged) if it is wrong or 0 steps
    /// long.
    pub fn or(
        section: &mut Section<'_>,
        key: &'static str,
        default: Duration,
        context: &Context<'_>,
    ) -> Option<Length> {
        let written = section.or(key, default);
        Length::new(section, key, written, whole(context))
    }

    /// Returns the duration under `key`. `Some(None)` means that it is not written. `None` (logged) if it is wrong or 0
    /// steps long.
    pub fn optional(section: &mut Section<'_>, key: &'static str, context: &Context<'_>) -> Option<Option<Length>> {
        if !section.has(key) {
            section.mark_known(key);
            return Some(None);
        }
        let written = section.optional::<Duration>(key)?;
        Length::new(section, key, written, whole(context)).map(Some)
    }

    /// Returns the moment under `key`, or `default` if it is not written. With a warm-up whose `clock` is `"within"`,
    /// the moment counts from the beginning of the warm-up. The returned steps count on the clock of the rule. `None`
    /// (logged) if the moment is wrong or within the warm-up.
    pub fn until(
        section: &mut Section<'_>,
        key: &'static str,
        default: Duration,
        context: &Context<'_>,
    ) -> Option<Length> {
        let written = section.or(key, default);
        Length::moment(section, key, written, context)
    }

    /// Returns the moment `written` under `key`, as [`Length::until`] does.
    pub fn moment(section: &Section<'_>, key: &str, written: Duration, context: &Context<'_>) -> Option<Length> {
        let whole = Length::new(section, key, written, whole(context))?;
        if whole.steps <= context.lead {
            let message = format!("`{}` is within the warm-up", section.dotted(key));
            let label = format!("step {}; the warm-up has {}", whole.steps, words::count(context.lead, "step"));
            let found = Diagnostic::error(message).at(section.place_of(key)).label(label);
            section.log().push(found.help("in `warmup`, `clock = \"after\"` counts from the end of the warm-up"));
            return None;
        }
        Some(Length { steps: whole.steps - context.lead, ..whole })
    }

    fn new(section: &Section<'_>, key: &str, written: Duration, horizon: Horizon) -> Option<Length> {
        let steps = written.steps(horizon);
        if steps == 0 {
            let message = format!("`{}` is 0 steps long", section.dotted(key));
            let of = match written {
                Duration::Steps(_) => String::new(),
                Duration::Epochs(_) => format!("; an epoch has {}", words::count(horizon.steps_per_epoch, "step")),
                Duration::Percent(_) => format!("; the schedule has {}", words::count(horizon.total_steps, "step")),
            };
            section.error(key, message, format!("expected at least one step{of}"));
            return None;
        }
        Some(Length { written, steps })
    }

    /// Warns if this moment is after `total` steps. `what` says what happens at the moment: "the cosine ends".
    pub fn warn_beyond(self, total: u64, section: &Section<'_>, key: &str, what: &str) {
        if self.steps > total {
            self.warn(total, section, key, what);
        }
    }

    /// Warns if this moment is after the last of `total` steps. `what` says what happens at the moment: "the first drop
    /// is".
    pub fn warn_unseen(self, total: u64, section: &Section<'_>, key: &str, what: &str) {
        if self.steps >= total {
            self.warn(total, section, key, what);
        }
    }

    fn warn(self, total: u64, section: &Section<'_>, key: &str, what: &str) {
        let message = format!("`{}`: {what} after the last step", section.dotted(key));
        let label = format!("step {}; the schedule has {}", self.steps, words::count(total, "step"));
        section.log().push(Diagnostic::warning(message).at(section.place_of(key)).label(label));
    }

    /// Reports whether the duration was written as `"100%"`.
    pub fn is_whole(self) -> bool {
        self.written == Duration::Percent(100.0)
    }

    /// Returns the steps as a floating-point number.
    pub fn f64(self) -> f64 {
        self.steps as f64
    }
}

/// Returns the length that a percentage refers to.
fn whole(context: &Context<'_>) -> Horizon {
    let total_steps = context.horizon.total_steps.saturating_add(context.lead);
    Horizon { total_steps, ..context.horizon }
}
