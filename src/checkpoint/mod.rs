//! The state of a run on disk.

mod weights;

pub use weights::{WeightsError, load_weights, save_weights};
