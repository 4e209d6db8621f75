//! One binary for all integration tests. These are the tests that run the program, that cross rooms of the crate, or
//! that compare with files outside of it. The tests of one room are in that room, in `mod tests`.
//!
//! - `support`: shared code. Nothing that two files need is written twice.
//! - `cli`, `cli_optimizers`, `preview`, `bad_specs`, `memory`, `programs`: the program as a person runs it.
//! - `compare`: comparisons of runs that the program made.
//! - `arrays`: what a run says about its data.
//! - `tables`: from a table to its predictions.
//! - `decisions`, `frozen`: what a part of the spec promises about training.
//! - `results`: the files that a run leaves, and what scripts read in them.
//! - `resume`, `interrupted`, `faults`: runs that are killed, stopped or failing. `scripts/torture` runs their long
//!   forms.
//! - `golden` and its users `optimizers`, `networks`: comparisons with the frameworks. `tests/rules` compares
//!   schedules.
//! - `hostile`: input from outside that is wrong, with the targets of `fuzz/`.
//! - `docs`, `experiments`, `layering`: promises about the repository itself.
//! - `allocations`: counts allocations, with an allocator that all tests of the binary use.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a test may print")]

#[allow(unsafe_code, reason = "an allocator")]
mod allocations;
mod arrays;
mod bad_specs;
mod cli;
mod cli_optimizers;
mod compare;
mod decisions;
mod docs;
mod experiments;
mod faults;
mod frozen;
mod golden;
mod hostile;
mod interrupted;
mod layering;
mod memory;
mod networks;
mod optimizers;
mod preview;
mod programs;
mod results;
mod resume;
mod support;
mod tables;
