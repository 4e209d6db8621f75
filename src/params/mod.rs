//! The parameter store that model, optimizer and checkpoint share.
//!
//! A model declares its parameters without libtorch ([`Declaration`]); the [`Store`] lays them, in that order, over one
//! flat tensor of which each parameter is a view. An optimizer's state slots are flat tensors of the same length. Buffers,
//! which the model keeps for itself (running means), stand behind the parameters.

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

impl Param {
    /// Its elements in `all`, which begin at `offset`, in its shape.
    fn view(&self, all: &Tensor, offset: usize) -> Result<Tensor, TchError> {
        let shape: Vec<i64> = self.shape.iter().map(|&size| size as i64).collect();
        all.f_narrow(0, offset as i64, self.len as i64)?.f_view(shape.as_slice())
    }
}

/// The parameters of a model, in order, and its buffers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Declaration {
    params: Vec<Param>,
    /// Their offsets count from the first buffer.
    buffers: Vec<Param>,
}

impl Declaration {
    /// Declares a parameter and returns its number.
    pub fn add(&mut self, name: impl Into<String>, shape: &[usize], init: Init) -> usize {
        push(&mut self.params, name.into(), shape, init)
    }

    /// Declares a buffer and returns its number.
    pub fn add_buffer(&mut self, name: impl Into<String>, shape: &[usize], value: f64) -> usize {
        push(&mut self.buffers, name.into(), shape, Init::Constant(value))
    }

    /// The parameters, in order.
    pub fn params(&self) -> &[Param] {
        &self.params
    }

    /// The buffers, in order.
    pub fn buffers(&self) -> &[Param] {
        &self.buffers
    }

    /// Elements of all parameters together.
    pub fn len(&self) -> usize {
        end(&self.params)
    }

    /// All that is stored under a name, with where it begins in [`Store::all`].
    pub fn stored(&self) -> impl Iterator<Item = (&Param, usize)> {
        let buffers = self.buffers.iter().map(|it| (it, self.len().saturating_add(it.offset)));
        self.params.iter().map(|it| (it, it.offset)).chain(buffers)
    }

    /// Views of the parameters and buffers in `all`, laid out as [`Store::all`]; `prefix` before their names.
    pub fn named(&self, prefix: &str, all: &Tensor) -> Result<Vec<(String, Tensor)>, TchError> {
        self.stored().map(|(param, offset)| Ok((format!("{prefix}{}", param.name), param.view(all, offset)?))).collect()
    }

    /// Whether nothing is declared.
    pub fn is_empty(&self) -> bool {
        self.params.is_empty()
    }
}

fn push(to: &mut Vec<Param>, name: String, shape: &[usize], init: Init) -> usize {
    // Saturating: the sizes are a person's, and what cannot be held is refused by its count.
    let (offset, len) = (end(to), shape.iter().fold(1usize, |product, &size| product.saturating_mul(size)));
    to.push(Param { name, shape: shape.to_vec(), init, offset, len });
    to.len() - 1
}

fn end(params: &[Param]) -> usize {
    params.last().map_or(0, |last| last.offset.saturating_add(last.len))
}

/// Declared parameters and buffers as tensors.
#[derive(Debug)]
pub struct Store {
    declaration: Declaration,
    /// Parameters, then buffers.
    all: Tensor,
    flat: Tensor,
    views: Vec<Tensor>,
    buffers: Vec<Tensor>,
}

impl Store {
    /// Lays `declaration` over a flat tensor on `device`, with initial values drawn under `seed`.
    pub fn new(declaration: Declaration, kind: Kind, device: Device, seed: u64) -> Result<Self, TchError> {
        let values: Vec<f64> = declaration.stored().flat_map(|(it, _)| it.init.draw(it.len, seed, &it.name)).collect();
        let all = Tensor::f_from_slice(&values)?.f_to_kind(kind)?.f_to_device(device)?;
        let flat = all.f_narrow(0, 0, declaration.len() as i64)?;
        let views = declaration
            .stored()
            .map(|(param, offset)| param.view(&all, offset))
            .collect::<Result<Vec<_>, TchError>>()?;
        let (params, buffers) = views.split_at(declaration.params.len());
        let views = params.iter().map(|view| Ok(view.f_detach()?.set_requires_grad(true)));
        // Each with a version of its own: what a pass writes there is no change to parameters that it has used.
        let buffers = buffers.iter().map(Tensor::f_data);
        let (views, buffers) = (views.collect::<Result<_, TchError>>()?, buffers.collect::<Result<_, _>>()?);
        Ok(Store { declaration, all, flat, views, buffers })
    }

    /// What is stored.
    pub fn declaration(&self) -> &Declaration {
        &self.declaration
    }

    /// Parameters and buffers in one row: all that the model computes with. Writing it writes them.
    pub fn all(&self) -> &Tensor {
        &self.all
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

    /// Buffer number `index`. The model writes it in place.
    pub fn buffer(&self, index: usize) -> &Tensor {
        &self.buffers[index]
    }

    /// Overwrites all parameters with the values of `flat`, a tensor of the same length.
    pub fn assign(&mut self, flat: &Tensor) -> Result<(), TchError> {
        tch::no_grad(|| self.flat.f_copy_(flat))
    }

    /// Overwrites parameters and buffers with the values of `all`, a tensor of the same length.
    pub fn assign_all(&mut self, all: &Tensor) -> Result<(), TchError> {
        tch::no_grad(|| self.all.f_copy_(all))
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
