//! Parameters and buffers as tensors, shared by the network, the optimizer and the checkpoint.
//!
//! All trainable parameters are views of one flat tensor, in the order of their [`Declaration`]. An optimizer's state
//! slots are flat tensors of the same length. Buffers (running means and variances) follow the parameters.

use tch::{Device, Kind, TchError, Tensor};

use crate::params::{Declaration, Param};

/// The tensors of a [`Declaration`].
#[derive(Debug)]
pub struct Store {
    declaration: Declaration,
    /// Parameters, then buffers.
    all: Tensor,
    /// The parameters' part of `all`.
    flat: Tensor,
    views: Vec<Tensor>,
    buffers: Vec<Tensor>,
    /// The indices of the parameters that are trained.
    trained: Vec<usize>,
}

impl Store {
    /// Allocates the tensors of `declaration` in `kind` on `device` and draws their initial values under `seed`.
    pub fn new(declaration: Declaration, kind: Kind, device: Device, seed: u64) -> Result<Self, TchError> {
        let values: Vec<f64> = declaration.stored().flat_map(|(it, _)| it.init.draw(it.len, seed, &it.name)).collect();
        let all = Tensor::f_from_slice(&values)?.f_to_kind(kind)?.f_to_device(device)?;
        let flat = all.f_narrow(0, 0, declaration.len() as i64)?;
        let mut views = Vec::new();
        for param in declaration.params() {
            views.push(view(param, &all, param.offset)?.f_detach()?.set_requires_grad(true));
        }
        let mut buffers = Vec::new();
        for (buffer, offset) in declaration.stored().skip(declaration.params().len()) {
            // `data` gives the buffer a version counter of its own. Writing it during a forward pass must not count as
            // a change of the parameters that autograd has saved.
            buffers.push(view(buffer, &all, offset)?.f_data()?);
        }
        let trained = (0..views.len()).collect();
        Ok(Store { declaration, all, flat, views, buffers, trained })
    }

    /// Freezes the parameters for which `is_frozen` returns true. In training a frozen parameter is a constant: it has
    /// no gradient, so no optimizer moves it or includes it in a norm.
    pub fn freeze(&mut self, is_frozen: impl Fn(usize) -> bool) {
        self.trained.retain(|&index| !is_frozen(index));
        for (index, view) in self.views.iter_mut().enumerate() {
            if is_frozen(index) {
                *view = view.set_requires_grad(false);
            }
        }
    }

    /// Computes the gradient of the scalar `loss` for each parameter. It is undefined where the loss does not depend on
    /// the parameter, and where the parameter is frozen. With `differentiable`, the gradients can be differentiated
    /// again.
    pub fn gradients(&self, loss: &Tensor, differentiable: bool) -> Result<Vec<Tensor>, TchError> {
        if self.trained.len() == self.views.len() {
            return Tensor::f_run_backward(&[loss], &self.views, differentiable, differentiable);
        }
        let trained: Vec<&Tensor> = self.trained.iter().map(|&index| &self.views[index]).collect();
        let found = Tensor::f_run_backward(&[loss], &trained, differentiable, differentiable)?;
        let mut grads: Vec<Tensor> = self.views.iter().map(|_| Tensor::new()).collect();
        for (&index, grad) in self.trained.iter().zip(found) {
            grads[index] = grad;
        }
        Ok(grads)
    }

    /// Returns the declaration that the tensors follow.
    pub fn declaration(&self) -> &Declaration {
        &self.declaration
    }

    /// Returns all parameters, then all buffers, as one flat tensor. Writing it changes them.
    pub fn all(&self) -> &Tensor {
        &self.all
    }

    /// Returns all parameters as one flat tensor. Writing it changes them.
    pub fn flat(&self) -> &Tensor {
        &self.flat
    }

    /// Returns the tensor of [`Store::flat`], to be written in place.
    pub fn flat_mut(&mut self) -> &mut Tensor {
        &mut self.flat
    }

    /// Returns the parameters in their shapes, in order. Each is a leaf of autograd.
    pub fn views(&self) -> &[Tensor] {
        &self.views
    }

    /// Returns parameter number `index` in its shape.
    pub fn get(&self, index: usize) -> &Tensor {
        &self.views[index]
    }

    /// Returns buffer number `index` in its shape. A forward pass may write it in place.
    pub fn buffer(&self, index: usize) -> &Tensor {
        &self.buffers[index]
    }

    /// Overwrites all parameters with the values of `flat`, a tensor of the same length.
    pub fn assign(&mut self, flat: &Tensor) -> Result<(), TchError> {
        tch::no_grad(|| self.flat.f_copy_(flat))
    }

    /// Overwrites all parameters and buffers with the values of `all`, a tensor of the same length.
    pub fn assign_all(&mut self, all: &Tensor) -> Result<(), TchError> {
        tch::no_grad(|| self.all.f_copy_(all))
    }
}

/// Returns each parameter and buffer as a view of `all`, a tensor laid out as [`Store::all`]. Their names are `prefix`
/// followed by the names in `declaration`.
pub fn by_name(declaration: &Declaration, prefix: &str, all: &Tensor) -> Result<Vec<(String, Tensor)>, TchError> {
    let named = |(param, offset): (&Param, usize)| Ok((format!("{prefix}{}", param.name), view(param, all, offset)?));
    declaration.stored().map(named).collect()
}

/// Returns the elements of `param`, which start at `offset` in the flat tensor `all`, in the parameter's shape.
fn view(param: &Param, all: &Tensor, offset: usize) -> Result<Tensor, TchError> {
    let shape: Vec<i64> = param.shape.iter().map(|&size| size as i64).collect();
    all.f_narrow(0, offset as i64, param.len as i64)?.f_view(shape.as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::Init;

    #[test]
    fn writing_the_flat_tensor_writes_the_parameters() {
        let mut declaration = Declaration::default();
        let weight = declaration.add("weight", &[2, 3], Init::Normal { sd: 1.0 });
        let bias = declaration.add("bias", &[2], Init::Constant(0.5));
        let mut store = Store::new(declaration, Kind::Double, Device::Cpu, 1).unwrap();
        assert_eq!(store.flat().size(), [8]);
        assert_eq!(store.get(bias).sum(Kind::Double).double_value(&[]), 1.0);
        store.assign(&Tensor::from_slice(&[1f64, 2., 3., 4., 5., 6., 7., 8.])).unwrap();
        assert_eq!(store.get(weight).double_value(&[1, 2]), 6.0);
        assert!(store.get(bias).requires_grad() && store.get(bias).is_leaf());
    }

    #[test]
    fn names_lead_to_the_elements_of_parameters_and_buffers() {
        let mut declaration = Declaration::default();
        declaration.add("weight", &[2, 2], Init::Constant(1.0));
        declaration.add_buffer("mean", &[2], 3.0);
        declaration.add("bias", &[2], Init::Constant(2.0));
        let store = Store::new(declaration, Kind::Double, Device::Cpu, 1).unwrap();
        let named = by_name(store.declaration(), "best/", store.all()).unwrap();
        let found: Vec<(&str, Vec<i64>, f64)> =
            named.iter().map(|(name, it)| (name.as_str(), it.size(), it.max().double_value(&[]))).collect();
        let expected = [("best/weight", vec![2, 2], 1.0), ("best/bias", vec![2], 2.0), ("best/mean", vec![2], 3.0)];
        assert_eq!(found, expected);
    }
}
