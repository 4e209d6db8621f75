//! The target column: its task, its classes and its values.

use std::collections::HashMap;

use crate::dataset::sheet::{Cells, Column, Sheet};
use crate::dataset::{Error, Targets, TaskKind};

/// Guesses the task from the target column.
pub fn guess_task(sheet: &Sheet, target: &Column) -> Result<TaskKind, Error> {
    match (&target.cells, sheet.stranger(target)) {
        (Cells::Numbers(numbers), _) => {
            let numbers: Vec<f64> =
                numbers.iter().filter(|number| !number.is_nan()).map(|&number| number.into()).collect();
            Ok(TaskKind::guess(&numbers))
        }
        (Cells::Text { .. }, None) => Ok(TaskKind::Classification),
        (Cells::Text { .. }, Some(stranger)) => {
            let (file, line, name, word) = (&sheet.file, sheet.line(stranger.row), &target.name, stranger.word);
            let missing_values = sheet.missing_values(Some(&word), None);
            Err(Error(format!(
                "{file}:{line}: column `{name}`: `{word}` is not a number, though other cells are; if it is a class, write \
                 task = \"classification\"; if it means an empty cell, write {missing_values}"
            )))
        }
    }
}

/// Returns the names of the classes in `rows`, sorted. Numbers are sorted by value, and two spellings of a number are one.
pub fn classes(sheet: &Sheet, target: &Column, rows: &[u32]) -> Result<Vec<String>, Error> {
    let mut names: Vec<String> = match &target.cells {
        Cells::Numbers(numbers) => {
            let mut values: Vec<f32> = rows.iter().map(|&row| numbers[row as usize] + 0.0).collect();
            values.sort_by(f32::total_cmp);
            values.dedup();
            values.into_iter().map(|value| value.to_string()).collect()
        }
        Cells::Text { words, codes } => {
            let mut codes: Vec<u32> = rows.iter().map(|&row| codes[row as usize]).collect();
            codes.sort_unstable();
            codes.dedup();
            codes.into_iter().filter_map(|code| words.get(code as usize).cloned()).collect()
        }
    };
    names.sort_unstable();
    let values: Option<Vec<f64>> = names.iter().map(|name| value_of(sheet, target, name)).collect();
    if let Some(values) = values {
        let mut numbers: Vec<(f64, String)> = values.into_iter().zip(names).collect();
        numbers.sort_by(|a, b| a.0.total_cmp(&b.0));
        numbers.dedup_by(|a, b| a.0 == b.0);
        names = numbers.into_iter().map(|(_, name)| name).collect();
    }
    if names.len() > 1 {
        return Ok(names);
    }
    let (file, column, value) = (&sheet.file, &target.name, names.first().map_or("", String::as_str));
    Err(Error(format!("{file}: column `{column}` is `{value}` in every row, but a classifier needs two classes")))
}

/// Returns the class of each of `rows`: its index in `names`.
pub fn class_numbers(names: &[String], sheet: &Sheet, target: &Column, rows: &[u32]) -> Result<Targets, Error> {
    let mut by_name = HashMap::new();
    let mut by_value = HashMap::new();
    for (class, name) in names.iter().enumerate() {
        by_name.insert(name.as_str(), class as i64);
        value_of(sheet, target, name).map(|value| by_value.insert(value.to_bits(), class as i64));
    }
    let of_number = |value: f64| by_value.get(&(value + 0.0).to_bits()).copied();
    let of_word =
        |word: &String| by_name.get(word.as_str()).copied().or_else(|| of_number(value_of(sheet, target, word)?));
    let of_words: Vec<Option<i64>> = match &target.cells {
        Cells::Text { words, .. } => words.iter().map(of_word).collect(),
        Cells::Numbers(_) => Vec::new(),
    };
    let class = |row: usize| match &target.cells {
        Cells::Numbers(numbers) => of_number(numbers[row].into()),
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

/// Returns the target of each of `rows` as a number.
pub fn values(sheet: &Sheet, target: &Column, rows: &[u32]) -> Result<Targets, Error> {
    let value = |row: usize| match &target.cells {
        Cells::Numbers(numbers) => Some(numbers[row]),
        Cells::Text { words, codes } => {
            words.get(codes[row] as usize).and_then(|word| sheet.number(word)).map(|value| value as f32)
        }
    };
    let values = rows.iter().map(|&row| {
        value(row as usize).ok_or_else(|| {
            let (line, cell) = (sheet.line(row as usize), cell(target, row as usize));
            let (file, column) = (&sheet.file, &target.name);
            Error(format!("{file}:{line}: column `{column}`: `{cell}` is not a number"))
        })
    });
    values.collect::<Result<_, _>>().map(Targets::Values)
}

/// Returns mean and standard deviation (divisor `n`) of `values`. The deviation of equal values is 1.
pub fn mean_and_sd(values: impl Iterator<Item = f32> + Clone) -> (f64, f64) {
    let n = values.clone().count().max(1) as f64;
    let mean = values.clone().map(f64::from).sum::<f64>() / n;
    let sd = (values.clone().map(|value| (f64::from(value) - mean).powi(2)).sum::<f64>() / n).sqrt();
    let first = values.clone().next();
    // Rounding gives equal values a deviation above 0.
    let differ = values.clone().any(|value| Some(value) != first);
    (mean, if differ && sd as f32 > 0.0 { sd } else { 1.0 })
}

/// Returns the number that the name of a class means. Names that were made of numbers have a decimal point, words have the
/// marks of their file.
fn value_of(sheet: &Sheet, target: &Column, name: &str) -> Option<f64> {
    let value = match target.cells {
        Cells::Numbers(_) => name.parse().ok(),
        Cells::Text { .. } => sheet.number(name),
    };
    value.map(|value| value + 0.0)
}

/// Returns a cell as a message shows it.
fn cell(column: &Column, row: usize) -> String {
    match &column.cells {
        Cells::Numbers(numbers) => numbers[row].to_string(),
        Cells::Text { words, codes } => words.get(codes[row] as usize).cloned().unwrap_or_default(),
    }
}
