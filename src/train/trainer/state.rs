//! The trainer's part of a run's state: parameters, averages and the optimizer's state.

use tch::{TchError, Tensor, no_grad};

use super::Trainer;
use crate::engine::restore;
use crate::params::Declaration;
use crate::store::by_name;
use crate::train::{Error, State};

/// The prefixes of a state's tensors.
const MODEL: &str = "model/";
const OPTIMIZER: &str = "optimizer/";
const BEST: &str = "best/";
const EMA: &str = "ema/";

impl Trainer {
    /// Returns the tensors of the run's state. They share memory with the trainer. `best` is laid out as
    /// [`crate::store::Store::all`].
    pub(in crate::train) fn tensors(&self, best: Option<&Tensor>) -> Result<Vec<(String, Tensor)>, TchError> {
        let declaration = self.store.declaration();
        let mut tensors = by_name(declaration, MODEL, self.store.all())?;
        let state = self.optimizer.state();
        tensors.extend(state.into_iter().map(|(name, tensor)| (format!("{OPTIMIZER}{name}"), tensor)));
        if let Some(best) = best {
            tensors.extend(by_name(declaration, BEST, best)?);
        }
        if let Some(average) = self.average() {
            tensors.extend(by_name(declaration, EMA, average)?);
        }
        Ok(tensors)
    }

    /// Restores parameters, buffers, averages and the optimizer's state. Returns the parameters after the best epoch.
    /// `None` if the state does not have them.
    pub(in crate::train) fn restore(&mut self, state: &State) -> Result<Option<Tensor>, Error> {
        let all = |prefix: &str| -> Result<Option<Tensor>, Error> {
            let parts = state.part(prefix);
            match parts.is_empty() {
                true => Ok(None),
                false => laid_out(&parts, self.store.declaration(), self.store.all()).map(Some),
            }
        };
        let model = all(MODEL)?.ok_or_else(|| Error::State("it has no parameters of the model".to_owned()))?;
        let best = all(BEST)?;
        let average = all(EMA)?;
        self.store.assign_all(&model)?;
        if let Some(ema) = &mut self.ema {
            ema.set_weights(average);
        }
        restore(&mut *self.optimizer, &state.values.optimizer, &state.part(OPTIMIZER))?;
        Ok(best)
    }
}

/// Joins the tensors that [`by_name`] has split. The result has the kind and the device of `like`.
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
        let (there, here) = (parts.len(), rows.len());
        return Err(Error::State(format!("it has {there} parameters and buffers, but the model has {here}")));
    }
    Ok(no_grad(|| Tensor::f_cat(&rows, 0)?.f_to_device(like.device()))?)
}
