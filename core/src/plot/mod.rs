//! Charts of numbers over the steps of a run: axes, characters in a terminal, SVG. What the numbers mean is up to the
//! caller.

mod axis;
mod chart;
mod samples;
mod svg;

pub use axis::{Axis, Scale};
pub use chart::{ChartOptions, chart, y_axis};
pub use samples::{At, Line, Samples, Span};
pub use svg::{Chart, DrawError, svg};
