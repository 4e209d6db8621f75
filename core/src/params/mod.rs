//! Declarations of a model's parameters: names, shapes and initial values, without tensors.
//!
//! Parameter groups, counts and previews work from a [`Declaration`] alone. `lr_run::store` turns it into tensors.

mod init;

pub use init::{Init, Initializer};

/// One declared parameter or buffer.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// The name in code and on disk, for example `layers.0.weight`.
    pub name: String,
    pub shape: Vec<usize>,
    pub init: Init,
    /// The index of the first element in the flat tensor of all parameters (or of all buffers).
    pub offset: usize,
    /// The number of elements.
    pub len: usize,
}

/// The parameters of a model, in order, and its buffers. A buffer is a tensor that the model updates itself, such as a
/// running mean.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Declaration {
    params: Vec<Param>,
    buffers: Vec<Param>,
}

impl Declaration {
    /// Declares a parameter and returns its index.
    pub fn add(&mut self, name: impl Into<String>, shape: &[usize], init: Init) -> usize {
        push(&mut self.params, name.into(), shape, init)
    }

    /// Declares a buffer whose elements start at `value` and returns its index.
    pub fn add_buffer(&mut self, name: impl Into<String>, shape: &[usize], value: f64) -> usize {
        push(&mut self.buffers, name.into(), shape, Init::Constant(value))
    }

    /// Returns the parameters, in order.
    pub fn params(&self) -> &[Param] {
        &self.params
    }

    /// Returns the buffers, in order.
    pub fn buffers(&self) -> &[Param] {
        &self.buffers
    }

    /// Returns the number of elements of all parameters together.
    pub fn len(&self) -> usize {
        end(&self.params)
    }

    /// Returns true if there are no parameters.
    pub fn is_empty(&self) -> bool {
        self.params.is_empty()
    }

    /// Returns the parameters, then the buffers, each with the index of its first element in one flat tensor that holds
    /// both.
    pub fn stored(&self) -> impl Iterator<Item = (&Param, usize)> {
        let buffers = self.buffers.iter().map(|it| (it, self.len().saturating_add(it.offset)));
        self.params.iter().map(|it| (it, it.offset)).chain(buffers)
    }
}

fn push(to: &mut Vec<Param>, name: String, shape: &[usize], init: Init) -> usize {
    let offset = end(to);
    // The sizes come from a spec. A count that saturates is refused later, when it is compared with the memory.
    let len = shape.iter().fold(1usize, |product, &size| product.saturating_mul(size));
    to.push(Param { name, shape: shape.to_vec(), init, offset, len });
    to.len() - 1
}

fn end(params: &[Param]) -> usize {
    params.last().map_or(0, |last| last.offset.saturating_add(last.len))
}
