//! The target column: its task, its classes and its values.

use std::collections::{HashMap, HashSet};

use crate::dataset::sheet::{Cells, Column, Marks, Sheet, Unit};
use crate::dataset::spelling::{Key, Spelling};
use crate::dataset::{Error, Targets, TaskKind};

/// Guesses the task from the target column. Returns an error if it has both numbers and text.
pub fn guess_task(sheet: &Sheet, target: &Column) -> Result<TaskKind, Error> {
    match (&target.cells, sheet.stranger(target)) {
        (Cells::Numbers(numbers), _) => {
            let numbers: Vec<f64> = numbers.iter().filter(|number| !number.is_nan()).collect();
            Ok(TaskKind::guess(&numbers))
        }
        (Cells::Text { .. }, None) => Ok(TaskKind::Classification),
        (Cells::Text { .. }, Some(stranger)) => {
            let (file, line, name, word) = (&sheet.file, sheet.line(stranger.row), &target.name, stranger.word);
            if let Some(unit) = Unit::of(word.as_bytes()) {
                return Err(Error(mixed_amounts(file, line, name, &word, unit)));
            }
            let missing_values = sheet.missing_values(Some(&word), None);
            Err(Error(format!(
                "{file}:{line}: column `{name}`: `{word}` is not a number, although other cells are; if it is a class, \
                 write task = \"classification\"; if it means an empty cell, write {missing_values}"
            )))
        }
    }
}

/// Returns the message for a cell with a unit in a column of numbers without one.
pub fn mixed_amounts(file: &str, line: u64, column: &str, word: &str, unit: Unit) -> String {
    let unit = unit.symbol();
    format!(
        "{file}:{line}: column `{column}`: `{word}` has `{unit}`, but other cells have no unit: write all of them alike"
    )
}

/// The classes of a target column.
#[derive(Debug, Default)]
pub struct Classes {
    /// The name of each class, by its number: its first spelling in the file. They are sorted by value if all of them
    /// are numbers, and as text otherwise.
    pub names: Vec<String>,
    spelling: Option<Spelling>,
    by_key: HashMap<ClassKey, i64>,
}

/// A class, whatever its spelling. Numbers that are not whole are compared by their value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum ClassKey {
    Key(Key),
    /// The bits of a number that is not whole.
    Fraction(u64),
}

impl ClassKey {
    fn of(word: &str, spelling: &Spelling, sheet: &Sheet) -> ClassKey {
        match (spelling.key(word), sheet.number(word)) {
            (Key::Word(_), Some(number)) if is_whole(number) => ClassKey::of_number(number),
            (Key::Word(_), Some(number)) if number.fract() != 0.0 => ClassKey::of_number(number),
            (key, _) => ClassKey::Key(key),
        }
    }

    fn of_number(number: f64) -> ClassKey {
        match number.fract() == 0.0 {
            true => ClassKey::Key(Key::Whole((number + 0.0).to_string())),
            false => ClassKey::Fraction(number.to_bits()),
        }
    }
}

/// Reports whether a number is whole, and so small that `f64` does not round it.
fn is_whole(number: f64) -> bool {
    number.fract() == 0.0 && number.abs() < 2f64.powi(53)
}

impl Classes {
    /// Finds the classes in `rows`. Returns an error if there are fewer than two.
    pub fn find(sheet: &Sheet, target: &Column, rows: &[u32]) -> Result<Classes, Error> {
        let mut known = HashSet::new();
        let mut found: Vec<(Option<f64>, String, ClassKey)> = Vec::new();
        let mut spelling = None;
        match &target.cells {
            Cells::Numbers(numbers) => {
                for &row in rows {
                    let number = numbers.get(row as usize) + 0.0;
                    let key = ClassKey::of_number(number);
                    if known.insert(key.clone()) {
                        found.push((Some(number), numbers.decimal(number).to_string(), key));
                    }
                }
            }
            Cells::Text { words, codes } => {
                let mut used: Vec<u32> = rows.iter().map(|&row| codes[row as usize]).collect();
                used.sort_unstable();
                used.dedup();
                let used = || used.iter().filter_map(|&code| words.get(code as usize));
                let of_words = Spelling::of(used().map(String::as_str), sheet.found.marks);
                for word in used() {
                    let key = ClassKey::of(word, &of_words, sheet);
                    if known.insert(key.clone()) {
                        found.push((sheet.number(word), word.clone(), key));
                    }
                }
                spelling = Some(of_words);
            }
        }
        found.sort_by(|a, b| a.1.cmp(&b.1));
        if found.iter().all(|(number, ..)| number.is_some()) {
            found.sort_by(|a, b| f64::total_cmp(&a.0.unwrap_or(0.0), &b.0.unwrap_or(0.0)));
        }
        if let [] | [_] = found[..] {
            let (file, column, value) = (&sheet.file, &target.name, found.first().map_or("", |(_, name, _)| name));
            let why = "in every row, but a classifier needs two classes";
            return Err(Error(format!("{file}: column `{column}` is `{value}` {why}")));
        }
        let by_key = found.iter().zip(0..).map(|((_, _, key), class)| (key.clone(), class)).collect();
        Ok(Classes { names: found.into_iter().map(|(_, name, _)| name).collect(), spelling, by_key })
    }

    /// Returns the class of each of `rows`. The sheet may be that of another file.
    pub fn numbers(&self, sheet: &Sheet, target: &Column, rows: &[u32]) -> Result<Targets, Error> {
        let spelling =
            self.spelling.unwrap_or_else(|| Spelling::of(self.names.iter().map(String::as_str), Marks::PLAIN));
        let spelling = spelling.with_marks(sheet.found.marks);
        let of_words: Vec<Option<i64>> = match &target.cells {
            Cells::Text { words, .. } => {
                words.iter().map(|word| self.by_key.get(&ClassKey::of(word, &spelling, sheet)).copied()).collect()
            }
            Cells::Numbers(_) => Vec::new(),
        };
        let class = |row: usize| match &target.cells {
            Cells::Numbers(numbers) => self.by_key.get(&ClassKey::of_number(numbers.get(row))).copied(),
            Cells::Text { codes, .. } => of_words.get(codes[row] as usize).copied().flatten(),
        };
        let classes = rows.iter().map(|&row| {
            class(row as usize).ok_or_else(|| {
                let (line, cell) = (sheet.line(row as usize), cell(target, row as usize));
                let (file, column) = (&sheet.file, &target.name);
                Error(format!("{file}:{line}: column `{column}`: no training row has `{cell}`"))
            })
        });
        classes.collect::<Result<_, _>>().map(Targets::Classes)
    }
}

/// Returns the target of each of `rows` as a number.
pub fn values(sheet: &Sheet, target: &Column, rows: &[u32]) -> Result<Vec<f64>, Error> {
    let value = |row: usize| match &target.cells {
        Cells::Numbers(numbers) => Some(numbers.get(row)),
        Cells::Text { words, codes } => words.get(codes[row] as usize).and_then(|word| sheet.number(word)),
    };
    let values = rows.iter().map(|&row| {
        value(row as usize).ok_or_else(|| {
            let (line, cell) = (sheet.line(row as usize), cell(target, row as usize));
            let (file, column) = (&sheet.file, &target.name);
            Error(format!("{file}:{line}: column `{column}`: `{cell}` is not a number"))
        })
    });
    values.collect()
}

/// Returns mean and standard deviation (divisor `n`) of `values`. The deviation of equal values is 1.
pub fn mean_and_sd(values: &[f64]) -> (f64, f64) {
    let n = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / n;
    let sd = (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n).sqrt();
    // Rounding gives equal values a deviation above 0.
    let differ = values.windows(2).any(|pair| pair[0] != pair[1]);
    (mean, if differ && sd as f32 > 0.0 { sd } else { 1.0 })
}

/// Returns a cell as a message shows it.
fn cell(column: &Column, row: usize) -> String {
    match &column.cells {
        Cells::Numbers(numbers) => numbers.decimal(numbers.get(row)).to_string(),
        Cells::Text { words, codes } => words.get(codes[row] as usize).cloned().unwrap_or_default(),
    }
}
