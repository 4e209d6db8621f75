//! lr-run trains the model that a small TOML file describes, and writes loss, accuracy and learning rate of each epoch to a
//! CSV.
//!
//! ```text
//! TOML ──spec──▶ Spec ──plan──▶ Plan ──train──▶ Event ──record──▶ results/…/epochs.csv ──compare──▶ tables
//!                                │ names looked up in four registries:
//!                                └ dataset · model · optimizer · schedule
//! ```
//!
//! Data flows one way. [`spec`] reads the text and reports what is wrong with it. [`plan`] turns it into numbers and
//! objects. [`train`] runs them and emits events. [`record`] writes these to files, and [`compare`] reads the files.
//! [`preview`] shows the schedules of a plan without training; its charts come from [`plot`]. [`metric`] lists what a run
//! measures. [`cli`] has the commands, one file each; those that compute are in [`run`].
//!
//! [`params`] declares the parameters of a model, and [`store`] holds them as tensors. [`engine`] runs the rules of
//! [`optimizer`]. [`network`] computes the layers that a [`model`] lists. Everything random is drawn from the streams in
//! [`random`]. [`libtorch`] is the one module with unsafe code.

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
