//! Formats of numbers: exact for programs, short for people.

use crate::metric::{Format, Metric};

/// Returns the shortest text that reads back as exactly `x`, with an exponent outside of 1e-4 to 1e16. NaN and infinity
/// are `NaN`, `inf` and `-inf`, which Rust, Python and pandas read.
pub fn exact(x: f64) -> String {
    if x == 0.0 || !x.is_finite() || (1e-4..1e16).contains(&x.abs()) { format!("{x}") } else { format!("{x:e}") }
}

/// Formats a loss or an RMSE with at least three significant digits and at most 11 characters.
pub fn figure(x: f64) -> String {
    match x.abs() {
        size if size == 0.0 || !size.is_finite() => format!("{x}"),
        size if (0.01..100.0).contains(&size) => format!("{x:.4}"),
        size if (100.0..1e5).contains(&size) => format!("{x:.2}"),
        _ => format!("{x:.3e}"),
    }
}

/// Formats a learning rate with up to four significant digits: `0.001`, `2.5e-5`.
pub fn rate(x: f64) -> String {
    exact(format!("{x:.3e}").parse().unwrap_or(x))
}

/// Formats a value of `metric` for people: `97.12 %`, `0.9712`.
pub fn score(metric: Metric, value: f64) -> String {
    match metric.format {
        Format::Percent if value.is_finite() => format!("{:.2} %", 100.0 * value),
        _ => figure(value),
    }
}

/// Formats a count with commas between thousands: `101,770`.
pub fn count(n: u64) -> String {
    indicatif::HumanCount(n).to_string()
}

/// Formats a time of `x` seconds: `0.52 s`, `12.3 s`, `3 min 12 s`, `2 h 05 min`.
pub fn seconds(x: f64) -> String {
    let whole = x.round() as u64;
    match x {
        x if x < 0.995 => format!("{x:.2} s"),
        x if x < 59.95 => format!("{x:.1} s"),
        _ if whole < 3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn exact_numbers_read_back(bits in any::<u64>()) {
            let x = f64::from_bits(bits);
            let text = exact(x);
            let back: f64 = text.parse().unwrap();
            prop_assert!(back.to_bits() == x.to_bits() || back.is_nan() && x.is_nan(), "{} became {}", x, text);
            prop_assert!(text.len() <= 24, "{} is long", text);
        }

        #[test]
        fn figures_stay_narrow(bits in any::<u64>()) {
            let text = figure(f64::from_bits(bits));
            prop_assert!(text.len() <= 11, "{} is long", text);
        }
    }

    #[test]
    fn numbers_have_the_documented_form() {
        assert_eq!(
            [1e-300, 0.0001, 1e-5, 0.1, 1.0, 1e16, -0.0].map(exact).join(" "),
            "1e-300 0.0001 1e-5 0.1 1 1e16 -0"
        );
        assert_eq!(
            [2.345678, 0.0098761, 314.159, 1e9, 0.0, f64::NAN].map(figure).join(" "),
            "2.3457 9.876e-3 314.16 1.000e9 0 NaN"
        );
        assert_eq!([0.001, 0.00097553, 2.5e-5, 1.0, f64::INFINITY].map(rate).join(" "), "0.001 0.0009755 2.5e-5 1 inf");
        assert_eq!([0, 999, 1000, 1_234_567].map(count).join(" "), "0 999 1,000 1,234,567");
        assert_eq!(
            [0.524, 0.996, 12.34, 59.96, 192.0, 3599.7, 7500.0].map(seconds).join(", "),
            "0.52 s, 1.0 s, 12.3 s, 1 min 00 s, 3 min 12 s, 1 h 00 min, 2 h 05 min"
        );
        assert_eq!(score(Metric::ACCURACY, 0.9712), "97.12 %");
        assert_eq!(score(Metric::RMSE, 0.9712), "0.9712");
    }
}
