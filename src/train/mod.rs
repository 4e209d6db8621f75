//! The loop. [`fit()`] trains what a [`Job`] holds and tells what happens as events; it prints nothing, reads no spec and
//! touches no file.

mod again;
mod evaluate;
mod fit;
mod loss;
mod meter;
mod need;
mod rates;
mod rules;
mod saves;
mod state;

use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use tch::{Device, TchError, Tensor};

use crate::batches::Batches;
use crate::dataset::{Augment, Shuffle};
use crate::engine::{Ema, Optimizer};
use crate::metric::Monitor;
use crate::model::Model;
use crate::optimizer::Range;
use crate::record::{Event, Outcome};
use crate::spec::Horizon;
use crate::store::Store;

pub use again::Again;
pub use evaluate::evaluate;
pub use fit::fit;
pub use loss::Loss;
pub use need::Need;
pub use rates::{Follows, Rate, Scheduled};
pub use rules::{EarlyStop, Target};
pub use saves::{Every, Saving};
pub use state::{Numbers, Position, Seconds, State};

/// A run, ready to begin.
#[derive(Debug)]
pub struct Job {
    pub seed: u64,
    pub device: Device,
    pub model: Model,
    pub store: Store,
    pub optimizer: Box<dyn Optimizer>,
    /// An average of the weights, evaluated beside them.
    pub ema: Option<Ema>,
    /// The groups' rates and scheduled hyper-parameters, the base group's first.
    pub groups: Vec<Rate>,
    pub loss: Loss,
    /// The part that training and held-out examples are taken from.
    pub examples: Batches,
    /// Rows of `examples` to train on.
    pub train_rows: Vec<u32>,
    pub val: Validation,
    /// The test part, where there is one.
    pub test: Option<Batches>,
    /// Evaluate the test part each epoch, too; nothing is decided by it.
    pub test_every_epoch: bool,
    pub batch_size: usize,
    pub drop_last: bool,
    /// How training images are changed.
    pub augment: Option<Augment>,
    pub shuffle: Shuffle,
    pub horizon: Horizon,
    pub time_limit: Option<Duration>,
    pub target: Option<Target>,
    pub early_stop: Option<EarlyStop>,
    /// What makes an epoch the best.
    pub best_by: Monitor,
    /// What becomes of a run that diverges; without it, it ends.
    pub reduce: Option<Reduce>,
    /// When its state is kept.
    pub saving: Saving,
    /// What ends the run when it has its full length: `epochs` or `steps`.
    pub length_key: &'static str,
}

/// What to do when the loss, or a parameter, is no number any more: go back to the end of the last epoch, and on from there
/// with all rates multiplied by `factor`, at most `times`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reduce {
    pub factor: f64,
    pub times: u64,
}

/// What takes the part of validation.
#[derive(Clone, Debug, PartialEq)]
pub enum Validation {
    /// Held-out rows of the training part.
    HeldOut(Vec<u32>),
    /// With `validation = 0`: the test part.
    Test,
    /// With `validation = 0` and no test part: the rows that are trained on.
    Train,
}

/// What a run leaves.
#[derive(Debug)]
pub struct Fitted {
    pub outcome: Outcome,
    /// With the values after the last step: the ones to evaluate with, where the optimizer tells these from its own.
    pub store: Store,
    /// Values after the best epoch, laid out as [`Store::all`]; none when no evaluation gave a number.
    pub best: Option<Tensor>,
    /// The average of the weights, laid out so, where the run keeps one.
    pub ema: Option<Tensor>,
}

/// Where events go. An error ends the run.
pub type Emit<'a> = dyn FnMut(&Event) -> std::io::Result<()> + 'a;

/// Where states go that a later run can begin from. An error ends the run.
pub type Keep<'a> = dyn FnMut(&State) -> std::io::Result<()> + 'a;

/// Set to a signal's number to end the run after the present step; 0 while it may go on.
pub type Interrupt = AtomicUsize;

/// A run that cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Network(#[from] crate::network::Error),
    #[error("{0}")]
    Optimizer(#[from] crate::engine::Error),
    #[error("libtorch: {}", crate::libtorch::message(.0))]
    Torch(#[from] TchError),
    #[error("results cannot be written: {0}")]
    Record(#[from] std::io::Error),
    /// A state that is not of this run.
    #[error("the state that was kept does not fit this run: {0}")]
    State(String),
    /// A rule that metrics drive has led a hyper-parameter to a value that means nothing.
    #[error(
        "the schedule of `{name}` gives {value} to group \"{group}\" at step {step}, where {range} is expected\n\
         help: give its rule a limit"
    )]
    OutOfRange { name: &'static str, group: String, value: f64, step: u64, range: Range },
}
