//! The parameter store that model, optimizer and checkpoint share.
//!
//! A model declares its parameters without libtorch ([`Declaration`]); the [`Store`] lays them, in that order, over one
//! flat tensor of which each parameter is a view. An optimizer's state slots are flat tensors of the same length.

mod init;

use tch::{Device, Kind, TchError, Tensor};

pub use init::{Init, Initializer};

/// One declared parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// `layers.0.weight`: also its name on disk.
    pub name: String,
    pub shape: Vec<usize>,
    pub init: Init,
    /// Where it begins in the flat tensor.
    pub offset: usize,
    /// How many elements it has.
    pub len: usize,
}

/// The parameters of a model, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Declaration {
    params: Vec<Param>,
}

impl Declaration {
    /// Declares a parameter and returns its number.
    pub fn add(&mut self, name: impl Into<String>, shape: &[usize], init: Init) -> usize {
        // Saturating: the sizes are a person's, and what cannot be held is refused by its count.
        let (offset, len) = (self.len(), shape.iter().fold(1usize, |product, &size| product.saturating_mul(size)));
        self.params.push(Param { name: name.into(), shape: shape.to_vec(), init, offset, len });
        self.params.len() - 1
    }

    /// The parameters, in order.
    pub fn params(&self) -> &[Param] {
        &self.params
    }

    /// Elements of all parameters together.
    pub fn len(&self) -> usize {
        self.params.last().map_or(0, |last| last.offset.saturating_add(last.len))
    }

    /// Whether nothing is declared.
    pub fn is_empty(&self) -> bool {
        self.params.is_empty()
    }
}

/// Declared parameters as tensors.
#[derive(Debug)]
pub struct Store {
    declaration: Declaration,
    flat: Tensor,
    views: Vec<Tensor>,
}

impl Store {
    /// Lays `declaration` over a flat tensor on `device`, with initial values drawn under `seed`.
    pub fn new(declaration: Declaration, kind: Kind, device: Device, seed: u64) -> Result<Self, TchError> {
        let values: Vec<f64> = declaration.params.iter().flat_map(|it| it.init.draw(it.len, seed, &it.name)).collect();
        let flat = Tensor::f_from_slice(&values)?.f_to_kind(kind)?.f_to_device(device)?;
        let views = declaration
            .params
            .iter()
            .map(|param| {
                let view = flat.f_narrow(0, param.offset as i64, param.len as i64)?;
                let shape: Vec<i64> = param.shape.iter().map(|&size| size as i64).collect();
                Ok(view.f_view(shape.as_slice())?.f_detach()?.set_requires_grad(true))
            })
            .collect::<Result<Vec<_>, TchError>>()?;
        Ok(Store { declaration, flat, views })
    }

    /// What is stored.
    pub fn declaration(&self) -> &Declaration {
        &self.declaration
    }

    /// All parameters in one row; writing it writes them.
    pub fn flat(&self) -> &Tensor {
        &self.flat
    }

    /// The same, to write it in place.
    pub fn flat_mut(&mut self) -> &mut Tensor {
        &mut self.flat
    }

    /// The parameters as the model uses them, in order; each takes part in autograd.
    pub fn views(&self) -> &[Tensor] {
        &self.views
    }

    /// Parameter number `index`.
    pub fn get(&self, index: usize) -> &Tensor {
        &self.views[index]
    }

    /// Overwrites all values with those of `flat`, a tensor of the same length.
    pub fn assign(&mut self, flat: &Tensor) -> Result<(), TchError> {
        tch::no_grad(|| self.flat.f_copy_(flat))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
