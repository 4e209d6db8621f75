//! The description of a data set for people: rows and columns that were left out, kinds of columns, and classes.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::split::class_sizes;
use super::{Data, Targets};

/// The description of a data set for people. Everything is empty for published data. For arrays, everything but
/// `classes` is empty.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// How each file was read, as a line for people.
    pub files: Vec<String>,
    /// The number of rows in the training file, without its header and comments.
    pub rows: usize,
    /// The rows of the training file that were left out.
    pub left_out: Vec<LeftOut>,
    /// The rows of the test file. `None` if there is no such file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_file: Option<TestFile>,
    /// The columns of the training file, in its order.
    pub columns: Vec<ColumnAbout>,
    /// The classes with their numbers of examples in the training part, validation examples included.
    pub classes: Vec<ClassCount>,
}

/// The rows of the file that is the test part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TestFile {
    /// The number of rows in the file.
    pub rows: usize,
    /// The rows that were left out.
    pub left_out: Vec<LeftOut>,
}

/// Rows that were left out for one reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeftOut {
    pub rows: usize,
    /// The reason: "column `a` is empty".
    pub reason: String,
    /// True if `missing = "median"` would keep these rows.
    #[serde(skip)]
    pub fillable: bool,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnAbout {
    pub name: String,
    #[serde(flatten)]
    pub usage: ColumnUse,
    /// The number of empty cells, in all rows of the file.
    pub empty: usize,
}

/// The use of a column. Ranges and categories are taken from the training rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ColumnUse {
    Number {
        min: f64,
        max: f64,
        /// The unit that the cells have, such as `%` or `$`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unit: Option<String>,
    },
    Category {
        categories: Vec<String>,
        /// The number of different values that have no input of their own.
        others: usize,
    },
    Target,
    /// The groups of the split.
    Group,
    /// The column is left out: by `drop`, or because of its cells.
    LeftOut {
        reason: String,
    },
}

/// A class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassCount {
    pub name: String,
    pub examples: usize,
}

impl Data {
    /// Returns the classes with their numbers of examples in the training part. The list is empty for regression.
    pub fn class_counts(&self) -> Vec<ClassCount> {
        let Targets::Classes(classes) = &self.train.targets else { return Vec::new() };
        let mut sizes = class_sizes(classes.iter().copied());
        // The last classes may occur only in the test part.
        sizes.resize(sizes.len().max(self.info.class_names.len()), 0);
        let count = |(class, examples)| ClassCount { name: self.info.class_name(class), examples };
        sizes.into_iter().enumerate().map(count).collect()
    }
}

impl About {
    /// Returns a line for each reason why rows are left out, first for the training file, then for the test file.
    pub fn rows_left_out(&self) -> Vec<String> {
        let training = self.left_out.iter().map(|it| it.of(self.rows, ""));
        let test = self.test_file.iter();
        let test = test.flat_map(|test| test.left_out.iter().map(|it| it.of(test.rows, " of the test file")));
        training.chain(test).collect()
    }
}

impl LeftOut {
    /// Renders `3 of 5 rows left out: column `a` is empty`. `rows` is the number of all rows, `of_file` their origin.
    fn of(&self, rows: usize, of_file: &str) -> String {
        format!("{} of {rows} rows{of_file} left out: {}", self.rows, self.reason)
    }
}

/// `column `a` is empty (3)`
impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.reason, self.rows)
    }
}
