//! The values of inputs from the cells of a table.

use std::collections::HashMap;

use super::columns::{Role, index};
use crate::dataset::sheet::{Cells, Column, EMPTY, Sheet};
use crate::dataset::{Coding, ColumnCoding, ColumnKind, Error};

/// The number of rows that are encoded together, so that they stay in the processor's cache.
const BLOCK: usize = 512;

/// Returns the columns of `sheet` that become inputs. An error names all that are missing.
pub fn sources<'a>(coding: &Coding, sheet: &'a Sheet) -> Result<Vec<&'a Column>, Error> {
    let mut found = Vec::new();
    let mut missing = Vec::new();
    for column in &coding.columns {
        match sheet.column(&column.name) {
            Some(column) => found.push(column),
            None => missing.push(column.name.as_str()),
        }
    }
    match missing[..] {
        [] => Ok(found),
        [name] => index(sheet, name).map(|_| found),
        [name, ..] if sheet.glued(name).is_some() => index(sheet, name).map(|_| found),
        _ => {
            let missing: Vec<String> = missing.iter().map(|name| format!("`{name}`")).collect();
            let all: Vec<&str> = sheet.columns.iter().map(|column| column.name.as_str()).collect();
            let (file, missing, all) = (&sheet.file, missing.join(", "), all.join(", "));
            Err(Error(format!("{file}: there are no columns {missing}\nthe columns are: {all}")))
        }
    }
}

/// Returns the inputs of `rows`, one row after another. The columns of `sheet` may be in any order.
pub fn inputs(coding: &Coding, sheet: &Sheet, rows: &[u32]) -> Result<Vec<f32>, Error> {
    let columns: Vec<Source<'_>> =
        coding.columns.iter().map(|column| source(column, sheet)).collect::<Result<_, _>>()?;
    let width = coding.width();
    let mut inputs = vec![0.0; rows.len() * width];
    for (rows, inputs) in rows.chunks(BLOCK).zip(inputs.chunks_mut(BLOCK * width)) {
        let mut offset = 0;
        for (column, source) in coding.columns.iter().zip(&columns) {
            let own = column.width();
            for (&row, input) in rows.iter().zip(inputs.chunks_exact_mut(width)) {
                source.write(row as usize, column.has_gaps, &mut input[offset..offset + own]);
            }
            offset += own;
        }
    }
    Ok(inputs)
}

/// The cells of a column, ready to be written as inputs.
enum Source<'a> {
    Number {
        numbers: &'a [f32],
        median: f32,
    },
    /// `places[code]` is the place of the input that is 1.
    Category {
        codes: &'a [u32],
        places: Vec<usize>,
    },
}

impl Source<'_> {
    /// Writes the inputs of a row. They are 0 before.
    fn write(&self, row: usize, has_gaps: bool, inputs: &mut [f32]) {
        let place = match self {
            Source::Number { numbers, median } => {
                let number = numbers[row];
                inputs[0] = if number.is_nan() { *median } else { number };
                if !number.is_nan() {
                    return;
                }
                None
            }
            Source::Category { codes, places } => places.get(codes[row] as usize).copied(),
        };
        match place {
            Some(place) => inputs[place] = 1.0,
            None if has_gaps => inputs[inputs.len() - 1] = 1.0,
            None => {}
        }
    }
}

fn source<'a>(coding: &'a ColumnCoding, sheet: &'a Sheet) -> Result<Source<'a>, Error> {
    let column = sheet.column(&coding.name);
    let column = column.map_or_else(|| index(sheet, &coding.name).map(|at| &sheet.columns[at]), Ok)?;
    match (&coding.kind, &column.cells) {
        (ColumnKind::Number { median }, Cells::Numbers(numbers)) => Ok(Source::Number { numbers, median: *median }),
        (ColumnKind::Number { .. }, Cells::Text { words, codes }) => Err(not_a_number(sheet, column, words, codes)),
        (ColumnKind::Category { categories }, Cells::Text { words, codes }) => {
            let known: HashMap<&str, usize> =
                categories.iter().enumerate().map(|(place, value)| (value.as_str(), place)).collect();
            let places = words.iter().map(|word| known.get(word.as_str()).copied().unwrap_or(categories.len()));
            Ok(Source::Category { codes, places: places.collect() })
        }
        // The caller has such columns read as text.
        (ColumnKind::Category { .. }, Cells::Numbers(_)) => {
            Err(Error(format!("{}: column `{}` has numbers, but words are expected", sheet.file, column.name)))
        }
    }
}

fn not_a_number(sheet: &Sheet, column: &Column, words: &[String], codes: &[u32]) -> Error {
    let row =
        codes.iter().position(|&code| code != EMPTY && sheet.number(&words[code as usize]).is_none()).unwrap_or(0);
    let word = codes.get(row).and_then(|&code| words.get(code as usize)).map_or("", String::as_str);
    let (file, line, name) = (&sheet.file, sheet.line(row), &column.name);
    Error(format!("{file}:{line}: column `{name}`: `{word}` is not a number"))
}

/// Learns the coding of a column from the training rows `train`.
pub fn learn(column: &Column, role: &Role, max_categories: usize, train: &[u32]) -> ColumnCoding {
    let name = column.name.clone();
    match &column.cells {
        Cells::Numbers(numbers) if *role == Role::Number => {
            let mut values: Vec<f32> =
                train.iter().map(|&row| numbers[row as usize]).filter(|value| !value.is_nan()).collect();
            let has_gaps = values.len() < train.len();
            ColumnCoding { name, kind: ColumnKind::Number { median: median(&mut values) }, has_gaps }
        }
        Cells::Numbers(_) => {
            ColumnCoding { name, kind: ColumnKind::Category { categories: Vec::new() }, has_gaps: false }
        }
        Cells::Text { words, codes } => {
            let mut counts = vec![0usize; words.len()];
            let mut has_gaps = false;
            for &row in train {
                match counts.get_mut(codes[row as usize] as usize) {
                    Some(count) => *count += 1,
                    None => has_gaps = true,
                }
            }
            let mut used: Vec<usize> = (0..words.len()).filter(|&word| counts[word] > 0).collect();
            // The most frequent ones, and of equally frequent ones the first in sorted order.
            used.sort_by(|&a, &b| counts[b].cmp(&counts[a]).then_with(|| words[a].cmp(&words[b])));
            used.truncate(max_categories);
            let mut categories: Vec<String> = used.into_iter().map(|word| words[word].clone()).collect();
            categories.sort_unstable();
            ColumnCoding { name, kind: ColumnKind::Category { categories }, has_gaps }
        }
    }
}

/// Returns the median, or 0 without values. Of two middle values it is their mean.
fn median(values: &mut [f32]) -> f32 {
    let middle = values.len() / 2;
    if values.is_empty() {
        return 0.0;
    }
    let odd = values.len() % 2 == 1;
    let (below, &mut upper, _) = values.select_nth_unstable_by(middle, f32::total_cmp);
    if odd {
        return upper;
    }
    let lower = below.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    ((f64::from(lower) + f64::from(upper)) / 2.0) as f32
}
