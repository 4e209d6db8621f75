//! The regularized incomplete beta function I_x(a, b), which is the distribution function of the beta distribution, and
//! its inverse.
//!
//! The continued fraction is that of the modified method of Lentz (Press et al., Numerical Recipes, 6.4). The factor in
//! front of it is written around its largest value, so that no digits are lost where a and b are large (Loader 2000).

use std::f64::consts::PI;

/// The largest number of terms of the continued fraction. It needs about √max(a, b) terms.
const TERMS: u32 = 200_000;

/// Returns I_x(a, b), the probability of at most `x`, for `a` and `b` above 0. NaN for other parameters.
pub fn beta_cdf(x: f64, a: f64, b: f64) -> f64 {
    if x.is_nan() || !is_shape(a) || !is_shape(b) {
        return f64::NAN;
    }
    let x = x.clamp(0.0, 1.0);
    both(a, b, x, 1.0 - x).0
}

/// Returns the x at which I_x(a, b) is `p`, for `p` in [0, 1]. NaN for other arguments.
pub fn beta_quantile(p: f64, a: f64, b: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) || !is_shape(a) || !is_shape(b) {
        return f64::NAN;
    }
    quantile(a, b, p, 1.0 - p).0
}

fn is_shape(value: f64) -> bool {
    value > 0.0 && value.is_finite()
}

/// Returns I_x(a, b) and 1 − I_x(a, b). `y` is 1 − `x`, which the caller may know to more digits. The smaller result
/// has its full relative precision.
pub(super) fn both(a: f64, b: f64, x: f64, y: f64) -> (f64, f64) {
    if x <= 0.0 {
        return (0.0, 1.0);
    }
    if y <= 0.0 {
        return (1.0, 0.0);
    }
    let front = density_on_logit(a, b, x, y);
    // The fraction converges fast on this side of the mean only.
    if x < (a + 1.0) / (a + b + 2.0) {
        let lower = (front * fraction(a, b, x) / a).min(1.0);
        (lower, 1.0 - lower)
    } else {
        let upper = (front * fraction(b, a, y) / b).min(1.0);
        (1.0 - upper, upper)
    }
}

/// Returns x and y = 1 − x with I_x(a, b) = `p`. `q` is 1 − `p`, which the caller may know to more digits.
///
/// Uses Newton's method for ln I as a function of logit x, from the side with the smaller probability. This function is
/// concave, so the method converges from any start. The bracket guards against rounding errors.
pub(super) fn quantile(a: f64, b: f64, p: f64, q: f64) -> (f64, f64) {
    if p > q {
        let (y, x) = quantile(b, a, q, p);
        return (x, y);
    }
    if p <= 0.0 {
        return (0.0, 1.0);
    }
    let (mut low, mut high) = (-745.0, 745.0);
    let mut logit = (a / b).ln().clamp(low, high);
    for _ in 0..200 {
        let (x, y) = (1.0 / (1.0 + (-logit).exp()), 1.0 / (1.0 + logit.exp()));
        let lower = both(a, b, x, y).0;
        let excess = lower.ln() - p.ln();
        if excess > 0.0 {
            high = logit;
        } else {
            low = logit;
        }
        let next = logit - excess * lower / density_on_logit(a, b, x, y);
        let next = if next > low && next < high { next } else { low + (high - low) / 2.0 };
        let moved = (next - logit).abs();
        logit = next;
        if moved <= 1e-16 * logit.abs().max(1.0) {
            break;
        }
    }
    (1.0 / (1.0 + (-logit).exp()), 1.0 / (1.0 + logit.exp()))
}

/// Returns x^a y^b / B(a, b), the density of logit x.
pub(super) fn density_on_logit(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let (p, q) = (a / (a + b), b / (a + b));
    // The distance from the mean, computed from the one of x and y that has more digits.
    let distance = if x <= 0.5 { x - p } else { q - y };
    let exponent = a * log_ratio(x, p, distance) + b * log_ratio(y, q, -distance);
    let rest = stirling_error(a + b) - stirling_error(a) - stirling_error(b);
    (a * q / (2.0 * PI)).sqrt() * (exponent + rest).exp()
}

/// Returns ln(`value` / `centre`), given `distance` = `value` − `centre`.
fn log_ratio(value: f64, centre: f64, distance: f64) -> f64 {
    let relative = distance / centre;
    if relative.abs() < 0.5 { relative.ln_1p() } else { (value / centre).ln() }
}

/// Returns ln Γ(z) − ((z − ½) ln z − z + ½ ln 2π), the error of Stirling's formula.
pub(super) fn stirling_error(z: f64) -> f64 {
    if z < 10.0 {
        return libm::lgamma(z) - ((z - 0.5) * z.ln() - z + 0.5 * (2.0 * PI).ln());
    }
    let coefficients = [1.0 / 12.0, -1.0 / 360.0, 1.0 / 1260.0, -1.0 / 1680.0, 1.0 / 1188.0, -691.0 / 360_360.0];
    let square = 1.0 / (z * z);
    coefficients.iter().rev().fold(0.0, |sum, coefficient| sum * square + coefficient) / z
}

/// Returns the continued fraction of I_x(a, b) · a · B(a, b) / (x^a y^b).
fn fraction(a: f64, b: f64, x: f64) -> f64 {
    let off_zero = |value: f64| if value.abs() < 1e-300 { 1e-300 } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / off_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut product = d;
    for m in (1..=TERMS).map(f64::from) {
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / off_zero(1.0 + even * d);
        c = off_zero(1.0 + even / c);
        product *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / off_zero(1.0 + odd * d);
        c = off_zero(1.0 + odd / c);
        product *= d * c;
        if (d * c - 1.0).abs() < 1e-16 {
            break;
        }
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::stats::tests::assert_near;

    #[test]
    fn closed_forms() {
        // I_x(1, b) = 1 − (1 − x)^b, and I_x(a, 1) = x^a.
        assert_near(beta_cdf(0.3, 1.0, 7.0), 1.0 - 0.7_f64.powi(7), "b");
        assert_near(beta_cdf(1e-12, 1.0, 7.0), 7e-12, "tail");
        assert_near(beta_cdf(0.3, 5.0, 1.0), 0.3_f64.powi(5), "a");
        assert_near(beta_cdf(0.5, 1e6, 1e6), 0.5, "large");
        assert_near(beta_quantile(0.025, 5.0, 1.0), 0.025_f64.powf(0.2), "quantile");
    }

    #[test]
    fn ends_and_wrong_arguments() {
        assert_eq!((beta_cdf(-1.0, 2.0, 3.0), beta_cdf(2.0, 2.0, 3.0)), (0.0, 1.0));
        assert_eq!((beta_quantile(0.0, 2.0, 3.0), beta_quantile(1.0, 2.0, 3.0)), (0.0, 1.0));
        for (x, a, b) in [(0.5, 0.0, 1.0), (0.5, 1.0, -1.0), (f64::NAN, 1.0, 1.0), (0.5, f64::INFINITY, 1.0)] {
            assert!(beta_cdf(x, a, b).is_nan() && beta_quantile(x, a, b).is_nan());
        }
        assert!(beta_quantile(1.1, 1.0, 1.0).is_nan());
    }
}
