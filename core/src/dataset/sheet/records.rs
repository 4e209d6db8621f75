//! The rows of a text: lines, unless quotes continue a row on the next line.

use std::io::Read;
use std::ops::Range;

use memchr::{memchr, memchr_iter};

use super::super::Error;
use super::{Delimiter, MISSING_WORDS};

/// A row longer than this is the result of a quote that is never closed.
const LONGEST: usize = 1 << 26;
/// The bytes that are read at once.
const CHUNK: usize = 1 << 18;

/// Reads a text row by row.
pub struct Records<'a> {
    file: &'a str,
    text: Box<dyn Read + 'a>,
    pub delimiter: Delimiter,
    pub comments: CommentLines,
    line_end: u8,
    buffer: Vec<u8>,
    /// What is read but not yet returned is `buffer[begin..end]`.
    begin: usize,
    end: usize,
    ended: bool,
    /// The line at `begin`, from 1.
    line: u64,
    /// The number of comment lines so far.
    pub skipped: usize,
}

/// A row as it is in the file, without its line end.
#[derive(Clone, Copy)]
pub struct Record<'b> {
    /// The line of its start, from 1.
    pub line: u64,
    pub bytes: &'b [u8],
    /// True if there is a quote in it.
    pub has_quotes: bool,
}

/// The lines that are left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CommentLines {
    /// The characters that start a comment, whatever follows.
    pub always: [Option<u8>; 2],
    /// The characters that start a comment if the line does not have `width` cells.
    pub unless_row: [Option<u8>; 2],
    pub width: usize,
}

impl<'a> Records<'a> {
    pub fn new(file: &'a str, text: Box<dyn Read + 'a>, line_end: u8, delimiter: Delimiter) -> Self {
        Records {
            file,
            text,
            delimiter,
            comments: CommentLines::default(),
            line_end,
            buffer: Vec::new(),
            begin: 0,
            end: 0,
            ended: false,
            line: 1,
            skipped: 0,
        }
    }

    /// Returns the line that is read next, from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Skips lines until `line` is the next one.
    pub fn skip_to(&mut self, line: u64) -> Result<(), Error> {
        while self.line < line {
            let Some(end) = self.line_end_from(self.begin)? else { break };
            self.begin = end;
            self.line += 1;
        }
        Ok(())
    }

    /// Returns the next row that is neither blank nor a comment.
    pub fn next(&mut self) -> Result<Option<Record<'_>>, Error> {
        loop {
            let start = self.begin;
            let Some(mut end) = self.line_end_from(start)? else { return Ok(None) };
            // Reading may have moved the bytes.
            let mut start = self.begin;
            let line = self.line;
            let first = &self.buffer[start..end];
            if is_blank(first) || self.comments.contain(first, self.delimiter) {
                self.skipped += usize::from(!is_blank(first));
                self.begin = end;
                self.line += 1;
                continue;
            }
            let mut lines = 1;
            let has_quotes = memchr(b'"', first).is_some();
            if has_quotes {
                let mut quotes = Quotes::default();
                quotes.pass(first, self.delimiter);
                while quotes.are_open() {
                    if end - start > LONGEST {
                        return Err(self.unclosed(line));
                    }
                    let length = end - start;
                    let Some(next) = self.line_end_from(end)? else { return Err(self.unclosed(line)) };
                    start = self.begin;
                    quotes.pass(&self.buffer[start + length..next], self.delimiter);
                    end = next;
                    lines += 1;
                }
            }
            self.begin = end;
            self.line += lines;
            let bytes = without_line_end(&self.buffer[start..end], self.line_end);
            return Ok(Some(Record { line, bytes, has_quotes }));
        }
    }

    fn unclosed(&self, line: u64) -> Error {
        Error(format!("{}:{line}: a quote that opens in this row is never closed", self.file))
    }

    /// Returns the index in `buffer` after the line that starts at `from`. Returns `None` at the end of the text.
    /// Reads more if needed: then the bytes from `begin` on may move to the start of the buffer.
    fn line_end_from(&mut self, from: usize) -> Result<Option<usize>, Error> {
        let mut length = from - self.begin;
        let line_start = length;
        loop {
            let searched = self.begin + length;
            if let Some(at) = memchr(self.line_end, &self.buffer[searched..self.end]) {
                return Ok(Some(searched + at + 1));
            }
            length = self.end - self.begin;
            if self.ended {
                return Ok((length > line_start).then_some(self.end));
            }
            if length > LONGEST {
                return Err(Error(format!("{}:{}: the line is longer than 64 MiB", self.file, self.line)));
            }
            self.read_more()?;
        }
    }

    fn read_more(&mut self) -> Result<(), Error> {
        self.buffer.copy_within(self.begin..self.end, 0);
        self.end -= self.begin;
        self.begin = 0;
        if self.buffer.len() < self.end + CHUNK {
            self.buffer.resize((self.end + CHUNK).max(2 * self.end), 0);
        }
        let read = loop {
            match self.text.read(&mut self.buffer[self.end..]) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        let read = read.map_err(|error| {
            let lines = memchr_iter(self.line_end, &self.buffer[..self.end]).count() as u64;
            let why = super::super::gzip::explain(&error);
            Error(format!("{}:{}: {why}", self.file, self.line + lines))
        })?;
        self.ended = read == 0;
        self.end += read;
        Ok(())
    }
}

impl CommentLines {
    fn contain(&self, line: &[u8], delimiter: Delimiter) -> bool {
        let line = line.trim_ascii();
        let Some(&first) = line.first() else { return false };
        if first == b'#' && starts_with_error(line, delimiter) {
            return false;
        }
        self.always.contains(&Some(first))
            || self.unless_row.contains(&Some(first)) && {
                let mut split = Split::default();
                let row = split.row(Record { line: 0, bytes: line, has_quotes: true }, delimiter);
                row.used() != self.width
            }
    }
}

/// Returns true if the first cell is an error of a spreadsheet, such as `#N/A`.
fn starts_with_error(line: &[u8], delimiter: Delimiter) -> bool {
    let mut words = MISSING_WORDS.iter().filter_map(|word| line.strip_prefix(word.as_bytes()));
    words.any(|rest| rest.first().is_none_or(|&next| delimiter.is(next)))
}

fn is_blank(line: &[u8]) -> bool {
    line.iter().all(|byte| matches!(byte, b' ' | b'\r' | b'\n'))
}

fn without_line_end(line: &[u8], line_end: u8) -> &[u8] {
    let line = line.strip_suffix(&[line_end]).unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The state of quotes while a row is read byte by byte. Only a quote at the start of a cell opens one.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Quotes {
    #[default]
    CellStart,
    Plain,
    Quoted,
    /// After a quote inside a quoted cell: the end, or the first half of a doubled quote.
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

    fn pass(&mut self, bytes: &[u8], delimiter: Delimiter) {
        *self = bytes.iter().fold(*self, |state, &byte| state.step(byte, delimiter));
    }

    fn are_open(self) -> bool {
        self == Quotes::Quoted
    }
}

/// Splits rows into cells. It is kept from row to row so that no memory is allocated.
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
        // With blanks as separators, a cell exists from its first byte on. Otherwise there is one more than separators.
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

/// The line of each row, as runs of rows on consecutive lines.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    /// The first row of each run, and its line.
    runs: Vec<(usize, u64)>,
}

impl Lines {
    /// Adds the line of the row `row`. Rows come in order.
    pub fn push(&mut self, row: usize, line: u64) {
        if self.runs.last().is_none_or(|&(first, at)| at + (row - first) as u64 != line) {
            self.runs.push((row, line));
        }
    }

    /// Returns the line of `row`.
    pub fn of(&self, row: usize) -> u64 {
        let run = self.runs.partition_point(|&(first, _)| first <= row);
        let (first, line) = self.runs[run.saturating_sub(1)];
        line + (row - first) as u64
    }
}
