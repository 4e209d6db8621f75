//! Divides a text into rows. A row is a line, unless it ends inside quotes: then it continues in the next line.

use std::io::Read;

use memchr::{memchr, memchr_iter};

use super::super::Error;
use super::cells::{Quotes, Split};
use super::comments::{is_prose, is_without_numbers};
use super::{Delimiter, MISSING_WORDS};

/// The largest length of a line or a row in bytes. A longer row has a quote that is never closed.
const LONGEST: usize = 1 << 26;
/// The number of bytes that are read at once at the start of a text.
const FIRST_CHUNK: usize = 1 << 12;
/// The largest number of bytes that are read at once, except in very long rows.
const CHUNK: usize = 1 << 18;

/// The character with which DOS programs end a text.
const END_OF_FILE: u8 = 0x1a;

/// Reads a text row by row.
pub struct Records<'a> {
    file: &'a str,
    text: Box<dyn Read + 'a>,
    pub delimiter: Delimiter,
    pub comments: CommentLines,
    line_end: u8,
    buffer: Vec<u8>,
    /// The bytes `buffer[begin..end]` are read but not yet returned.
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
    /// True if the row has a quote.
    pub has_quotes: bool,
}

/// The rule for lines that are comments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CommentLines {
    /// The characters that start a comment, whatever follows.
    pub always: [Option<u8>; 2],
    /// The characters that start a comment if the line does not have `width` cells.
    pub unless_row: [Option<u8>; 2],
    pub width: usize,
    /// True if a note, such as `# in short, a note`, is a comment even if it has `width` cells. A note has a blank
    /// after the first character, and no numbers.
    pub prose: bool,
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
            let searched = (self.begin + length).min(self.end);
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
        // Small texts need a small buffer, and long rows a long one.
        let wanted = self.end + (2 * self.buffer.len()).clamp(FIRST_CHUNK, CHUNK);
        if self.buffer.len() < wanted {
            self.buffer.resize(wanted.max(2 * self.end), 0);
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
        if self.ended && self.buffer[..self.end].ends_with(&[END_OF_FILE]) {
            self.end -= 1;
        }
        Ok(())
    }
}

impl CommentLines {
    /// Reports whether `line` is a comment.
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
                row.used() != self.width || self.prose && is_prose(line) && is_without_numbers(row)
            }
    }
}

/// Returns true if the first cell is an error of a spreadsheet, such as `#N/A`.
pub fn starts_with_error(line: &[u8], delimiter: Delimiter) -> bool {
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

/// The line of each row. Rows on consecutive lines are stored together, as a run.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    /// The first row of each run, and its line.
    runs: Vec<(usize, u64)>,
}

impl Lines {
    /// Adds the line of row `row`. Rows must be added in order.
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
