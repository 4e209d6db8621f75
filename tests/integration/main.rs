//! One binary for all integration tests: what stands in more than one room of the house.

mod golden;
mod layering;
mod networks;
mod optimizers;
mod schedules;
