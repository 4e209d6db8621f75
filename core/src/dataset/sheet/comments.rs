//! Finds comment lines among the rows, and headers that begin like a comment.

use super::super::Error;
use super::cells::{Row, Split};
use super::number::parse;
use super::records::{CommentLines, Record, starts_with_error};
use super::survey::{Sample, words};
use super::{Comments, Delimiter, Marks};

/// The characters that start a comment if the spec does not name one.
const MARKS: [Option<u8>; 2] = [Some(b'#'), Some(b'%')];

impl Sample<'_> {
    /// Returns the rule for comment lines among the rows from line `first_line` on.
    ///
    /// A line that starts with `#` or `%` and has the `width` cells of a row is a row: it may begin with a colour. But
    /// if the first cells of all other rows are numbers, it may also be a row that someone commented out. Then it is an
    /// error, unless it is a note without numbers.
    pub fn comments(
        &self,
        wanted: Comments,
        delimiter: Delimiter,
        first_line: u64,
        width: usize,
    ) -> Result<CommentLines, Error> {
        match wanted {
            Comments::Never => return Ok(CommentLines::default()),
            Comments::Start(byte) => return Ok(CommentLines { always: [Some(byte), None], ..CommentLines::default() }),
            Comments::Guess => {}
        }
        let mut records = self.records_from(first_line, delimiter, CommentLines::default())?;
        let mut split = Split::default();
        let (mut rows, mut numbers, mut doubtful) = (0, 0, None);
        while let Ok(Some(record)) = records.next() {
            let line = record.line;
            let (marked, is_prose) = (is_marked(record.bytes, delimiter), is_prose(record.bytes));
            let row = split.row(record, delimiter);
            let first = row.cells().next().unwrap_or_default();
            if !marked {
                rows += 1;
                numbers += usize::from(first.is_empty() || parse(first, Marks::PLAIN).is_some());
            } else if doubtful.is_none() && row.used() == width && !(is_prose && is_without_numbers(row)) {
                doubtful = Some((line, char::from(first[0])));
            }
        }
        let prose = rows > 0 && rows == numbers;
        match doubtful.filter(|_| prose) {
            Some((line, mark)) => Err(self.doubtful(line, mark)),
            None => Ok(CommentLines { unless_row: MARKS, width, prose, ..CommentLines::default() }),
        }
    }

    /// Returns an error if a comment line above line `first_line` has the cells of a row. In a file without a header,
    /// it may be the first row.
    pub fn check_above(&self, delimiter: Delimiter, first_line: u64, width: usize) -> Result<(), Error> {
        let mut records = self.records(delimiter, CommentLines::default());
        let mut split = Split::default();
        while records.line() < first_line
            && let Ok(Some(record)) = records.next()
        {
            let line = record.line;
            let (marked, is_prose) = (is_marked(record.bytes, delimiter), is_prose(record.bytes));
            let row = split.row(record, delimiter);
            if marked && row.used() == width && !(is_prose && is_without_numbers(row)) {
                let mark = row.cells().next().and_then(|cell| cell.first().copied()).unwrap_or(b'#');
                return Err(self.doubtful(line, char::from(mark)));
            }
        }
        Ok(())
    }

    fn doubtful(&self, line: u64, mark: char) -> Error {
        Error(format!(
            "{}:{line}: this line starts with `{mark}` and has the cells of a row\nif such lines are rows, write comment = \
             \"\"; if they are comments, write comment = \"{mark}\"",
            self.file
        ))
    }
}

/// Reports whether a line starts like a comment. An error of a spreadsheet, such as `#N/A`, is not a comment.
fn is_marked(line: &[u8], delimiter: Delimiter) -> bool {
    let line = line.trim_ascii_start();
    MARKS.contains(&line.first().copied()) && !starts_with_error(line, delimiter)
}

/// Reports whether the second character of a line is a blank, as in the note `# made by hand`.
pub fn is_prose(line: &[u8]) -> bool {
    line.trim_ascii_start().get(1) == Some(&b' ')
}

/// Reports whether no cell of a comment line is a number.
pub fn is_without_numbers(row: Row<'_>) -> bool {
    let is_number = |cell: &[u8]| Marks::ALL.iter().any(|&marks| parse(cell, marks).is_some());
    !row.cells().any(|cell| is_number(cell.strip_prefix(b"#").unwrap_or(cell).trim_ascii_start()))
}

/// Returns the names in `comment`, the last comment line above the rows `first` and `second`, if it is the header:
/// `#id,x` or `# id x`. In `#,x` and `%fat,x` the first character is part of the name. Returns `None` if it is not the
/// header.
pub fn commented_header(
    comment: &[u8],
    delimiter: Delimiter,
    first: &[String],
    second: &[String],
) -> Option<Vec<String>> {
    let is_close = !is_prose(comment);
    let has_numbers =
        |row: &[String]| row.iter().any(|cell| Marks::ALL.iter().any(|&marks| parse(cell.as_bytes(), marks).is_some()));
    if first.len() < 2 || !(has_numbers(first) || is_close && !has_numbers(second)) {
        return None;
    }
    let mut split = Split::default();
    let mut names = |text: &[u8]| {
        let names = words(split.row(Record { line: 0, bytes: text.trim_ascii(), has_quotes: true }, delimiter));
        (names.len() == first.len() && names.iter().all(|name| !name.is_empty())).then_some(names)
    };
    comment.strip_prefix(b"#").and_then(&mut names).or_else(|| names(comment))
}
