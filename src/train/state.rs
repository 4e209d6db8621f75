//! The state of a run between two steps: all that it takes to go on as if nothing had happened. Data, order, dropout and
//! initial values are no part of it: they follow from the spec.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tch::{TchError, Tensor, no_grad};

use super::meter::Sums;
use super::rules::Seen;
use super::{Error, Job};
use crate::engine::restore;
use crate::params::Declaration;
use crate::record::{Reached, Reduced, Row};
use crate::spec::Horizon;
use crate::store::by_name;

/// Where a run stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The epoch that is trained or was evaluated last; 0 before training.
    pub epoch: u64,
    /// Steps done.
    pub step: u64,
    /// Steps done in this epoch.
    pub step_in_epoch: u64,
    /// Whether the epoch was evaluated, and so is over.
    pub evaluated: bool,
}

impl Position {
    /// Whether a run as long as `horizon` comes by here.
    fn is_in(&self, horizon: Horizon) -> bool {
        let before = self.epoch.checked_sub(1).map_or(Some(0), |epochs| epochs.checked_mul(horizon.steps_per_epoch));
        let most = if self.epoch == 0 { 0 } else { horizon.steps_per_epoch };
        self.step <= horizon.total_steps
            && self.step_in_epoch <= most
            && before.and_then(|before| before.checked_add(self.step_in_epoch)) == Some(self.step)
    }
}

/// Wall time spent so far, in seconds: what no two runs share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Seconds {
    pub train: f64,
    pub eval: f64,
    pub total: f64,
    /// Of training in this epoch.
    pub epoch: f64,
}

/// A run's state.
#[derive(Debug)]
pub struct State {
    pub numbers: Numbers,
    pub seconds: Seconds,
    /// By name: `model/layers.0.weight`, `optimizer/exp_avg/layers.0.weight`, `best/…`, `ema/…`.
    pub tensors: Vec<(String, Tensor)>,
}

/// All of a state but its tensors. The same run has the same numbers at the same place, to the bit.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Numbers {
    pub position: Position,
    /// What this epoch's training has summed up.
    pub(super) meter: Sums,
    /// Of each group's rules, by [`super::Rate::save`].
    pub(super) groups: Vec<Value>,
    pub(super) optimizer: Value,
    pub(super) watch: Seen,
    pub(super) early: Option<Seen>,
    pub reached: Option<Reached>,
    pub(super) last: Option<Row>,
    /// Each time that the run went back after a divergence.
    #[serde(default)]
    pub(super) reductions: Vec<Reduced>,
    /// Of the state to go back to, whose tensors are beside this one's.
    #[serde(default)]
    pub(super) back: Option<Box<Numbers>>,
}

impl State {
    /// A state of its own memory: training goes on in that of this one.
    pub(super) fn deep_copy(&self) -> Result<State, TchError> {
        let copy = |(name, tensor): &(String, Tensor)| Ok((name.clone(), no_grad(|| tensor.f_detach_copy())?));
        let tensors = self.tensors.iter().map(copy).collect::<Result<_, TchError>>()?;
        Ok(State { numbers: self.numbers.clone(), seconds: self.seconds, tensors })
    }

    /// Puts `back`, the state to go back to, into this one.
    pub(super) fn put_back(&mut self, back: &State) {
        self.numbers.back = Some(Box::new(back.numbers.clone()));
        let beside = back.tensors.iter().map(|(name, tensor)| (format!("{BACK}{name}"), tensor.shallow_clone()));
        self.tensors.extend(beside);
    }

    /// What [`State::put_back`] has put in.
    pub(super) fn back(&self) -> Option<State> {
        let numbers = Numbers::clone(self.numbers.back.as_deref()?);
        Some(State { numbers, seconds: self.seconds, tensors: self.part(BACK) })
    }

    /// The tensors whose names begin with `prefix`, without it.
    fn part(&self, prefix: &str) -> Vec<(String, Tensor)> {
        let of = |(name, tensor): &(String, Tensor)| {
            name.strip_prefix(prefix).map(|name| (name.to_owned(), tensor.shallow_clone()))
        };
        self.tensors.iter().filter_map(of).collect()
    }
}

/// The prefixes of a state's tensors.
const MODEL: &str = "model/";
const OPTIMIZER: &str = "optimizer/";
const BEST: &str = "best/";
const EMA: &str = "ema/";
/// Before the prefix, of the state to go back to.
const BACK: &str = "back/";

impl Job {
    /// The tensors of this run's state, which share their memory with it. `best` is laid out as [`crate::store::Store::all`].
    pub(super) fn tensors(&self, best: Option<&Tensor>) -> Result<Vec<(String, Tensor)>, TchError> {
        let declaration = self.store.declaration();
        let mut tensors = by_name(declaration, MODEL, self.store.all())?;
        let state = self.optimizer.state();
        tensors.extend(state.into_iter().map(|(name, tensor)| (format!("{OPTIMIZER}{name}"), tensor)));
        if let Some(best) = best {
            tensors.extend(by_name(declaration, BEST, best)?);
        }
        if let Some(average) = self.ema.as_ref().and_then(|ema| ema.weights()) {
            tensors.extend(by_name(declaration, EMA, average)?);
        }
        Ok(tensors)
    }

    /// Takes over parameters, buffers, averages, and the optimizer's and the rules' states; the best weights.
    pub(super) fn take(&mut self, state: &State) -> Result<Option<Tensor>, Error> {
        let all = |prefix: &str| -> Result<Option<Tensor>, Error> {
            let parts = state.part(prefix);
            if parts.is_empty() {
                Ok(None)
            } else {
                laid_out(&parts, self.store.declaration(), self.store.all()).map(Some)
            }
        };
        let (model, best, average) = (all(MODEL)?, all(BEST)?, all(EMA)?);
        let model = model.ok_or_else(|| Error::State("it has no model".to_owned()))?;
        if state.numbers.groups.len() != self.groups.len() {
            return Err(Error::State(format!(
                "it has {} groups, not {}",
                state.numbers.groups.len(),
                self.groups.len()
            )));
        }
        let (at, horizon) = (state.numbers.position, self.horizon);
        if !at.is_in(horizon) {
            let Horizon { total_steps, steps_per_epoch } = horizon;
            return Err(Error::State(format!("{at:?} is not in {total_steps} steps, {steps_per_epoch} an epoch")));
        }
        self.store.assign_all(&model)?;
        if let Some(ema) = &mut self.ema {
            ema.set_weights(average);
        }
        restore(&mut *self.optimizer, &state.numbers.optimizer, &state.part(OPTIMIZER))?;
        for (group, saved) in self.groups.iter_mut().zip(&state.numbers.groups) {
            group.load(saved).map_err(|error| Error::State(error.to_string()))?;
        }
        Ok(best)
    }
}

/// What [`by_name`] has cut, as one tensor of the kind and on the device of `like`.
fn laid_out(parts: &[(String, Tensor)], declaration: &Declaration, like: &Tensor) -> Result<Tensor, Error> {
    let mut rows = Vec::new();
    for (param, _) in declaration.stored() {
        let part = parts.iter().find(|(name, _)| *name == param.name);
        let (_, tensor) = part.ok_or_else(|| Error::State(format!("it has no `{}`", param.name)))?;
        let shape: Vec<i64> = param.shape.iter().map(|&size| size as i64).collect();
        if tensor.size() != shape || tensor.kind() != like.kind() {
            let (there, kind) = (tensor.size(), tensor.kind());
            return Err(Error::State(format!(
                "`{}` is a {kind:?} of shape {there:?}, not {:?} of {shape:?}",
                param.name,
                like.kind()
            )));
        }
        rows.push(tensor.f_reshape([-1])?);
    }
    if parts.len() != rows.len() {
        return Err(Error::State(format!("it has {} parameters and buffers, not {}", parts.len(), rows.len())));
    }
    Ok(no_grad(|| Tensor::f_cat(&rows, 0)?.f_to_device(like.device()))?)
}
