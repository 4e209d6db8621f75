//! The format of a file as it was read, as data and as a line for people.

use std::fmt;

use super::{Delimiter, Marks};

/// The format of a file as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    pub delimiter: Delimiter,
    /// False if the columns are named by their numbers.
    pub header: bool,
    /// A reason to believe that the header is a row of values. `None` if there is none.
    pub header_doubt: Option<HeaderDoubt>,
    /// The name of the encoding: `UTF-8`, `UTF-16LE`, `windows-1252`.
    pub encoding: &'static str,
    pub marks: Marks,
    /// The number of comment lines.
    pub comments: usize,
    /// The number of rows that have separators but no values. They are left out.
    pub blank_rows: usize,
    /// True if the header has no name for the first column, as R writes row names.
    pub row_names: bool,
    /// The number of columns without a name and without values. They are left out.
    pub blank_columns: usize,
    /// The columns that got a new name, because an earlier column has the same name. An empty name counts too.
    pub renamed: Vec<Renamed>,
}

/// A column with a new name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renamed {
    /// The number of the column, from 1.
    pub column: usize,
    /// The name in the file. Empty if there is none.
    pub from: String,
    pub to: String,
}

/// A reason to believe that the header is a row of values. Its text is shown as a warning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderDoubt {
    /// All names are numbers.
    Numbers,
    /// All names are numbers or occur as values in their columns.
    Values,
}

impl fmt::Display for HeaderDoubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self {
            HeaderDoubt::Numbers => "all names in the header are numbers",
            HeaderDoubt::Values => "all names in the header are numbers or values that occur below",
        };
        write!(f, "{why}: if the file has no header, write header = false and name columns by number, from \"1\"")
    }
}

/// Writes a line such as `separated by tabs, decimal commas, windows-1252; 2 comment lines left out`.
impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "separated by {}", self.delimiter)?;
        if !self.header {
            f.write_str(", without a header")?;
        }
        if self.marks.decimal == ',' {
            f.write_str(", decimal commas")?;
        }
        if let Some(mark) = self.marks.thousands {
            let mark = if mark == ' ' { "a blank".into() } else { format!("`{mark}`") };
            write!(f, ", {mark} between thousands")?;
        }
        if self.encoding != "UTF-8" {
            write!(f, ", {}", self.encoding)?;
        }
        let counted = |count: usize, one: &str, more: &str| match count {
            0 => String::new(),
            1 => format!("; 1 {one}"),
            _ => format!("; {count} {more}"),
        };
        f.write_str(&counted(self.comments, "comment line left out", "comment lines left out"))?;
        f.write_str(&counted(self.blank_rows, "row without values", "rows without values"))?;
        f.write_str(&counted(self.blank_columns, "column without name and values", "columns without name and values"))?;
        if self.row_names {
            f.write_str("; the first column has row names")?;
        }
        for Renamed { column, from, to } in self.renamed.iter().take(3) {
            match from.as_str() {
                "" => write!(f, "; column {column} has no name and is called `{to}`")?,
                _ => write!(f, "; column {column} is another `{from}` and is called `{to}`")?,
            }
        }
        if self.renamed.len() > 3 {
            write!(f, "; {} more columns are renamed", self.renamed.len() - 3)?;
        }
        Ok(())
    }
}
