//! The state of a run on disk: its weights, and what it takes to go on.

mod states;
pub mod tensors;
mod weights;

pub use states::{CheckpointError, Checkpoints, Kept, Made, numbers_in, state_json};

pub use tensors::TensorsError;
pub use weights::{WeightsError, load_weights, save_weights};
