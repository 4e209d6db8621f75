//! The standard normal distribution.

use std::f64::consts::{PI, SQRT_2};

/// Returns Φ(`x`), the probability of at most `x`. The other tail, 1 − Φ(x), is Φ(−x), which has full precision.
pub fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x / SQRT_2)
}

/// Returns the x at which Φ(x) is `p`, for `p` in [0, 1]. NaN for other values.
///
/// Uses Newton's method for ln Φ, which is concave, within a bracket.
pub fn normal_quantile(p: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    if p > 0.5 {
        return -normal_quantile(1.0 - p);
    }
    if p == 0.0 {
        return f64::NEG_INFINITY;
    }
    // Φ(−38.5) is about the smallest value above 0.
    let (mut low, mut high) = (-38.5_f64, 0.0_f64);
    let mut x = 0.0_f64;
    for _ in 0..100 {
        let lower = normal_cdf(x);
        let excess = lower.ln() - p.ln();
        if excess > 0.0 {
            high = x;
        } else {
            low = x;
        }
        let density = (-0.5 * x * x).exp() / (2.0 * PI).sqrt();
        let next = x - excess * lower / density;
        let next = if next > low && next < high { next } else { low + (high - low) / 2.0 };
        let moved = (next - x).abs();
        x = next;
        if moved <= 1e-16 * x.abs() {
            break;
        }
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_and_wrong_arguments() {
        assert_eq!((normal_cdf(f64::NEG_INFINITY), normal_cdf(0.0), normal_cdf(f64::INFINITY)), (0.0, 0.5, 1.0));
        assert_eq!((normal_quantile(0.0), normal_quantile(1.0)), (f64::NEG_INFINITY, f64::INFINITY));
        assert!(normal_quantile(0.5).abs() < 1e-15);
        assert!(normal_cdf(f64::NAN).is_nan() && normal_quantile(f64::NAN).is_nan() && normal_quantile(-0.1).is_nan());
    }
}
