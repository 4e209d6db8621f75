//! Activation functions.

use crate::choice;

choice! {
    /// A function that is applied to each element between two layers.
    pub enum Activation {
        /// max(x, 0)
        Relu = "relu",
        /// tanh x
        Tanh = "tanh",
        /// 1/(1 + e⁻ˣ)
        Sigmoid = "sigmoid",
        /// x·Φ(x), exact (by erf).
        Gelu = "gelu",
        /// x·sigmoid(x), also known as swish.
        Silu = "silu",
        /// x for x > 0, else eˣ − 1.
        Elu = "elu",
        /// x for x > 0, else 0.01·x.
        LeakyRelu = "leaky_relu",
    }
}
