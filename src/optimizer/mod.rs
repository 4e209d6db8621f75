//! Update rules. A spec's `[optimizer]` table becomes a [`Method`] without libtorch, and a method begins as an
//! [`Optimizer`] over a parameter store.
//!
//! A rule is written once, in a file of its own; [`engine`] runs it. An elementwise one is written over [`Num`], so that
//! the same text is the fused loop on the CPU and tensor operations on a GPU.

mod adabelief;
mod adadelta;
mod adafactor;
mod adagrad;
mod adam;
mod adam_hd;
mod adamax;
mod adamw;
mod adan;
mod ademamix;
mod adopt;
mod alig;
mod armijo;
mod asgd;
mod averages;
mod cocob;
mod dadapt_adam;
mod dadapt_sgd;
mod dog;
mod dowg;
mod ema;
mod engine;
mod ftrl;
mod l4;
mod lamb;
mod lars;
mod lbfgs;
mod ldog;
mod lion;
mod mechanic;
mod momo;
mod momo_adam;
mod muon;
mod nadam;
mod polyak;
mod prodigy;
mod radam;
mod rmsprop;
mod rprop;
mod schedule_free;
mod schedule_free_adamw;
mod schedule_free_sgd;
mod sgd;
mod sgd_hd;
mod shampoo;
mod soap;
mod sophia_h;
mod sps_max;

use std::any::Any;
use std::fmt::Debug;

use tch::{TchError, Tensor};

use crate::choice;
use crate::spec::{Entry, Section};
use crate::store::Store;

pub use ema::Ema;
pub use engine::{Clip, Conflict, Elementwise, Hyper, Num, Range, Segment, Segments, Wide};

use engine::{Initial, Treatment, UpdateRule, elementwise};

/// Every optimizer that `[optimizer] type = "…"` can name.
pub const REGISTRY: &[Entry<Build>] = &[
    adabelief::ENTRY,
    adadelta::ENTRY,
    adafactor::ENTRY,
    adagrad::ENTRY,
    adam::ENTRY,
    adam_hd::ENTRY,
    adamax::ENTRY,
    adamw::ENTRY,
    adan::ENTRY,
    ademamix::ENTRY,
    adopt::ENTRY,
    alig::ENTRY,
    armijo::ENTRY,
    asgd::ENTRY,
    cocob::ENTRY,
    dadapt_adam::ENTRY,
    dadapt_sgd::ENTRY,
    dog::ENTRY,
    dowg::ENTRY,
    ftrl::ENTRY,
    l4::ENTRY,
    lamb::ENTRY,
    lars::ENTRY,
    lbfgs::ENTRY,
    ldog::ENTRY,
    lion::ENTRY,
    mechanic::ENTRY,
    momo::ENTRY,
    momo_adam::ENTRY,
    muon::ENTRY,
    nadam::ENTRY,
    prodigy::ENTRY,
    radam::ENTRY,
    rmsprop::ENTRY,
    rprop::ENTRY,
    schedule_free_adamw::ENTRY,
    schedule_free_sgd::ENTRY,
    sgd::ENTRY,
    sgd_hd::ENTRY,
    shampoo::ENTRY,
    soap::ENTRY,
    sophia_h::ENTRY,
    sps_max::ENTRY,
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
    /// The rule's own affair.
    OfRule,
}

impl Decay {
    /// λ, where it is the engine's.
    fn amount(&mut self) -> Option<&mut f64> {
        match self {
            Decay::Coupled(amount) | Decay::Decoupled(amount) => Some(amount),
            Decay::OfRule => None,
        }
    }
}

/// What an optimizer does with learning rates. Each reason follows "because".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// Why a rate that follows a schedule would change nothing, or break the method.
    pub no_schedule: Option<&'static str>,
    /// Why all groups have one rate.
    pub one_rate: Option<&'static str>,
    /// Why there is but one group.
    pub one_group: Option<&'static str>,
    /// It makes a rate of its own of the nominal one: [`Optimizer::effective_lr`] gives it.
    pub finds_its_own: bool,
}

/// An optimizer as a spec describes it, for one group.
pub trait Method: Any + Debug + Send + Sync {
    /// The learning rate that the table gives, or the method's default.
    fn lr(&self) -> f64;

    /// The numbers that may follow a schedule, as the table gives them; in the order of their columns in results.
    fn hypers(&self) -> Vec<Hyper>;

    /// The one among them that rules cycle inversely to the rate: `momentum`, or `beta1`.
    fn momentum(&self) -> Option<Hyper> {
        self.hypers().into_iter().find(|hyper| matches!(hyper.name, "momentum" | "beta1"))
    }

    /// What it does with learning rates.
    fn rates(&self) -> Rates;

    /// Why this cannot be the method of a group where `base` is the base group's.
    fn beside(&self, base: &dyn Method) -> Result<(), Conflict>;

    /// Begins over `store`, with one method a group (the base group's first: `groups[0]` is `self`'s place).
    fn start(
        &self,
        groups: &[Box<dyn Method>],
        segments: Segments,
        clip: Clip,
        store: &Store,
    ) -> Result<Box<dyn Optimizer>, Error>;

    /// A copy, for methods that wrap another.
    fn boxed(&self) -> Box<dyn Method>;

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
    /// For methods that look again.
    pub batch: &'a mut dyn Batch,
}

/// The batch of a step, computed again at a store's present values; dropout drops what it dropped before.
pub trait Batch {
    /// The loss alone.
    fn loss(&mut self, store: &Store) -> Result<f64, Error>;

    /// The loss and each parameter's gradient.
    fn gradients(&mut self, store: &Store) -> Result<(f64, Vec<Tensor>), Error>;

    /// The Hessian of the loss times `v`, which has the parameters' shapes; undefined where the loss does not depend on
    /// a parameter.
    fn hessian_vector(&mut self, store: &Store, v: &[Tensor]) -> Result<Vec<Tensor>, Error>;
}

/// An optimizer at work.
pub trait Optimizer: Debug + Send {
    /// Makes one update.
    fn step(&mut self, step: &mut Step<'_>) -> Result<(), Error>;

    /// The same update by tensor operations alone, as it is done where there is no fused loop.
    fn step_as_tensors(&mut self, step: &mut Step<'_>) -> Result<(), Error> {
        self.step(step)
    }

    /// The state, by name: `exp_avg/layers.0.weight`. Each tensor shares its memory with the optimizer, so that writing
    /// it sets the state.
    fn state(&self) -> Vec<(String, Tensor)>;

    /// What is kept besides on the host: the number of steps, and a rule's own numbers.
    fn memory(&self) -> serde_json::Value;

    /// Takes over what [`Optimizer::memory`] gave. Where the state's tensors depend on it, they are as it says after.
    fn remember(&mut self, memory: &serde_json::Value) -> Result<(), Error>;

    /// The rate that each group's last step really had, for methods that choose their own.
    fn effective_lr(&self) -> Option<Vec<f64>> {
        None
    }

    /// Bytes that its state has yet to grow by, where it does.
    fn growth(&self) -> u64 {
        0
    }

    /// The weights to evaluate with, flat, where they are not the store's own.
    fn eval_weights(&self, _store: &Store) -> Result<Option<Tensor>, Error> {
        Ok(None)
    }
}

/// Gives `optimizer` the state that another of its kind had: [`Optimizer::memory`], and its tensors by name.
pub fn restore(
    optimizer: &mut dyn Optimizer,
    memory: &serde_json::Value,
    tensors: &[(String, Tensor)],
) -> Result<(), Error> {
    optimizer.remember(memory)?;
    let mut state = optimizer.state();
    let fits = |(name, tensor): &(String, Tensor)| {
        tensors.iter().any(|(other, value)| other == name && value.size() == tensor.size())
    };
    if let Some((name, tensor)) = state.iter().find(|it| !fits(it)) {
        return Err(Error::Memory(format!("`{name}` of shape {:?} is not in it", tensor.size())));
    }
    if state.len() != tensors.len() {
        return Err(Error::Memory(format!("it has {} tensors, not {}", tensors.len(), state.len())));
    }
    for (name, tensor) in &mut state {
        for (_, value) in tensors.iter().filter(|(other, _)| other == name) {
            tch::no_grad(|| tensor.f_copy_(value))?;
        }
    }
    Ok(())
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
    /// A state that is not this optimizer's.
    #[error("the optimizer's state does not fit: {0}")]
    Memory(String),
    /// libtorch refused.
    #[error("in the optimizer: {}", crate::libtorch::message(.0))]
    Torch(#[from] TchError),
    /// The model failed while the batch was evaluated again.
    #[error("{0}")]
    Model(String),
}

#[cfg(test)]
mod tests;
