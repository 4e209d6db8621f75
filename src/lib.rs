//! lr-run
pub mod compare;
pub mod dataset;
pub mod exit;
pub mod libtorch;
pub mod model;
pub mod optimizer;
pub mod params;
pub mod random;
pub mod record;
pub mod schedule;
pub mod spec;
