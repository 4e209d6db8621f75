//! The layout of a file: how it is divided into rows and cells, and how its cells are read.

use std::collections::BTreeMap;
use std::io::Read;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use memchr::memchr;

use super::super::Error;
use super::cells::Row;
use super::decode::Source;
use super::found::Renamed;
use super::missing::Missing;
use super::records::CommentLines;
use super::sniff::fits;
use super::survey::Sample;
use super::unit::Unit;
use super::{Delimiter, Marks, ReadOptions};

/// The number of bytes from which the layout is found.
const SAMPLE: usize = 1 << 20;
/// The largest number of bytes that are read in search of the ends of the first two lines.
const LONGEST: usize = 1 << 26;

/// The layout of a file.
#[derive(Clone, Debug)]
pub struct Layout {
    /// The encoding of a file without a byte order mark. `None` if it has to be detected.
    pub encoding: Option<&'static Encoding>,
    /// The name of the encoding.
    pub encoding_name: &'static str,
    /// True if bytes that are not UTF-8 mean that the file is in Windows-1252. Otherwise they are an error.
    pub may_be_latin: bool,
    /// The last byte of each line: `\n` or `\r`.
    pub line_end: u8,
    pub delimiter: Delimiter,
    pub comments: CommentLines,
    /// The number of comment lines before the rows.
    pub comments_above: usize,
    pub has_header: bool,
    /// The line of the header, if all rows that were looked at have another number of cells.
    pub odd_header: Option<u64>,
    /// True if the rows begin with row names, for which the header has no name.
    pub row_names: bool,
    /// True if it is an error that two row names are the same.
    pub row_names_differ: bool,
    /// The line from which rows are read, from 1.
    pub first_line: u64,
    /// The names of the columns.
    pub names: Vec<String>,
    pub renamed: Vec<Renamed>,
    /// The number of columns up to the last that has a name or, without a header, a value.
    pub used: usize,
    pub marks: Marks,
    /// Other marks with which the same columns are numbers, in order of preference.
    pub alternatives: Vec<Marks>,
    /// For each column, true if it is kept as text.
    pub text: Vec<bool>,
    /// For each column, the unit that all numbers have.
    pub units: Vec<Option<Unit>>,
    /// For each column, true if its numbers are kept as `f64`.
    pub exact: Vec<bool>,
}

impl Layout {
    /// Finds the layout of `source`.
    pub fn find(source: &Source<'_>, options: &ReadOptions, missing: &Missing) -> Result<Layout, Error> {
        let file = source.name();
        let mut wanted = options.encoding;
        let (bytes, encoding, may_be_latin) = loop {
            let mut text = source.text(wanted)?;
            let bytes = first_lines(source, &mut text.utf8)?;
            let may_be_latin = !text.is_certain && wanted.is_none() && text.encoding == UTF_8;
            match std::str::from_utf8(&bytes) {
                Err(error) if text.encoding == UTF_8 && error.error_len().is_some() => {
                    let before = &bytes[..error.valid_up_to()];
                    if !may_be_latin || !before.is_ascii() {
                        let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count();
                        return Err(not_utf8(file, line as u64));
                    }
                    wanted = Some(WINDOWS_1252);
                }
                _ => break (bytes, text.encoding, may_be_latin),
            }
        };
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Err(Error(format!("{file}: the file is empty")));
        }
        if memchr(0, &bytes).is_some() {
            return Err(Error(format!("{file}: this is not a text file: it has bytes that are 0")));
        }
        let line_end = if memchr(b'\n', &bytes).is_none() && memchr(b'\r', &bytes).is_some() { b'\r' } else { b'\n' };
        let sample = Sample { file, text: &bytes, line_end };
        let mut layout = sample.layout(options, missing)?;
        layout.encoding = wanted;
        layout.encoding_name = encoding.name();
        layout.may_be_latin = may_be_latin;
        Ok(layout)
    }

    /// Corrects the layout after a pass in which columns of numbers had cells that are not numbers. `failed` has these
    /// columns, each with the alternative marks that fit all of these cells. If `may_change_marks` is true, the marks
    /// that fit most of these columns are used from now on. The columns that they do not fit become text.
    pub fn correct(&mut self, failed: &BTreeMap<usize, Vec<Marks>>, may_change_marks: bool) {
        let fitting = |marks: &Marks| failed.values().filter(|fitting| fitting.contains(marks)).count();
        let better = self.alternatives.iter().copied().rev().max_by_key(fitting).filter(|marks| fitting(marks) > 0);
        match better.filter(|_| may_change_marks) {
            Some(marks) => {
                self.marks = marks;
                // Marks that were used before are not tried again.
                self.alternatives.retain(|other| *other != marks);
                for (column, _) in failed.iter().filter(|(_, fitting)| !fitting.contains(&marks)) {
                    self.text[*column] = true;
                }
            }
            None => failed.keys().for_each(|&column| self.text[column] = true),
        }
    }

    /// Returns true if a row fits the header.
    pub fn fits(&self, row: Row<'_>) -> bool {
        fits(row, self.names.len(), self.used)
    }
}

/// Returns the error for text that is not UTF-8.
pub fn not_utf8(file: &str, line: u64) -> Error {
    let help = "if it has another encoding, name it: encoding = \"windows-1252\"";
    Error(format!("{file}:{line}: the text is not UTF-8; {help}"))
}

/// Reads the first lines of a text: about a mebibyte, and at least two lines if it has them.
fn first_lines(source: &Source<'_>, text: &mut dyn Read) -> Result<Vec<u8>, Error> {
    let mut bytes = vec![0; SAMPLE + (1 << 16)];
    let mut end = 0;
    loop {
        if end == bytes.len() {
            bytes.resize(2 * end, 0);
        }
        let read = match text.read(&mut bytes[end..]) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            other => other.map_err(|error| source.unreadable(&error))?,
        };
        end += read;
        if read == 0 {
            bytes.truncate(end);
            return Ok(bytes);
        }
        let ends = |byte: u8| bytes[..end].iter().enumerate().rev().filter(move |&(_, &it)| it == byte);
        let mut last = ends(b'\n').map(|(at, _)| at);
        if end >= SAMPLE {
            let found = match (last.next(), last.next()) {
                (Some(at), Some(_)) => Some(at),
                (None, _) => ends(b'\r').map(|(at, _)| at).next(),
                _ => None,
            };
            if let Some(at) = found {
                bytes.truncate(at + 1);
                return Ok(bytes);
            }
            if end > LONGEST {
                return Err(Error(format!("{}:1: the line is longer than 64 MiB", source.name())));
            }
        }
    }
}
