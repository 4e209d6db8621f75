//! Runs the optimizers. The engine gives every rule groups, weight decay, clipping, state, threads and SIMD.
//!
//! [`start`] turns a configuration into an [`Optimizer`] over a parameter store. An elementwise rule needs only its
//! file in `optimizer/`. A rule over whole tensors, or one that evaluates the batch again, also has a file here.

mod adafactor;
mod adam;
mod armijo;
mod clip;
mod elementwise;
mod ema;
mod flat;
mod gradient;
mod graph;
mod host_state;
mod lbfgs;
mod mechanic;
mod muon;
mod segments;
mod shampoo;
mod soap;
mod sophia_h;
mod sums;
mod tensor_rule;
mod two_pass;

use std::any::Any;
use std::fmt::Debug;

use tch::{TchError, Tensor};

use crate::optimizer::{Clip, OptimizerConfig, Program, UnknownHyper};
use crate::store::Store;

pub use ema::Ema;
pub use segments::{Segment, Segments};

/// Starts the optimizer of `groups` (the base group's first) over `store`.
pub fn start(
    groups: &[Box<dyn OptimizerConfig>],
    segments: Segments,
    clip: Clip,
    store: &Store,
) -> Result<Box<dyn Optimizer>, Error> {
    let program = groups[0].program(groups).map_err(|conflict| Error::Groups(conflict.message))?;
    start_program(program, groups.len(), Layout { segments, clip }, store)
}

fn start_program(program: Program, groups: usize, layout: Layout, store: &Store) -> Result<Box<dyn Optimizer>, Error> {
    match program {
        Program::Elementwise(program) => elementwise::start(program, groups, layout, store),
        Program::TwoPass(program) => two_pass::start(program, groups, layout, store),
        Program::Own(own) => start_own(own, layout, store),
    }
}

/// Starts a rule that has its own file here. The type of `groups` selects the file.
fn start_own(groups: Box<dyn Any + Send>, layout: Layout, store: &Store) -> Result<Box<dyn Optimizer>, Error> {
    macro_rules! start_by_type {
        ($($start:path),* $(,)?) => {{
            $(let groups = match groups.downcast() {
                Ok(groups) => return $start(*groups, layout, store),
                Err(others) => others,
            };)*
            groups
        }};
    }
    let groups = start_by_type!(
        adafactor::start,
        armijo::start,
        lbfgs::start,
        mechanic::start,
        muon::start,
        shampoo::start,
        soap::start,
        sophia_h::start,
    );
    panic!("no file in src/engine runs rules of type {:?}", (*groups).type_id())
}

/// The parts of the store that an optimizer updates, and the clipping of their gradients.
#[derive(Clone, Debug)]
struct Layout {
    /// The groups' segments of the store.
    segments: Segments,
    /// The clipping of gradients.
    clip: Clip,
}

/// The input of a step.
pub struct Step<'a> {
    pub store: &'a mut Store,
    /// The gradient of each parameter. It is undefined if the loss does not depend on the parameter. Such a parameter
    /// does not change.
    pub grads: &'a [Tensor],
    /// The learning rate of each group.
    pub lr: &'a [f64],
    /// For each group, the hyper-parameters that follow a schedule, with their names and their values at this step.
    /// Other hyper-parameters have the values of the group's table. Empty if nothing follows a schedule.
    pub hyper: &'a [Vec<(&'static str, f64)>],
    /// The loss of the batch, a scalar.
    pub loss: &'a Tensor,
    /// The batch, for optimizers that evaluate it again.
    pub batch: &'a mut dyn Batch,
}

/// The batch of a step, to evaluate again at the store's current values. Dropout uses the same mask every time.
pub trait Batch {
    /// Computes the loss alone.
    fn loss(&mut self, store: &Store) -> Result<f64, Error>;

    /// Computes the loss and each parameter's gradient.
    fn gradients(&mut self, store: &Store) -> Result<(f64, Vec<Tensor>), Error>;

    /// Computes the Hessian of the loss times `v`, which has the parameters' shapes. The product is undefined where the
    /// loss does not depend on a parameter.
    fn hessian_vector(&mut self, store: &Store, v: &[Tensor]) -> Result<Vec<Tensor>, Error>;
}

/// An optimizer with its state.
pub trait Optimizer: Debug + Send {
    /// Makes one update.
    fn step(&mut self, step: &mut Step<'_>) -> Result<(), Error>;

    /// Makes the same update by tensor operations alone, as on a device without a fused loop.
    fn step_as_tensors(&mut self, step: &mut Step<'_>) -> Result<(), Error> {
        self.step(step)
    }

    /// Returns the state by name: `exp_avg/layers.0.weight`. The tensors share their memory with the optimizer, so that
    /// writing them sets the state.
    fn state(&self) -> Vec<(String, Tensor)>;

    /// Returns the part of the state that is kept on the host: the number of steps, and a rule's own numbers.
    fn host_state(&self) -> serde_json::Value;

    /// Restores the part that [`Optimizer::host_state`] returned. Afterwards the state has the right tensors and
    /// shapes.
    fn set_host_state(&mut self, state: &serde_json::Value) -> Result<(), Error>;

    /// Returns the effective rate of each group's last step. `None` if the optimizer does not choose its own rates, or
    /// has none yet.
    fn effective_lr(&self) -> Option<Vec<f64>> {
        None
    }

    /// Returns the number of bytes by which the state will still grow.
    fn growth(&self) -> u64 {
        0
    }

    /// Returns the flat weights for evaluation. `None` means those in the store.
    fn eval_weights(&self, _store: &Store) -> Result<Option<Tensor>, Error> {
        Ok(None)
    }
}

/// Restores the state of `optimizer` from a checkpoint: the [`Optimizer::host_state`] and the tensors of
/// [`Optimizer::state`] of an earlier optimizer.
pub fn restore(
    optimizer: &mut dyn Optimizer,
    host_state: &serde_json::Value,
    tensors: &[(String, Tensor)],
) -> Result<(), Error> {
    optimizer.set_host_state(host_state)?;
    let mut state = optimizer.state();
    let fits = |(name, tensor): &(String, Tensor)| {
        tensors.iter().any(|(other, value)| other == name && value.size() == tensor.size())
    };
    if let Some((name, tensor)) = state.iter().find(|it| !fits(it)) {
        return Err(Error::State(format!("the checkpoint lacks `{name}` of shape {:?}", tensor.size())));
    }
    if state.len() != tensors.len() {
        let (there, here) = (tensors.len(), state.len());
        return Err(Error::State(format!("the checkpoint has {there} tensors, the optimizer {here}")));
    }
    for (name, tensor) in &mut state {
        for (_, value) in tensors.iter().filter(|(other, _)| other == name) {
            tch::no_grad(|| tensor.f_copy_(value))?;
        }
    }
    Ok(())
}

/// An error that stops an optimizer, or prevents its start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The groups do not fit together.
    #[error("{0}")]
    Groups(String),
    /// A step gave a value to a hyper-parameter that the rule does not have.
    #[error(transparent)]
    Hyper(#[from] UnknownHyper),
    /// The state does not belong to this optimizer.
    #[error("the optimizer's state does not fit: {0}")]
    State(String),
    /// libtorch returned an error.
    #[error("in the optimizer: {}", crate::libtorch::message(.0))]
    Torch(#[from] TchError),
    /// The model failed while the batch was evaluated again.
    #[error("{0}")]
    Model(String),
}

#[cfg(test)]
mod tests;
