//! Activation functions.

use tch::{TchError, Tensor};

use crate::choice;

choice! {
    /// A function between layers.
    pub enum Activation {
        /// max(x, 0)
        Relu = "relu",
        Tanh = "tanh",
        /// 1/(1 + e⁻ˣ)
        Sigmoid = "sigmoid",
        /// x·Φ(x), exact (by erf).
        Gelu = "gelu",
        /// x·sigmoid(x), also swish.
        Silu = "silu",
        /// x for x > 0, else eˣ − 1.
        Elu = "elu",
        /// x for x > 0, else 0.01·x.
        LeakyRelu = "leaky_relu",
    }
}

impl Activation {
    pub(super) fn apply(self, x: &Tensor) -> Result<Tensor, TchError> {
        match self {
            Activation::Relu => x.f_relu(),
            Activation::Tanh => x.f_tanh(),
            Activation::Sigmoid => x.f_sigmoid(),
            Activation::Gelu => x.f_gelu("none"),
            Activation::Silu => x.f_silu(),
            Activation::Elu => x.f_elu(),
            Activation::LeakyRelu => x.f_leaky_relu(),
        }
    }
}
