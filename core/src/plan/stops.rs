//! The conditions that end a run before its full length, and the metric that they watch.

use std::fmt;
use std::time::Duration;

use crate::metric::{Mode, Monitor};

/// The conditions that end a run before its full length. `None` everywhere means that only the length ends it.
#[derive(Clone, Debug, Default)]
pub struct Stops {
    /// The largest total wall time.
    pub time_limit: Option<Duration>,
    pub target: Option<Target>,
    pub early_stop: Option<EarlyStop>,
    /// The reaction to a divergence. Without one, a divergence ends the run.
    pub on_divergence: Option<RollbackPolicy>,
    /// A training loss above this multiple of the validation loss before training is a divergence. If this is `None`,
    /// only a loss that is NaN or infinite is a divergence.
    pub diverges_above: Option<f64>,
}

/// The value of a metric that the run should reach.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    pub monitor: Monitor,
    pub value: f64,
    /// True if the run ends when it reaches the target.
    pub stop: bool,
}

impl Target {
    /// Returns whether `value` reaches the target. Equality is enough, and NaN never reaches it.
    pub fn is_reached_by(&self, value: f64) -> bool {
        match self.monitor.mode {
            Mode::Min => value <= self.value,
            Mode::Max => value >= self.value,
        }
    }
}

/// Writes the target as a condition: `val_accuracy >= 0.97`.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let relation = if self.monitor.mode == Mode::Min { "<=" } else { ">=" };
        write!(f, "{} {relation} {}", self.monitor.metric, self.value)
    }
}

/// The rule that ends a run when a metric stops improving.
#[derive(Clone, Debug, PartialEq)]
pub struct EarlyStop {
    pub monitor: Monitor,
    /// Number of evaluations without improvement that ends the run.
    pub patience: u64,
    /// An improvement is a change by more than this.
    pub min_delta: f64,
}

/// The reaction to a divergence: the run goes back to the end of the last epoch and multiplies all learning rates by
/// `factor`, at most `times` times.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RollbackPolicy {
    pub factor: f64,
    pub times: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::{Metric, Part};

    #[test]
    fn a_target_is_reached_by_equality() {
        let monitor = Part::Val.of(Metric::ACCURACY).into();
        let target = Target { monitor, value: 0.97, stop: true };
        assert!(target.is_reached_by(0.97) && !target.is_reached_by(0.9699) && !target.is_reached_by(f64::NAN));
        assert_eq!(target.to_string(), "val_accuracy >= 0.97");
    }
}
