//! A CSV file as numbers: features as `f32`, the target column as text still, and for messages the line of each row.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::Error;
use super::open::read_whole;
use crate::spec::nearest;

crate::choice! {
    /// What happens to rows with empty cells.
    pub enum Missing {
        /// They are an error.
        Error = "error",
        /// They are left out.
        Drop = "drop",
    }
}

/// How a file is to be read.
#[derive(Debug)]
pub struct Format {
    pub delimiter: u8,
    /// Name of the target column.
    pub target: String,
    /// Names of columns to leave out.
    pub drop: Vec<String>,
    pub missing: Missing,
}

/// A file, read.
#[derive(Debug)]
pub struct Table {
    /// What messages call the file.
    pub file: String,
    /// Names of the features, in the file's order.
    pub features: Vec<String>,
    /// Row by row.
    pub values: Vec<f32>,
    pub targets: Vec<String>,
    /// Line of each row, from 1.
    pub lines: Vec<u64>,
}

impl Table {
    /// Reads `path`; with `like`, in that table's order of columns, which must be the same.
    pub fn read(path: &Path, format: &Format, like: Option<&Table>) -> Result<Table, Error> {
        Table::parse(&read_whole(path)?, path.display().to_string(), format, like)
    }

    /// Reads a file's `bytes`; `file` is what messages call it.
    pub fn parse(bytes: &[u8], file: String, format: &Format, like: Option<&Table>) -> Result<Table, Error> {
        // A byte order mark would shift what the reader says of places.
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
            (0, _) => Err(Error(format!("{}: no rows are left: all {dropped} have empty cells", table.file))),
            _ => Ok(table),
        }
    }

    /// Adds a row; `false` when it is left out.
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
            return Err(Error(format!("{file}:{line}: the header has {columns} columns, this row {cells}")));
        }
        let used = || columns.features.iter().chain([&columns.target]);
        if let Some(&empty) = used().find(|&&index| record[index].is_empty()) {
            return match missing {
                Missing::Drop => Ok(false),
                Missing::Error => Err(Error(format!(
                    "{file}:{line}: column `{}` is empty; missing = \"drop\" leaves such rows out",
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

/// A finite number that fits in an `f32`.
pub fn number(cell: &str) -> Option<f64> {
    cell.parse::<f64>().ok().filter(|&value| (value as f32).is_finite())
}

/// Which columns are what, by index.
struct Columns {
    features: Vec<usize>,
    target: usize,
}

impl Columns {
    fn find(file: &str, header: &[String], format: &Format, like: Option<&Table>) -> Result<Columns, Error> {
        let mut places = HashMap::new();
        let twice = header.iter().enumerate().find(|&(index, name)| places.insert(name.as_str(), index).is_some());
        if let Some((index, name)) = twice {
            return Err(Error(format!("{file}:1: column {} has the name of an earlier one, `{name}`", index + 1)));
        }
        let index = |name: &str| {
            places.get(name).copied().ok_or_else(|| {
                let near = nearest(name, header.iter().map(String::as_str));
                let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                Error(format!("{file}:1: there is no column `{name}`{near}\nits columns: {}", header.join(", ")))
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
            return Err(Error(format!("{file}:1: no columns are left to learn from, besides `{}`", format.target)));
        }
        Ok(Columns { features, target })
    }
}

/// Counts lines up to where a record begins. The reader's own count is one behind after CR LF and after empty lines: to
/// it, a record begins with whatever line ends are left before it.
struct Lines<'a> {
    text: &'a [u8],
    counted: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line, from 1, of a record that comes after all that were asked for before.
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
