//! Warnings about a user's own data.

use std::fmt;

use super::sheet::Amounts;
use super::split::class_sizes;
use super::{Data, Part, Targets, Task, TaskKind, Unseen};

/// Something that a user should know about the data before training. It does not stop a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Warning {
    /// A part has no example of some classes.
    ClassesMissing {
        /// "training", "validation" or "test".
        part: &'static str,
        /// The names of the classes.
        classes: Vec<String>,
    },
    /// Columns are left out although the spec does not say so. Each has its reason.
    ColumnsLeftOut { columns: Vec<(String, String)> },
    /// More than a tenth of the rows are left out. `of_test` is true for the rows of the test file. `fillable` is true
    /// if `missing = "median"` would keep some of them.
    RowsLeftOut { rows: usize, of: usize, of_test: bool, fillable: bool, reasons: Vec<String> },
    /// The test file has the same examples as the training file.
    TestIsTraining { path: String },
    /// Some groups are in the training file and in the test file.
    GroupsShared {
        /// The column of the groups.
        column: String,
        groups: Vec<String>,
    },
    /// A target is far from the numbers that a new model predicts.
    LargeTarget { column: String, mean: f64, sd: f64 },
    /// The test file, or a file of new rows, has values that no training row has.
    UnseenValues { columns: Vec<Unseen> },
    /// A target is read as a quantity, but looks like the numbers of classes.
    LabelsAsQuantities {
        /// The array or column.
        name: String,
        /// The number of different values.
        values: usize,
        /// The smallest and the largest value: "from 0 to 46".
        range: String,
    },
    /// A column of text has amounts that would be numbers if all cells were written alike.
    AmountsAsText { column: String, amounts: Amounts },
    /// The values of an array differ by so little that rounding to `f32` matters.
    RoundedArray {
        name: String,
        /// The indices of these features, from 0. Empty if the array does not have several features.
        features: Vec<usize>,
    },
    /// The header of a table looks like a row of values. The text says why.
    HeaderOfValues { doubt: String },
    /// Nearly every example has a class of its own.
    ManyClasses { classes: usize, examples: usize },
    /// The numbers of the classes have gaps, such as 1 and 10.
    LabelsWithGaps {
        /// The array or column with the labels.
        name: String,
        /// The different labels, sorted.
        labels: Vec<String>,
    },
    /// The last axis of images was taken for their channels.
    ChannelsLast {
        /// The shape of the array.
        shape: String,
    },
    /// The file has a validation part of its own, which is not used.
    OwnValidation {
        /// The names of its arrays.
        arrays: Vec<String>,
    },
    /// There are so few examples that scores say little.
    FewExamples {
        train: usize,
        held_out: usize,
        test: usize,
        /// The task and its size: "2 classes", "quantities".
        read_as: String,
    },
}

/// A list in a message has at most this many names.
const NAMES_SHOWN: usize = 5;

/// Renders a list of names: `` `a`, `b` and 3 more ``.
pub fn listed(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(NAMES_SHOWN).map(|name| format!("`{name}`")).collect();
    match names.len().saturating_sub(NAMES_SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

impl Warning {
    /// Returns a warning if `targets`, which are read as quantities, look like the numbers of classes.
    pub fn of_labels(name: &str, targets: &[f64]) -> Option<Warning> {
        let (values, last) = TaskKind::labels(targets)?;
        let first = targets.iter().copied().fold(f64::INFINITY, f64::min);
        Some(Warning::LabelsAsQuantities { name: name.to_owned(), values, range: format!("from {first} to {last}") })
    }

    /// Returns the keys of `[data]` that the warning is about. The first one that the spec has is shown.
    pub fn keys(&self) -> &'static [&'static str] {
        match self {
            Warning::ClassesMissing { part: "test", .. } => &["test", "test_path", "y_test"],
            Warning::ClassesMissing { .. } | Warning::FewExamples { .. } | Warning::OwnValidation { .. } => {
                &["validation"]
            }
            Warning::ManyClasses { .. } => &["task", "target", "y", "path"],
            Warning::LabelsWithGaps { .. } => &["y", "path"],
            Warning::ChannelsLast { .. } => &["x", "path"],
            Warning::ColumnsLeftOut { .. } => &["drop", "path"],
            Warning::RowsLeftOut { of_test: true, .. } => &["missing", "test_path"],
            Warning::RowsLeftOut { .. } => &["missing", "path"],
            Warning::TestIsTraining { .. } => &["test_path"],
            Warning::GroupsShared { .. } => &["test_path", "group"],
            Warning::LargeTarget { .. } => &["target"],
            Warning::UnseenValues { .. } => &["test_path", "path"],
            Warning::LabelsAsQuantities { .. } => &["target", "y", "path"],
            Warning::AmountsAsText { .. } => &["path"],
            Warning::RoundedArray { .. } => &["path", "x"],
            Warning::HeaderOfValues { .. } => &["header", "path"],
        }
    }

    /// Returns a line that says what to do about it.
    pub fn help(&self) -> String {
        match self {
            Warning::ClassesMissing { part: "training", .. } => {
                "no model can learn these classes: hold out fewer examples, or other ones with `split_seed`".into()
            }
            Warning::ClassesMissing { .. } => {
                "its scores do not count these classes: hold out more examples, or other ones with another seed".into()
            }
            Warning::ManyClasses { .. } => {
                "a quantity needs task = \"regression\"; names and numbers of rows cannot be predicted".into()
            }
            Warning::LabelsWithGaps { .. } => "if they are quantities, write task = \"regression\"".into(),
            Warning::ChannelsLast { .. } => {
                "write layout = \"channels_last\" if this is right, and layout = \"channels_first\" if not".into()
            }
            Warning::ColumnsLeftOut { columns } => {
                let names: Vec<String> = columns.iter().map(|(name, _)| format!("\"{name}\"")).collect();
                format!("write drop = [{}] to leave out the same columns without this warning", names.join(", "))
            }
            Warning::RowsLeftOut { fillable: false, .. } => {
                "rows without a target or a group cannot be used; `lr-run data SPEC` shows how the file was read".into()
            }
            Warning::RowsLeftOut { .. } => {
                "missing = \"median\" keeps rows with empty cells, and `drop` leaves out a column with many of them"
                    .into()
            }
            Warning::TestIsTraining { .. } => {
                "name another file, or hold out rows of this one with `test = 0.2` instead of `test_path`".into()
            }
            Warning::GroupsShared { .. } => {
                "scores on examples of known groups are better than on new ones: keep each group in one file".into()
            }
            Warning::LargeTarget { .. } => {
                "scale_target = true trains on standardized targets, and reports loss and rmse in the target's units"
                    .into()
            }
            Warning::UnseenValues { .. } => {
                "a model has learned nothing about them: look for other spellings of the values that it knows".into()
            }
            Warning::LabelsAsQuantities { .. } => {
                "if they are classes, write task = \"classification\"; if not, task = \"regression\" removes this \
                 warning"
                    .into()
            }
            Warning::AmountsAsText { column, .. } => format!(
                "write all its cells in the same way, such as 1200 or $1200; list words for empty cells in \
                 `missing_values`; if the column is text, categories = [\"{column}\"] removes this warning"
            ),
            Warning::RoundedArray { .. } => "subtract the mean of each feature before you save the array".into(),
            Warning::HeaderOfValues { .. } => "if it is a header, write header = true".into(),
            Warning::FewExamples { held_out, .. } => {
                let all = if *held_out > 0 { "`validation = 0` trains on all of them; " } else { "" };
                format!("{all}`task` decides whether the target has classes or quantities")
            }
            Warning::OwnValidation { .. } => {
                "validation examples are held out of the training part, by `validation` and `split_seed`".into()
            }
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Warning::ClassesMissing { part, classes } => {
                let noun = if classes.len() == 1 { "class" } else { "classes" };
                write!(f, "the {part} part has no example of {noun} {}", listed(classes))
            }
            Warning::ManyClasses { classes, examples } => {
                write!(
                    f,
                    "there are {classes} classes for {examples} examples: nearly every example has one of its own"
                )
            }
            Warning::LabelsWithGaps { name, labels } => {
                let last = labels.len().saturating_sub(1);
                write!(
                    f,
                    "the labels {} of `{name}` have gaps: as classes they are numbered 0 to {last}",
                    listed(labels)
                )
            }
            Warning::ChannelsLast { shape } => {
                write!(f, "images of shape {shape} are read with the channels last")
            }
            Warning::OwnValidation { arrays } => write!(f, "the arrays {} are not used", listed(arrays)),
            Warning::ColumnsLeftOut { columns } => {
                let columns: Vec<String> =
                    columns.iter().map(|(name, reason)| format!("`{name}` ({reason})")).collect();
                let verb = if columns.len() == 1 { "column is" } else { "columns are" };
                write!(f, "{} {verb} left out: {}", columns.len(), columns.join(", "))
            }
            Warning::RowsLeftOut { rows, of, of_test, reasons, .. } => {
                let of_file = if *of_test { " of the test file" } else { "" };
                write!(f, "{rows} of {of} rows{of_file} left out: {}", reasons.join(", "))
            }
            Warning::LargeTarget { column, mean, sd } => {
                let [mean, sd] = [mean, sd].map(|value| short(*value));
                write!(f, "column `{column}` has mean {mean} and standard deviation {sd}, which a model learns slowly")
            }
            Warning::TestIsTraining { path } => {
                write!(f, "{path} has the examples of the training part: scores on it say nothing about new data")
            }
            Warning::GroupsShared { column, groups } => {
                let noun = if groups.len() == 1 { "group" } else { "groups" };
                write!(f, "the training file and the test file share {noun} of column `{column}`: {}", listed(groups))
            }
            Warning::UnseenValues { columns } => {
                let shown =
                    columns.iter().take(NAMES_SHOWN).map(|Unseen { column, cells }| format!("{cells} in `{column}`"));
                let shown = shown.collect::<Vec<_>>().join(", ");
                let cells: usize = columns.iter().map(|column| column.cells).sum();
                let verb = if cells == 1 { "cell has a value" } else { "cells have values" };
                write!(f, "{cells} {verb} that no training row has: {shown}")?;
                match columns.len().saturating_sub(NAMES_SHOWN) {
                    0 => Ok(()),
                    more => write!(f, " and others in {more} more columns"),
                }
            }
            Warning::LabelsAsQuantities { name, values, range } => {
                write!(f, "the {values} different whole numbers of `{name}`, {range}, are read as quantities")
            }
            Warning::AmountsAsText { column, amounts: Amounts { amount, other } } => {
                write!(f, "column `{column}` is read as text: `{amount}` is an amount")?;
                other.as_ref().map_or(Ok(()), |other| write!(f, ", but `{other}` is not one in the same unit"))
            }
            Warning::RoundedArray { name, features } => {
                let which = match features[..] {
                    [] => "the values".to_owned(),
                    [feature] => format!("the values of feature {feature}"),
                    _ => {
                        let shown: Vec<String> = features.iter().take(NAMES_SHOWN).map(usize::to_string).collect();
                        let more = if features.len() > shown.len() { ", …" } else { "" };
                        format!("the values of {} features ({}{more})", features.len(), shown.join(", "))
                    }
                };
                write!(f, "{which} of `{name}` differ by too little for their size: 32 bits round the differences away")
            }
            Warning::HeaderOfValues { doubt } => f.write_str(doubt),
            Warning::FewExamples { train, held_out, test, read_as } => {
                let parts = [(*train, "to train on"), (*held_out, "held out for validation"), (*test, "to test on")];
                let parts: Vec<String> = parts
                    .iter()
                    .filter(|(examples, _)| *examples > 0)
                    .map(|(examples, use_)| format!("{examples} {use_}"))
                    .collect();
                let all = train + held_out + test;
                write!(f, "there are only {all} examples, read as {read_as}: {}", parts.join(", "))
            }
        }
    }
}

/// Formats a number with at most four decimals, and as a power of ten if it is very small or large: `475`, `0.1234`,
/// `3.3333e24`.
fn short(value: f64) -> String {
    let places = match value.abs() {
        size if size == 0.0 || !size.is_finite() => return value.to_string(),
        size if !(1e-3..1e7).contains(&size) => return format!("{value:.4e}"),
        size if size >= 1000.0 => 1,
        _ => 4,
    };
    let text = format!("{value:.places$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A data set with at most this many examples has a warning.
const FEW: usize = 20;

impl Data {
    /// Sets the names of the classes of a user's own data, and adds warnings about classes and the sizes of parts.
    pub fn of_user(mut self, class_names: Vec<String>) -> Self {
        self.info.class_names = class_names;
        let mut warnings = Vec::new();
        let held_out = self.held_out.len();
        let test = self.test.as_ref().map_or(0, |test| test.len);
        let read_as = match self.info.task {
            Task::Classification { classes } => {
                let examples = self.train.len + test;
                match classes > 2 && 4 * classes > 3 * examples {
                    // Every part lacks most of the classes, so warnings about that would say nothing more.
                    true => warnings.push(Warning::ManyClasses { classes, examples }),
                    false => warnings.extend(self.classes_missing()),
                }
                format!("{classes} classes")
            }
            Task::Regression { .. } => "quantities".to_owned(),
        };
        if self.train.len + test <= FEW {
            let train = self.train_rows.len();
            warnings.push(Warning::FewExamples { train, held_out, test, read_as });
        }
        self.info.warnings.extend(warnings);
        self
    }

    /// Returns a warning for each part that lacks some of the classes.
    pub fn classes_missing(&self) -> Vec<Warning> {
        let Task::Classification { classes } = self.info.task else { return Vec::new() };
        let all = |part: &Part| (0..part.len as u32).collect::<Vec<_>>();
        let parts = [
            ("training", Some((&self.train, self.train_rows.clone()))),
            ("validation", Some((&self.train, self.held_out.clone()))),
            ("test", self.test.as_ref().map(|test| (test, all(test)))),
        ];
        let missing = |(name, part): (&'static str, Option<(&Part, Vec<u32>)>)| {
            let (part, rows) = part.filter(|(_, rows)| !rows.is_empty())?;
            let Targets::Classes(labels) = &part.targets else { return None };
            let mut sizes = class_sizes(rows.iter().map(|&row| labels[row as usize]));
            sizes.resize(classes, 0);
            let missing = sizes.iter().enumerate().filter(|&(_, &size)| size == 0);
            let missing: Vec<String> = missing.map(|(class, _)| self.info.class_name(class)).collect();
            (!missing.is_empty()).then_some(Warning::ClassesMissing { part: name, classes: missing })
        };
        parts.into_iter().filter_map(missing).collect()
    }
}

#[cfg(test)]
mod tests;
