//! What decides when a run ends, and which of its epochs was best.

use serde::{Deserialize, Serialize};

use crate::metric::{Mode, Monitor};
use crate::record::Best;

/// What the run is to reach.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    pub monitor: Monitor,
    pub value: f64,
    /// Whether the run ends there.
    pub stop: bool,
}

impl Target {
    /// Whether `value` is enough: ≥ (or, where smaller is better, ≤) the target.
    pub fn is_reached_by(&self, value: f64) -> bool {
        match self.monitor.mode {
            Mode::Min => value <= self.value,
            Mode::Max => value >= self.value,
        }
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let relation = if self.monitor.mode == Mode::Min { "<=" } else { ">=" };
        write!(f, "{} {relation} {}", self.monitor.metric, self.value)
    }
}

/// Ends a run that no longer gets better.
#[derive(Clone, Debug, PartialEq)]
pub struct EarlyStop {
    pub monitor: Monitor,
    /// Evaluations without improvement that end the run.
    pub patience: u64,
    /// What counts as improvement: more than this.
    pub min_delta: f64,
}

/// The best value of a metric so far.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    monitor: Monitor,
    margin: f64,
    seen: Seen,
}

/// What a watch has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Seen {
    /// The best value, and its epoch.
    best: Option<(f64, u64)>,
    /// Evaluations since.
    since: u64,
}

impl Watch {
    /// Looks on after what was `seen`.
    pub fn new(monitor: Monitor, margin: f64, seen: Seen) -> Self {
        Watch { monitor, margin, seen }
    }

    /// Goes on as if it had seen this.
    pub fn set_seen(&mut self, seen: Seen) {
        self.seen = seen;
    }

    /// What it has seen.
    pub fn seen(&self) -> Seen {
        self.seen
    }

    /// Takes in the value after `epoch`; whether it is the best so far.
    pub fn see(&mut self, value: Option<f64>, epoch: u64) -> bool {
        let better = match (value, self.seen.best) {
            (Some(value), _) if value.is_nan() => false,
            (Some(value), Some((best, _))) => self.monitor.mode.is_better(value, best, self.margin),
            (Some(_), None) => true,
            (None, _) => false,
        };
        match value.filter(|_| better) {
            Some(value) => self.seen = Seen { best: Some((value, epoch)), since: 0 },
            None => self.seen.since += 1,
        }
        better
    }

    pub fn monitor(&self) -> Monitor {
        self.monitor
    }

    pub fn since(&self) -> u64 {
        self.seen.since
    }

    pub fn best(&self) -> Option<Best> {
        self.seen.best.map(|(value, epoch)| Best { metric: self.monitor.metric, value, epoch })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::{Metric, Part};

    fn watch(mode: Mode, margin: f64) -> Watch {
        Watch::new(Monitor { metric: Part::Val.of(Metric::LOSS), mode }, margin, Seen::default())
    }

    #[test]
    fn the_first_of_equal_values_is_the_best() {
        let mut watch = watch(Mode::Max, 0.0);
        for (epoch, value) in [0.5, 0.7, 0.7, f64::NAN, 0.6].into_iter().enumerate() {
            watch.see(Some(value), epoch as u64);
        }
        assert_eq!(watch.best().map(|best| (best.value, best.epoch)), Some((0.7, 1)));
        assert_eq!(watch.since(), 3);
    }

    #[test]
    fn less_than_the_margin_is_no_improvement() {
        let mut watch = watch(Mode::Min, 0.1);
        assert!(watch.see(Some(-1.0), 0));
        assert!(!watch.see(Some(-1.05), 1));
        assert!(watch.see(Some(-1.2), 2));
    }

    #[test]
    fn a_target_is_reached_by_equality() {
        let monitor = Part::Val.of(Metric::ACCURACY).into();
        let target = Target { monitor, value: 0.97, stop: true };
        assert!(target.is_reached_by(0.97) && !target.is_reached_by(0.9699) && !target.is_reached_by(f64::NAN));
        assert_eq!(target.to_string(), "val_accuracy >= 0.97");
    }
}
