//! Update rules. A spec's `[optimizer]` table becomes a [`Method`] without libtorch, and a method begins as an
//! [`Optimizer`] over a parameter store.
//!
//! An elementwise rule is written once, over [`Num`], in a file of its own ([`Elementwise`]); the engine gives it
//! weight decay, clipping, groups, state and speed.

mod adadelta;
mod adagrad;
mod adam;
mod adamax;
mod adamw;
mod clip;
mod elementwise;
mod fused;
mod hyper;
mod num;
mod radam;
mod rmsprop;
mod segments;
mod sgd;

use std::any::Any;
use std::fmt::Debug;

use tch::{TchError, Tensor};

use crate::choice;
use crate::params::Store;
use crate::spec::{Entry, NonNegative, Section};

pub use clip::Clip;
pub use elementwise::{Elementwise, method};
pub use hyper::{Hyper, Range};
pub use num::{Num, Wide};
pub use segments::{Segment, Segments};

/// Every optimizer that `[optimizer] type = "…"` can name.
pub const REGISTRY: &[Entry<Build>] = &[
    adadelta::ENTRY,
    adagrad::ENTRY,
    adam::ENTRY,
    adamax::ENTRY,
    adamw::ENTRY,
    radam::ENTRY,
    rmsprop::ENTRY,
    sgd::ENTRY,
];

/// Builds a method from its table (for a group: the base table overlaid with the group's); `None` when errors were
/// logged.
pub type Build = fn(&mut Section<'_>) -> Option<Box<dyn Method>>;

choice! {
    /// Whose formula and defaults a table without further options stands for.
    pub enum Convention {
        /// PyTorch's.
        Torch = "torch",
        /// Keras's.
        Keras = "keras",
    }
}

/// Reads `convention`, which sets other keys' defaults and is not itself part of the resolved spec.
fn convention(section: &mut Section<'_>) -> Convention {
    let read = section.or("convention", Convention::Torch);
    section.forget("convention");
    read
}

/// What a parameter loses at each step besides its gradient. λ: the spec's `weight_decay`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Decay {
    /// g ← g + λ·θ before the rule: an L2 penalty.
    Coupled(f64),
    /// θ ← θ·(1 − lr·λ) before the rule (Loshchilov and Hutter 2019, arXiv 1711.05101).
    Decoupled(f64),
}

impl Decay {
    /// Reads `weight_decay` and `decoupled_weight_decay`.
    fn read(section: &mut Section<'_>, default: f64, decoupled: bool) -> Decay {
        let amount = section.or("weight_decay", NonNegative(default)).0;
        match section.or("decoupled_weight_decay", decoupled) {
            true => Decay::Decoupled(amount),
            false => Decay::Coupled(amount),
        }
    }

    /// λ.
    fn amount(&mut self) -> &mut f64 {
        match self {
            Decay::Coupled(amount) | Decay::Decoupled(amount) => amount,
        }
    }
}

/// An optimizer as a spec describes it, for one group.
pub trait Method: Any + Debug + Send {
    /// The learning rate that the table gives, or the method's default.
    fn lr(&self) -> f64;

    /// The numbers that may follow a schedule, as the table gives them; in the order of their columns in results.
    fn hypers(&self) -> Vec<Hyper>;

    /// The one among them that rules cycle inversely to the rate: `momentum`, or `beta1`.
    fn momentum(&self) -> Option<Hyper> {
        self.hypers().into_iter().find(|hyper| matches!(hyper.name, "momentum" | "beta1"))
    }

    /// Begins over `store`, with one method a group (the base group's first: `groups[0]` is `self`'s place).
    fn start(
        &self,
        groups: &[Box<dyn Method>],
        segments: Segments,
        clip: Clip,
        store: &Store,
    ) -> Result<Box<dyn Optimizer>, Error>;

    /// For [`Method::start`] to find its own kind among the groups.
    fn as_any(&self) -> &dyn Any;
}

/// What a step has to go on.
pub struct Step<'a> {
    pub store: &'a mut Store,
    /// One for each parameter; undefined where the loss does not depend on it, and then the parameter is left alone.
    pub grads: &'a [Tensor],
    /// The learning rate of each group.
    pub lr: &'a [f64],
    /// Of each group the hyper-parameters that follow a schedule, by name, with their values at this step; the others
    /// have the values that the group's table gives. Nothing at all where none does.
    pub hyper: &'a [Vec<(&'static str, f64)>],
    /// The loss of the batch, a scalar.
    pub loss: &'a Tensor,
    /// Loss and gradients of the same batch at the store's present values, for methods that look again.
    pub reevaluate: &'a mut Reevaluate<'a>,
}

/// Loss and gradients at the store's values.
pub type Reevaluate<'a> = dyn FnMut(&Store) -> Result<(Tensor, Vec<Tensor>), Error> + 'a;

/// An optimizer at work.
pub trait Optimizer: Debug + Send {
    /// Makes one update.
    fn step(&mut self, step: &mut Step<'_>) -> Result<(), Error>;

    /// The same update by tensor operations alone, as it is done where there is no fused loop.
    fn step_as_tensors(&mut self, step: &mut Step<'_>) -> Result<(), Error> {
        self.step(step)
    }

    /// Updates made.
    fn steps(&self) -> u64;

    /// The state, one flat tensor a slot, by PyTorch's names.
    fn slots(&self) -> Vec<(&'static str, &Tensor)>;

    /// The rate that each group's last step really had, for methods that choose their own.
    fn effective_lr(&self) -> Option<Vec<f64>> {
        None
    }

    /// The weights to evaluate with, flat, where they are not the store's own.
    fn eval_weights(&self, _store: &Store) -> Result<Option<Tensor>, Error> {
        Ok(None)
    }
}

/// An optimizer that cannot begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The groups do not go together.
    #[error("{0}")]
    Groups(String),
    /// A step gave a value to what this rule does not have.
    #[error("this optimizer has no `{0}` that could change from step to step")]
    Hyper(&'static str),
    /// libtorch refused.
    #[error("in the optimizer: {}", crate::libtorch::message(.0))]
    Torch(#[from] TchError),
    /// The model failed while the batch was evaluated again.
    #[error("{0}")]
    Model(String),
}

#[cfg(test)]
mod tests;
