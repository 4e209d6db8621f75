//! The range of a value axis, if a few values would squeeze all others.

use crate::metric::Mode;

/// The share of values on the worse side that may be outside of an axis: 5 %, or a little more than an epoch of a short run.
const OUTSIDE: f64 = 0.05;
const EPOCHS: f64 = 1.2;
const MOST: f64 = 0.2;
/// How much longer than the range of the others the whole range has to be, for values to be left outside.
const LONGER: f64 = 1.5;

/// Returns the ends of an axis for `values` of curves with a number of `epochs`: from the best value to a quantile towards the
/// worse, so that the first epochs do not squeeze the rest. The quantile leaves out 5 % of the values, or 1.2 epochs of a short
/// run, but at most 20 %. It is extended to each of `needed`. Returns the whole range if that is at most 1.5 times as long.
/// `None` without values.
pub fn without_tail(values: Vec<f64>, epochs: usize, needed: &[f64], mode: Mode) -> Option<(f64, f64)> {
    let ranked = ranked(values, mode);
    let (best, worst) = (*ranked.first()?, *ranked.last()?);
    let outside = (EPOCHS / epochs as f64).clamp(OUTSIDE, MOST);
    let mut end = ranked[((ranked.len() - 1) as f64 * (1.0 - outside)).floor() as usize];
    for value in needed.iter().filter(|it| it.is_finite()) {
        if mode.is_better(end, *value, 0.0) {
            end = *value;
        }
    }
    if (worst - best).abs() <= LONGER * (end - best).abs() || end == best {
        end = worst;
    }
    Some((best.min(end), best.max(end)))
}

/// Returns the ends of an axis for `values` of strategies: the whole range or, if that is more than `longer` times as long as
/// the range of the better half, twice the latter. `None` without values.
pub fn near_best(values: Vec<f64>, longer: f64, mode: Mode) -> Option<(f64, f64)> {
    let ranked = ranked(values, mode);
    let (best, worst) = (*ranked.first()?, *ranked.last()?);
    let half = ranked[(ranked.len() - 1) / 2];
    let end = match (worst - best).abs() > longer * (half - best).abs() && half != best {
        true => best + 2.0 * (half - best),
        false => worst,
    };
    Some((best.min(end), best.max(end)))
}

/// Returns the finite ones of `values`, the best first.
fn ranked(mut values: Vec<f64>, mode: Mode) -> Vec<f64> {
    values.retain(|it| it.is_finite());
    values.sort_by(f64::total_cmp);
    if mode == Mode::Max {
        values.reverse();
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_start_is_outside_of_the_axis() {
        let mut values: Vec<f64> = (0..95).map(|it| 0.8 + f64::from(it) / 1000.0).collect();
        values.extend([0.1; 5]);
        assert_eq!(without_tail(values.clone(), 100, &[], Mode::Max), Some((0.8, 0.894)));
        assert_eq!(without_tail(values.clone(), 100, &[0.6], Mode::Max), Some((0.6, 0.894)));
        assert_eq!(without_tail(values, 100, &[], Mode::Min), Some((0.1, 0.894)), "low values are good losses");
        let short = vec![0.1, 0.7, 0.75, 0.78, 0.8, 0.8];
        assert_eq!(without_tail(short.clone(), 6, &[], Mode::Max), Some((0.7, 0.8)));
        assert_eq!(without_tail(vec![0.74, 0.76, 0.78, 0.8], 4, &[], Mode::Max), Some((0.74, 0.8)));
        assert_eq!(without_tail(vec![0.5, 0.6, f64::NAN], 2, &[], Mode::Max), Some((0.5, 0.6)));
        assert_eq!(without_tail(vec![], 0, &[], Mode::Max), None);
    }

    #[test]
    fn one_bad_strategy_does_not_squeeze_the_others() {
        assert_eq!(near_best(vec![0.5, 0.75, 1.0, 100.0], 5.0, Mode::Min), Some((0.5, 1.0)));
        assert_eq!(near_best(vec![0.9, 0.5, 0.3], 5.0, Mode::Max), Some((0.3, 0.9)));
        assert_eq!(near_best(vec![0.9, 0.9, 0.1], 5.0, Mode::Max), Some((0.1, 0.9)), "there is nothing to see nearer");
    }
}
