//! Learning-rate rules: each yields a dimensionless factor, and `lr[group] = lr · lr_mult[group] · factor`.
//!
//! A time-based rule is a pure function of a [`Clock`]. A metric-driven one has a state besides, fed by
//! [`Rule::observe`] after each evaluation. Nobody stores a current learning rate.
//!
//! A rule is one file and one line in [`REGISTRY`]; `docs/adding-a-schedule.md` shows how.

mod constant;
mod convention;
mod cosine;
mod cosine_restarts;
mod cycled_momentum;
mod cyclic;
mod exponential;
mod expression;
mod from_spec;
mod greedy;
mod inverse_sqrt;
mod inverse_time;
mod length;
mod level;
mod limits;
mod linear;
mod metric;
mod multistep;
mod noam;
mod one_cycle;
mod parts;
mod piecewise;
mod plateau;
mod polynomial;
mod product;
mod rex;
mod sequence;
mod step;
mod tanh;
#[cfg(test)]
mod tests;
mod tick;
mod warmup;
mod words;
mod wsd;

use std::fmt::Debug;

use crate::spec::{Entry, Horizon, Section};

pub use convention::Convention;
pub use expression::{Formula, NAMES};
pub use from_spec::build;
pub use metric::Mode;

/// Every rule that `[schedule] type = "…"` can name.
pub const REGISTRY: &[Entry<Build>] = &[
    constant::ENTRY,
    cosine::ENTRY,
    cosine_restarts::ENTRY,
    cyclic::ENTRY,
    exponential::ENTRY,
    expression::ENTRY,
    greedy::ENTRY,
    inverse_sqrt::ENTRY,
    inverse_time::ENTRY,
    linear::ENTRY,
    multistep::ENTRY,
    noam::ENTRY,
    one_cycle::ENTRY,
    piecewise::ENTRY,
    plateau::ENTRY,
    polynomial::ENTRY,
    product::ENTRY,
    rex::ENTRY,
    sequence::ENTRY,
    step::ENTRY,
    tanh::ENTRY,
    wsd::ENTRY,
];

/// Builds a rule from its table; `None` when errors were logged. Asks for all its keys before it returns: what it does
/// not ask for is reported as unknown.
pub type Build = fn(&mut Section<'_>, &Context<'_>) -> Option<Box<dyn Rule>>;

/// What a rule is built for: one parameter group of one run.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The length of the run or, inside a sequence or after a warm-up, of the phase.
    pub horizon: Horizon,
    /// What the factor multiplies, by name: `lr`, or the hyper-parameter that follows the rule. Limits in absolute
    /// values carry it: `{ lr = 1e-5 }`, `{ momentum = 0.9 }`.
    pub quantity: &'a str,
    /// The group's own value of that quantity, for limits in absolute values: `lr · lr_mult`, or the hyper-parameter.
    pub base_lr: f64,
    /// The group's momentum (β₁ for the Adam family), where the rule sets the rate of an optimizer that has one above 0.
    pub momentum: Option<f64>,
    /// The metrics this run will have, the monitored one first.
    pub metrics: &'a [String],
    /// Steps of a warm-up before the rule begins that its moments count, too.
    pub lead: u64,
    /// Steps of the warm-up before the rule, however it counts.
    pub warmup: u64,
    /// Whose defaults the keys of this table have.
    pub convention: Option<Convention>,
}

impl<'a> Context<'a> {
    /// For a schedule that stands by itself, of a group at `base_lr`.
    pub fn new(horizon: Horizon, base_lr: f64, metrics: &'a [String]) -> Self {
        Context { horizon, base_lr, metrics, quantity: "lr", momentum: None, lead: 0, warmup: 0, convention: None }
    }

    /// For a phase or factor of this one.
    fn within(self, horizon: Horizon) -> Self {
        Context { horizon, lead: 0, warmup: 0, convention: None, ..self }
    }
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

    /// The momentum (β₁ for the Adam family) that this rule also sets for the step that `clock` shows, for rules that
    /// cycle it inversely to the rate.
    fn momentum(&self, _clock: Clock) -> Option<f64> {
        None
    }

    /// Whether it does.
    fn drives_momentum(&self) -> bool {
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
