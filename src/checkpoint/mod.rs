//! The state of a run on disk: its weights, and what it takes to go on.

mod states;
pub(crate) mod tensors;
mod weights;

pub use states::{CheckpointError, Checkpoints, Kept, Made};
pub(crate) use states::{numbers_in, state_json};
pub use tensors::TensorsError;
pub use weights::{WeightsError, load_weights, save_weights};
