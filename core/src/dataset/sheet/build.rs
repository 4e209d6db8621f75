//! Reads the rows into columns, in one pass over the file.

use std::collections::{BTreeMap, HashMap};

use super::super::Error;
use super::cells::Split;
use super::decode::Source;
use super::layout::{Layout, not_utf8};
use super::missing::Missing;
use super::numbers::{Numbers, Rounding};
use super::records::{Lines, Records};
use super::row_names::advice;
use super::unit::{Unit, parse_with};
use super::{Cells, EMPTY, Gap, Marks};

/// The rows of a file that was read to its end.
pub struct Rows {
    pub columns: Vec<Filled>,
    pub count: usize,
    pub lines: Lines,
    /// The number of comment lines among the rows.
    pub comments: usize,
    /// The number of rows without values.
    pub blank: usize,
}

/// The cells of a column.
pub struct Filled {
    pub cells: Cells,
    /// The words of the column that mean an empty cell.
    pub gaps: Vec<Gap>,
}

/// The result of a pass.
pub enum Pass {
    Done(Rows),
    /// The text is not UTF-8, and all text before that place is ASCII. So the file may be in Windows-1252.
    NotUtf8,
    /// Columns of numbers have cells that are not numbers. Maps each of these columns to the alternative marks with
    /// which these cells would be numbers.
    NotNumbers(BTreeMap<usize, Vec<Marks>>),
    /// The numbers of these columns have to be kept as `f64`.
    Rounded(Vec<usize>),
}

/// Reads the rows of `source`.
pub fn pass(source: &Source<'_>, layout: &Layout, missing: &Missing) -> Result<Pass, Error> {
    let file = source.name();
    let text = source.text(layout.encoding)?;
    let mut records = Records::new(file, text.utf8, layout.line_end, layout.delimiter);
    records.skip_to(layout.first_line)?;
    records.comments = layout.comments;
    let kinds = layout.text.iter().zip(&layout.exact);
    let mut columns: Vec<Column> = kinds.map(|(&is_text, &is_exact)| Column::new(is_text, is_exact)).collect();
    let mut failed: BTreeMap<usize, Vec<Marks>> = BTreeMap::new();
    let mut split = Split::default();
    let mut lines = Lines::default();
    let (mut count, mut blank) = (0, 0);
    let mut is_ascii = layout.names.iter().all(|name| name.is_ascii());
    while let Some(record) = records.next()? {
        let line = record.line;
        let row = split.row(record, layout.delimiter);
        if row.used() == 0 {
            blank += 1;
            continue;
        }
        if !layout.fits(row) {
            let (columns, cells) = (columns.len(), row.len());
            let who = if layout.has_header { "the header" } else { "the first row" };
            let advice = if cells > columns { advice(layout.delimiter, row) } else { String::new() };
            let help = match layout.odd_header {
                Some(header) => format!(", like the rows below; if line {header} is not the header, remove it"),
                None => String::new(),
            };
            return Err(Error(format!(
                "{file}:{line}: {who} has {columns} columns, but this row has {cells}{help}{advice}"
            )));
        }
        let cells = row.cells().chain(std::iter::repeat(&b""[..]));
        for (index, (column, cell)) in columns.iter_mut().zip(cells).enumerate() {
            if column.push_number(cell, layout.units[index], layout.marks, missing) {
                continue;
            }
            let Ok(word) = std::str::from_utf8(cell) else {
                let may_be_latin = layout.may_be_latin && is_ascii;
                return if may_be_latin { Ok(Pass::NotUtf8) } else { Err(not_utf8(file, line)) };
            };
            is_ascii &= word.is_ascii();
            match column {
                Column::Text(words) => words.push(word, missing),
                Column::Numbers { .. } => {
                    let fitting = failed.entry(index).or_insert_with(|| layout.alternatives.clone());
                    fitting.retain(|&marks| parse_with(layout.units[index], cell, marks).is_some());
                }
            }
        }
        if failed.is_empty() {
            lines.push(count, line);
            count += 1;
        } else {
            // The file will be read again, so its cells need not be kept.
            columns.iter_mut().for_each(Column::forget);
        }
    }
    if !failed.is_empty() {
        return Ok(Pass::NotNumbers(failed));
    }
    let coarse: Vec<usize> = (0..columns.len()).filter(|&column| columns[column].needs_exact()).collect();
    if !coarse.is_empty() {
        return Ok(Pass::Rounded(coarse));
    }
    let columns = columns.into_iter().map(Column::filled).collect();
    Ok(Pass::Done(Rows { columns, count, lines, comments: records.skipped, blank }))
}

/// A column while it is read.
enum Column {
    Numbers { numbers: Numbers, rounding: Rounding, gaps: Vec<Gap> },
    Text(Words),
}

impl Column {
    fn new(is_text: bool, is_exact: bool) -> Column {
        if is_text {
            return Column::Text(Words::default());
        }
        let numbers = if is_exact { Numbers::Exact(Vec::new()) } else { Numbers::Rounded(Vec::new()) };
        Column::Numbers { numbers, rounding: Rounding::default(), gaps: Vec::new() }
    }

    /// Adds a cell to a column of numbers. Returns false if it is neither a number nor empty.
    #[inline]
    fn push_number(&mut self, cell: &[u8], unit: Option<Unit>, marks: Marks, missing: &Missing) -> bool {
        let Column::Numbers { numbers, rounding, gaps } = self else { return false };
        let value = match parse_with(unit, cell, marks) {
            Some(value) if missing.is_gap(value) => f64::NAN,
            Some(value) => value,
            None if missing.is_empty_number(cell) => {
                if !cell.is_empty() {
                    add_gap(gaps, numbers.len(), cell);
                }
                f64::NAN
            }
            None => return false,
        };
        match numbers {
            Numbers::Rounded(values) => {
                values.push(value as f32);
                if !value.is_nan() {
                    rounding.add(value);
                }
            }
            Numbers::Exact(values) => values.push(value),
        }
        true
    }

    /// Drops all cells.
    fn forget(&mut self) {
        match self {
            Column::Numbers { numbers, gaps, .. } => {
                *gaps = Vec::new();
                match numbers {
                    Numbers::Rounded(values) => *values = Vec::new(),
                    Numbers::Exact(values) => *values = Vec::new(),
                }
            }
            Column::Text(words) => *words = Words::default(),
        }
    }

    /// Reports whether `f32` is not exact enough for the numbers.
    fn needs_exact(&self) -> bool {
        matches!(self, Column::Numbers { rounding, .. } if rounding.needs_exact())
    }

    fn filled(self) -> Filled {
        match self {
            Column::Numbers { numbers, gaps, .. } => Filled { cells: Cells::Numbers(numbers), gaps },
            Column::Text(mut words) => {
                let gaps = std::mem::take(&mut words.gaps);
                Filled { cells: words.cells(), gaps }
            }
        }
    }
}

/// Adds a word that means an empty cell, unless `gaps` has it already.
fn add_gap(gaps: &mut Vec<Gap>, row: usize, cell: &[u8]) {
    if !gaps.iter().any(|gap| gap.word.as_bytes() == cell) {
        gaps.push(Gap { row, word: String::from_utf8_lossy(cell).into_owned() });
    }
}

/// A column of text while it is read.
#[derive(Default)]
struct Words {
    /// The code of each word. Words that mean an empty cell have the code [`EMPTY`].
    known: HashMap<Box<str>, u32>,
    /// The number of different words that do not mean an empty cell.
    different: u32,
    codes: Vec<u32>,
    gaps: Vec<Gap>,
}

impl Words {
    fn push(&mut self, word: &str, missing: &Missing) {
        let code = match self.known.get(word) {
            Some(&code) => code,
            None => {
                let code = if missing.is_empty(word.as_bytes()) { EMPTY } else { self.different };
                self.different += u32::from(code != EMPTY);
                if code == EMPTY && !word.is_empty() {
                    self.gaps.push(Gap { row: self.codes.len(), word: word.to_owned() });
                }
                self.known.insert(word.into(), code);
                code
            }
        };
        self.codes.push(code);
    }

    fn cells(self) -> Cells {
        let mut words = vec![String::new(); self.different as usize];
        for (word, code) in self.known {
            if code != EMPTY {
                words[code as usize] = word.into();
            }
        }
        Cells::Text { words, codes: self.codes }
    }
}
