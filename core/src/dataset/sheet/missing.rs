//! The words that mean an empty cell.

use std::collections::HashSet;

use super::Marks;
use super::number::parse;

/// The words that mean an empty cell, as R, pandas, Excel, SAS, Stata and the UCI repository write them.
///
/// A cell of blanks is always empty. A dash is empty only in a column of numbers, because `-` and `+` are a pair of
/// values in many tables. `none` is not in the list: it is more often a category than an empty cell.
pub const MISSING_WORDS: &[&str] = &[
    "NA", "N/A", "n/a", "<NA>", "#N/A", "NaN", "nan", "NAN", "-NaN", "-nan", "null", "NULL", "Null", "None", "?", ".",
    "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!",
];

/// Returns true for a dash, which is an empty cell in a column of numbers.
pub fn is_dash(cell: &[u8]) -> bool {
    matches!(cell, b"-" | b"--" | b"\xe2\x80\x93" | b"\xe2\x80\x94")
}

/// The words and numbers that mean an empty cell.
#[derive(Clone, Debug)]
pub struct Missing {
    words: HashSet<Vec<u8>>,
    /// The words that are numbers, such as `-999`. In a column of numbers, these are empty cells in any spelling: also
    /// `-999.0`.
    numbers: Vec<f64>,
}

impl Missing {
    pub fn new(words: Option<&[String]>) -> Missing {
        let own = words.unwrap_or_default().iter().map(|word| word.trim().as_bytes().to_vec());
        let usual = MISSING_WORDS.iter().map(|word| word.as_bytes().to_vec());
        let words: HashSet<Vec<u8>> = if words.is_some() { own.collect() } else { usual.collect() };
        let numbers = words.iter().filter_map(|word| parse(word, Marks::PLAIN)).collect();
        Missing { words, numbers }
    }

    /// Returns true if `cell`, which has no blanks around it, is empty in a column of text.
    pub fn is_empty(&self, cell: &[u8]) -> bool {
        cell.is_empty() || self.words.contains(cell)
    }

    /// Returns true if `cell` is empty in a column of numbers.
    pub fn is_empty_number(&self, cell: &[u8]) -> bool {
        self.is_empty(cell) || is_dash(cell)
    }

    /// Returns true if this number means an empty cell.
    #[inline]
    pub fn is_gap(&self, value: f64) -> bool {
        !self.numbers.is_empty() && self.numbers.contains(&value)
    }
}
