//! The correlation of pairs.

use super::describe::mean;

/// Returns Pearson's correlation of the pairs, between −1 and 1. It shows what pairing gains: the variance of the
/// difference is s₁² + s₂² − 2 r s₁ s₂.
///
/// `None` if there are fewer than three pairs (two are always on a line), the lengths differ, a value is NaN or
/// infinite, or all values of one side are equal.
pub fn correlation(first: &[f64], second: &[f64]) -> Option<f64> {
    if first.len() != second.len() || first.len() < 3 {
        return None;
    }
    let first = unit(first)?;
    let second = unit(second)?;
    let product: f64 = first.iter().zip(&second).map(|(first, second)| first * second).sum();
    Some(product.clamp(-1.0, 1.0))
}

/// Returns the deviations from the mean, scaled to length 1.
fn unit(values: &[f64]) -> Option<Vec<f64>> {
    let centre = mean(values)?;
    let largest = values.iter().map(|value| (value - centre).abs()).fold(0.0, f64::max);
    if largest == 0.0 || largest.is_infinite() {
        return None;
    }
    let scaled: Vec<f64> = values.iter().map(|value| (value - centre) / largest).collect();
    let length = scaled.iter().map(|value| value * value).sum::<f64>().sqrt();
    Some(scaled.iter().map(|value| value / length).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_has_correlation_one() {
        let line = [1.0, 2.0, 4.0];
        assert!((correlation(&line, &line).unwrap() - 1.0).abs() < 1e-15);
        assert!((correlation(&line, &[-1e-200, -2e-200, -4e-200]).unwrap() + 1.0).abs() < 1e-15);
    }

    #[test]
    fn undefined_correlation_is_none() {
        assert_eq!(correlation(&[], &[]), None);
        assert_eq!(correlation(&[1.0, 2.0], &[2.0, 1.0]), None);
        assert_eq!(correlation(&[0.1; 3], &[1.0, 2.0, 3.0]), None);
        assert_eq!(correlation(&[1.0, 2.0, 3.0], &[1.0, 2.0]), None);
        assert_eq!(correlation(&[1.0, 2.0, f64::NAN], &[1.0, 2.0, 3.0]), None);
        assert_eq!(correlation(&[1.7e308, -1.7e308, -1.7e308], &[1.0, 2.0, 3.0]), None);
    }
}
