//! One binary for all integration tests: what stands in more than one room of the house.

mod allocations;
mod bad_specs;
mod cli;
mod cli_optimizers;
mod docs;
mod experiments;
mod faults;
mod golden;
mod hostile;
mod interrupted;
mod layering;
mod memory;
mod networks;
mod optimizers;
mod preview;
mod resume;
mod schedule_differences;
mod schedules;
