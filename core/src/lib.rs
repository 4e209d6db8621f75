//! The part of lr-run that needs no libtorch.
//!
//! ```text
//! TOML ──spec──▶ Spec ──plan──▶ Plan ──train──▶ Event ──record──▶ results/…/epochs.csv ──compare──▶ tables, pictures
//!                                │ names looked up in four registries:
//!                                └ dataset · model · optimizer · schedule
//! ```
//!
//! Data flows one way. [`spec`] reads the text and reports its mistakes. [`plan`] turns it into numbers and objects.
//! The crate `lr_run` trains a plan and emits events. [`record`] writes the events to files, and [`compare`] reads
//! these files. [`preview`] shows the learning rates of a plan without training, and [`plot`] draws charts. [`cli`] has
//! one file for each command. The commands that compute continue in `lr_run::run`.
//!
//! [`params`] declares a model's parameters, and a [`model`] lists layers over them. An [`optimizer`] is a
//! configuration and the mathematics of an update. Everything random is drawn from the streams in [`random`].

pub mod cli;
pub mod compare;
pub mod dataset;
pub mod exit;
pub mod metric;
pub mod model;
pub mod optimizer;
pub mod params;
pub mod plan;
pub mod plot;
pub mod preview;
pub mod random;
pub mod record;
pub mod schedule;
pub mod spec;
