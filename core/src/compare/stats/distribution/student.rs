//! Student's t distribution with `df` degrees of freedom, any number above 0.
//!
//! P(|T| > t) is I_x(df/2, ½) at x = df / (df + t²).

use super::beta::{both, quantile};
use super::normal::{normal_cdf, normal_quantile};

/// Returns the probability of at most `t`.
pub fn t_cdf(t: f64, df: f64) -> f64 {
    t_sf(-t, df)
}

/// Returns the probability of more than `t`. NaN if `t` is NaN or `df` is not above 0. With infinite `df` it is the
/// normal distribution's.
pub fn t_sf(t: f64, df: f64) -> f64 {
    if t.is_nan() || df.is_nan() || df <= 0.0 {
        return f64::NAN;
    }
    if df.is_infinite() {
        return normal_cdf(-t);
    }
    let (x, y) = portions(t, df);
    let tail = 0.5 * both(0.5 * df, 0.5, x, y).0;
    if t < 0.0 { 1.0 - tail } else { tail }
}

/// Returns the t at which the probability of at most t is `p`, for `p` in [0, 1]. NaN for other arguments.
pub fn t_quantile(p: f64, df: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) || df.is_nan() || df <= 0.0 {
        return f64::NAN;
    }
    if df.is_infinite() {
        return normal_quantile(p);
    }
    if p > 0.5 {
        return -t_quantile(1.0 - p, df);
    }
    let (x, y) = quantile(0.5 * df, 0.5, 2.0 * p, 1.0 - 2.0 * p);
    -(y / x).sqrt() * df.sqrt()
}

/// Returns df / (df + t²) and t² / (df + t²), each with full precision.
pub(super) fn portions(t: f64, df: f64) -> (f64, f64) {
    let square = (t / df.sqrt()).powi(2);
    (1.0 / (1.0 + square), 1.0 / (1.0 + 1.0 / square))
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;
    use crate::compare::stats::tests::assert_near;

    #[test]
    fn one_degree_of_freedom_is_the_cauchy_distribution() {
        for t in [1e-9, 0.3, 1.0, 12.7, 1e8] {
            assert_near(t_sf(t, 1.0), (1.0 / t).atan() / PI, "sf");
            assert_near(t_cdf(t, 1.0), 0.5 + t.atan() / PI, "cdf");
        }
        assert_near(t_quantile(1e-12, 1.0), -1.0 / (PI * 1e-12).tan(), "quantile");
    }

    #[test]
    fn ends_and_wrong_arguments() {
        let inf = f64::INFINITY;
        assert_eq!((t_sf(0.0, 3.0), t_sf(inf, 3.0), t_sf(-inf, 3.0)), (0.5, 0.0, 1.0));
        assert_eq!((t_quantile(0.0, 3.0), t_quantile(0.5, 3.0).abs(), t_quantile(1.0, 3.0)), (-inf, 0.0, inf));
        assert_eq!(t_sf(1.96, inf), normal_cdf(-1.96));
        assert!(t_sf(1.0, 0.0).is_nan() && t_sf(f64::NAN, 1.0).is_nan() && t_sf(1.0, f64::NAN).is_nan());
        assert!(t_quantile(-0.1, 1.0).is_nan() && t_quantile(0.1, -1.0).is_nan());
    }
}
