//! The spellings of a value in a column of categories or classes.
//!
//! Programs write a value in several ways: Excel writes `TRUE` for pandas' `True`, and pandas writes `1.0` for `1` if the
//! column has an empty cell. Such spellings are one value:
//!
//! - true, false, yes and no in any letter case
//! - t, f, y and n in either case, if the column has no values but these eight words
//! - whole numbers that are equal: `7`, `07`, `+7` and `7.0`
//!
//! Two other words are one value only if they are the same character by character.

use super::sheet::{Marks, whole};

/// Words that are one value in any letter case.
const TRUTH: [&str; 4] = ["true", "false", "yes", "no"];

/// Letters that are one value in either case, in columns that have only truth words and these letters.
const LETTERS: [&str; 4] = ["t", "f", "y", "n"];

/// A value, whatever its spelling.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// A truth word in lower case.
    Truth(&'static str),
    /// The digits of a whole number, with `-` if it is below 0.
    Whole(String),
    Word(String),
}

/// The way in which the words of a column are compared.
#[derive(Clone, Copy, Debug)]
pub struct Spelling {
    marks: Marks,
    /// True if t, f, y and n are truth words.
    letters: bool,
}

impl Spelling {
    /// Returns how a column with `words` is compared. Its numbers have `marks`.
    pub fn of<'a>(words: impl IntoIterator<Item = &'a str>, marks: Marks) -> Spelling {
        let letters = words.into_iter().all(|word| find(&TRUTH, word).or_else(|| find(&LETTERS, word)).is_some());
        Spelling { marks, letters }
    }

    /// Returns how the words of another file, whose numbers have `marks`, are compared with those of this column.
    pub fn with_marks(self, marks: Marks) -> Spelling {
        Spelling { marks, ..self }
    }

    /// Returns the value of `word`.
    pub fn key(&self, word: &str) -> Key {
        let letter = || find(&LETTERS, word).filter(|_| self.letters);
        match find(&TRUTH, word).or_else(letter) {
            Some(truth) => Key::Truth(truth),
            None => whole(word, self.marks).map_or_else(|| Key::Word(word.to_owned()), Key::Whole),
        }
    }

    /// Returns the name of the value of `word`. It is spelled so that files with other marks read it as the same value.
    pub fn name(&self, word: &str) -> String {
        match self.key(word) {
            Key::Whole(digits) if whole(word, Marks::PLAIN).as_ref() != Some(&digits) => digits,
            _ => word.to_owned(),
        }
    }
}

fn find(words: &[&'static str], word: &str) -> Option<&'static str> {
    words.iter().find(|it| it.eq_ignore_ascii_case(word)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truth_words_and_whole_numbers_have_several_spellings() {
        let comma = Marks { decimal: ',', thousands: Some('.') };
        let spelling = |words: &[&str], marks| Spelling::of(words.iter().copied(), marks);
        let truth = spelling(&["T", "f", "yes", "NO", "True"], Marks::PLAIN);
        let words = spelling(&["T", "f", "x"], Marks::PLAIN);
        for (spelling, one, other, same) in [
            (truth, "True", "TRUE", true),
            (truth, "yes", "Yes", true),
            (truth, "t", "T", true),
            (truth, "t", "true", false),
            (words, "t", "T", false),
            (words, "No", "NO", true),
            (words, "north", "North", false),
            (words, "1", "1.0", true),
            (words, "1", "1.", true),
            (words, "90210.00", "+90210", true),
            (words, "02134", "2134.0", true),
            (words, "0", "-0.0", true),
            (words, "1", "-1", false),
            // Versions, codes and long numbers are not rounded.
            (words, "1.1", "1.10", false),
            (words, "1E5", "100000", false),
            (words, "12345678901234567890", "12345678901234567891", false),
            (spelling(&["x"], comma), "1.000", "1000", true),
            (spelling(&["x"], comma), "1,0", "1", true),
        ] {
            assert_eq!(spelling.key(one) == spelling.key(other), same, "{one} {other}");
        }
        assert_eq!(["1.000", "1,0", "007"].map(|word| spelling(&["x"], comma).name(word)), ["1000", "1", "007"]);
        assert_eq!(["1.0", "Yes"].map(|word| words.name(word)), ["1.0", "Yes"]);
    }
}
