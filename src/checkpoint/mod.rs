//! The state of a run on disk: its weights, and the checkpoints that it can resume from.

mod states;
pub mod tensors;
mod weights;

pub use states::{Checkpoint, CheckpointError, Checkpoints, Provenance, state_json, values_in};
pub use tensors::TensorsError;
pub use weights::{WeightsError, load_weights, save_weights};
