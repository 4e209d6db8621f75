//! The number types of a run: `dtype` of `[model]`.

use crate::choice;

choice! {
    /// A floating-point type, by PyTorch's name.
    pub enum Dtype {
        Float32 = "float32",
        Float64 = "float64",
    }
}

impl Dtype {
    /// Returns the size of one element in bytes.
    pub fn bytes(self) -> usize {
        match self {
            Dtype::Float32 => 4,
            Dtype::Float64 => 8,
        }
    }
}

/// The number types of weights and of computation. They are equal. Mixed precision would make them differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Precision {
    /// The type of the parameters, buffers and optimizer state.
    pub store: Dtype,
    /// The type of the inputs and of the forward and backward pass.
    pub compute: Dtype,
}

impl From<Dtype> for Precision {
    /// Stores and computes in `dtype`.
    fn from(dtype: Dtype) -> Self {
        Precision { store: dtype, compute: dtype }
    }
}
