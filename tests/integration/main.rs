//! The tests of the crate from outside, one binary.

mod schedules;
