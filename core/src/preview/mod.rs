//! Shows schedules before training. The rules of a plan are evaluated at every step with the calls that training makes,
//! and become a chart, CSV or a picture. This room prints nothing and opens no file.
//!
//! ```text
//! Plan + Curve ──▶ Trace ──▶ csv                       (every step)
//!                    └─────▶ Trajectory ──▶ page, svg  (thinned, with extremes and moves)
//! ```

mod csv;
mod moves;
mod page;
#[cfg(test)]
mod tests;
mod trace;
mod trajectory;

pub use csv::write as write_csv;
pub use moves::Move;
pub use page::{MARK, PreviewedRun, page, svg};
pub use trace::{Change, MetricsError, Series, Trace};
pub use trajectory::{Trajectory, trajectories};
