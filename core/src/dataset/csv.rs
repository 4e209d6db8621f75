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
//! | `missing` | "error" | "drop" leaves out rows with empty cells; "median" fills them in |
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
//! | `missing_values` | the words that mean an empty cell, instead of NA, NaN, N/A, null, None, ? and . |
//! | `comment` | the character that comment lines start with, "" for none; otherwise # and %, if these lines do not have the cells of a row |
//! | `encoding` | such as "windows-1252"; otherwise UTF-8, UTF-16 or, for other text, Windows-1252 |
//!
//! Without `task`, the targets decide. The task is classification if no target is a number, or if all targets are
//! integers with at most 20 different values, and these repeat (at most 3 different values for 4 rows) or are 0, 1, 2,
//! … The task is regression if the targets are other numbers. A warning names a target that may have more than 20
//! classes: integers from 0 or 1 that repeat. If the column has both numbers and text, set `task`; otherwise that is an
//! error. The resolved spec has the result. Classes are numbered in sorted order, numbers by
//! value.
//!
//! A column of numbers is one input. A column of text, also of yes and no or of True and False, is a category. Each of
//! its `max_categories` most frequent values has an input, which is 1 in the rows with this value and 0 in the others. If
//! the training rows have further values, one more input stands for all others, including values that occur in no
//! training row; otherwise such a value has 0 in all inputs. An input that is the same in all training rows stays the
//! same for all other rows, since a model learns nothing about it. These columns are left out, with a warning: row
//! numbers, dates (also `20240131`), and text with different values in more than half of the rows.
//! Row numbers are 0, 1, 2, … or 1, 2, 3, …, in any order, in a column with no name or a usual one, such as `id`, `index`,
//! `obs` or `No`. In a column of any other name they are kept.
//!
//! A column is also one of numbers if all its cells have the same unit, % or a currency: `$1,200` is 1200, and `7%` is 7.
//! New rows must have the % too. A column in which only some cells are such amounts is text, with a warning.
//!
//! Inputs have 32 bits. If these would round the differences between the numbers of a column away, as for times in
//! seconds since 1970, the median of its training rows is subtracted first.
//!
//! In categories and classes, true, false, yes and no are one value in any letter case (`True`, `TRUE`); so are t, f, y
//! and n in a column that has only such words. Whole numbers are one value in any spelling (`7`, `07`, `7.0`). Everything
//! else is compared character by character.
//!
//! With `missing = "median"`, an empty number becomes the median of the training rows, an empty category has 0 in all
//! its inputs, and a further input is 1 where the cell is empty. Rows without a target are left out with "drop" and
//! "median"; with "error" they are an error.
//!
//! `scale_target` subtracts the mean of the training rows from the targets and divides them by their standard
//! deviation, before they are rounded to 32 bits. Losses and errors are reported in the target's own units.
//!
//! Medians, categories, means and standard deviations are learned from the training rows alone, without the rows of the
//! validation and test parts. They are saved in the run's `preprocessing.json`, which `lr-run predict` uses to read new
//! rows.
//!
//! The default of `normalize` is "standard": numbers are normalized, the inputs of categories stay 0 and 1.

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
    // Settings that the spec leaves out are taken from the file. Errors in the file are logged once, by `info`.
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

    /// Returns an error that suggests the separator that the file seems to have. Returns `None` unless the spec sets
    /// another one, with which there is no target column.
    fn other_delimiter(&self, sheet: &Sheet) -> Option<Error> {
        let Keys { path, format, target, .. } = &self.keys;
        let given = format.delimiter.filter(|_| sheet.column(target).is_none())?;
        let other = Sheet::read(path, &ReadOptions { delimiter: None, ..format.clone() }).ok()?;
        let found = other.found.delimiter;
        (found != given && other.column(target).is_some()).then(|| {
            Error(format!(
                "{}: with {given} between cells there is no column `{target}`; the file seems to have {found}\n\
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

/// Adds to an error in a file of new rows that the keys in its advice are those of the run.
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
