//! The first look at a file: separator, header, comment lines and columns, found from its first lines.

use super::super::Error;
use super::cells::{Row, Split};
use super::comments::commented_header;
use super::layout::Layout;
use super::marks::find_marks;
use super::missing::Missing;
use super::records::{CommentLines, Records};
use super::row_names::{FirstCells, is_quoted};
use super::sniff::sniff;
use super::{Comments, Delimiter, Marks, ReadOptions, header};

/// The first lines of a text.
pub struct Sample<'a> {
    pub file: &'a str,
    pub text: &'a [u8],
    pub line_end: u8,
}

/// The lines above the header.
#[derive(Default)]
struct Top<'a> {
    /// The number of the first line below them, from 1.
    next: u64,
    /// The number of comment lines.
    comments: usize,
    /// The last comment line.
    last: Option<&'a [u8]>,
    /// The separator that a line such as `sep=;` names.
    sep: Option<Delimiter>,
}

/// The header, or the first row if there is no header.
struct Header {
    /// The line in which it starts, from 1.
    line: u64,
    cells: Vec<String>,
    /// True if it was found in a comment line.
    is_comment: bool,
    /// The line from which rows are read, from 1.
    first_line: u64,
}

/// The widths of the rows: their numbers of cells.
#[derive(Default)]
struct Widths {
    /// The number of rows with values.
    rows: usize,
    /// The number of rows that have as many cells as the first.
    like_first: usize,
    /// The number of cells of the first row.
    first: usize,
    /// The greatest number of cells of a row, without empty cells at its end.
    used: usize,
    /// The first cells of the rows that have one cell more than the header.
    first_cells: FirstCells,
}

impl<'a> Sample<'a> {
    /// Returns the rows.
    pub fn records(&self, delimiter: Delimiter, comments: CommentLines) -> Records<'a> {
        let mut records = Records::new(self.file, Box::new(self.text), self.line_end, delimiter);
        records.comments = comments;
        records
    }

    /// Returns the rows from the line `first` on.
    pub fn records_from(&self, first: u64, delimiter: Delimiter, comments: CommentLines) -> Result<Records<'a>, Error> {
        let mut records = self.records(delimiter, comments);
        records.skip_to(first)?;
        Ok(records)
    }

    /// Finds the layout, except for the encoding, which the caller sets.
    pub fn layout(&self, options: &ReadOptions, missing: &Missing) -> Result<Layout, Error> {
        let top = self.top(options.comments);
        let delimiter = self.delimiter(options.delimiter, &top)?;
        let has_header = options.header != Some(false);
        let found = self.header(&top, delimiter, has_header)?;
        let mut header = found.cells;
        if !has_header && options.comments == Comments::Guess {
            self.check_above(delimiter, found.first_line, header.len())?;
        }
        let mut comments = self.comments(options.comments, delimiter, found.first_line, header.len())?;
        let widths = self.widths(delimiter, found.first_line, comments, header.len())?;
        let all_have_other_width = widths.rows > 1 && widths.like_first == widths.rows && widths.first != header.len();
        let row_names = has_header
            && widths.like_first == widths.rows
            && widths.first == header.len() + 1
            && widths.used == widths.first;
        if row_names {
            widths.first_cells.check(self.file, header.len(), delimiter)?;
            header.insert(0, String::new());
            comments.width = header.len();
        }
        let used = if has_header {
            header.iter().rposition(|name| !name.is_empty()).map_or(0, |at| at + 1)
        } else {
            widths.used.min(header.len())
        };
        let (names, renamed) =
            if has_header { header::unique(header) } else { (header::numbered(header.len()), Vec::new()) };
        let mut layout = Layout {
            encoding: None,
            encoding_name: "",
            may_be_latin: false,
            line_end: self.line_end,
            delimiter,
            comments,
            comments_above: top.comments - usize::from(found.is_comment),
            has_header,
            odd_header: (has_header && !row_names && all_have_other_width).then_some(found.line),
            row_names,
            row_names_differ: row_names && widths.first_cells.must_differ(delimiter),
            first_line: found.first_line,
            used,
            text: names.iter().map(|name| options.text_columns.contains(name)).collect(),
            units: vec![None; names.len()],
            exact: names.iter().map(|name| options.exact_columns.contains(name)).collect(),
            names,
            renamed,
            marks: Marks::PLAIN,
            alternatives: Vec::new(),
        };
        let rows = || self.records_from(found.first_line, delimiter, comments);
        find_marks(&mut layout, options, missing, [rows()?, rows()?]);
        Ok(layout)
    }

    /// Returns the header, or the first row if there is no header.
    fn header(&self, top: &Top<'_>, delimiter: Delimiter, has_header: bool) -> Result<Header, Error> {
        let mut records = self.records_from(top.next, delimiter, CommentLines::default())?;
        let mut split = Split::default();
        let Some(first) = records.next()? else {
            return Err(Error(format!("{}: there are no rows, only comments", self.file)));
        };
        let line = first.line;
        let cells = words(split.row(first, delimiter));
        let below = records.line();
        let second = match records.next() {
            Ok(Some(record)) => words(split.row(record, delimiter)),
            _ => Vec::new(),
        };
        if !has_header {
            return Ok(Header { line, cells, is_comment: false, first_line: line });
        }
        match top.last.and_then(|comment| commented_header(comment, delimiter, &cells, &second)) {
            Some(cells) => Ok(Header { line: line - 1, cells, is_comment: true, first_line: line }),
            None => Ok(Header { line, cells, is_comment: false, first_line: below }),
        }
    }

    /// Returns the widths of the rows from line `first` on. `header` is the number of cells of the header.
    fn widths(&self, delimiter: Delimiter, first: u64, comments: CommentLines, header: usize) -> Result<Widths, Error> {
        let mut records = self.records_from(first, delimiter, comments)?;
        let mut split = Split::default();
        let mut widths = Widths::default();
        while let Ok(Some(record)) = records.next() {
            let row = split.row(record, delimiter);
            if row.used() == 0 {
                continue;
            }
            if widths.rows == 0 {
                widths.first = row.len();
            }
            widths.rows += 1;
            widths.like_first += usize::from(row.len() == widths.first);
            widths.used = widths.used.max(row.used());
            if row.len() == header + 1 {
                widths.first_cells.push(record.line, is_quoted(record), row);
            }
        }
        Ok(widths)
    }

    /// Reads the lines above the header: blank ones, comments, and `sep=;`.
    fn top(&self, comments: Comments) -> Top<'a> {
        let mut top = Top { next: 1, ..Top::default() };
        for line in self.text.split(|&byte| byte == self.line_end) {
            let text = line.trim_ascii();
            let is_comment = text.first().is_some_and(|&first| match comments {
                Comments::Guess => first == b'#' || first == b'%',
                Comments::Never => false,
                Comments::Start(byte) => first == byte,
            });
            let sep = Delimiter::of_sep_line(line).filter(|_| top.sep.is_none());
            match () {
                () if sep.is_some() => top.sep = sep,
                () if is_comment => {
                    top.comments += 1;
                    top.last = Some(text);
                }
                () if text.is_empty() => {}
                () => return top,
            }
            top.next += 1;
        }
        match comments {
            // If all lines start like comments, they are rows.
            Comments::Guess => Top { next: 1, ..Top::default() },
            _ => top,
        }
    }

    /// Returns the separator: `wanted`, or the one that fits best. Returns an error if the table has only one column
    /// with `wanted`, but several with another separator.
    fn delimiter(&self, wanted: Option<Delimiter>, top: &Top<'_>) -> Result<Delimiter, Error> {
        let sniffed = || top.sep.or_else(|| sniff(self, top.next));
        let Some(wanted) = wanted else { return Ok(sniffed().unwrap_or(Delimiter::Byte(b','))) };
        let mut records = self.records(wanted, CommentLines::default());
        records.skip_to(top.next)?;
        let mut split = Split::default();
        if let Ok(Some(record)) = records.next() {
            let line = record.line;
            let row = split.row(record, wanted);
            if row.len() == 1
                && let Some(other) = sniffed()
                && other != wanted
            {
                let only = String::from_utf8_lossy(row.cells().next().unwrap_or_default());
                return Err(Error(format!(
                    "{}:{line}: separated by {wanted} there is only one column, `{only}`; the file seems to be separated by \
                     {other}: delimiter = {}",
                    self.file,
                    other.quoted()
                )));
            }
        }
        Ok(wanted)
    }
}

/// Returns the cells of a row as text.
pub fn words(row: Row<'_>) -> Vec<String> {
    row.cells().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect()
}
