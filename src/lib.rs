//! The part of lr-run that computes with libtorch. The crate [`lr_run_core`] has everything else, and is exported here
//! as well.
//!
//! ```text
//! Plan ──run──▶ Job ──train──▶ Event
//! ```
//!
//! [`run`] has the commands that compute. It prepares the folder and the data of a plan, and hands a job to [`train`].
//! [`store`] holds the declared parameters as tensors, [`network`] computes the layers that a model lists, [`batches`]
//! turn examples into tensors, and [`engine`] runs the optimizers. [`checkpoint`] writes and reads the state of a run.
//! [`libtorch`] is the one module with unsafe code.

pub mod batches;
pub mod checkpoint;
pub mod engine;
#[allow(unsafe_code, reason = "calls C++, and reads the memory of tensors")]
pub mod libtorch;
pub mod network;
pub mod run;
pub mod store;
pub mod train;

pub use lr_run_core::*;
