//! Turns the cells of a table into the inputs of a model.

use std::collections::HashMap;

use super::columns::index;
use crate::dataset::sheet::{Cells, Column, EMPTY, Marks, Numbers, Rounding, Sheet, Unit};
use crate::dataset::spelling::{Key, Spelling};
use crate::dataset::{Coding, ColumnCoding, ColumnKind, Error, Unseen};

/// The number of rows that are encoded together, so that they stay in the processor's cache.
const BLOCK: usize = 512;

/// Returns the columns of `sheet` that become inputs, in the order of `coding`. If columns are missing, the error names
/// all of them, unless the separator was not detected.
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

/// Returns the inputs of `rows`, one row after another: `rows.len() * coding.width()` values. The columns of `sheet`
/// may be in any order.
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
        numbers: &'a Numbers,
        median: f32,
        offset: f64,
        constant: bool,
    },
    /// `places[code]` is the index of the input that is 1 for a word. `None` if all inputs are 0 for it.
    Category {
        codes: &'a [u32],
        places: Vec<Option<usize>>,
    },
    /// One input, which is 1 in all training rows. A model learns nothing about other values, so it is 1 for all cells.
    AlwaysOne,
}

impl Source<'_> {
    /// Writes the inputs of a row to `inputs`, which must be 0.
    fn write(&self, row: usize, has_gaps: bool, inputs: &mut [f32]) {
        let (place, is_empty) = match self {
            Source::Number { numbers, median, offset, constant } => {
                let number = numbers.get(row);
                inputs[0] = if number.is_nan() || *constant { *median } else { (number - offset) as f32 };
                (None, number.is_nan())
            }
            Source::Category { codes, places } => match places.get(codes[row] as usize) {
                Some(place) => (*place, false),
                None => (None, true),
            },
            Source::AlwaysOne => (Some(0), false),
        };
        match place {
            Some(place) => inputs[place] = 1.0,
            None if is_empty && has_gaps => inputs[inputs.len() - 1] = 1.0,
            None => {}
        }
    }
}

fn source<'a>(coding: &'a ColumnCoding, sheet: &'a Sheet) -> Result<Source<'a>, Error> {
    let column = sheet.column(&coding.name);
    let column = column.map_or_else(|| index(sheet, &coding.name).map(|at| &sheet.columns[at]), Ok)?;
    match (&coding.kind, &column.cells) {
        (&ColumnKind::Number { median, offset, constant, ref unit }, Cells::Numbers(numbers)) => {
            same_unit(sheet, column, unit.as_deref())?;
            Ok(Source::Number { numbers, median, offset, constant })
        }
        (ColumnKind::Number { .. }, Cells::Text { words, codes }) => Err(not_a_number(sheet, column, words, codes)),
        (ColumnKind::Category { .. }, Cells::Text { .. }) if coding.width() == 1 => Ok(Source::AlwaysOne),
        (ColumnKind::Category { categories, others }, Cells::Text { words, codes }) => {
            let known = Known::new(categories, others);
            let other = (!others.is_empty()).then_some(categories.len());
            let place = |word: &String| known.index(word, sheet).filter(|&index| index < categories.len()).or(other);
            Ok(Source::Category { codes, places: words.iter().map(place).collect() })
        }
        // This is a mistake of the caller, who must have such columns read as text.
        (ColumnKind::Category { .. }, Cells::Numbers(_)) => {
            Err(Error(format!("{}: column `{}` has numbers, but words are expected", sheet.file, column.name)))
        }
    }
}

/// The values of a category that the training rows have: those with an input of their own, then the others.
struct Known<'a> {
    spelling: Spelling,
    by_key: HashMap<Key, usize>,
    by_word: HashMap<&'a str, usize>,
}

impl<'a> Known<'a> {
    fn new(categories: &'a [String], others: &'a [String]) -> Self {
        let all = || categories.iter().chain(others).map(String::as_str);
        let spelling = Spelling::of(all(), Marks::PLAIN);
        let by_key = all().enumerate().map(|(index, word)| (spelling.key(word), index)).collect();
        Known { spelling, by_key, by_word: all().zip(0..).collect() }
    }

    /// Returns the index of the value of `word`, a cell of `sheet`. Returns `None` if no training row has it.
    fn index(&self, word: &str, sheet: &Sheet) -> Option<usize> {
        let key = self.spelling.with_marks(sheet.found.marks).key(word);
        self.by_key.get(&key).or_else(|| self.by_word.get(word)).copied()
    }
}

/// Returns the columns that have values in `rows` that no training row has, with the number of these cells. Looks only
/// at categories, and at columns that have the same number in all training rows.
pub fn unseen(coding: &Coding, sheet: &Sheet, rows: &[u32]) -> Vec<Unseen> {
    let columns = coding.columns.iter().filter_map(|column| {
        let cells = match (&column.kind, &sheet.column(&column.name)?.cells) {
            (ColumnKind::Category { categories, others }, Cells::Text { words, codes }) => {
                let known = Known::new(categories, others);
                let is_new: Vec<bool> = words.iter().map(|word| known.index(word, sheet).is_none()).collect();
                rows.iter().filter(|&&row| is_new.get(codes[row as usize] as usize) == Some(&true)).count()
            }
            (ColumnKind::Number { median, offset, constant: true, .. }, Cells::Numbers(numbers)) => {
                let is_new = |number: f64| (number - offset) as f32 != *median && !number.is_nan();
                rows.iter().filter(|&&row| is_new(numbers.get(row as usize))).count()
            }
            _ => 0,
        };
        (cells > 0).then(|| Unseen { column: column.name.clone(), cells })
    });
    columns.collect()
}

/// Returns an error if the numbers of a column have another unit than those of the training rows, `trained`. A currency
/// sign may be missing in one of the two, but a percent sign may not.
pub fn same_unit(sheet: &Sheet, column: &Column, trained: Option<&str>) -> Result<(), Error> {
    let found = column.unit.map(Unit::symbol);
    let percent = Unit::PERCENT.symbol();
    let has_values = matches!(&column.cells, Cells::Numbers(numbers) if !numbers.iter().all(f64::is_nan));
    let differ = match (found, trained) {
        (Some(found), Some(trained)) => found != trained,
        (one, other) => one.or(other) == Some(percent),
    };
    if !differ || !has_values {
        return Ok(());
    }
    let [found, trained] =
        [found, trained].map(|unit| unit.map_or_else(|| format!("no `{percent}`"), |unit| format!("`{unit}`")));
    let (file, name) = (&sheet.file, &column.name);
    Err(Error(format!(
        "{file}: column `{name}`: its numbers have {found}, but those of the training rows have {trained}\n\
         write both in one unit"
    )))
}

/// Returns the error for the first cell of a column of text that is neither a number nor empty.
fn not_a_number(sheet: &Sheet, column: &Column, words: &[String], codes: &[u32]) -> Error {
    let row =
        codes.iter().position(|&code| code != EMPTY && sheet.number(&words[code as usize]).is_none()).unwrap_or(0);
    let word = codes.get(row).and_then(|&code| words.get(code as usize)).map_or("", String::as_str);
    let (file, line, name) = (&sheet.file, sheet.line(row), &column.name);
    Error(format!("{file}:{line}: column `{name}`: `{word}` is not a number"))
}

/// Learns the coding of a column of `sheet` from the training rows `train`.
pub fn learn(sheet: &Sheet, column: &Column, max_categories: usize, train: &[u32]) -> ColumnCoding {
    let name = column.name.clone();
    match &column.cells {
        Cells::Numbers(numbers) => {
            let mut values: Vec<f64> =
                train.iter().map(|&row| numbers.get(row as usize)).filter(|value| !value.is_nan()).collect();
            let has_gaps = values.len() < train.len();
            let constant = values.windows(2).all(|pair| pair[0] == pair[1]);
            let is_coarse = Rounding::of(values.iter().copied()).is_coarse();
            let median = median(&mut values);
            let offset = if is_coarse { median } else { 0.0 };
            let unit = column.unit.map(|unit| unit.symbol().to_owned());
            let kind = ColumnKind::Number { median: (median - offset) as f32, offset, constant, unit };
            ColumnCoding { name, kind, has_gaps }
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
            // Each value is named after its first spelling that a training row has.
            let used: Vec<usize> = (0..words.len()).filter(|&word| counts[word] > 0).collect();
            let spelling = Spelling::of(used.iter().map(|&word| words[word].as_str()), sheet.found.marks);
            let mut places: HashMap<Key, usize> = HashMap::new();
            let mut values: Vec<(usize, String)> = Vec::new();
            for word in used {
                let place = *places.entry(spelling.key(&words[word])).or_insert(values.len());
                match values.get_mut(place) {
                    Some((count, _)) => *count += counts[word],
                    None => values.push((counts[word], spelling.name(&words[word]))),
                }
            }
            // Frequent values come first. Equally frequent ones are in sorted order.
            values.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
            let others = values.split_off(values.len().min(max_categories));
            let sorted = |values: Vec<(usize, String)>| {
                let mut names: Vec<String> = values.into_iter().map(|(_, name)| name).collect();
                names.sort_unstable();
                names
            };
            let kind = ColumnKind::Category { categories: sorted(values), others: sorted(others) };
            ColumnCoding { name, kind, has_gaps }
        }
    }
}

/// Returns the median of `values`, or 0 if there are none. For an even number of values, it is the mean of the two in
/// the middle.
fn median(values: &mut [f64]) -> f64 {
    let middle = values.len() / 2;
    if values.is_empty() {
        return 0.0;
    }
    let odd = values.len() % 2 == 1;
    let (below, &mut upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    if odd {
        return upper;
    }
    let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (lower + upper) / 2.0
}
