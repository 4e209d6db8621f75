//! Update rules, without libtorch. A spec's `[optimizer]` table becomes an [`OptimizerConfig`]. The engine starts it as
//! an optimizer over a parameter store.
//!
//! Each rule has its own file. The arithmetic of an elementwise rule, and of a rule in two passes, is generic over
//! [`Num`]: the same code becomes a fused loop on the CPU and tensor operations on a GPU. The mathematics of a rule
//! over whole tensors is in the engine.

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
mod rule;
mod schedule_free;
mod schedule_free_adamw;
mod schedule_free_sgd;
mod sgd;
mod sgd_hd;
mod shampoo;
mod soap;
mod sophia_h;
mod sps_max;

use crate::choice;
use crate::spec::{Entry, Section};

pub use adafactor::Adafactor;
pub use adam::Adam;
pub use armijo::Armijo;
pub use lbfgs::{Lbfgs, LineSearch};
pub use mechanic::{MECHANIC_BASES, Mechanic, MechanicSettings};
pub use muon::{AdjustLr, Muon, NsDtype};
pub use shampoo::Shampoo;
pub use soap::Soap;
pub use sophia_h::{HESSIAN_MOMENT, Sophia};

pub use rule::{
    Chunk, CompiledKernel, Conflict, Decay, Decision, Elementwise, ElementwiseProgram, EvalWeights, Graph, Group,
    GroupOptions, HostState, Hyper, Initial, Kernel, MAX_SLOTS, Move, Num, Op, OptimizerConfig, ParamSums, Program,
    Range, Rates, SegmentMeasure, SegmentScalars, StepValues, Sums, TwoPass, TwoPassProgram, UnknownHyper, UpdateRule,
    Vectorized, configure, groups_at, shared_options_agree,
};
use rule::{elementwise, two_pass};

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

/// Builds an optimizer from its table. The table of a group is the base table, where the keys that the group sets are
/// replaced. Returns `None` if errors were logged.
pub type Build = fn(&mut Section<'_>) -> Option<Box<dyn OptimizerConfig>>;

choice! {
    /// The framework that a table follows in formula and defaults.
    pub enum Convention {
        /// PyTorch.
        Torch = "torch",
        /// Keras.
        Keras = "keras",
    }
}

/// Reads `convention`. It sets the defaults of other keys and is not part of the resolved spec.
fn convention(section: &mut Section<'_>) -> Convention {
    let read = section.or("convention", Convention::Torch);
    section.forget("convention");
    read
}

/// The way gradients that are too large are clipped.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Clip {
    #[default]
    None,
    /// Scales all gradients by one factor, so that their joint L2 norm ‖g‖ is at most this: g ← g·min(1, norm/(‖g‖ +
    /// 1e-6)), as PyTorch's `clip_grad_norm_`.
    Norm(f64),
    /// Cuts each element to ±value, as PyTorch's `clip_grad_value_`.
    Value(f64),
}
