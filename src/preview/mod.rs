//! A schedule, seen before training: the rules of a plan walked over its steps with the very calls that training makes,
//! and shown as a chart, as CSV or as a picture. Prints nothing and touches no file.
//!
//! ```text
//! Plan + Curve ──▶ Trace ──▶ csv                  (every step as it comes)
//!                      └─────▶ Curve ──▶ page, svg  (thinned, with extremes and moves)
//! ```

mod axis;
mod chart;
mod csv;
mod curve;
mod moves;
mod page;
mod svg;
#[cfg(test)]
mod tests;
mod trace;

pub use axis::Scale;
pub use chart::Look;
pub use csv::write as write_csv;
pub use curve::{Curve, curves};
pub use moves::Move;
pub use page::{Run, page};
pub use svg::{MARK, svg};
pub use trace::{Change, MetricsError, Series, Trace};
