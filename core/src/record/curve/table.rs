//! The text of a CSV file as rows of cells, each with its line.

use std::borrow::Cow;

use ::csv::ReaderBuilder;

use super::CurveError;

/// A table whose first row names the columns.
pub struct Table<'a> {
    /// The file's name, for messages.
    pub file: &'a str,
    /// The names as they are in the file, where they may have spaces around them.
    pub columns: Vec<String>,
    pub rows: Vec<Row<'a>>,
    /// The line of the last row if this row is cut off. It is not in `rows`.
    pub cut: Option<u64>,
}

/// A row with as many cells as there are columns.
pub struct Row<'a> {
    /// The line in the file, from 1.
    pub line: u64,
    cells: Vec<Cow<'a, str>>,
}

/// The cells of a record, and the position of its first byte in the text.
type Record<'a> = (usize, Vec<Cow<'a, str>>);

impl Row<'_> {
    /// Returns a cell without the spaces around it.
    pub fn cell(&self, at: usize) -> &str {
        self.cells.get(at).map_or("", |cell| cell.trim())
    }

    /// Returns the number in a cell. `None` if the cell is not a number.
    pub fn number(&self, at: usize) -> Option<f64> {
        self.cell(at).parse().ok()
    }
}

impl<'a> Table<'a> {
    /// Reads `text`, the content of `file`. A last line that has no line end and too few cells is left out and
    /// named in [`Table::cut`], because it is still being written or was cut off by a crash.
    pub fn parse(file: &'a str, text: &'a str) -> Result<Self, CurveError> {
        let mut records = records(file, text);
        let (_, names) = records.next().transpose()?.unwrap_or_default();
        let columns: Vec<String> = names.into_iter().map(Cow::into_owned).collect();
        let mut table = Table { file, columns, rows: Vec::new(), cut: None };
        if let Some(name) = table.repeated_column() {
            return Err(table.wrong_at(1, &format!("two columns have the name `{name}`")));
        }
        let mut lines = Lines { text, at: 0, line: 1 };
        for record in records {
            let (start, cells) = record?;
            if cells.len() < table.columns.len() && lines.is_unfinished(start) {
                table.cut = Some(lines.line_of(start));
                break;
            }
            let line = lines.line_of(start);
            if cells.len() != table.columns.len() {
                let (here, there) = (cells.len(), table.columns.len());
                let s = if there == 1 { "" } else { "s" };
                return Err(table.wrong_at(line, &format!("{here} cells, but the header names {there} column{s}")));
            }
            table.rows.push(Row { line, cells });
        }
        Ok(table)
    }

    /// Finds a column by its name, which may have spaces around it in the file.
    pub fn column(&self, name: &str) -> Option<usize> {
        super::position(&self.columns, name)
    }

    /// Returns the number in the cell of a metric. `None` if the cell is empty. Anything else is an error.
    pub fn metric(&self, row: &Row<'_>, at: usize) -> Result<Option<f64>, CurveError> {
        let cell = row.cell(at);
        match row.number(at) {
            None if !cell.is_empty() => {
                let name = self.columns[at].trim();
                Err(self.wrong_at(row.line, &format!("column `{name}`: `{cell}` is not a number")))
            }
            value => Ok(value),
        }
    }

    /// Returns the epoch in a cell, which a table program may have written as `3.0`.
    pub fn epoch(&self, row: &Row<'_>, at: usize) -> Result<u64, CurveError> {
        let cell = row.cell(at);
        let float = || row.number(at).filter(|it| it.fract() == 0.0 && (0.0..1e15).contains(it)).map(|it| it as u64);
        cell.parse().ok().filter(|&epoch| epoch < u64::MAX).or_else(float).ok_or_else(|| {
            let name = self.columns[at].trim();
            self.wrong_at(row.line, &format!("column `{name}`: `{cell}` is not an epoch's number"))
        })
    }

    /// Returns an error with the message `what` about a line of the file.
    pub fn wrong_at(&self, line: u64, what: &str) -> CurveError {
        CurveError::Wrong(format!("{}:{line}: {what}", self.file))
    }

    /// Returns a name that two columns have, if there is one.
    fn repeated_column(&self) -> Option<&str> {
        let repeated = |(at, name): &(usize, &String)| self.columns[..*at].contains(name);
        self.columns.iter().enumerate().find(repeated).map(|(_, name)| name.as_str())
    }
}

/// Returns the records of a CSV text, without empty lines.
///
/// A text without quotes is split at once. That is several times as fast, because its cells are not copied, and a
/// comparison reads thousands of such files.
fn records<'a>(file: &'a str, text: &'a str) -> Box<dyn Iterator<Item = Result<Record<'a>, CurveError>> + 'a> {
    let delimiter = delimiter(text);
    if !text.contains('"') {
        let lines = text.split(['\n', '\r']).filter(|line| !line.is_empty());
        // The position of a line in the text, of which it is a part.
        let start = move |line: &str| line.as_ptr().addr() - text.as_ptr().addr();
        // A row has as many cells as the one before, so that its list need not grow.
        let mut width = 0;
        return Box::new(lines.map(move |line| {
            let mut cells = Vec::with_capacity(width);
            cells.extend(line.split(char::from(delimiter)).map(Cow::Borrowed));
            width = cells.len();
            Ok((start(line), cells))
        }));
    }
    let reader =
        ReaderBuilder::new().flexible(true).has_headers(false).delimiter(delimiter).from_reader(text.as_bytes());
    Box::new(reader.into_records().map(move |record| {
        let record = record.map_err(|error| CurveError::Wrong(format!("{file}: {error}")))?;
        let start = record.position().and_then(|position| usize::try_from(position.byte()).ok()).unwrap_or(0);
        Ok((start, record.iter().map(|cell| Cow::Owned(cell.to_owned())).collect()))
    }))
}

/// Returns the character between the names in the first line of `text`: the most frequent of `,`, `;` and the tab.
fn delimiter(text: &str) -> u8 {
    let header = text.lines().next().unwrap_or_default();
    let count = |delimiter: &u8| header.bytes().filter(|byte| byte == delimiter).count();
    // lr-run's own files have commas, whatever else the names contain.
    let is_ours = header.starts_with("epoch,");
    // Of equal counts, `max_by_key` takes the last.
    let found = [b'\t', b';', b','].into_iter().max_by_key(count);
    found.filter(|_| !is_ours).unwrap_or(b',')
}

/// A counter of the lines of a text while records are read. The CSV reader's own count is too low after CR LF and after
/// empty lines, because it lets a record begin with the line ends before it.
struct Lines<'a> {
    text: &'a str,
    /// The position up to which lines are counted.
    at: usize,
    /// The line at this position, from 1.
    line: u64,
}

impl Lines<'_> {
    /// Returns the line, from 1, of the record that begins at `start`. `start` must not decrease from call to call.
    fn line_of(&mut self, start: usize) -> u64 {
        let bytes = self.text.as_bytes();
        let start = start.min(bytes.len());
        let ends = bytes[start..].iter().take_while(|&&byte| byte == b'\r' || byte == b'\n').count();
        let start = start + ends;
        self.line += bytes[self.at.min(start)..start].iter().filter(|&&byte| byte == b'\n').count() as u64;
        self.at = start;
        self.line
    }

    /// Returns whether the record that begins at `start` is the last one and has no line end.
    fn is_unfinished(&self, start: usize) -> bool {
        let rest = &self.text.as_bytes()[start.min(self.text.len())..];
        let begins = rest.iter().position(|byte| !b"\r\n".contains(byte)).unwrap_or(rest.len());
        !rest[begins..].contains(&b'\n')
    }
}
