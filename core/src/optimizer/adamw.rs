//! AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101) is [`super::adam`] with decoupled weight decay, θ ← θ·(1 −
//! lr·λ) before the step. It is `AdamW` in PyTorch and Keras.
//!
//! Keys and defaults are Adam's, except `decoupled_weight_decay = true` and `weight_decay = 0.01` (Keras: 0.004).

use super::adam::{Defaults, read};
use super::{Build, Convention, OptimizerConfig, convention};
use crate::spec::{Entry, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "adamw",
    summary: "Adam with decoupled weight decay (Loshchilov and Hutter 2019)",
    example: "type = \"adamw\"\nlr = 1e-3\nweight_decay = 0.01",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn OptimizerConfig>> {
    let defaults = match convention(section) {
        Convention::Torch => Defaults { eps: 1e-8, eps_hat: false, weight_decay: 0.01, decoupled: true },
        Convention::Keras => Defaults { eps: 1e-7, eps_hat: true, weight_decay: 0.004, decoupled: true },
    };
    Some(read(section, defaults))
}
