//! The rule that holds examples out of the training part.

mod draw;
mod holdout;

pub use draw::{Alike, class_sizes, draw, split};
pub use holdout::Holdout;

use super::{Part, Targets};
use crate::random::Stream;
use crate::spec::Section;

/// The rule by which examples are held out of the training part for validation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SplitRule {
    /// The number of held-out examples.
    pub validation: Holdout,
    pub split_seed: u64,
    /// True if both parts get the same share of each class. `None` if the spec does not say: then the data set decides.
    pub stratify: Option<bool>,
    /// The column or array with the groups of examples. All examples with the same value are in the same part. It is
    /// not an input.
    pub group: Option<String>,
}

/// The rows of the training part by their use, both ascending.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    pub train: Vec<u32>,
    pub held_out: Vec<u32>,
}

impl SplitRule {
    /// Reads the key `group`, which the data sets with named columns or arrays have.
    pub fn with_group(mut self, section: &mut Section<'_>) -> Self {
        self.group = section.optional("group");
        self
    }

    /// Returns the number of examples that are held out of `n`. Returns 0 if none would be left to train on: planning
    /// refuses such a rule.
    pub fn count(&self, n: usize) -> usize {
        Some(self.validation.count(n)).filter(|&count| count < n).unwrap_or(0)
    }

    /// Splits the training part. Both parts get the same share of each class only if the spec asks for it.
    pub fn rows(&self, part: &Part) -> Rows {
        let classes = self.classes_to_balance(part).filter(|_| self.stratify == Some(true));
        self.draw(part.len, Alike { classes, groups: None })
    }

    /// Splits the training part of a user's own data. Both parts get the same share of each class unless the spec
    /// forbids it. `groups` has the number of each example's group, from 0.
    pub fn rows_of_table(&self, part: &Part, groups: Option<&[u32]>) -> Rows {
        self.draw(part.len, Alike { classes: self.classes_to_balance(part), groups })
    }

    /// Returns the class of each example of a user's own data. Returns `None` if parts need not get the same share of
    /// each class.
    pub fn classes_to_balance<'a>(&self, part: &'a Part) -> Option<&'a [i64]> {
        match &part.targets {
            Targets::Classes(classes) if self.stratify != Some(false) => Some(classes),
            _ => None,
        }
    }

    fn draw(&self, n: usize, alike: Alike<'_>) -> Rows {
        let mut stream = Stream::new(self.split_seed, "split", 0);
        let (train, held_out) = draw(&mut stream, n, self.count(n), alike);
        Rows { train, held_out }
    }
}
