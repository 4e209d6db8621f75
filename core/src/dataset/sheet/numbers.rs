//! The numbers of a column in memory.

/// The numbers of a column. NaN is an empty cell. All other values are finite.
#[derive(Clone, Debug, PartialEq)]
pub enum Numbers {
    /// Numbers rounded to the 32 bits that a model reads.
    Rounded(Vec<f32>),
    /// Numbers for which `f32` is not exact enough: whole numbers that it rounds, or numbers whose differences are
    /// small compared with their size, such as times in seconds since 1970. Also the numbers of
    /// [`ReadOptions::exact_columns`](super::ReadOptions::exact_columns).
    Exact(Vec<f64>),
}

impl Numbers {
    pub fn len(&self) -> usize {
        match self {
            Numbers::Rounded(values) => values.len(),
            Numbers::Exact(values) => values.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the value in row `row`, from 0.
    #[inline]
    pub fn get(&self, row: usize) -> f64 {
        match self {
            Numbers::Rounded(values) => values[row].into(),
            Numbers::Exact(values) => values[row],
        }
    }

    /// Returns the values from the first row to the last.
    pub fn iter(&self) -> impl Iterator<Item = f64> + Clone + '_ {
        (0..self.len()).map(|row| self.get(row))
    }

    /// Returns `number`, which is one of the values, without the digits that rounding has added: 0.1 for the `f32`
    /// nearest to 0.1.
    pub fn decimal(&self, number: f64) -> f64 {
        match self {
            Numbers::Rounded(_) => (number as f32).to_string().parse().unwrap_or(f64::NAN),
            Numbers::Exact(_) => number,
        }
    }
}

/// Whole numbers above this are quantities such as 1e20, not identification numbers.
const MOST_EXACT: f64 = (1u64 << 53) as f64;

/// The largest error of rounding to `f32` that does not matter to a model, as a fraction of the range of the values.
const TOLERATED: f64 = 1.0 / 16_384.0;

/// The effect of rounding values to `f32`.
#[derive(Clone, Copy, Debug)]
pub struct Rounding {
    min: f64,
    max: f64,
    /// The largest error.
    error: f64,
    /// True if a whole number below 2⁵³ was rounded.
    rounds_whole: bool,
}

impl Default for Rounding {
    fn default() -> Self {
        Rounding { min: f64::INFINITY, max: f64::NEG_INFINITY, error: 0.0, rounds_whole: false }
    }
}

impl Rounding {
    /// Returns the effect on all `values` except NaN.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Rounding {
        let mut rounding = Rounding::default();
        values.into_iter().filter(|value| !value.is_nan()).for_each(|value| rounding.add(value));
        rounding
    }

    #[inline]
    pub fn add(&mut self, value: f64) {
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        let error = (f64::from(value as f32) - value).abs();
        if error > 0.0 {
            self.error = self.error.max(error);
            self.rounds_whole |= value.fract() == 0.0 && value.abs() < MOST_EXACT;
        }
    }

    /// Reports whether the error is large compared with the range.
    pub fn is_coarse(&self) -> bool {
        self.min < self.max && self.error > (self.max - self.min) * TOLERATED
    }

    /// Reports whether a column with these values is kept in `f64`.
    pub fn needs_exact(&self) -> bool {
        self.rounds_whole || self.is_coarse()
    }
}
