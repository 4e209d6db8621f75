//! The batch of a step, computed again for methods that look twice.

use tch::{Kind, Tensor, no_grad};

use super::Loss;
use crate::batches::Batch;
use crate::engine::{self, Error};
use crate::model::Model;
use crate::network::{ForwardMode, forward};
use crate::store::Store;

/// One batch under one model.
pub struct Again<'a> {
    pub model: &'a Model,
    pub batch: &'a Batch,
    pub loss: Loss,
    pub seed: u64,
    /// The step, from 0, so that dropout drops the same.
    pub step: u64,
}

impl Again<'_> {
    fn forward(&self, store: &Store) -> Result<Tensor, Error> {
        let mode = ForwardMode::Reevaluate { seed: self.seed, step: self.step };
        let output = forward(self.model, &self.batch.x, store, mode);
        let output = output.map_err(|error| Error::Model(error.to_string()))?;
        Ok(self.loss.of(&output, &self.batch.y)?)
    }
}

impl engine::Batch for Again<'_> {
    fn loss(&mut self, store: &Store) -> Result<f64, Error> {
        no_grad(|| Ok(self.forward(store)?.f_double_value(&[])?))
    }

    fn gradients(&mut self, store: &Store) -> Result<(f64, Vec<Tensor>), Error> {
        tch::with_grad(|| {
            let loss = self.forward(store)?;
            let grads = Tensor::f_run_backward(&[&loss], store.views(), false, false)?;
            Ok((loss.f_double_value(&[])?, grads))
        })
    }

    fn hessian_vector(&mut self, store: &Store, v: &[Tensor]) -> Result<Vec<Tensor>, Error> {
        tch::with_grad(|| {
            let loss = self.forward(store)?;
            let grads = Tensor::f_run_backward(&[&loss], store.views(), true, true)?;
            let mut product: Option<Tensor> = None;
            for (grad, v) in grads.iter().zip(v).filter(|(grad, _)| grad.defined()) {
                let term = grad.f_mul(v)?.f_sum(Kind::Double)?;
                product = Some(match product {
                    Some(sum) => sum.f_add(&term)?,
                    None => term,
                });
            }
            match product.filter(Tensor::requires_grad) {
                Some(product) => Ok(Tensor::f_run_backward(&[&product], store.views(), false, false)?),
                // The gradient is the same everywhere.
                None => store.views().iter().map(|view| Ok(view.f_zeros_like()?)).collect(),
            }
        })
    }
}
