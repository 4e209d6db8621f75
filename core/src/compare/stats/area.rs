//! The area under a curve.

use super::error::StatsError;

/// Returns the area under the line through `points` (position, value), divided by the distance between the first and
/// the last position: the mean height by the trapezoidal rule. For a metric over epochs 1 to E it is divided by E − 1.
///
/// The positions need not be evenly spaced. Leave out epoch 0, which is the evaluation before training. Returns an
/// error if there are fewer than two points, if one is NaN or infinite, or if the positions do not increase.
pub fn area_under_curve(points: &[(f64, f64)]) -> Result<f64, StatsError> {
    let (Some(&(first, _)), Some(&(last, _)), true) = (points.first(), points.last(), points.len() >= 2) else {
        return Err(StatsError::TooFew { needed: 2, found: points.len() });
    };
    if points.iter().any(|(position, value)| !position.is_finite() || !value.is_finite()) {
        return Err(StatsError::NotFinite);
    }
    if points.windows(2).any(|pair| pair[0].0 >= pair[1].0) {
        return Err(StatsError::NotIncreasing);
    }
    let whole = last - first;
    let part = |pair: &[(f64, f64)]| (pair[1].0 - pair[0].0) / whole * (0.5 * pair[0].1 + 0.5 * pair[1].1);
    let area: f64 = points.windows(2).map(part).sum();
    if area.is_finite() { Ok(area) } else { Err(StatsError::NotFinite) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn area_is_the_mean_height() {
        assert_eq!(area_under_curve(&[(1.0, 0.5), (2.0, 0.7), (3.0, 0.9)]), Ok(0.7));
        assert_eq!(area_under_curve(&[(1.0, 0.0), (2.0, 1.0), (5.0, 1.0)]), Ok(0.875));
    }

    #[test]
    fn wrong_curves_are_errors() {
        assert_eq!(area_under_curve(&[]), Err(StatsError::TooFew { needed: 2, found: 0 }));
        assert_eq!(area_under_curve(&[(1.0, 1.0)]), Err(StatsError::TooFew { needed: 2, found: 1 }));
        assert_eq!(area_under_curve(&[(1.0, 1.0), (1.0, 2.0)]), Err(StatsError::NotIncreasing));
        assert_eq!(area_under_curve(&[(1.0, 1.0), (2.0, f64::NAN)]), Err(StatsError::NotFinite));
        assert_eq!(area_under_curve(&[(-1.7e308, 1.0), (1.7e308, 2.0)]), Err(StatsError::NotFinite));
    }
}
