//! lr-run trains a model as a small TOML file says, and writes loss, accuracy and learning rate per epoch to a CSV.
//!
//! ```text
//! TOML ──spec──▶ Spec ──plan──▶ Plan ──train──▶ Event ──record──▶ results/…/epochs.csv ──compare──▶ tables
//!                                │ names looked up in four registries:
//!                                └ dataset · model · optimizer · schedule
//! ```
//!
//! One way, no back and forth. [`spec`] reads the text and says what is wrong with it; [`plan`] turns it into numbers
//! and objects; [`train`] runs them and emits events; [`record`] writes what happened; [`compare`] reads that again.
//! [`preview`] shows the rules of a plan without training; its charts come from [`plot`]. [`metric`] lists what a run
//! measures. [`cli`] has the commands, one file each; those that compute are in [`run`].
//!
//! [`params`] declares a model's parameters, and [`store`] holds them as tensors. [`engine`] runs the rules of
//! [`optimizer`]. [`network`] computes the layers that a [`model`] lists. Everything random is drawn from the streams in [`random`]. [`libtorch`] is the one module with unsafe
//! code.

pub mod batches;
pub mod checkpoint;
pub mod cli;
pub mod compare;
pub mod dataset;
pub mod engine;
pub mod exit;
#[allow(unsafe_code, reason = "calls C++, and reads the memory of tensors")]
pub mod libtorch;
pub mod metric;
pub mod model;
pub mod network;
pub mod optimizer;
pub mod params;
pub mod plan;
pub mod plot;
pub mod preview;
pub mod random;
pub mod record;
pub mod run;
pub mod schedule;
pub mod spec;
pub mod store;
pub mod train;
