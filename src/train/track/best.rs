//! The best value of a metric so far, and the number of evaluations since.

use serde::{Deserialize, Serialize};

use crate::metric::Monitor;
use crate::record::Best;

/// A metric that is followed over the epochs.
#[derive(Clone, Debug)]
pub(in crate::train) struct Watch {
    monitor: Monitor,
    margin: f64,
    best: BestSoFar,
}

/// The state of a watch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::train) struct BestSoFar {
    /// The best value and its epoch. `None` if no evaluation gave a number.
    best: Option<(f64, u64)>,
    /// The number of evaluations since then.
    since: u64,
}

impl Watch {
    /// Continues from `best`. A value is an improvement if it is better by more than `margin`.
    pub fn new(monitor: Monitor, margin: f64, best: BestSoFar) -> Self {
        Watch { monitor, margin, best }
    }

    /// Replaces the state.
    pub fn restore(&mut self, best: BestSoFar) {
        self.best = best;
    }

    /// Returns the state.
    pub fn state(&self) -> BestSoFar {
        self.best
    }

    /// Adds the value after `epoch`. Returns whether it is the best so far. `None`, NaN and infinity never are.
    pub fn add(&mut self, value: Option<f64>, epoch: u64) -> bool {
        let better = match (value, self.best.best) {
            (Some(value), _) if !value.is_finite() => false,
            (Some(value), Some((best, _))) => self.monitor.mode.is_better(value, best, self.margin),
            (Some(_), None) => true,
            (None, _) => false,
        };
        match value.filter(|_| better) {
            Some(value) => self.best = BestSoFar { best: Some((value, epoch)), since: 0 },
            None => self.best.since += 1,
        }
        better
    }

    pub fn monitor(&self) -> Monitor {
        self.monitor
    }

    /// Returns the number of evaluations since the best one.
    pub fn since(&self) -> u64 {
        self.best.since
    }

    /// Returns the best value. `None` if no evaluation gave a number.
    pub fn best(&self) -> Option<Best> {
        self.best.best.map(|(value, epoch)| Best { metric: self.monitor.metric, value, epoch })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::{Metric, Mode, Part};

    fn watch(mode: Mode, margin: f64) -> Watch {
        Watch::new(Monitor { metric: Part::Val.of(Metric::LOSS), mode }, margin, BestSoFar::default())
    }

    #[test]
    fn the_first_of_equal_values_is_the_best() {
        let mut watch = watch(Mode::Max, 0.0);
        for (epoch, value) in [0.5, 0.7, 0.7, f64::NAN, 0.6].into_iter().enumerate() {
            watch.add(Some(value), epoch as u64);
        }
        assert_eq!(watch.best().map(|best| (best.value, best.epoch)), Some((0.7, 1)));
        assert_eq!(watch.since(), 3);
    }

    #[test]
    fn a_change_within_the_margin_is_not_an_improvement() {
        let mut watch = watch(Mode::Min, 0.1);
        assert!(watch.add(Some(-1.0), 0));
        assert!(!watch.add(Some(-1.05), 1));
        assert!(watch.add(Some(-1.2), 2));
    }
}
