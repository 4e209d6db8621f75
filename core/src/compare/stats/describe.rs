//! Mean, standard deviation, median and quantiles of one sample.
//!
//! Mean and standard deviation exist for finite values only. For quantiles, values may be infinite: infinity is the
//! time to a missed target. Nothing here skips a NaN: a sample that contains one has no statistic.

/// Returns the mean. `None` if there is no value, or if one is NaN or infinite. The mean lies between the smallest and
/// the largest value, and is exact if all values are equal.
pub fn mean(values: &[f64]) -> Option<f64> {
    let (low, high) = range(values)?;
    let n = values.len() as f64;
    let sum: f64 = values.iter().sum();
    // The sum of large values may overflow where their mean does not.
    let first = if sum.is_finite() { sum / n } else { values.iter().map(|value| value / n).sum() };
    // The rounding error of `first`.
    let rest: f64 = values.iter().map(|value| (value - first) / n).sum();
    Some((first + rest).clamp(low, high))
}

/// Returns the sample standard deviation √(Σ(x − mean)² / (n − 1)). `None` below two values, or if a value or the
/// result is NaN or infinite. The result is exactly 0 if all values are equal, and
/// above 0 otherwise.
pub fn sd(values: &[f64]) -> Option<f64> {
    let centre = mean(values).filter(|_| values.len() >= 2)?;
    let largest = values.iter().map(|value| (value - centre).abs()).fold(0.0, f64::max);
    if largest == 0.0 {
        return Some(0.0);
    }
    // Divided by the largest one, squares neither overflow nor vanish.
    let squares: f64 = values.iter().map(|value| ((value - centre) / largest).powi(2)).sum();
    Some(largest * (squares / (values.len() - 1) as f64).sqrt()).filter(|sd| sd.is_finite())
}

/// Returns the median. See [`quantile`].
pub fn median(values: &[f64]) -> Option<f64> {
    quantile(values, 0.5)
}

/// Returns the quantile at `p` in [0, 1], interpolated linearly between the order statistics (type 7 of Hyndman and Fan
/// 1996, the default of R and NumPy). `None` if there is no value, a NaN, or `p` outside [0, 1].
///
/// Infinite values are allowed. Between a finite and an infinite value the result is infinite. Between −∞ and ∞ it is
/// `None`.
pub fn quantile(values: &[f64], p: f64) -> Option<f64> {
    if values.is_empty() || values.iter().any(|value| value.is_nan()) || !(0.0..=1.0).contains(&p) {
        return None;
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let position = p * (sorted.len() - 1) as f64;
    let low = sorted[position.floor() as usize];
    let high = sorted[position.ceil() as usize];
    let part = position.fract();
    if low == high || part == 0.0 {
        return Some(low);
    }
    Some(low * (1.0 - part) + high * part).filter(|value| !value.is_nan())
}

/// Returns the smallest and the largest value. `None` if there is no value, or if one is NaN or infinite.
pub(super) fn range(values: &[f64]) -> Option<(f64, f64)> {
    if values.is_empty() || !values.iter().all(|value| value.is_finite()) {
        return None;
    }
    let extremes = (f64::INFINITY, f64::NEG_INFINITY);
    Some(values.iter().fold(extremes, |(low, high), &value| (value.min(low), value.max(high))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_have_no_spread() {
        assert_eq!((mean(&[0.1; 3]), sd(&[0.1; 3])), (Some(0.1), Some(0.0)));
        assert_eq!(median(&[0.1; 3]), Some(0.1));
    }

    #[test]
    fn large_and_small_values_neither_overflow_nor_vanish() {
        assert_eq!(mean(&[1.5e308, 1.5e308, 1.5e308, 1.7e308]), Some(1.55e308));
        assert_eq!(sd(&[1e-200, 3e-200]), Some(std::f64::consts::SQRT_2 * 1e-200));
        assert_eq!(sd(&[-1.7e308, 1.7e308]), None);
    }

    #[test]
    fn missing_statistics_are_none() {
        assert_eq!((mean(&[]), sd(&[]), median(&[])), (None, None, None));
        assert_eq!((mean(&[1.0]), sd(&[1.0]), median(&[1.0])), (Some(1.0), None, Some(1.0)));
        assert_eq!((mean(&[1.0, f64::NAN]), median(&[1.0, f64::NAN])), (None, None));
        assert_eq!(sd(&[1.0, f64::INFINITY]), None);
        assert_eq!(quantile(&[1.0], f64::NAN), None);
        assert_eq!(quantile(&[1.0], 1.5), None);
    }

    #[test]
    fn median_counts_a_missed_target_as_infinite() {
        let inf = f64::INFINITY;
        assert_eq!(median(&[3.0, inf, 2.0]), Some(3.0));
        assert_eq!(median(&[3.0, inf, inf]), Some(inf));
        assert_eq!(median(&[3.0, inf]), Some(inf));
        assert_eq!(median(&[inf, inf]), Some(inf));
        assert_eq!(median(&[-inf, inf]), None);
    }
}
