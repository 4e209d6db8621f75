//! Charts of numbers over the steps of a run: axes, characters in a terminal, SVG. What the numbers mean is up to the
//! caller.

mod axis;
mod chart;
mod panel;
mod samples;
mod sheet;
mod svg;

pub use axis::{Axis, Scale, lies_low};
pub use chart::{ChartOptions, chart, chart_first_on_top, y_axis};
pub use panel::{NUMBERS, Panel, Ruler, TITLE};
pub use plotters::style::RGBColor;
pub use samples::{At, Line, Samples, Span};
pub use sheet::{Anchor, COLOURS, DrawError, Letters, Mark, Sheet, Stroke, text_width};
pub use svg::{Chart, svg};
