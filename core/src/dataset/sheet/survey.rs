//! The first look at a file: its layout, found from the first mebibyte.

use std::io::Read;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use memchr::memchr;

use super::super::Error;
use super::decode::Source;
use super::found::Renamed;
use super::missing::Missing;
use super::number::parse;
use super::records::{CommentLines, Records, Split};
use super::sniff::{fits, sniff};
use super::{Comments, Delimiter, Marks, ReadOptions, header};

/// The bytes of the first look.
const SAMPLE: usize = 1 << 20;
/// A longer line cannot be the first.
const LONGEST: usize = 1 << 26;

/// The layout of a file.
#[derive(Clone, Debug)]
pub struct Layout {
    /// The encoding to read the file with if it has no byte order mark. `None` if that has to be found out.
    pub encoding: Option<&'static Encoding>,
    /// The name of the encoding.
    pub encoding_name: &'static str,
    /// True if bytes that are not UTF-8 mean that the encoding is another one.
    pub may_be_latin: bool,
    pub line_end: u8,
    pub delimiter: Delimiter,
    pub comments: CommentLines,
    /// The number of comment lines before the rows.
    pub comments_above: usize,
    pub has_header: bool,
    pub row_names: bool,
    /// The line from which rows are read.
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
}

/// The start of a text: whole lines.
pub struct Sample<'a> {
    pub file: &'a str,
    pub text: &'a [u8],
    pub line_end: u8,
}

impl<'a> Sample<'a> {
    pub fn records(&self, delimiter: Delimiter, comments: CommentLines) -> Records<'a> {
        let mut records = Records::new(self.file, Box::new(self.text), self.line_end, delimiter);
        records.comments = comments;
        records
    }
}

/// The lines above the header.
#[derive(Default)]
struct Top<'a> {
    /// The first line below, from 1.
    next: u64,
    comments: usize,
    /// The last comment.
    last: Option<(u64, &'a [u8])>,
    sep: Option<Delimiter>,
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

    /// Corrects the layout after a pass in which cells of the `failed` columns were not numbers. If other marks fit some of
    /// these cells, they are used, unless `may_change_marks` is false. Columns that they do not fit become text.
    pub fn correct(&mut self, failed: &[(usize, Vec<Marks>)], may_change_marks: bool) {
        let fitting = |marks: &Marks| failed.iter().filter(|(_, fitting)| fitting.contains(marks)).count();
        let better = self.alternatives.iter().copied().rev().max_by_key(fitting).filter(|marks| fitting(marks) > 0);
        match better.filter(|_| may_change_marks) {
            Some(marks) => {
                self.marks = marks;
                // Those that were left behind do not come back.
                self.alternatives.retain(|other| *other != marks);
                for (column, _) in failed.iter().filter(|(_, fitting)| !fitting.contains(&marks)) {
                    self.text[*column] = true;
                }
            }
            None => failed.iter().for_each(|(column, _)| self.text[*column] = true),
        }
    }

    /// Returns true if a row fits the header.
    pub fn fits(&self, row: super::records::Row<'_>) -> bool {
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

impl<'a> Sample<'a> {
    fn layout(&self, options: &ReadOptions, missing: &Missing) -> Result<Layout, Error> {
        let mut top = self.top(options.comments);
        let delimiter = self.delimiter(options.delimiter, &top)?;
        let has_header = options.header != Some(false);
        let mut split = Split::default();
        let mut records = self.records(delimiter, CommentLines::default());
        records.skip_to(top.next)?;
        let words = |row: super::records::Row<'_>| -> Vec<String> {
            row.cells().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect()
        };
        let Some(first) = records.next()? else {
            return Err(Error(format!("{}: there are no rows, only comments", self.file)));
        };
        let line = first.line;
        let first = words(split.row(first, delimiter));
        let second = match records.next() {
            Ok(Some(record)) => words(split.row(record, delimiter)),
            _ => Vec::new(),
        };
        let commented = top
            .last
            .filter(|_| has_header)
            .and_then(|(_, comment)| self.header_in(comment, delimiter, &first, &second));
        let is_commented = commented.is_some();
        if is_commented {
            top.comments -= 1;
        }
        let first_line = match (is_commented, has_header) {
            (false, true) => line + 1,
            _ => line,
        };
        let mut header = commented.unwrap_or(first);
        // The header may span lines: its rows begin at the second record.
        let mut rows = self.records(delimiter, CommentLines::default());
        rows.skip_to(line)?;
        if has_header && !is_commented {
            rows.next()?;
        }
        let first_line = rows.line().max(first_line);
        drop(rows);

        let mut comments = self.comments(options.comments, delimiter, first_line, header.len());
        let rows = |comments: CommentLines| -> Result<Records<'a>, Error> {
            let mut records = self.records(delimiter, comments);
            records.skip_to(first_line)?;
            Ok(records)
        };
        // The widths of the rows.
        let (mut count, mut shifted, mut longest) = (0usize, 0usize, 0usize);
        let mut records = rows(comments)?;
        while let Ok(Some(record)) = records.next() {
            let row = split.row(record, delimiter);
            if row.used() == 0 {
                continue;
            }
            count += 1;
            shifted += usize::from(row.len() == header.len() + 1);
            longest = longest.max(row.used());
        }
        let row_names = has_header && count > 0 && shifted == count && longest > header.len();
        if row_names {
            header.insert(0, String::new());
            comments.width = header.len();
        }
        let used = if has_header {
            header.iter().rposition(|name| !name.is_empty()).map_or(0, |at| at + 1)
        } else {
            longest.min(header.len())
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
            comments_above: top.comments,
            has_header,
            row_names,
            first_line,
            used,
            text: names.iter().map(|name| options.text_columns.contains(name)).collect(),
            names,
            renamed,
            marks: Marks::PLAIN,
            alternatives: Vec::new(),
        };
        self.find_marks(&mut layout, options, missing, [rows(comments)?, rows(comments)?]);
        Ok(layout)
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
                    top.last = Some((top.next, text));
                }
                () if text.is_empty() => {}
                () => return top,
            }
            top.next += 1;
        }
        match comments {
            // All lines start like comments: then they are rows.
            Comments::Guess => Top { next: 1, ..Top::default() },
            _ => top,
        }
    }

    /// Returns the separator: the wanted one, or the one that fits.
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

    /// Returns the names in the last comment above the rows `first` and `second`, if it is the header: `#id,x` or `# id x`.
    fn header_in(
        &self,
        comment: &[u8],
        delimiter: Delimiter,
        first: &[String],
        second: &[String],
    ) -> Option<Vec<String>> {
        let names = comment.strip_prefix(b"#")?;
        let is_close = names.first().is_some_and(|&byte| byte != b' ');
        let has_numbers = |row: &[String]| {
            row.iter().any(|cell| Marks::ALL.iter().any(|&marks| parse(cell.as_bytes(), marks).is_some()))
        };
        if first.len() < 2 || !(has_numbers(first) || is_close && !has_numbers(second)) {
            return None;
        }
        let mut split = Split::default();
        let record = super::records::Record { line: 0, bytes: names.trim_ascii(), has_quotes: true };
        let row = split.row(record, delimiter);
        let names: Vec<String> = row.cells().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect();
        (names.len() == first.len() && names.iter().all(|name| !name.is_empty())).then_some(names)
    }

    /// Returns the comment lines among the rows. A line that starts with `#` or `%` and has the cells of a row is a comment
    /// only if the first cells of the other rows are numbers: then it is a row that someone took out.
    fn comments(&self, wanted: Comments, delimiter: Delimiter, first_line: u64, width: usize) -> CommentLines {
        match wanted {
            Comments::Never => return CommentLines::default(),
            Comments::Start(byte) => return CommentLines { always: [Some(byte), None], ..CommentLines::default() },
            Comments::Guess => {}
        }
        let mut comments = CommentLines { always: [None; 2], unless_row: [None; 2], width };
        for (index, start) in [b'#', b'%'].into_iter().enumerate() {
            let mut records = self.records(delimiter, CommentLines::default());
            let mut split = Split::default();
            let (mut rows, mut numbers) = (0, 0);
            if records.skip_to(first_line).is_ok() {
                while let Ok(Some(record)) = records.next() {
                    let Some(first) = split.row(record, delimiter).cells().next() else { continue };
                    if !matches!(first, [b'#' | b'%', ..]) {
                        rows += 1;
                        numbers += usize::from(first.is_empty() || parse(first, Marks::PLAIN).is_some());
                    }
                }
            }
            let is_numeric = rows > 0 && rows == numbers;
            comments.always[index] = is_numeric.then_some(start);
            comments.unless_row[index] = (!is_numeric).then_some(start);
        }
        comments
    }

    /// Finds the marks with which most columns are numbers, and those columns.
    fn find_marks(
        &self,
        layout: &mut Layout,
        options: &ReadOptions,
        missing: &Missing,
        [mut records, mut again]: [Records<'a>; 2],
    ) {
        let mut candidates: Vec<Marks> =
            Marks::ALL.into_iter().filter(|marks| allowed(*marks, layout, options)).collect();
        if layout.delimiter == Delimiter::Byte(b';') {
            // Excel separates by semicolons where the comma is the decimal mark: there `1,234` is below 2.
            candidates.sort_by_key(|marks| (*marks != Marks::PLAIN, marks.decimal != ','));
        }
        if candidates.is_empty() {
            let (decimal, thousands) = (options.decimal.unwrap_or('.'), options.thousands);
            candidates.push(Marks { decimal, thousands });
        }
        let all = u8::MAX >> (8 - candidates.len());
        // For each column, a bit for each of the marks with which all cells so far are numbers.
        let mut fitting = vec![all; layout.names.len()];
        let mut has_values = vec![false; layout.names.len()];
        let mut split = Split::default();
        while let Ok(Some(record)) = records.next() {
            let row = split.row(record, layout.delimiter);
            for (column, cell) in row.cells().enumerate().take(fitting.len()) {
                if fitting[column] == 0 || missing.is_empty_number(cell) {
                    continue;
                }
                has_values[column] = true;
                let fits =
                    |&(bit, marks): &(usize, &Marks)| fitting[column] >> bit & 1 == 1 && parse(cell, *marks).is_some();
                fitting[column] = candidates.iter().enumerate().filter(fits).fold(0, |bits, (bit, _)| bits | 1 << bit);
            }
        }
        let numbers = |bit: usize, column: usize| fitting[column] >> bit & 1 == 1 && has_values[column];
        let columns = || 0..fitting.len();
        let count = |bit: usize| columns().filter(|&column| !layout.text[column] && numbers(bit, column)).count();
        let most = (0..candidates.len()).map(count).max().unwrap_or(0);
        let best = (0..candidates.len()).find(|&bit| count(bit) == most).unwrap_or(0);
        let same = |bit: usize| columns().all(|column| !numbers(best, column) || numbers(bit, column));
        let marks = candidates[best];
        layout.alternatives =
            (0..candidates.len()).filter(|&bit| bit != best && same(bit)).map(|bit| candidates[bit]).collect();
        for column in columns() {
            layout.text[column] |= has_values[column] && !numbers(best, column);
        }
        layout.marks = marks;
        // Marks that are found later must not change what is read here.
        while let Ok(Some(record)) = again.next() {
            let row = split.row(record, layout.delimiter);
            for (cell, _) in row.cells().zip(&layout.text).filter(|(_, is_text)| !**is_text) {
                if let Some(value) = parse(cell, marks) {
                    layout.alternatives.retain(|&other| parse(cell, other) == Some(value));
                }
            }
        }
    }
}

/// Returns true if the marks can be tried.
fn allowed(marks: Marks, layout: &Layout, options: &ReadOptions) -> bool {
    let separates = |mark: char| match layout.delimiter {
        Delimiter::Blanks => mark == ' ',
        // With quotes a comma can be inside a cell.
        Delimiter::Byte(byte) => mark == char::from(byte) && byte != b',',
    };
    options.decimal.is_none_or(|decimal| marks.decimal == decimal)
        && options.thousands.is_none_or(|thousands| marks.thousands == Some(thousands))
        && !separates(marks.decimal)
        && marks.thousands.is_none_or(|mark| !separates(mark))
}
