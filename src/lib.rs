//! lr-run
pub mod dataset;
pub mod random;
pub mod record;
pub mod schedule;
pub mod spec;
