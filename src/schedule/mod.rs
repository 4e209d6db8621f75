//! Learning-rate rules: each yields a dimensionless factor, and `lr[group] = lr · lr_mult[group] · factor`.
//!
//! A time-based rule is a pure function of a [`Clock`]. A metric-driven one has a state besides, fed by
//! [`Rule::observe`] after each evaluation. Nobody stores a current learning rate.
//!
//! A rule is one file and one line in [`REGISTRY`]; `docs/adding-a-schedule.md` shows how.

mod constant;
mod exponential;
mod from_spec;
mod length;
mod linear;
mod plateau;
mod sequence;
mod step;
#[cfg(test)]
mod tests;
mod tick;
mod words;

use std::fmt::Debug;

use crate::spec::{Entry, Horizon, Section};

pub use from_spec::build;
pub use plateau::Mode;

/// Every rule that `[schedule] type = "…"` can name.
pub const REGISTRY: &[Entry<Build>] =
    &[constant::ENTRY, exponential::ENTRY, linear::ENTRY, plateau::ENTRY, sequence::ENTRY, step::ENTRY];

/// Builds a rule from its table; `None` when errors were logged. Asks for all its keys before it returns: what it does
/// not ask for is reported as unknown.
pub type Build = fn(&mut Section<'_>, &Context<'_>) -> Option<Box<dyn Rule>>;

/// What a rule is built for: one parameter group of one run.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The length of the run or, inside a sequence, of the phase.
    pub horizon: Horizon,
    /// `lr · lr_mult` of the group, for limits in absolute values.
    pub base_lr: f64,
    /// The metrics this run will have, the monitored one first.
    pub metrics: &'a [String],
}

/// What a rule knows of time. Inside a sequence each part sees the clock of its own phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// The step about to be taken, from 0.
    pub step: u64,
    /// Steps of the run, or of the phase.
    pub total_steps: u64,
    /// Steps of one epoch, at least 1.
    pub steps_per_epoch: u64,
}

/// What a metric-driven rule is shown after an evaluation.
pub struct Observation<'a> {
    /// The epoch that was evaluated; 0 is the evaluation before training.
    pub epoch: u64,
    /// The clock of the step that comes next.
    pub clock: Clock,
    /// `val_loss`, `train_accuracy`, … by name; none where this run has no such metric.
    pub metric: &'a dyn Fn(&str) -> Option<f64>,
    /// What multiplies this rule's factor: 1, but for what went before it in a sequence. Limits in absolute learning
    /// rates need it.
    pub scale: f64,
}

/// A rule's state that cannot be taken over.
#[derive(Debug, thiserror::Error)]
#[error("the state of the schedule cannot be loaded: {0}")]
pub struct StateError(pub String);

/// A learning-rate rule.
pub trait Rule: Debug + Send {
    /// The factor for the step that `clock` shows. Past the end of the rule: its last value.
    fn factor(&self, clock: Clock) -> f64;

    /// The rule in a few words: `×0.1 every 10 epochs`.
    fn describe(&self) -> String;

    /// Whether the factor depends on metrics.
    fn is_metric_driven(&self) -> bool {
        false
    }

    /// Takes in what an evaluation showed; the reason, when it changes the factor.
    fn observe(&mut self, _seen: &Observation<'_>) -> Option<String> {
        None
    }

    /// The state, null for a rule without one.
    fn save(&self) -> serde_json::Value {
        serde_json::Value::Null
    }

    /// Takes over a state that [`Rule::save`] gave, whole or not at all.
    fn load(&mut self, state: &serde_json::Value) -> Result<(), StateError> {
        match state {
            serde_json::Value::Null => Ok(()),
            other => Err(StateError(format!("this rule has no state, but was given {other}"))),
        }
    }
}
