//! Tables from a CSV file, as Excel, pandas, R and others write them. Each row is an example.
//!
//! | key | default | |
//! |---|---|---|
//! | `path` | | the file, relative to the spec; it may be gzipped |
//! | `target` | | the name of the column to predict; without a header its number, from 1 |
//! | `task` | see below | "classification" or "regression" |
//! | `drop` | [] | columns to leave out |
//! | `categories` | [] | columns to treat as categories although they have numbers (such as postal codes) or very many different values |
//! | `max_categories` | 20 | the largest number of values of a category that have an input of their own |
//! | `missing` | "error" | what to do with empty cells: "error" refuses them, "drop" leaves out their rows, and "median" fills them in |
//! | `scale_target` | false | true: regression trains on standardized targets |
//! | `group` | | a column such as the number of a patient: all rows with the same value go to the same part. It does not become an input |
//! | `test` | 0 | the number of rows in the test part: a count or a fraction |
//! | `test_seed` | 0 | the seed that selects these rows |
//! | `test_path` | | a second file with the same columns, as the test part |
//!
//! The format of each file is detected automatically. These keys override it:
//!
//! | key | |
//! |---|---|
//! | `delimiter` | the character between cells: ",", ";", "\t", "\|", or "blanks" for any number of blanks and tabs |
//! | `header` | false if the first row has values; the columns are then named by their numbers from 1 |
//! | `decimal`, `thousands` | the marks in numbers, such as "," and "." |
//! | `missing_values` | the words that mean an empty cell; they replace NA, NaN, N/A, null, None, ?, . and the errors of spreadsheets |
//! | `comment` | the character that comment lines start with, or "" for none; the default is # and %, except in lines with as many cells as a row |
//! | `encoding` | such as "windows-1252"; the default is UTF-8 or UTF-16, and Windows-1252 for text that is neither |
//!
//! Without `task`, the targets decide:
//!
//! - The task is classification if no target is a number.
//! - It is also classification if all targets are integers with at most 20 different values, and these values repeat
//!   (at most three quarters as many different values as rows) or are 0, 1, 2, …
//! - It is regression if the targets are other numbers. A warning says if they may be more than 20 classes: integers
//!   from 0 or 1 that repeat.
//! - A column with both numbers and text is an error.
//!
//! The resolved spec has the task that was found. Classes are numbered in sorted order, numbers by value.
//!
//! A column of numbers is one input. A column of text is a category, also if the text is yes and no or True and False.
//! Each of its `max_categories` most frequent values has an input, which is 1 in the rows with this value and 0 in the
//! others. If the training rows have further values, one more input is 1 for all of them, and for values that occur in
//! no training row. Without such an input, a value that occurs in no training row has 0 in all inputs. If a column has
//! the same value in all training rows, its input is the same for all other rows too, since a model learns nothing
//! about other values.
//!
//! These columns are left out, with a warning:
//!
//! - Row numbers: 0, 1, 2, … or 1, 2, 3, …, in any order, in a column with no name or a usual one, such as `id`,
//!   `index`, `obs` or `No`. If the first column has no name, or a name that programs give to row numbers, numbers may
//!   be missing.
//! - Ids: whole numbers that differ in all rows, at least 20, in a column called `id` or with a name that ends with
//!   `_id`, `Id` or `ID`.
//! - Dates, also those written as `20240131`.
//! - Text with more than 5 different values, if they are more than half as many as the rows in which the cell is not
//!   empty.
//! - Columns without any value.
//!
//! A column is also one of numbers if all its cells have the same unit, % or a currency: `7%` is 7, and `$1,200` is
//! 1200. New rows must have the % too. A column in which only some cells are such amounts is text, with a warning if
//! they are at least half of the cells.
//!
//! Inputs are 32-bit numbers. In some columns, rounding to 32 bits would remove the differences between the numbers, for
//! example between times in seconds since 1970. From such a column, the median of its training rows is subtracted first.
//!
//! In categories and classes, the letter case of true, false, yes and no does not matter: `True` and `TRUE` are one
//! value. The same is true for t, f, y and n in a column that has only these eight words. Whole numbers are one value
//! in any spelling (`7`, `07`, `7.0`), and so are all numbers in classes. Everything else is compared character by
//! character.
//!
//! With `missing = "median"`, an empty number becomes the median of the training rows, and an empty category has 0 in
//! all its inputs. If the training rows have empty cells in a column, it has one more input, which is 1 where the cell
//! is empty. With "drop" and "median", rows without a target or a group are left out.
//!
//! `scale_target` subtracts the mean of the training rows from the targets and divides them by their standard
//! deviation, before they are rounded to 32 bits. Losses and errors are reported in the target's own units.
//!
//! Medians, categories, means and standard deviations are learned from the training rows alone, without the rows of the
//! validation and test parts. They are saved in the run's `preprocessing.json`, which `lr-run predict` uses to read new
//! rows.
//!
//! The default of `normalize` is "standard". It normalizes numbers. The inputs of categories stay 0 and 1.

mod assemble;
mod columns;
mod describe;
mod encode;
mod keys;
mod other_file;
mod rows;
mod same;
mod target;

use std::cell::OnceCell;
use std::path::Path;

use self::assemble::{Table, assemble};
use self::keys::Keys;
use self::other_file::{read_new, read_other};
pub use self::rows::Missing;
use self::rows::{Rows, select_new};
use super::sheet::{ReadOptions, Sheet};
use super::{
    About, Access, Assumed, Build, Coding, Context, Data, Dataset, Error, Holdout, Info, Inputs, NewRows, Normalize,
    SplitRule, TaskKind,
};
use crate::spec::{Entry, Field, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "csv",
    summary: "your own table in a CSV file",
    example: "type = \"csv\"\npath = \"wine.csv\"\ntarget = \"quality\"\ntask = \"regression\"\ndelimiter = \",\"\n\
              header = true\ndrop = [\"id\"]\nmissing = \"error\"\nscale_target = true\ntest = 0.2\ntest_seed = 0",
    build,
};

fn build(section: &mut Section<'_>, context: &Context<'_>) -> Option<Box<dyn Dataset>> {
    let given = ["task", "delimiter", "header"].map(|key| section.has(key));
    let keys = Keys::read(section, context)?;
    let mut set = Csv { keys, read: OnceCell::new() };
    // Settings that the spec leaves out are taken from the file. An error in the file is reported by `info`.
    if context.may_read
        && given.contains(&false)
        && let Ok((table, sheet)) = set.read()
    {
        let [_, has_delimiter, has_header] = given;
        set.keys.task = Some(table.task);
        section.put("task", table.task.word());
        if !has_delimiter {
            section.put("delimiter", sheet.found.delimiter.to_toml());
        }
        if !has_header {
            section.put("header", sheet.found.header);
        }
        set.read = OnceCell::from(table);
    }
    Some(Box::new(set))
}

#[derive(Debug)]
struct Csv {
    keys: Keys,
    read: OnceCell<Table>,
}

/// Reads the `bytes` of a file, with the column `target` as target. `file` is its name in messages.
pub fn parse(bytes: &[u8], file: &str, target: &str, missing: Missing, split: &SplitRule) -> Result<Data, Error> {
    let format = ReadOptions::default();
    let keys = Keys {
        path: file.into(),
        format: format.clone(),
        target: target.to_owned(),
        task: None,
        drop: Vec::new(),
        categories: Vec::new(),
        max_categories: 20,
        missing,
        scale_target: false,
        test: Holdout::Count(0),
        test_seed: 0,
        test_path: None,
        split: split.clone(),
    };
    Ok(assemble(&keys, &Sheet::parse(bytes, file, &format)?, None)?.data)
}

impl Csv {
    /// Reads the files. Also returns the sheet of the training part.
    fn read(&self) -> Result<(Table, Sheet), Error> {
        let Keys { path, format, test_path, .. } = &self.keys;
        let sheet = Sheet::read(path, format)?;
        let read_test = |path: &Path, text_columns: Vec<String>, wanted: &[&str]| {
            let exact_columns = [format.exact_columns.clone(), sheet.exact_columns()].concat();
            read_other(path, &ReadOptions { text_columns, exact_columns, ..format.clone() }, wanted)
        };
        let table = match test_path {
            None => assemble(&self.keys, &sheet, None),
            Some(path) => {
                assemble(&self.keys, &sheet, Some(&|text_columns, wanted| read_test(path, text_columns, wanted)))
            }
        };
        let table = table.map_err(|error| self.other_delimiter(&sheet).unwrap_or(error))?;
        Ok((table, sheet))
    }

    /// Returns an error that suggests another separator than that of the spec. Returns `None` unless there is no target
    /// column with the spec's separator, but one with the separator that the file seems to have.
    fn other_delimiter(&self, sheet: &Sheet) -> Option<Error> {
        let Keys { path, format, target, .. } = &self.keys;
        let given = format.delimiter.filter(|_| sheet.column(target).is_none())?;
        let other = Sheet::read(path, &ReadOptions { delimiter: None, ..format.clone() }).ok()?;
        let found = other.found.delimiter;
        (found != given && other.column(target).is_some()).then(|| {
            Error(format!(
                "{}: separated by {given}, there is no column `{target}`; the file seems to be separated by {found}\n\
                 write delimiter = {}, or leave it out",
                sheet.file,
                found.quoted()
            ))
        })
    }

    fn table(&self) -> Result<&Table, Error> {
        if let Some(table) = self.read.get() {
            return Ok(table);
        }
        let (table, _) = self.read()?;
        Ok(self.read.get_or_init(|| table))
    }
}

/// Adds a line to an error in a file of new rows if its advice names keys of the spec: a prediction cannot change them.
fn of_the_run(error: Error) -> Error {
    match error.0.contains("write ") || error.0.contains(" = \"") {
        true => Error(format!(
            "{}\npredictions use the keys of the run's spec.toml: change this file, or train with the key",
            error.0
        )),
        false => error,
    }
}

impl Dataset for Csv {
    fn info(&self) -> Result<Info, Error> {
        self.table().map(|table| table.data.info.clone())
    }

    fn load(&self, _access: &Access<'_>) -> Result<Data, Error> {
        self.table().map(|table| table.data.clone())
    }

    fn default_normalize(&self) -> Normalize {
        Normalize::Standard
    }

    fn stratifies(&self) -> bool {
        true
    }

    fn without_files(&self) -> Assumed {
        Assumed { input: vec![1], task: self.keys.task.map(TaskKind::assumed) }
    }

    fn about(&self) -> Result<About, Error> {
        self.table().map(|table| table.about.clone())
    }

    fn coding(&self) -> Result<Option<Coding>, Error> {
        self.table().map(|table| Some(table.coding.clone()))
    }

    fn new_rows(&self, path: &Path, coding: &Coding) -> Result<NewRows, Error> {
        let sheet = read_new(path, &self.keys.format, coding).map_err(of_the_run)?;
        let columns = encode::sources(coding, &sheet)?;
        let Rows { used, .. } = select_new(&sheet, &columns, self.keys.missing)?;
        let inputs = Inputs::Floats(encode::inputs(coding, &sheet, &used)?);
        let unseen = encode::unseen(coding, &sheet, &used);
        Ok(NewRows { inputs, rows: sheet.rows, used, format: sheet.found.to_string(), unseen })
    }
}

#[cfg(test)]
mod tests;
