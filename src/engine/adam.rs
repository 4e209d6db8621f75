//! Adam's step on tensors, for rules that use Adam for some parameters or in another basis.

use std::sync::LazyLock;

use tch::{TchError, Tensor};

use super::graph::evaluate;
use crate::optimizer::{Adam, Graph};

/// Makes step `t` (from 1) of `adam` without amsgrad. Changes the parameter `p` and its moments `m` and `v` in place.
pub fn adam_step(
    adam: &Adam,
    t: u64,
    lr: f64,
    p: &mut Tensor,
    g: Tensor,
    m: &mut Tensor,
    v: &mut Tensor,
) -> Result<(), TchError> {
    static GRAPH: LazyLock<Graph> = LazyLock::new(Adam::graph);
    let mut inputs = vec![p.shallow_clone(), g, m.shallow_clone(), v.shallow_clone()];
    inputs.extend(adam.numbers(t, lr).map(Tensor::from));
    let outputs = evaluate(&GRAPH, inputs)?;
    for (place, new) in [p, m, v].into_iter().zip(outputs) {
        place.f_copy_(&new)?;
    }
    Ok(())
}
