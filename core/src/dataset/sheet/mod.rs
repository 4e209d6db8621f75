//! Reads CSV files as other programs write them: their bytes become columns of numbers or text.
//!
//! [`Sheet::read`] looks at the first mebibyte to find the `layout`: encoding, separator, header, comment lines and
//! decimal marks. It then reads the file once, row by row. Numbers are kept as `f32`, and as `f64` in columns for which
//! `f32` is not exact enough. A later cell can contradict the layout, for example a word in a column that had only
//! numbers so far. Then the layout is corrected and the file is read again.

mod build;
mod cells;
mod comments;
mod compact_dates;
mod decode;
mod delimiter;
mod found;
mod header;
mod kind;
mod layout;
mod marks;
mod missing;
mod number;
mod numbers;
mod records;
mod row_names;
mod sniff;
mod survey;
mod unit;

use std::collections::{HashMap, HashSet};
use std::path::Path;

use encoding_rs::{Encoding, WINDOWS_1252};

pub use delimiter::Delimiter;
pub use found::{Found, HeaderDoubt, Renamed};
pub use kind::Kind;
pub use missing::MISSING_WORDS;
pub use number::{Marks, whole};
pub use numbers::{Numbers, Rounding};
pub use unit::{Amounts, Unit};

use self::build::{Filled, Pass, Rows, pass};
use self::decode::Source;
use self::layout::Layout;
use self::missing::Missing;
use super::Error;

/// The code of an empty cell in a column of text.
pub const EMPTY: u32 = u32::MAX;

/// The format of a file, as far as the caller knows it. `None` means that it is detected from the file, except in
/// `header` and `missing_words`, which have defaults.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadOptions {
    pub delimiter: Option<Delimiter>,
    /// False if the first row has values. The columns are then named by their numbers from 1. The default is true.
    pub header: Option<bool>,
    /// The decimal mark: `.` or `,`.
    pub decimal: Option<char>,
    /// The mark between groups of three digits: `,`, `.`, `'` or a blank.
    pub thousands: Option<char>,
    pub comments: Comments,
    /// The words that mean an empty cell. The default is [`MISSING_WORDS`].
    pub missing_words: Option<Vec<String>>,
    pub encoding: Option<&'static Encoding>,
    /// The names of columns that are kept as text, even if all of their cells are numbers.
    pub text_columns: Vec<String>,
    /// The names of columns whose numbers are kept as `f64`.
    pub exact_columns: Vec<String>,
}

/// The lines that are comments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Comments {
    /// Lines that start with `#` or `%`, except those that look like rows.
    #[default]
    Guess,
    /// No lines.
    Never,
    /// Lines that start with this ASCII character.
    Start(u8),
}

/// A table in memory.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// The name of the file in messages.
    pub file: String,
    pub columns: Vec<Column>,
    /// The number of rows, without the header. At least 1.
    pub rows: usize,
    /// The number of columns in the file. It includes columns with neither a name nor values, which `columns` lacks.
    pub width: usize,
    /// The format as it was read.
    pub found: Found,
    /// The index in `columns` of each name.
    by_name: HashMap<String, usize>,
    /// The words that mean an empty cell, if the user chose them.
    missing_words: Option<Vec<String>>,
    lines: records::Lines,
}

/// A column of a table.
#[derive(Clone, Debug)]
pub struct Column {
    /// The name, unique in the table. It is empty for a column without a name.
    pub name: String,
    pub cells: Cells,
    pub kind: Kind,
    /// The unit that all numbers have. `None` for text, and for numbers without a unit.
    pub unit: Option<Unit>,
    /// The words of this column that mean an empty cell, such as `NA`. Blank cells are not listed. In a column of
    /// numbers, neither are numbers that mean an empty cell, such as `-999`.
    pub gaps: Vec<Gap>,
}

/// A word that means an empty cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The first row that has it, from 0.
    pub row: usize,
    pub word: String,
}

/// The cells of a column, from the first row to the last.
#[derive(Clone, Debug, PartialEq)]
pub enum Cells {
    Numbers(Numbers),
    Text {
        /// The different words, in order of their first appearance.
        words: Vec<String>,
        /// For each row, the index of its word, or [`EMPTY`].
        codes: Vec<u32>,
    },
}

/// A cell that is not a number, in a column where other cells are numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stranger {
    /// The first row that has it, from 0.
    pub row: usize,
    pub word: String,
    /// The number of cells that are numbers.
    pub numbers: usize,
    /// The number of cells that are neither numbers nor empty, this one included.
    pub others: usize,
}

impl Sheet {
    /// Reads the file at `path`, which may be gzipped.
    pub fn read(path: &Path, options: &ReadOptions) -> Result<Sheet, Error> {
        sheet(&Source::File { path, name: path.display().to_string() }, options)
    }

    /// Reads the `bytes` of a file, which may be gzipped. `file` is its name in messages.
    pub fn parse(bytes: &[u8], file: &str, options: &ReadOptions) -> Result<Sheet, Error> {
        sheet(&Source::Bytes { bytes, name: file.to_owned() }, options)
    }

    /// Returns the names of the columns whose numbers are kept as `f64`.
    pub fn exact_columns(&self) -> Vec<String> {
        let exact = self.columns.iter().filter(|column| matches!(column.cells, Cells::Numbers(Numbers::Exact(_))));
        exact.map(|column| column.name.clone()).collect()
    }

    /// Returns the line of a row in the file. Rows are counted from 0, lines from 1.
    pub fn line(&self, row: usize) -> u64 {
        self.lines.of(row)
    }

    /// Returns the column `name`, or `None` if there is none.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.by_name.get(name).map(|&index| &self.columns[index])
    }

    /// Makes room for a column with the number `number` in a file without a header, whose columns are named by their
    /// numbers: the number of each column from `number` on grows by 1.
    pub fn make_room(&mut self, number: usize) {
        for column in &mut self.columns {
            if let Ok(own) = column.name.parse::<usize>()
                && own >= number
            {
                column.name = (own + 1).to_string();
            }
        }
        let names = self.columns.iter().enumerate();
        self.by_name = names.map(|(index, column)| (column.name.clone(), index)).collect();
    }

    /// Returns the separator that was not detected in a table with one column: for the column `x:y:z`, `:` if `name` is
    /// `y`. `None` for several columns, or if no separator splits the name of the column so that `name` is a part.
    pub fn glued(&self, name: &str) -> Option<Delimiter> {
        let [only] = &self.columns[..] else { return None };
        only.name.chars().filter_map(Delimiter::rare).find(|delimiter| {
            let parts = only.name.split(|letter: char| u8::try_from(letter).is_ok_and(|byte| delimiter.is(byte)));
            parts.map(str::trim).any(|part| part == name) && only.name != name
        })
    }

    /// Renders the key `missing_values` for advice: the words that mean an empty cell in this file, plus `more`, minus
    /// `less`. The key replaces the usual words, so it must list those of them that occur.
    pub fn missing_values(&self, more: Option<&str>, less: Option<&str>) -> String {
        let used = || self.columns.iter().flat_map(|column| column.gaps.iter().map(|gap| gap.word.as_str()));
        let usual = used().filter(|word| self.missing_words.is_none() && MISSING_WORDS.contains(word));
        let own = self.missing_words.iter().flatten().map(String::as_str);
        let mut words: Vec<String> = Vec::new();
        for word in more.into_iter().chain(own).chain(usual).filter(|word| Some(*word) != less) {
            let quoted = format!("{word:?}");
            if !words.contains(&quoted) {
                words.push(quoted);
            }
        }
        format!("missing_values = [{}]", words.join(", "))
    }

    /// Returns the number that `word` means with the marks of this file. `None` if it has none that is finite as `f32`.
    pub fn number(&self, word: &str) -> Option<f64> {
        number::parse(word.as_bytes(), self.found.marks)
    }

    /// Returns the first cell that is not a number, in a column of text that has numbers too. A dash is returned only if
    /// there are only dashes. `None` for other columns.
    pub fn stranger(&self, column: &Column) -> Option<Stranger> {
        let Cells::Text { words, codes } = &column.cells else { return None };
        let is_number: Vec<bool> = words.iter().map(|word| self.number(word).is_some()).collect();
        let odd = || (0..words.len()).filter(|&code| !is_number[code]);
        // In a column of numbers a dash is an empty cell. If there is another word, that word made the column text.
        let odd = odd().find(|&code| !missing::is_dash(words[code].as_bytes())).or_else(|| odd().next())?;
        let row = codes.iter().position(|&code| code == odd as u32)?;
        let used = codes.iter().filter(|&&code| code != EMPTY);
        let numbers = used.clone().filter(|&&code| is_number[code as usize]).count();
        let others = used.count() - numbers;
        (numbers > 0).then(|| Stranger { row, word: words[odd].clone(), numbers, others })
    }
}

impl Column {
    /// Returns the first amount of a column of text, such as `$5`, and the first cell in another unit or without one.
    /// Returns `None` unless at least half of the cells that are not empty are amounts.
    pub fn amounts(&self) -> Option<Amounts> {
        let Cells::Text { words, codes } = &self.cells else { return None };
        let units: Vec<Option<Unit>> = words.iter().map(|word| Unit::of(word.as_bytes())).collect();
        let first = units.iter().position(Option::is_some)?;
        let used = || codes.iter().filter(|&&code| code != EMPTY);
        let amounts = used().filter(|&&code| units[code as usize].is_some()).count();
        let other = units.iter().position(|unit| *unit != units[first]).map(|other| words[other].clone());
        (2 * amounts >= used().count()).then(|| Amounts { amount: words[first].clone(), other })
    }

    /// Returns true if the cell of `row` is empty.
    pub fn is_empty(&self, row: usize) -> bool {
        match &self.cells {
            Cells::Numbers(numbers) => numbers.get(row).is_nan(),
            Cells::Text { codes, .. } => codes[row] == EMPTY,
        }
    }

    /// Returns the number of empty cells.
    pub fn empty_cells(&self) -> usize {
        match &self.cells {
            Cells::Numbers(numbers) => numbers.iter().filter(|value| value.is_nan()).count(),
            Cells::Text { codes, .. } => codes.iter().filter(|&&code| code == EMPTY).count(),
        }
    }
}

/// The number of passes after which marks stay. Then, each column with a cell that is not a number becomes text.
const CORRECTIONS: usize = 12;

/// Reads a table.
fn sheet(source: &Source<'_>, options: &ReadOptions) -> Result<Sheet, Error> {
    if options.thousands.is_some() && options.thousands == options.decimal {
        return Err(Error(format!("{}: the decimal mark and the thousands mark are the same", source.name())));
    }
    let missing = Missing::new(options.missing_words.as_deref());
    let mut layout = Layout::find(source, options, &missing)?;
    for correction in 0.. {
        match pass(source, &layout, &missing)? {
            Pass::Done(rows) => return finish(source.name(), layout, rows, options),
            Pass::NotUtf8 => {
                layout.may_be_latin = false;
                layout.encoding = Some(WINDOWS_1252);
                layout.encoding_name = WINDOWS_1252.name();
            }
            Pass::NotNumbers(failed) => layout.correct(&failed, correction < CORRECTIONS),
            Pass::Rounded(columns) => columns.into_iter().for_each(|column| layout.exact[column] = true),
        }
    }
    unreachable!("the range is endless")
}

/// Makes a table from the rows.
fn finish(file: &str, layout: Layout, rows: Rows, options: &ReadOptions) -> Result<Sheet, Error> {
    if rows.count == 0 {
        let after = if layout.has_header { " after the header" } else { "" };
        return Err(Error(format!("{file}: there are no rows{after}")));
    }
    if layout.row_names_differ
        && let Some((row, word)) = row_names::first_repeated(&rows.columns[0].cells)
    {
        return Err(row_names::repeated(file, rows.lines.of(row), &word, layout.delimiter));
    }
    let has_values = |cells: &Cells| match cells {
        Cells::Numbers(numbers) => numbers.iter().any(|value| !value.is_nan()),
        Cells::Text { words, .. } => !words.is_empty(),
    };
    let width = layout.names.len();
    let unnamed = layout.renamed.iter().filter(|renamed| renamed.from.is_empty());
    let unnamed: HashSet<usize> = unnamed.map(|renamed| renamed.column - 1).collect();
    let mut columns = Vec::with_capacity(width);
    for (index, (name, Filled { cells, gaps })) in layout.names.into_iter().zip(rows.columns).enumerate() {
        let is_unnamed = name.is_empty() || unnamed.contains(&index);
        let is_beyond = index >= layout.used;
        if (is_unnamed || is_beyond) && !has_values(&cells) {
            continue;
        }
        let kind = kind::kind(&name, &cells, index == 0);
        let unit = layout.units[index].filter(|_| matches!(cells, Cells::Numbers(_)));
        columns.push(Column { name, cells, kind, unit, gaps });
    }
    let blank_columns = width - columns.len();
    let by_name: HashMap<String, usize> =
        columns.iter().enumerate().map(|(index, column)| (column.name.clone(), index)).collect();
    let kept = |renamed: &Renamed| by_name.contains_key(&renamed.to);
    let found = Found {
        delimiter: layout.delimiter,
        header: layout.has_header,
        header_doubt: if layout.has_header { header::doubt(&columns) } else { None },
        encoding: layout.encoding_name,
        marks: layout.marks,
        comments: layout.comments_above + rows.comments,
        blank_rows: rows.blank,
        row_names: layout.row_names,
        blank_columns,
        renamed: layout.renamed.into_iter().filter(kept).collect(),
    };
    let missing_words = options.missing_words.clone();
    Ok(Sheet {
        file: file.to_owned(),
        width,
        columns,
        rows: rows.count,
        found,
        by_name,
        missing_words,
        lines: rows.lines,
    })
}

#[cfg(test)]
mod tests;
