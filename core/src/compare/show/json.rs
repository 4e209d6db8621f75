//! A report as JSON.

use crate::compare::report::Report;

/// Returns the report without its curves. The text ends in a line break. A value that is missing or not finite is
/// `null`.
pub fn json(report: &Report) -> String {
    // A report has no map whose keys are not strings, and is written to memory: this does not fail.
    serde_json::to_string_pretty(report).unwrap_or_default() + "\n"
}
