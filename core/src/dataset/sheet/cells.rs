//! Splits rows into cells.

use std::ops::Range;

use memchr::memchr_iter;

use super::Delimiter;
use super::records::Record;

/// The state of quotes while a row is read byte by byte. Only a quote at the start of a cell opens a quoted cell.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum Quotes {
    #[default]
    CellStart,
    Plain,
    Quoted,
    /// After a quote inside a quoted cell. It closes the cell, unless a second quote follows it.
    Closing,
}

impl Quotes {
    fn step(self, byte: u8, delimiter: Delimiter) -> Quotes {
        match (self, byte) {
            (Quotes::Quoted, b'"') => Quotes::Closing,
            (Quotes::Quoted, _) | (Quotes::Closing, b'"') => Quotes::Quoted,
            _ if delimiter.is(byte) => Quotes::CellStart,
            (Quotes::CellStart, b' ' | b'\t') => Quotes::CellStart,
            (Quotes::CellStart, b'"') => Quotes::Quoted,
            _ => Quotes::Plain,
        }
    }

    /// Updates the state with the next bytes of the row.
    pub fn pass(&mut self, bytes: &[u8], delimiter: Delimiter) {
        *self = bytes.iter().fold(*self, |state, &byte| state.step(byte, delimiter));
    }

    /// Reports whether a quoted cell is not closed yet.
    pub fn are_open(self) -> bool {
        self == Quotes::Quoted
    }
}

/// Splits rows into cells. The same one is used for all rows, so that its memory is allocated only once.
#[derive(Default)]
pub struct Split {
    cells: Vec<Range<usize>>,
    unquoted: Vec<u8>,
}

/// The cells of a row.
#[derive(Clone, Copy)]
pub struct Row<'s> {
    bytes: &'s [u8],
    cells: &'s [Range<usize>],
}

impl Split {
    /// Splits a row.
    pub fn row<'s>(&'s mut self, record: Record<'s>, delimiter: Delimiter) -> Row<'s> {
        self.cells.clear();
        let bytes = record.bytes;
        match delimiter {
            _ if record.has_quotes => {
                self.unquote(bytes, delimiter);
                return Row { bytes: &self.unquoted, cells: &self.cells };
            }
            Delimiter::Byte(byte) => {
                let mut start = 0;
                for end in memchr_iter(byte, bytes) {
                    self.cells.push(start..end);
                    start = end + 1;
                }
                self.cells.push(start..bytes.len());
            }
            Delimiter::Blanks => {
                let mut at = 0;
                while let Some(start) = bytes[at..].iter().position(|&byte| !delimiter.is(byte)) {
                    let start = at + start;
                    let length = bytes[start..].iter().position(|&byte| delimiter.is(byte));
                    at = length.map_or(bytes.len(), |length| start + length);
                    self.cells.push(start..at);
                }
            }
        }
        Row { bytes, cells: &self.cells }
    }

    /// Splits a row that has quotes. Writes the cells to `unquoted`.
    fn unquote(&mut self, bytes: &[u8], delimiter: Delimiter) {
        self.unquoted.clear();
        let mut state = Quotes::CellStart;
        let mut start = 0;
        // With blanks as separators, a cell begins with its first byte. Otherwise a row has one cell more than
        // separators.
        let mut is_cell = delimiter != Delimiter::Blanks;
        for &byte in bytes {
            let next = state.step(byte, delimiter);
            match (state, next) {
                (Quotes::Plain | Quotes::Closing | Quotes::CellStart, Quotes::CellStart) if delimiter.is(byte) => {
                    if is_cell {
                        self.cells.push(start..self.unquoted.len());
                    }
                    start = self.unquoted.len();
                    is_cell = delimiter != Delimiter::Blanks;
                }
                (Quotes::CellStart, Quotes::CellStart) | (Quotes::Quoted, Quotes::Closing) => {}
                (Quotes::CellStart, Quotes::Quoted) => is_cell = true,
                _ => {
                    is_cell = true;
                    self.unquoted.push(byte);
                }
            }
            state = next;
        }
        if is_cell {
            self.cells.push(start..self.unquoted.len());
        }
    }
}

impl<'s> Row<'s> {
    /// Returns the number of cells.
    pub fn len(self) -> usize {
        self.cells.len()
    }

    /// Returns the cells without blanks around them.
    pub fn cells(self) -> impl Iterator<Item = &'s [u8]> + Clone {
        self.cells.iter().map(move |range| trimmed(&self.bytes[range.clone()]))
    }

    /// Returns the number of cells up to the last that is not empty.
    pub fn used(self) -> usize {
        self.cells.iter().rposition(|range| !trimmed(&self.bytes[range.clone()]).is_empty()).map_or(0, |at| at + 1)
    }
}

/// Returns `cell` without blanks around it.
#[inline]
fn trimmed(cell: &[u8]) -> &[u8] {
    match cell {
        [first, .., last] if *first > b' ' && *last > b' ' => cell,
        _ => cell.trim_ascii(),
    }
}
