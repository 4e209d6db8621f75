//! Axes: their range, the position of a value on them, and the numbers next to them.

/// The scale of the value axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    /// Logarithmic if a line spends more than a fifth of the run above 0, but below a hundredth of the highest value.
    /// Steps of ×0.1 need that. A cosine that ends at 0 does not.
    #[default]
    Auto,
    Linear,
    /// Logarithmic, unless no value is above 0.
    Log,
}

/// The most decades that a logarithmic axis shows, for lines that reach down to (nearly) 0.
const DECADES: i32 = 12;

/// The largest number that an axis shows. Its inverse is the smallest. Arithmetic on other numbers could overflow.
const LARGEST: f64 = 1e300;

/// Returns whether more than a fifth of `values` lies below a hundredth of `highest` and above 0.
pub fn lies_low(values: impl Iterator<Item = f64>, highest: f64) -> bool {
    let (mut all, mut low) = (0_usize, 0_usize);
    for value in values {
        all += 1;
        low += usize::from(value > 0.0 && value < highest / 100.0);
    }
    5 * low > all
}

/// The range of an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    pub low: f64,
    pub high: f64,
    pub log: bool,
}

impl Axis {
    /// Returns an axis for `values` with about `steps` ticks. It is logarithmic if `log` is set and a value is above 0.
    pub fn new(values: impl Iterator<Item = f64> + Clone, log: bool, steps: usize) -> Axis {
        let finite = values.filter(|value| value.is_finite()).map(|value| value.clamp(-LARGEST, LARGEST));
        let low = finite.clone().fold(f64::INFINITY, f64::min);
        let high = finite.clone().fold(f64::NEG_INFINITY, f64::max);
        let above = finite.filter(|&value| value > 0.0).fold(f64::INFINITY, f64::min);
        if low > high {
            return Axis { low: 0.0, high: 1.0, log: false };
        }
        let log = log && high > 0.0;
        if log {
            let high = high.max(10.0 / LARGEST);
            let low = above.max(high * 10f64.powi(-DECADES)).max(1.0 / LARGEST);
            return match low < high {
                true => Axis { low, high, log },
                false => Axis { low: high / 3.0, high: high * 3.0, log },
            };
        }
        // The axis starts at 0 if the values are not far from it, so that heights can be compared.
        let (low, high) = match low == high {
            true if low > 0.0 => (0.0, 2.0 * high),
            true if low < 0.0 => (2.0 * low, 0.0),
            true => (0.0, 1.0),
            false if low > 0.0 && low < 0.5 * high => (0.0, high),
            false => (low, high),
        };
        Axis::around(low, high, steps)
    }

    /// Returns a linear axis that begins and ends with round numbers around `low` and `high`, with about `steps` numbers.
    pub fn around(low: f64, high: f64, steps: usize) -> Axis {
        let (low, high) = (low.clamp(-LARGEST, LARGEST), high.clamp(-LARGEST, LARGEST));
        let by = nice((high - low) / steps.max(1) as f64);
        if !(by > 0.0 && by.is_finite() && high.is_finite()) {
            return Axis { low, high: if high > low { high } else { low + low.abs().max(1.0) }, log: false };
        }
        let (first, last) = ((low / by + 1e-9).floor() * by, (high / by - 1e-9).ceil() * by);
        Axis { low: tidy(first), high: tidy(last), log: false }
    }

    /// Returns the position of `value`, from 0 (low) to 1 (high). A value outside the range is placed at its end.
    pub fn place(&self, value: f64) -> f64 {
        self.fraction(value).clamp(0.0, 1.0)
    }

    /// Returns the position of `value`: 0 at the low end, 1 at the high end, and other numbers outside of the axis.
    pub fn fraction(&self, value: f64) -> f64 {
        let place = match self.log {
            // A quotient of the values could be 0.
            true => (value.max(f64::MIN_POSITIVE).ln() - self.low.ln()) / (self.high.ln() - self.low.ln()),
            false => (value - self.low) / (self.high - self.low),
        };
        if place.is_nan() { 0.0 } else { place }
    }

    /// Returns whether `value` is on the axis. Rounding is no reason to be outside.
    pub fn has(&self, value: f64) -> bool {
        (-1e-9..=1.0 + 1e-9).contains(&self.fraction(value))
    }

    /// Returns about `most` round numbers within the range.
    pub fn ticks(&self, most: usize) -> Vec<f64> {
        if self.log { self.decades(most) } else { self.round_numbers(most) }
    }

    fn round_numbers(&self, most: usize) -> Vec<f64> {
        let by = nice((self.high - self.low) / most.max(1) as f64);
        if !(by > 0.0 && by.is_finite()) {
            return vec![self.low];
        }
        let first = (self.low / by - 1e-9).ceil();
        let count = ((self.high / by + 1e-9).floor() - first).clamp(0.0, 1000.0) as u32;
        // Rounded to a short number, so that 3 · 0.1 is 0.3.
        (0..=count).map(|n| tidy((first + f64::from(n)) * by)).collect()
    }

    fn decades(&self, most: usize) -> Vec<f64> {
        let within = |value: &f64| (self.low * (1.0 - 1e-9)..=self.high * (1.0 + 1e-9)).contains(value);
        let decades = self.low.log10().floor() as i32..=self.high.log10().ceil() as i32;
        let of = |parts: &[f64]| -> Vec<f64> {
            let all = decades.clone().flat_map(|decade| parts.iter().map(move |part| tidy(part * 10f64.powi(decade))));
            all.filter(within).collect()
        };
        let tens = of(&[1.0]);
        if tens.len() < 2 {
            return of(&[1.0, 2.0, 5.0]);
        }
        let every = tens.len().div_ceil(most.max(1));
        // Counted from the top, where learning rates begin.
        let mut shown: Vec<f64> = tens.into_iter().rev().step_by(every).collect();
        shown.reverse();
        shown
    }
}

/// Returns the smallest of …, 0.1, 0.2, 0.5, 1, 2, 5, … that is at least `x`.
fn nice(x: f64) -> f64 {
    let ten = 10f64.powf(x.log10().floor());
    let part = [1.0, 2.0, 5.0].into_iter().find(|part| part * ten >= x * (1.0 - 1e-9)).unwrap_or(10.0);
    tidy(part * ten)
}

/// Rounds `x` to ten digits, which removes errors of arithmetic.
fn tidy(x: f64) -> f64 {
    format!("{x:.9e}").parse().unwrap_or(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(values: &[f64], log: bool) -> Axis {
        Axis::new(values.iter().copied(), log, 4)
    }

    #[test]
    fn range_begins_and_ends_with_round_numbers() {
        let found = axis(&[0.1, 0.001], false);
        assert_eq!((found.low, found.high, found.log), (0.0, 0.1, false));
        assert_eq!(found.ticks(4), [0.0, 0.05, 0.1]);
        let near = axis(&[0.09, 0.1], false);
        assert_eq!(near.ticks(4), [0.09, 0.095, 0.1]);
        assert_eq!(axis(&[0.1, 0.09], false).place(0.1), 1.0);
    }

    #[test]
    fn logarithmic_axis_shows_powers_of_ten() {
        let found = axis(&[0.1, 0.0009], true);
        assert!(found.log);
        assert_eq!(found.ticks(4), [0.001, 0.01, 0.1]);
        assert!((found.place(0.1) - 1.0).abs() < 1e-12 && found.place(0.0009) == 0.0 && found.place(0.0) == 0.0);
        assert!(!axis(&[-0.1, 0.0], true).log, "0 has no logarithm");
        assert_eq!(axis(&[0.1, 0.03], true).ticks(4), [0.05, 0.1]);
        assert_eq!(axis(&[1.0, 1e-30], true).low, 1e-12);
        assert_eq!(axis(&[1.0, 1e-8], true).ticks(4), [1e-6, 1e-3, 1.0]);
    }

    #[test]
    fn every_range_can_be_shown() {
        let odd: [&[f64]; 9] = [
            &[],
            &[0.0],
            &[-1.0],
            &[0.1],
            &[f64::NAN, f64::INFINITY],
            &[5e-324],
            &[f64::MAX],
            &[0.0, f64::MAX],
            &[1e-300, 1e300],
        ];
        for values in odd {
            for log in [false, true] {
                let found = axis(values, log);
                assert!(found.low < found.high && found.high.is_finite(), "{values:?} {log} {found:?}");
                assert!(!found.ticks(4).is_empty() || found.log, "{values:?} {log} {found:?}");
                assert!(found.ticks(4).len() < 20, "{values:?} {log} {found:?}");
                for value in values {
                    assert!((0.0..=1.0).contains(&found.place(*value)));
                }
            }
        }
    }
}
