//! The formats of a report, one file each.

mod bars;
mod csv;
mod curves;
mod html;
mod json;
mod latex;
mod markdown;
pub mod svg;
mod terminal;

#[cfg(test)]
mod tests;

pub use csv::{csv, csv_pairs};
pub use html::{HTML_MARK, NoCharts, can_write, html};
pub use json::json;
pub use latex::latex;
pub use markdown::markdown;
pub use terminal::terminal;
