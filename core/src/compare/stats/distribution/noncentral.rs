//! The noncentral t distribution, that of (Z + δ) / √(V / df) with a normal Z and a chi-squared V. It gives the power
//! of a t test.
//!
//! With λ = δ²/2 and y = t² / (df + t²), for t ≥ 0:
//!
//! P(T ≤ t) = Φ(−δ) + ½ Σⱼ [pⱼ I_y(j + ½, df/2) + qⱼ I_y(j + 1, df/2)]
//!
//! pⱼ = e^−λ λ^j / j! and qⱼ = δ/√2 · e^−λ λ^j / Γ(j + 3/2) (Lenth 1989, AS 243). The weights are computed from the
//! largest one outwards and scaled to their known sums, 1 and erf(δ/√2), so that no digits are lost where λ is large.

use std::f64::consts::SQRT_2;

use super::beta::{both, density_on_logit};
use super::normal::normal_cdf;
use super::student::{portions, t_cdf};

/// Above this noncentrality, the standard deviation of Z is less than 1e-4 of δ. Then t and δ are scaled down together.
const LARGEST: f64 = 1e4;

/// Returns the probability of at most `t` with `df` degrees of freedom and noncentrality `delta`. NaN if an argument is
/// NaN, `df` is not finite and above 0, or `delta` is infinite. The error is below 1e-12 for |`delta`| up to 1e4.
pub fn noncentral_t_cdf(t: f64, df: f64, delta: f64) -> f64 {
    if t < 0.0 { noncentral_t_sf(-t, df, -delta) } else { parts(t, df, delta).0 }
}

/// Returns the probability of more than `t`. See [`noncentral_t_cdf`].
pub fn noncentral_t_sf(t: f64, df: f64, delta: f64) -> f64 {
    if t < 0.0 { noncentral_t_cdf(-t, df, -delta) } else { parts(t, df, delta).1 }
}

/// Returns P(T ≤ t) and P(T > t) for t ≥ 0. Both are sums of positive terms if δ ≥ 0.
fn parts(t: f64, df: f64, delta: f64) -> (f64, f64) {
    if t.is_nan() || !(df > 0.0 && df.is_finite()) || !delta.is_finite() {
        return (f64::NAN, f64::NAN);
    }
    if t == f64::INFINITY {
        return (1.0, 0.0);
    }
    if delta.abs() > LARGEST {
        let scale = LARGEST / delta.abs();
        return parts(t * scale, df, delta * scale);
    }
    if delta == 0.0 {
        return (t_cdf(t, df), t_cdf(-t, df));
    }
    let (x, y) = portions(t, df);
    let lambda = 0.5 * delta * delta;
    let poisson = Weights::new(lambda, 1.0, 1.0);
    let halves = Weights::new(lambda, 1.5, libm::erf(delta / SQRT_2));
    let (poisson_lower, poisson_upper) = poisson.averages(0.5, 0.5 * df, y, x);
    let (halves_lower, halves_upper) = halves.averages(1.0, 0.5 * df, y, x);
    let lower = normal_cdf(-delta) + 0.5 * (poisson_lower + halves_lower);
    let upper = 0.5 * (poisson_upper + halves_upper);
    (lower.clamp(0.0, 1.0), upper.clamp(0.0, 1.0))
}

/// Weights proportional to λ^j / Γ(j + c) for j from `first` on. Weights below 1e-18 of the largest are left out.
struct Weights {
    first: usize,
    values: Vec<f64>,
}

impl Weights {
    /// Returns the weights, scaled so that their sum is `total`.
    fn new(lambda: f64, c: f64, total: f64) -> Self {
        let mode = (lambda - c + 1.0).max(0.0).floor() as usize;
        let mut before = Vec::new();
        let mut weight = 1.0;
        for j in (1..=mode).rev() {
            weight *= (j as f64 + c - 1.0) / lambda;
            if weight < 1e-18 {
                break;
            }
            before.push(weight);
        }
        let first = mode - before.len();
        let mut values: Vec<f64> = before.into_iter().rev().collect();
        weight = 1.0;
        let mut j = mode;
        while weight >= 1e-18 {
            values.push(weight);
            weight *= lambda / (j as f64 + c);
            j += 1;
        }
        let scale = total / values.iter().sum::<f64>();
        values.iter_mut().for_each(|value| *value *= scale);
        Weights { first, values }
    }

    /// Returns Σⱼ wⱼ I_y(j + `start`, `b`) and Σⱼ wⱼ (1 − I_y(j + `start`, `b`)), with `x` = 1 − `y`.
    ///
    /// I(a + 1, b) = I(a, b) − y^a x^b / (a B(a, b)). Each sum runs in the direction in which this recurrence only
    /// adds.
    fn averages(&self, start: f64, b: f64, y: f64, x: f64) -> (f64, f64) {
        let a = |index: usize| (self.first + index) as f64 + start;
        let step =
            |index: usize| if x <= 0.0 || y <= 0.0 { 0.0 } else { density_on_logit(a(index), b, y, x) / a(index) };
        let steps: Vec<f64> = (0..self.values.len()).map(step).collect();
        let last = self.values.len().saturating_sub(1);

        let mut lower = both(a(last), b, y, x).0;
        let mut sum_lower = 0.0;
        for index in (0..self.values.len()).rev() {
            if index < last {
                lower += steps[index];
            }
            sum_lower += self.values[index] * lower;
        }
        let mut upper = both(a(0), b, y, x).1;
        let mut sum_upper = 0.0;
        for (weight, step) in self.values.iter().zip(&steps) {
            sum_upper += weight * upper;
            upper += step;
        }
        (sum_lower, sum_upper)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::stats::tests::assert_near;

    #[test]
    fn both_sides_add_up_to_one() {
        for df in [1.0, 4.5, 30.0, 1e6] {
            for delta in [-5.0, -0.1, 0.0, 0.1, 3.0, 40.0, 3000.0] {
                for t in [-7.0, -1.0, 0.0, 0.5, 2.7, 45.0, 2950.0] {
                    let sum = noncentral_t_cdf(t, df, delta) + noncentral_t_sf(t, df, delta);
                    assert_near(sum, 1.0, "sum");
                }
            }
        }
    }

    #[test]
    fn probability_of_a_negative_value_is_that_of_the_normal_distribution() {
        assert_near(noncentral_t_cdf(0.0, 5.0, 1.3), normal_cdf(-1.3), "at 0");
    }

    #[test]
    fn large_noncentrality_is_continuous() {
        let at = |delta: f64| noncentral_t_cdf(1.01 * delta, 50.0, delta);
        assert!((at(9_999.0) - at(10_001.0)).abs() < 1e-7);
        assert_eq!(noncentral_t_sf(2.0, 50.0, 1e12), 1.0);
    }

    #[test]
    fn wrong_arguments_give_nan() {
        for (t, df, delta) in [(f64::NAN, 1.0, 1.0), (1.0, 0.0, 1.0), (1.0, 1.0, f64::INFINITY), (1.0, f64::NAN, 0.0)] {
            assert!(noncentral_t_cdf(t, df, delta).is_nan() && noncentral_t_sf(-t, df, delta).is_nan());
        }
        assert_eq!(noncentral_t_cdf(f64::INFINITY, 3.0, 1.0), 1.0);
        assert_eq!(noncentral_t_cdf(f64::NEG_INFINITY, 3.0, 1.0), 0.0);
    }
}
