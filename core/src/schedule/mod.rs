//! Learning-rate rules. Each gives a dimensionless factor, and `lr[group] = lr · lr_mult[group] · factor`.
//!
//! A time-based rule is a pure function of a [`Clock`]. A metric-driven rule also has a state, which [`Rule::observe`]
//! updates after each evaluation. The current learning rate is not stored anywhere.
//!
//! Each rule has its own file, and its name is listed in the registry below. `docs/adding-a-schedule.md` shows how to
//! add a rule.

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

use crate::metric::PartMetric;
use crate::spec::{Entry, Horizon, Section};

pub use convention::Convention;
pub use expression::{Formula, NAMES};
pub use from_spec::build;

/// Lists the rules from the modules that define them.
macro_rules! registry {
    ($($rule:ident),+ $(,)?) => {
        /// Every rule that `[schedule] type = "…"` can name.
        pub const REGISTRY: &[Entry<Build>] = &[$($rule::ENTRY),+];

        /// The module of each rule.
        #[cfg(test)]
        const MODULES: &[&str] = &[$(stringify!($rule)),+];
    };
}

registry![
    constant,
    cosine,
    cosine_restarts,
    cyclic,
    exponential,
    expression,
    greedy,
    inverse_sqrt,
    inverse_time,
    linear,
    multistep,
    noam,
    one_cycle,
    piecewise,
    plateau,
    polynomial,
    product,
    rex,
    sequence,
    step,
    tanh,
    wsd,
];

/// Builds a rule from its table. Returns `None` if errors were logged. Such a function reads all of its keys before it
/// returns, because a key that it does not read is reported as unknown.
pub type Build = fn(&mut Section<'_>, &Context<'_>) -> Option<Box<dyn Rule>>;

/// The run and the parameter group that a rule is built for.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The length of the run. Inside a sequence or after a warm-up, it is the length of the phase.
    pub horizon: Horizon,
    /// The name of the quantity that the factor multiplies: `lr`, or a hyper-parameter that follows the rule. Absolute
    /// values in a spec carry this name: `{ lr = 1e-5 }`, `{ momentum = 0.9 }`.
    pub quantity: &'a str,
    /// The group's value of that quantity: `lr · lr_mult`, or the hyper-parameter. An absolute value divided by it is a
    /// factor.
    pub base_lr: f64,
    /// The group's momentum (β₁ for the Adam family). `None` if the optimizer has no momentum above 0, or if the rule
    /// does not set the rate.
    pub momentum: Option<f64>,
    /// The metrics that the run will have. The first is monitored by default.
    pub metrics: &'a [PartMetric],
    /// The number of steps of a warm-up before the rule, if moments in the rule's keys include them. Otherwise 0.
    pub lead: u64,
    /// The number of steps of the warm-up before the rule, whether or not moments include them.
    pub warmup: u64,
    /// The framework whose defaults the keys of this table have. `None` means the general defaults.
    pub convention: Option<Convention>,
}

impl<'a> Context<'a> {
    /// Returns the context of a group with the rate `base_lr`, outside any sequence or warm-up.
    pub fn new(horizon: Horizon, base_lr: f64, metrics: &'a [PartMetric]) -> Self {
        Context { horizon, base_lr, metrics, quantity: "lr", momentum: None, lead: 0, warmup: 0, convention: None }
    }

    /// Returns the context of a part of this schedule.
    fn within(self, horizon: Horizon) -> Self {
        Context { horizon, lead: 0, warmup: 0, convention: None, ..self }
    }
}

/// The time that a rule sees. Inside a sequence each part sees the clock of its own phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// The step about to be taken, from 0.
    pub step: u64,
    /// The number of steps of the run or of the phase.
    pub total_steps: u64,
    /// The number of steps of one epoch, at least 1.
    pub steps_per_epoch: u64,
}

/// An evaluation, as a metric-driven rule observes it.
pub struct Observation<'a> {
    /// The epoch that was evaluated. 0 is the evaluation before training.
    pub epoch: u64,
    /// The clock of the next step.
    pub clock: Clock,
    /// Returns the value of a metric. `None` if the run has no such metric.
    pub metric: &'a dyn Fn(PartMetric) -> Option<f64>,
    /// The number that multiplies the factor of this rule. It is 1 except in a sequence or a product. Limits that are
    /// learning rates need it.
    pub scale: f64,
}

/// The reason why the state of a rule cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[error("the state of the schedule cannot be loaded: {0}")]
pub struct StateError(pub String);

/// A learning-rate rule.
pub trait Rule: Debug + Send {
    /// Returns the factor for the step `clock.step`. After its end, a rule returns its last value.
    fn factor(&self, clock: Clock) -> f64;

    /// Describes the rule in a few words: `×0.1 every 10 epochs`.
    fn describe(&self) -> String;

    /// Reports whether the factor depends on metrics.
    fn is_metric_driven(&self) -> bool {
        false
    }

    /// Returns the momentum (β₁ for the Adam family) for the step `clock.step`. Some rules move it inversely to the
    /// rate. `None` if this rule does not set it.
    fn momentum(&self, _clock: Clock) -> Option<f64> {
        None
    }

    /// Reports whether the rule sets the momentum.
    fn drives_momentum(&self) -> bool {
        false
    }

    /// Updates the state after an evaluation. Returns the reason if that changes the factor, otherwise `None`.
    fn observe(&mut self, _observation: &Observation<'_>) -> Option<String> {
        None
    }

    /// Returns the state. It is null for a rule without state.
    fn save(&self) -> serde_json::Value {
        serde_json::Value::Null
    }

    /// Restores a state that [`Rule::save`] returned. On an error the rule stays as it is.
    fn load(&mut self, state: &serde_json::Value) -> Result<(), StateError> {
        match state {
            serde_json::Value::Null => Ok(()),
            other => Err(StateError(format!("this rule has no state, but the saved one is {other}"))),
        }
    }
}
