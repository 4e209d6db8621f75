//! A table of one's own: a CSV file with a header, one example a row, all features numbers.
//!
//! | key | default | |
//! |---|---|---|
//! | `path` | | the file, relative to the spec |
//! | `target` | | name of the column to predict |
//! | `task` | by looking | "classification" or "regression" |
//! | `delimiter` | "," | one character; "\t" for tabs |
//! | `drop` | [] | columns to leave out |
//! | `missing` | "error" | "drop" leaves rows with empty cells out |
//! | `test` | 0 | how many rows are held out as the test part: a count or a fraction |
//! | `test_seed` | 0 | which rows |
//! | `test_path` | | a second file, with the same columns, as the test part |
//!
//! Where `task` is not given it is classification if the target column is text, or whole numbers of at most 20 different
//! values, else regression; the resolved spec says which. Classes are numbered in sorted order (numbers by value).
//! Features are standardized by default, with mean and deviation of the training part.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

pub use super::table::Missing;
use super::table::{Format, Table, number};
use super::{Access, Build, Data, Dataset, Error, Holdout, Info, Inputs, Normalize, Part, Targets, Task, fingerprint};
use crate::dataset::split::split_by;
use crate::random::Stream;
use crate::spec::{Entry, Field, Section, Value};

pub const ENTRY: Entry<Build> = Entry {
    name: "csv",
    summary: "a table of your own",
    example: "type = \"csv\"\npath = \"wine.csv\"\ntarget = \"quality\"\ntask = \"regression\"\ndelimiter = \",\"\n\
              drop = [\"id\"]\nmissing = \"error\"\ntest = 0.2\ntest_seed = 0",
    build,
};

/// Whole numbers of more different values than this are quantities, not classes.
const MOST_CLASSES_BY_LOOKING: usize = 20;

crate::choice! {
    /// What the target column is.
    pub enum Learn {
        Classification = "classification",
        Regression = "regression",
    }
}

/// One character between cells.
struct Delimiter(u8);

impl Field for Delimiter {
    fn expects() -> String {
        "one character, like \",\", \";\" or \"\\t\"".into()
    }
    fn read(value: &Value) -> Result<Self, Option<String>> {
        match value.as_str().map(str::as_bytes) {
            Some(&[byte]) if byte.is_ascii() && !b"\"\r\n".contains(&byte) => Ok(Delimiter(byte)),
            _ => Err(None),
        }
    }
    fn to_toml(&self) -> toml::Value {
        char::from(self.0).to_string().into()
    }
}

fn build(section: &mut Section<'_>, folder: &Path) -> Option<Box<dyn Dataset>> {
    let path = section.required("path").map(|path: String| folder.join(path));
    let target = section.required("target");
    let learn = section.optional("task");
    let delimiter = section.or("delimiter", Delimiter(b',')).0;
    let drop = section.or("drop", Vec::new());
    let missing = section.or("missing", Missing::Error);
    let test = section.or("test", Holdout::Count(0));
    let test_seed = section.or("test_seed", 0u64);
    let test_path = section.optional("test_path").map(|path: String| folder.join(path));
    if test_path.is_some() && test.count(usize::MAX) > 0 {
        let message = format!(
            "`{}` and `{}` both say what the test part is",
            section.dotted("test"),
            section.dotted("test_path")
        );
        section.error("test_path", message, "leave one of them out");
        return None;
    }
    let format = Format { delimiter, target: target?, drop, missing };
    let mut set = Csv { path: path?, test_path, format, learn, test, test_seed, read: OnceCell::new() };
    // A wrong `task` is logged already; only where there is none the file is looked at.
    if learn.is_none() && !section.has("task") {
        if let Err(Error(message)) = set.look() {
            section.error("path", message, "read to see what `task` is");
            return None;
        }
        section.put("task", set.learn.map_or("", Learn::word));
    }
    Some(Box::new(set))
}

#[derive(Debug)]
struct Csv {
    path: PathBuf,
    test_path: Option<PathBuf>,
    format: Format,
    /// Always there once built.
    learn: Option<Learn>,
    test: Holdout,
    test_seed: u64,
    read: OnceCell<Data>,
}

/// Reads a file's `bytes` with the target `target`; `file` is what messages call it.
pub fn parse(bytes: &[u8], file: &str, delimiter: u8, target: &str, missing: Missing) -> Result<Data, Error> {
    let format = Format { delimiter, target: target.to_owned(), drop: Vec::new(), missing };
    let table = Table::parse(bytes, file.to_owned(), &format, None)?;
    let learn = Some(by_looking(&table, target)?);
    let (path, test) = (file.into(), Holdout::Count(0));
    Csv { path, test_path: None, format, learn, test, test_seed: 0, read: OnceCell::new() }.assemble(table)
}

impl Csv {
    /// Reads the file to see what the task is, and keeps what was read.
    fn look(&mut self) -> Result<(), Error> {
        let table = Table::read(&self.path, &self.format, None)?;
        self.learn = Some(by_looking(&table, &self.format.target)?);
        self.read = OnceCell::from(self.assemble(table)?);
        Ok(())
    }

    fn data(&self) -> Result<&Data, Error> {
        if let Some(data) = self.read.get() {
            return Ok(data);
        }
        let data = self.assemble(Table::read(&self.path, &self.format, None)?)?;
        Ok(self.read.get_or_init(|| data))
    }

    fn assemble(&self, table: Table) -> Result<Data, Error> {
        let target = &self.format.target;
        let width = table.features.len();
        let other = self.test_path.as_ref().map(|path| Table::read(path, &self.format, Some(&table))).transpose()?;
        let (task, targets, other_targets) = match self.learn {
            Some(Learn::Classification) => {
                let classes = Classes::of(&table, target)?;
                let task = Task::Classification { classes: classes.len() };
                let number = |table| classes.number(table, target).map(Targets::Classes);
                (task, number(&table)?, other.as_ref().map(number).transpose()?)
            }
            _ => {
                let values = |table| values(table, target).map(Targets::Values);
                (Task::Regression { outputs: 1 }, values(&table)?, other.as_ref().map(values).transpose()?)
            }
        };
        let len = table.targets.len();
        let whole = Part { inputs: Inputs::Floats(table.values), targets, len };
        let (train, test) = match other.zip(other_targets) {
            Some((other, targets)) => {
                let len = other.targets.len();
                (whole, Some(Part { inputs: Inputs::Floats(other.values), targets, len }))
            }
            None => {
                let held = self.test.checked("test", len).map_err(|why| Error(format!("{}: {why}", table.file)))?;
                let (train, test) = split_by(&mut Stream::new(self.test_seed, "test", 0), len, held);
                let test = (held > 0).then(|| rows(&whole, &test, width));
                (if held > 0 { rows(&whole, &train, width) } else { whole }, test)
            }
        };
        let info = Info { train: train.len, test: test.as_ref().map_or(0, |test| test.len), input: vec![width], task };
        let fingerprint = fingerprint(&train, test.as_ref());
        Ok(Data { info, train, test, fingerprint })
    }
}

impl Dataset for Csv {
    fn info(&self) -> Result<Info, Error> {
        self.data().map(|data| data.info.clone())
    }

    fn load(&self, _access: &Access<'_>) -> Result<Data, Error> {
        self.data().cloned()
    }

    fn default_normalize(&self) -> Normalize {
        Normalize::Standard
    }
}

/// The rows `indices` of `part`.
fn rows(part: &Part, indices: &[u32], width: usize) -> Part {
    fn pick<T: Copy>(values: &[T], indices: &[u32], width: usize) -> Vec<T> {
        indices.iter().flat_map(|&index| &values[index as usize * width..][..width]).copied().collect()
    }
    let inputs = match &part.inputs {
        Inputs::Bytes(values) => Inputs::Bytes(pick(values, indices, width)),
        Inputs::Floats(values) => Inputs::Floats(pick(values, indices, width)),
    };
    let targets = match &part.targets {
        Targets::Classes(values) => Targets::Classes(pick(values, indices, 1)),
        Targets::Values(values) => Targets::Values(pick(values, indices, 1)),
    };
    Part { inputs, targets, len: indices.len() }
}

/// The task that the target column looks like.
fn by_looking(table: &Table, target: &str) -> Result<Learn, Error> {
    let numbers: Vec<f64> = table.targets.iter().filter_map(|cell| number(cell)).collect();
    if numbers.is_empty() {
        return Ok(Learn::Classification);
    }
    if let Some(row) = table.targets.iter().position(|cell| number(cell).is_none()) {
        let (file, line, cell) = (&table.file, table.lines[row], &table.targets[row]);
        let help = "if it is a class, say task = \"classification\"";
        return Err(Error(format!(
            "{file}:{line}: column `{target}`: `{cell}` is not a number, though other cells are; {help}"
        )));
    }
    let mut distinct = numbers;
    distinct.sort_by(f64::total_cmp);
    distinct.dedup();
    let whole = distinct.iter().all(|value| value.fract() == 0.0);
    Ok(if whole && distinct.len() <= MOST_CLASSES_BY_LOOKING { Learn::Classification } else { Learn::Regression })
}

/// The target column as numbers.
fn values(table: &Table, target: &str) -> Result<Vec<f32>, Error> {
    let cells = table.targets.iter().zip(&table.lines);
    let numbers = cells.map(|(cell, line)| {
        let message = || format!("{}:{line}: column `{target}`: `{cell}` is not a number", table.file);
        number(cell).map(|value| value as f32).ok_or_else(|| Error(message()))
    });
    numbers.collect()
}

/// The different values of the target column, sorted: a class's number is its place here.
enum Classes {
    Numbers(Vec<f64>),
    Words(Vec<String>),
}

impl Classes {
    fn of(table: &Table, target: &str) -> Result<Classes, Error> {
        let numbers: Option<Vec<f64>> = table.targets.iter().map(|cell| number(cell)).collect();
        let classes = match numbers {
            Some(mut numbers) => {
                numbers.sort_by(f64::total_cmp);
                numbers.dedup();
                Classes::Numbers(numbers)
            }
            None => {
                let mut words = table.targets.clone();
                words.sort_unstable();
                words.dedup();
                Classes::Words(words)
            }
        };
        if classes.len() == 1 {
            let value = &table.targets[0];
            return Err(Error(format!("{}: column `{target}` is `{value}` in every row: one class only", table.file)));
        }
        Ok(classes)
    }

    fn len(&self) -> usize {
        match self {
            Classes::Numbers(numbers) => numbers.len(),
            Classes::Words(words) => words.len(),
        }
    }

    /// The class numbers of a table's target column.
    fn number(&self, table: &Table, target: &str) -> Result<Vec<i64>, Error> {
        let cells = table.targets.iter().zip(&table.lines);
        let found = cells.map(|(cell, line)| {
            let class = match self {
                Classes::Numbers(all) => {
                    number(cell).and_then(|value| all.binary_search_by(|it| it.total_cmp(&value)).ok())
                }
                Classes::Words(all) => all.binary_search(cell).ok(),
            };
            let message = || format!("{}:{line}: column `{target}`: no training row has `{cell}`", table.file);
            class.map(|class| class as i64).ok_or_else(|| Error(message()))
        });
        found.collect()
    }
}

#[cfg(test)]
mod tests;
