//! Comparisons of learning-rate rules with the frameworks, without libtorch: they build in seconds.

mod names;
mod schedule_differences;
mod schedules;
