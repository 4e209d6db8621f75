//! The training loop. [`fit()`] trains a [`Job`] and reports what happens as events. It prints nothing, reads no spec
//! and touches no file.
//!
//! ```text
//! fit ─┬─▶ Trainer   steps and evaluations: model, parameters, optimizer, data
//!      └─▶ Track     decisions: rates, stops, the best epoch
//! ```

mod fit;
mod sizes;
mod state;
mod track;
mod trainer;

use std::sync::atomic::AtomicUsize;

use tch::{TchError, Tensor};

use crate::plan::{Evaluation, Length, OutOfRange, Rate, Saving, Stops};
use crate::record::{Event, Outcome};
use crate::store::Store;

pub use fit::fit;
pub use sizes::Sizes;
pub use state::{Position, Seconds, State, StateValues};
pub use trainer::{Closure, Examples, MemoryEstimate, StartFn, Trainer, Validation, evaluate, mean_loss, predict};

/// A run, ready to train.
#[derive(Debug)]
pub struct Job {
    pub trainer: Trainer,
    /// The groups' learning rates and scheduled hyper-parameters. The base group is first.
    pub rates: Vec<Rate>,
    pub length: Length,
    pub stops: Stops,
    pub evaluation: Evaluation,
    pub saving: Saving,
}

/// The result of training.
#[derive(Debug)]
pub struct TrainResult {
    pub outcome: Outcome,
    /// The parameters after the last step, or the optimizer's evaluation weights if it keeps separate ones.
    pub store: Store,
    /// The parameters after the best epoch, laid out as [`Store::all`]. `None` if no evaluation gave a number.
    pub best: Option<Tensor>,
    /// The averaged parameters in the same layout. `None` if the run keeps no average.
    pub ema: Option<Tensor>,
}

/// The result of training that ended with an error.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct Failure {
    #[source]
    pub error: Error,
    /// The results up to the error. The last row may be the one that could not be written.
    pub outcome: Box<Outcome>,
}

impl Failure {
    /// Creates the failure of a run that has made no step.
    fn before_training(error: impl Into<Error>) -> Self {
        Failure { error: error.into(), outcome: Box::new(Outcome::failed()) }
    }
}

/// The receiver of events. An error ends the run.
pub type Emit<'a> = dyn FnMut(&Event) -> std::io::Result<()> + 'a;

/// The receiver of states that a later process can resume from. An error ends the run.
pub type SaveState<'a> = dyn FnMut(&State) -> std::io::Result<()> + 'a;

/// The number of the signal that ends the run after the current step, or 0 to continue.
pub type Interrupt = AtomicUsize;

/// An error that ends training.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Network(#[from] crate::network::Error),
    #[error("{0}")]
    Optimizer(#[from] crate::engine::Error),
    #[error("libtorch: {}", crate::libtorch::message(.0))]
    Torch(#[from] TchError),
    #[error("cannot write the results: {0}")]
    Record(#[from] std::io::Error),
    /// The saved state belongs to another run.
    #[error("the saved state does not fit this run: {0}")]
    State(String),
    #[error("{0}")]
    OutOfRange(#[from] OutOfRange),
}
