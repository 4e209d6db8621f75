//! `[checkpoint]`: the times at which the run's state is saved.

use crate::spec::{Duration, Field, Horizon, Section, Value, WallTime};

/// The interval between saved states. The state is also saved when a signal ends the run, and at the end of an epoch if
/// the last save is at least 30 seconds old.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Every {
    Time(std::time::Duration),
    /// At multiples of this number of steps.
    Steps(u64),
}

/// The rules for saving the state of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Saving {
    /// `None` if the spec sets no interval.
    pub every: Option<Every>,
    /// True if the last state is kept after the run has ended, so that a longer run can resume from it.
    pub keep: bool,
}

/// The value of `every` in a spec.
#[derive(Clone, Copy, Debug)]
enum Often {
    Wall(WallTime),
    Training(Duration),
}

impl Field for Often {
    fn expects() -> String {
        "a time or a duration, such as \"10 minutes\", \"500 steps\" or \"1 epochs\"".into()
    }
    fn read(value: &Value) -> Result<Self, Option<String>> {
        match WallTime::read(value) {
            Ok(time) => Ok(Often::Wall(time)),
            Err(_) => Duration::read(value).map(Often::Training),
        }
    }
    fn to_toml(&self) -> toml::Value {
        match self {
            Often::Wall(time) => time.to_toml(),
            Often::Training(duration) => duration.to_toml(),
        }
    }
}

/// Reads `[checkpoint]`: `every` and `keep`.
pub(super) fn read(root: &mut Section<'_>, horizon: Horizon) -> Saving {
    if !root.has("checkpoint") {
        root.mark_known("checkpoint");
        return Saving::default();
    }
    let Some(mut section) = root.section("checkpoint") else { return Saving::default() };
    let every = section.optional::<Often>("every").map(|often| match often {
        Often::Wall(time) => {
            Every::Time(std::time::Duration::try_from_secs_f64(time.seconds).unwrap_or(std::time::Duration::MAX))
        }
        Often::Training(duration) => Every::Steps(duration.steps(horizon)),
    });
    if every == Some(Every::Steps(0)) {
        section.error("every", "this is less than a step", "expected at least \"1 steps\"");
    }
    let keep = section.or("keep", false);
    let resolved = section.finish();
    root.put("checkpoint", resolved);
    Saving { every: every.filter(|&every| every != Every::Steps(0)), keep }
}
