//! Tables from a CSV file with a header. Each row is an example, and all features are numbers.
//!
//! | key | default | |
//! |---|---|---|
//! | `path` | | the file, relative to the spec |
//! | `target` | | the name of the column to predict |
//! | `task` | see below | "classification" or "regression" |
//! | `delimiter` | "," | one character, "\t" for tabs |
//! | `drop` | [] | columns to leave out |
//! | `missing` | "error" | "drop" leaves out rows with empty cells |
//! | `test` | 0 | the number of rows in the test part: a count or a fraction |
//! | `test_seed` | 0 | the seed that selects these rows |
//! | `test_path` | | a second file with the same columns, as the test part |
//!
//! Without `task`, the task is classification if no target is a number, or if all are integers with at most 20 different
//! values that repeat (at most 3 values for 4 rows) or are 0, 1, 2, … It is regression if they are other numbers. A column with numbers and text is an error: write `task`. The resolved
//! spec has the result. Classes are numbered in sorted order, numbers by value.
//! The default of `normalize` is "standard".

use std::cell::OnceCell;
use std::path::PathBuf;

use super::split::{Alike, draw};
pub use super::table::Missing;
use super::table::{Format, Table, number};
use super::{
    Access, Assumed, Build, Context, Data, Dataset, Error, Holdout, Info, Inputs, Normalize, Part, SplitRule, Targets,
    Task, TaskKind,
};
use crate::random::Stream;
use crate::spec::{Entry, Field, Section, Value};

pub const ENTRY: Entry<Build> = Entry {
    name: "csv",
    summary: "your own table in a CSV file",
    example: "type = \"csv\"\npath = \"wine.csv\"\ntarget = \"quality\"\ntask = \"regression\"\ndelimiter = \",\"\n\
              drop = [\"id\"]\nmissing = \"error\"\ntest = 0.2\ntest_seed = 0",
    build,
};

/// The character between two cells.
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

fn build(section: &mut Section<'_>, context: &Context<'_>) -> Option<Box<dyn Dataset>> {
    let path = context.required_path(section, "path");
    let target = section.required("target");
    let task = section.optional("task");
    let delimiter = section.or("delimiter", Delimiter(b',')).0;
    let drop = section.or("drop", Vec::new());
    let missing = section.or("missing", Missing::Error);
    let test = section.or("test", Holdout::Count(0));
    let test_seed = section.or("test_seed", 0u64);
    let test_path = context.path(section, "test_path");
    if test_path.is_some() && test.count(usize::MAX) > 0 {
        let message =
            format!("`{}` and `{}` both define the test part", section.dotted("test"), section.dotted("test_path"));
        section.error("test_path", message, "remove one of them");
        return None;
    }
    let format = Format { delimiter, target: target?, drop, missing };
    let split = context.split.clone();
    let mut set = Csv { path: path?, test_path, format, task, test, test_seed, split, read: OnceCell::new() };
    // Without `task`, the file decides. An invalid `task` is already logged.
    if task.is_none() && !section.has("task") && context.may_read {
        if let Err(Error(message)) = set.guess_task() {
            section.error("path", message, "this file is read to find out the `task`");
            return None;
        }
        section.put("task", set.task.map_or("", TaskKind::word));
    }
    Some(Box::new(set))
}

#[derive(Debug)]
struct Csv {
    path: PathBuf,
    test_path: Option<PathBuf>,
    format: Format,
    /// `None` only if the set was built without reading its file.
    task: Option<TaskKind>,
    test: Holdout,
    test_seed: u64,
    split: SplitRule,
    read: OnceCell<Data>,
}

/// Reads the `bytes` of a file, with the column `target` as target. `file` is its name in messages.
pub fn parse(
    bytes: &[u8],
    file: &str,
    delimiter: u8,
    target: &str,
    missing: Missing,
    split: &SplitRule,
) -> Result<Data, Error> {
    let format = Format { delimiter, target: target.to_owned(), drop: Vec::new(), missing };
    let table = Table::parse(bytes, file.to_owned(), &format, None)?;
    let task = Some(guess_task(&table, target)?);
    let (path, test) = (file.into(), Holdout::Count(0));
    let split = split.clone();
    Csv { path, test_path: None, format, task, test, test_seed: 0, split, read: OnceCell::new() }.assemble(table)
}

impl Csv {
    /// Reads the file, guesses the task from the target column, and keeps the data.
    fn guess_task(&mut self) -> Result<(), Error> {
        let table = Table::read(&self.path, &self.format, None)?;
        self.task = Some(guess_task(&table, &self.format.target)?);
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
        let (task, class_names, targets, other_targets) = match self.task {
            Some(TaskKind::Classification) => {
                let classes = Classes::of(&table, target)?;
                let task = Task::Classification { classes: classes.len() };
                let number = |table| classes.number(table, target).map(Targets::Classes);
                (task, classes.names(), number(&table)?, other.as_ref().map(number).transpose()?)
            }
            _ => {
                let values = |table| values(table, target).map(Targets::Values);
                (Task::Regression { outputs: 1 }, Vec::new(), values(&table)?, other.as_ref().map(values).transpose()?)
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
                let alike = Alike { classes: self.split.classes_to_balance(&whole), groups: None };
                let (train, test) = draw(&mut Stream::new(self.test_seed, "test", 0), len, held, alike);
                let test = (held > 0).then(|| rows(&whole, &test, width));
                (if held > 0 { rows(&whole, &train, width) } else { whole }, test)
            }
        };
        let rows = self.split.rows_of_table(&train, None);
        Ok(Data::new(train, test, vec![width], task, rows).of_user(class_names))
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

    fn stratifies(&self) -> bool {
        true
    }

    fn without_files(&self) -> Assumed {
        Assumed { input: vec![1], task: self.task.map(TaskKind::assumed) }
    }
}

/// Returns the rows `indices` of `part`.
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

/// Guesses the task from the target column.
fn guess_task(table: &Table, target: &str) -> Result<TaskKind, Error> {
    let numbers: Vec<f64> = table.targets.iter().filter_map(|cell| number(cell)).collect();
    if numbers.is_empty() {
        return Ok(TaskKind::Classification);
    }
    if let Some(row) = table.targets.iter().position(|cell| number(cell).is_none()) {
        let (file, line, cell) = (&table.file, table.lines[row], &table.targets[row]);
        let help = "if it is a class, write task = \"classification\"";
        return Err(Error(format!(
            "{file}:{line}: column `{target}`: `{cell}` is not a number, though other cells are; {help}"
        )));
    }
    Ok(TaskKind::guess(&numbers))
}

/// Returns the target column as numbers.
fn values(table: &Table, target: &str) -> Result<Vec<f32>, Error> {
    let cells = table.targets.iter().zip(&table.lines);
    let numbers = cells.map(|(cell, line)| {
        let message = || format!("{}:{line}: column `{target}`: `{cell}` is not a number", table.file);
        number(cell).map(|value| value as f32).ok_or_else(|| Error(message()))
    });
    numbers.collect()
}

/// The different values of the target column, sorted. The number of a class is its index here.
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
            return Err(Error(format!(
                "{}: column `{target}` is `{value}` in every row, but a classifier needs two classes",
                table.file
            )));
        }
        Ok(classes)
    }

    fn len(&self) -> usize {
        match self {
            Classes::Numbers(numbers) => numbers.len(),
            Classes::Words(words) => words.len(),
        }
    }

    fn names(&self) -> Vec<String> {
        match self {
            Classes::Numbers(numbers) => numbers.iter().map(f64::to_string).collect(),
            Classes::Words(words) => words.clone(),
        }
    }

    /// Returns the class numbers of a table's target column.
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
