//! Comparisons of learning-rate rules with the frameworks. They build in seconds, because they need no libtorch.

mod names;
mod schedule_differences;
mod schedules;
