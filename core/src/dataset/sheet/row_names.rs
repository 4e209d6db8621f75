//! Recognizes row names as R writes them: each row has one cell more than the header, and begins with its name. If
//! commas separate the cells, an unquoted number such as `1,5` also gives a row one cell too many, so the two must be
//! told apart.

use std::collections::HashSet;

use super::super::Error;
use super::cells::Row;
use super::number::parse;
use super::records::Record;
use super::{Cells, Delimiter, EMPTY, Marks};

/// In a table of at least this many rows, numbers that are all different are taken for row names, in any order.
const MANY: usize = 10;

/// The first cells of the rows.
#[derive(Default)]
pub struct FirstCells {
    seen: HashSet<Vec<u8>>,
    rows: usize,
    /// The number of rows that begin with a quote.
    quoted: usize,
    /// The number of rows whose first cell is a number.
    numbers: usize,
    /// The number of rows whose first cell is the number of the row, counted from 0 and from 1.
    counted: [usize; 2],
    /// For each column, the number of cells that have only digits, or a minus sign and digits.
    digits: Vec<usize>,
    /// The line and the text of the first cell that occurs a second time.
    repeated: Option<(u64, String)>,
}

impl FirstCells {
    /// Adds a row. `line` is its line in the file.
    pub fn push(&mut self, line: u64, is_quoted: bool, row: Row<'_>) {
        let first = row.cells().next().unwrap_or_default();
        let text = || String::from_utf8_lossy(first).into_owned();
        for (offset, counted) in self.counted.iter_mut().enumerate() {
            *counted += usize::from(text() == (self.rows + offset).to_string());
        }
        self.rows += 1;
        self.quoted += usize::from(is_quoted);
        self.numbers += usize::from(parse(first, Marks::PLAIN).is_some());
        self.digits.resize(self.digits.len().max(row.len()), 0);
        for (count, cell) in self.digits.iter_mut().zip(row.cells()) {
            let digits = cell.strip_prefix(b"-").unwrap_or(cell);
            *count += usize::from(!digits.is_empty() && digits.iter().all(u8::is_ascii_digit));
        }
        if !self.seen.insert(first.to_vec()) && self.repeated.is_none() {
            self.repeated = Some((line, text()));
        }
    }

    /// Reports whether a repeated first cell rules out row names. If all first cells are in quotes, as R writes row
    /// names, they may repeat. So may words, unless numbers with decimal commas are possible.
    pub fn must_differ(&self, delimiter: Delimiter) -> bool {
        self.quoted < self.rows && (self.numbers > 0 || self.may_have_decimal_commas(delimiter))
    }

    /// Returns an error if the first cells are not row names. `header` is the number of cells of the header.
    pub fn check(&self, file: &str, header: usize, delimiter: Delimiter) -> Result<(), Error> {
        if !self.must_differ(delimiter) {
            return Ok(());
        }
        if let Some((line, word)) = &self.repeated {
            return Err(repeated(file, *line, word, delimiter));
        }
        let are_counted = self.rows > 1 && self.counted.contains(&self.rows);
        let are_sure = self.numbers < self.rows || header > 1 && (are_counted || self.rows >= MANY);
        if self.may_have_decimal_commas(delimiter) && !are_sure {
            return Err(not_row_names(file, "they may be whole parts of numbers with decimal commas", delimiter));
        }
        Ok(())
    }

    /// Reports whether two columns side by side may have the two halves of numbers with decimal commas.
    fn may_have_decimal_commas(&self, delimiter: Delimiter) -> bool {
        let all_digits = |pair: &[usize]| pair.iter().all(|&count| count == self.rows);
        delimiter == Delimiter::Byte(b',') && self.digits.windows(2).any(all_digits)
    }
}

/// Reports whether the row begins with a quote.
pub fn is_quoted(record: Record<'_>) -> bool {
    record.bytes.trim_ascii_start().starts_with(b"\"")
}

/// Returns the first row whose cell is the same as that of an earlier row, and this cell. Returns `None` if all cells
/// differ.
pub fn first_repeated(cells: &Cells) -> Option<(usize, String)> {
    match cells {
        Cells::Numbers(numbers) => {
            let mut seen = HashSet::new();
            let row = numbers.iter().position(|value| !seen.insert(value.to_bits()))?;
            Some((row, numbers.decimal(numbers.get(row)).to_string()))
        }
        Cells::Text { words, codes } => {
            let mut seen = HashSet::new();
            let row = codes.iter().position(|code| !seen.insert(code))?;
            let word = if codes[row] == EMPTY { "" } else { &words[codes[row] as usize] };
            Some((row, word.to_owned()))
        }
    }
}

/// Returns the error for row names that are not all different. Line `line` repeats the name `word`.
pub fn repeated(file: &str, line: u64, word: &str, delimiter: Delimiter) -> Error {
    not_row_names(&format!("{file}:{line}"), &format!("`{word}` occurs twice"), delimiter)
}

fn not_row_names(place: &str, why: &str, delimiter: Delimiter) -> Error {
    let commas = if delimiter == Delimiter::Byte(b',') { format!("{DECIMAL_COMMAS}; ") } else { String::new() };
    Error(format!(
        "{place}: the rows have one cell more than the header, and their first cells do not look like row names: {why}\n\
         {commas}if the first column is a column of its own, give it a name in the header"
    ))
}

/// The advice for rows that have more cells than the header.
pub const DECIMAL_COMMAS: &str =
    "if numbers have decimal commas, put them in quotes, as \"1,5\", or separate the cells by semicolons";

/// Returns the advice for a row with too many cells. It is empty unless two cells may be the halves of a number with a
/// decimal comma.
pub fn advice(delimiter: Delimiter, row: Row<'_>) -> String {
    let mut cells = FirstCells::default();
    cells.push(0, false, row);
    if cells.may_have_decimal_commas(delimiter) { format!("\n{DECIMAL_COMMAS}") } else { String::new() }
}
