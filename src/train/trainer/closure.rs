//! The closure of a step: evaluates its batch again, for optimizers such as L-BFGS.

use tch::{Kind, Tensor, no_grad};

use super::loss::mean_loss;
use crate::batches::Batch;
use crate::engine::{self, Error};
use crate::model::Model;
use crate::network::{ForwardMode, forward};
use crate::plan::Loss;
use crate::store::Store;

/// A model with the batch of one step.
pub struct Closure<'a> {
    pub model: &'a Model,
    pub batch: &'a Batch,
    pub loss: Loss,
    pub seed: u64,
    /// The step, from 0. With it, dropout uses the same masks as the step.
    pub step: u64,
}

impl Closure<'_> {
    fn forward(&self, store: &Store) -> Result<Tensor, Error> {
        let mode = ForwardMode::Reevaluate { seed: self.seed, step: self.step };
        let output = forward(self.model, &self.batch.x, store, mode);
        let output = output.map_err(|error| Error::Model(error.to_string()))?;
        Ok(mean_loss(self.loss, &output, &self.batch.y)?)
    }
}

impl engine::Batch for Closure<'_> {
    fn loss(&mut self, store: &Store) -> Result<f64, Error> {
        no_grad(|| Ok(self.forward(store)?.f_double_value(&[])?))
    }

    fn gradients(&mut self, store: &Store) -> Result<(f64, Vec<Tensor>), Error> {
        tch::with_grad(|| {
            let loss = self.forward(store)?;
            let grads = store.gradients(&loss, false)?;
            Ok((loss.f_double_value(&[])?, grads))
        })
    }

    fn hessian_vector(&mut self, store: &Store, v: &[Tensor]) -> Result<Vec<Tensor>, Error> {
        tch::with_grad(|| {
            let loss = self.forward(store)?;
            let grads = store.gradients(&loss, true)?;
            let mut product: Option<Tensor> = None;
            for (grad, v) in grads.iter().zip(v).filter(|(grad, _)| grad.defined()) {
                let term = grad.f_mul(v)?.f_sum(Kind::Double)?;
                product = Some(match product {
                    Some(sum) => sum.f_add(&term)?,
                    None => term,
                });
            }
            match product.filter(Tensor::requires_grad) {
                Some(product) => Ok(store.gradients(&product, false)?),
                // The gradient is constant, so the Hessian is zero.
                None => store.views().iter().map(|view| Ok(view.f_zeros_like()?)).collect(),
            }
        })
    }
}
