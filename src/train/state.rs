//! The state of a run between two steps: everything that is needed to resume exactly. Data, order, dropout and initial
//! values are not part of it because they follow from the spec.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tch::{TchError, Tensor, no_grad};

use super::track::BestSoFar;
use super::trainer::Sums;
use crate::record::{Reached, Rollback, Row};
use crate::spec::Horizon;

/// The position of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The epoch in training, or the last evaluated one. 0 before training.
    pub epoch: u64,
    /// The number of steps done.
    pub step: u64,
    /// The number of steps done in this epoch.
    pub step_in_epoch: u64,
    /// True if the epoch has been evaluated, so that it is over.
    pub evaluated: bool,
}

impl Position {
    /// Returns whether a run of this length passes through the position.
    pub(super) fn is_in(&self, horizon: Horizon) -> bool {
        let before = self.epoch.checked_sub(1).map_or(Some(0), |epochs| epochs.checked_mul(horizon.steps_per_epoch));
        let most = if self.epoch == 0 { 0 } else { horizon.steps_per_epoch };
        self.step <= horizon.total_steps
            && self.step_in_epoch <= most
            && before.and_then(|before| before.checked_add(self.step_in_epoch)) == Some(self.step)
    }
}

/// The wall time so far in seconds. Unlike the rest of a state, it differs between two runs of one spec.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Seconds {
    pub train: f64,
    pub eval: f64,
    pub total: f64,
    /// The training time in this epoch.
    pub epoch: f64,
}

/// The prefix of the tensors of the state to roll back to.
const BACK: &str = "back/";

/// A run's state.
#[derive(Debug)]
pub struct State {
    pub values: StateValues,
    pub seconds: Seconds,
    /// The tensors by name: `model/layers.0.weight`, `optimizer/exp_avg/layers.0.weight`, `best/…`, `ema/…`.
    pub tensors: Vec<(String, Tensor)>,
}

/// A state without its tensors and its times. Two runs of one spec have exactly the same values at the same position.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StateValues {
    pub position: Position,
    /// The sums of this epoch's training.
    pub(super) meter: Sums,
    /// The states of each group's rules, by [`crate::plan::Rate::save`].
    pub(super) groups: Vec<Value>,
    pub(super) optimizer: Value,
    pub(super) watch: BestSoFar,
    pub(super) early: Option<BestSoFar>,
    /// The validation loss before training. `None` before it is known.
    #[serde(default)]
    pub(super) loss_before: Option<f64>,
    pub reached: Option<Reached>,
    pub(super) last: Option<Row>,
    /// The rollbacks after divergences. Earlier versions wrote them as `reductions`.
    #[serde(default, alias = "reductions")]
    pub(super) rollbacks: Vec<Rollback>,
    /// The values of the state to roll back to. Its tensors are stored with those of this state.
    #[serde(default)]
    pub(super) back: Option<Box<StateValues>>,
}

impl State {
    /// Returns a copy whose tensors do not share memory with this state's.
    pub(super) fn deep_copy(&self) -> Result<State, TchError> {
        let copy = |(name, tensor): &(String, Tensor)| Ok((name.clone(), no_grad(|| tensor.f_detach_copy())?));
        let tensors = self.tensors.iter().map(copy).collect::<Result<_, TchError>>()?;
        Ok(State { values: self.values.clone(), seconds: self.seconds, tensors })
    }

    /// Stores `rollback`, the state to roll back to, in this one.
    pub(super) fn add_rollback(&mut self, rollback: &State) {
        self.values.back = Some(Box::new(rollback.values.clone()));
        let tensors = rollback.tensors.iter();
        self.tensors.extend(tensors.map(|(name, tensor)| (format!("{BACK}{name}"), tensor.shallow_clone())));
    }

    /// Returns the state that [`State::add_rollback`] stored. `None` if there is none.
    pub(super) fn rollback(&self) -> Option<State> {
        let values = StateValues::clone(self.values.back.as_deref()?);
        Some(State { values, seconds: self.seconds, tensors: self.part(BACK) })
    }

    /// Returns the tensors whose names begin with `prefix`, with the rest of their names.
    pub(super) fn part(&self, prefix: &str) -> Vec<(String, Tensor)> {
        let select = |(name, tensor): &(String, Tensor)| {
            name.strip_prefix(prefix).map(|name| (name.to_owned(), tensor.shallow_clone()))
        };
        self.tensors.iter().filter_map(select).collect()
    }
}
