//! Parsing a CSV file: features as `f32`, the target column as text, and the line of each row for messages.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::Error;
use super::open::read_whole;
use crate::spec::nearest;

crate::choice! {
    /// The treatment of rows with empty cells.
    pub enum Missing {
        /// They are an error.
        Error = "error",
        /// They are left out.
        Drop = "drop",
    }
}

/// The format of a file.
#[derive(Debug)]
pub struct Format {
    pub delimiter: u8,
    /// The name of the target column.
    pub target: String,
    /// The names of columns to leave out.
    pub drop: Vec<String>,
    pub missing: Missing,
}

/// A parsed file.
#[derive(Debug)]
pub struct Table {
    /// The name of the file in messages.
    pub file: String,
    /// The names of the feature columns, in the file's order.
    pub features: Vec<String>,
    /// The features, row by row.
    pub values: Vec<f32>,
    pub targets: Vec<String>,
    /// The line of each row, from 1.
    pub lines: Vec<u64>,
}

impl Table {
    /// Reads `path`. If there is a table `like`, the columns must be the same, and are put in its order.
    pub fn read(path: &Path, format: &Format, like: Option<&Table>) -> Result<Table, Error> {
        Table::parse(&read_whole(path)?, path.display().to_string(), format, like)
    }

    /// Parses the `bytes` of a file. `file` is its name in messages.
    pub fn parse(bytes: &[u8], file: String, format: &Format, like: Option<&Table>) -> Result<Table, Error> {
        // With a byte order mark the positions that the reader reports would be off.
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut lines = Lines { text, counted: 0, line: 1 };
        let mut reader = ::csv::ReaderBuilder::new()
            .delimiter(format.delimiter)
            .flexible(true)
            .trim(::csv::Trim::All)
            .from_reader(text);
        let header: Vec<String> =
            reader.headers().map_err(|error| lines.unreadable(&file, &error))?.iter().map(str::to_owned).collect();
        let columns = Columns::find(&file, &header, format, like)?;
        let features = columns.features.iter().map(|&index| header[index].clone()).collect();
        let mut table = Table { file, features, values: Vec::new(), targets: Vec::new(), lines: Vec::new() };
        let mut record = ::csv::StringRecord::new();
        let mut dropped = 0;
        while reader.read_record(&mut record).map_err(|error| lines.unreadable(&table.file, &error))? {
            let line = lines.of(record.position());
            match table.take(&record, line, &header, &columns, format.missing)? {
                true => {}
                false => dropped += 1,
            }
        }
        match (table.targets.len(), dropped) {
            (0, 0) => Err(Error(format!("{}: there are no rows after the header", table.file))),
            (0, _) => {
                Err(Error(format!("{}: there are no rows without empty cells ({dropped} rows have some)", table.file)))
            }
            _ => Ok(table),
        }
    }

    /// Adds a row. Returns false if it is left out.
    fn take(
        &mut self,
        record: &::csv::StringRecord,
        line: u64,
        header: &[String],
        columns: &Columns,
        missing: Missing,
    ) -> Result<bool, Error> {
        let file = &self.file;
        if record.len() != header.len() {
            let (cells, columns) = (record.len(), header.len());
            return Err(Error(format!("{file}:{line}: the header has {columns} columns, but this row has {cells}")));
        }
        let used = || columns.features.iter().chain([&columns.target]);
        if let Some(&empty) = used().find(|&&index| record[index].is_empty()) {
            return match missing {
                Missing::Drop => Ok(false),
                Missing::Error => Err(Error(format!(
                    "{file}:{line}: column `{}` is empty; missing = \"drop\" leaves out such rows",
                    header[empty]
                ))),
            };
        }
        for &index in &columns.features {
            let value = number(&record[index]).ok_or_else(|| {
                let (name, cell) = (&header[index], &record[index]);
                let help = format!("columns of text can be left out: drop = [\"{name}\"]");
                Error(format!("{file}:{line}: column `{name}`: `{cell}` is not a number; {help}"))
            })?;
            self.values.push(value as f32);
        }
        self.targets.push(record[columns.target].to_owned());
        self.lines.push(line);
        Ok(true)
    }
}

/// Parses a number. Returns `None` if it is not finite as `f32`.
pub fn number(cell: &str) -> Option<f64> {
    cell.parse::<f64>().ok().filter(|&value| (value as f32).is_finite())
}

/// The indices of the columns.
struct Columns {
    features: Vec<usize>,
    target: usize,
}

impl Columns {
    fn find(file: &str, header: &[String], format: &Format, like: Option<&Table>) -> Result<Columns, Error> {
        let mut places = HashMap::new();
        let twice = header.iter().enumerate().find(|&(index, name)| places.insert(name.as_str(), index).is_some());
        if let Some((index, name)) = twice {
            return Err(Error(format!("{file}:1: column {} has the same name as an earlier one, `{name}`", index + 1)));
        }
        let index = |name: &str| {
            places.get(name).copied().ok_or_else(|| {
                let near = nearest(name, header.iter().map(String::as_str));
                let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                Error(format!("{file}:1: there is no column `{name}`{near}\nthe columns are: {}", header.join(", ")))
            })
        };
        let target = index(&format.target)?;
        let dropped: Vec<usize> = format.drop.iter().map(|name| index(name)).collect::<Result<_, _>>()?;
        if dropped.contains(&target) {
            return Err(Error(format!("{file}:1: column `{}` is the target and cannot be dropped", format.target)));
        }
        let dropped: HashSet<usize> = dropped.into_iter().collect();
        let mut features: Vec<usize> =
            (0..header.len()).filter(|index| *index != target && !dropped.contains(index)).collect();
        if let Some(like) = like {
            let known: HashSet<&str> = like.features.iter().map(String::as_str).collect();
            if let Some(extra) = features.iter().find(|&&index| !known.contains(header[index].as_str())) {
                return Err(Error(format!("{file}:1: column `{}` is not in {}", header[*extra], like.file)));
            }
            features = like.features.iter().map(|name| index(name)).collect::<Result<_, _>>()?;
        }
        if features.is_empty() {
            return Err(Error(format!("{file}:1: there is no feature column besides the target `{}`", format.target)));
        }
        Ok(Columns { features, target })
    }
}

/// Counts the lines before a record. The reader's own count is too small after CR LF and after empty lines, because it
/// counts the remaining line ends as part of the next record.
struct Lines<'a> {
    text: &'a [u8],
    counted: usize,
    line: u64,
}

impl Lines<'_> {
    /// Returns the line, from 1, of a record. Records must be asked for in order.
    fn of(&mut self, position: Option<&::csv::Position>) -> u64 {
        let start = position.and_then(|position| usize::try_from(position.byte()).ok()).unwrap_or(0);
        let start = start.clamp(self.counted, self.text.len());
        let ends = self.text[start..].iter().take_while(|&&byte| byte == b'\r' || byte == b'\n').count();
        self.line += self.text[self.counted..start + ends].iter().filter(|&&byte| byte == b'\n').count() as u64;
        self.counted = start + ends;
        self.line
    }

    fn unreadable(&mut self, file: &str, error: &::csv::Error) -> Error {
        match error.kind() {
            ::csv::ErrorKind::Utf8 { pos, .. } => {
                Error(format!("{file}:{}: the text is not UTF-8", self.of(pos.as_ref())))
            }
            _ => Error(format!("{file}: {error}")),
        }
    }
}
