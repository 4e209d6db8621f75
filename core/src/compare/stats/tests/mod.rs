//! Comparisons of the statistics with SciPy and statsmodels, and properties that hold for any input.

mod golden;
mod properties;

/// The largest error that is allowed, relative to the expected number.
const RELATIVE: f64 = 1e-9;
/// The absolute error that is always allowed.
const ABSOLUTE: f64 = 1e-12;

/// Panics unless `value` is `expected` to nine digits, or within 1e-12.
#[track_caller]
pub(super) fn assert_near(value: f64, expected: f64, what: &str) {
    let near = (value - expected).abs() <= (RELATIVE * expected.abs()).max(ABSOLUTE);
    assert!(near, "{what}: {value:e}, not {expected:e}");
}
