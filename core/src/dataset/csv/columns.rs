//! The columns of a table that a model learns from. A column of numbers is used as it is, and a column of text as a
//! category. Columns that cannot help are left out, with a warning: row numbers, ids, dates, text with too many
//! different values for the number of rows, and columns without values.

use std::collections::HashSet;
use std::fmt;

use super::keys::Keys;
use super::target::mixed_amounts;
use crate::dataset::Error;
use crate::dataset::sheet::{Cells, Column, Delimiter, EMPTY, Kind, Numbers, Sheet, Stranger, Unit};
use crate::spec::nearest;

/// A column of text with at most this many different values is not left out because of them. Among numbers, at most
/// this many different words may be mistakes.
const FEW_VALUES: usize = 5;

/// The use of a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Role {
    Number,
    Category,
    Target,
    /// The groups of the split.
    Group,
    LeftOut(Reason),
}

/// The reason why a column is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The spec says so.
    Dropped,
    /// It contains row numbers.
    RowNumbers,
    /// Its name says that it is an id, and its values are whole numbers that are all different.
    Identifier,
    /// It contains dates.
    Dates,
    /// It is text with `values` different values, more than half as many as its cells that are not empty.
    Text { values: usize },
    /// All of its cells are empty.
    NoValues,
}

impl Role {
    /// Reports whether the column becomes inputs.
    pub fn is_feature(&self) -> bool {
        matches!(self, Role::Number | Role::Category)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Dropped => f.write_str("in `drop`"),
            Reason::RowNumbers => f.write_str("row numbers"),
            Reason::Identifier => f.write_str("an id: a different number in each row"),
            Reason::Dates => f.write_str("dates"),
            Reason::Text { values } => write!(f, "text, {values} different values"),
            Reason::NoValues => f.write_str("empty in every row"),
        }
    }
}

/// Returns the role of each column of the training file.
pub fn roles(sheet: &Sheet, keys: &Keys) -> Result<Vec<Role>, Error> {
    let target = index(sheet, &keys.target)?;
    let group = keys.split.group.as_ref().map(|name| index(sheet, name)).transpose()?;
    let indices = |names: &[String]| names.iter().map(|name| index(sheet, name)).collect::<Result<HashSet<_>, _>>();
    let (dropped, categories) = (indices(&keys.drop)?, indices(&keys.categories)?);
    for (what, at) in [("target", Some(target)), ("group", group)] {
        if let Some(at) = at.filter(|at| dropped.contains(at)) {
            let (file, name) = (&sheet.file, &sheet.columns[at].name);
            return Err(Error(format!("{file}: column `{name}` is the {what} and cannot be dropped")));
        }
    }
    if group == Some(target) {
        return Err(Error(format!("{}: column `{}` cannot be both target and group", sheet.file, keys.target)));
    }
    let role = |(at, column): (usize, &Column)| match at {
        _ if at == target => Ok(Role::Target),
        _ if Some(at) == group => Ok(Role::Group),
        _ if dropped.contains(&at) => Ok(Role::LeftOut(Reason::Dropped)),
        _ if categories.contains(&at) => Ok(Role::Category),
        _ => role_by_cells(sheet, column, keys.max_categories),
    };
    let roles: Vec<Role> = sheet.columns.iter().enumerate().map(role).collect::<Result<_, _>>()?;
    if roles.iter().any(Role::is_feature) {
        return Ok(roles);
    }
    let left_out = roles.iter().zip(&sheet.columns).filter_map(|(role, column)| match role {
        Role::LeftOut(reason) => Some(format!("`{}` ({reason})", column.name)),
        _ => None,
    });
    let left_out: Vec<String> = left_out.collect();
    let rest = if left_out.is_empty() { String::new() } else { format!("; left out: {}", left_out.join(", ")) };
    let hint = match sheet.columns.len() {
        1 => format!("\nthe file is read with {} between cells: is that right?", sheet.found.delimiter),
        _ => String::new(),
    };
    let (file, target) = (&sheet.file, &keys.target);
    Err(Error(format!("{file}: there is no feature column besides the target `{target}`{rest}{hint}")))
}

/// Returns the index of the column `name`.
pub fn index(sheet: &Sheet, name: &str) -> Result<usize, Error> {
    let names = || sheet.columns.iter().map(|column| column.name.as_str());
    names().position(|it| it == name).ok_or_else(|| {
        if let Some(delimiter) = sheet.glued(name) {
            return Error(unseparated(sheet, name, delimiter));
        }
        let near = nearest(name, names()).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        let (file, all) = (&sheet.file, names().collect::<Vec<_>>().join(", "));
        let by_number = by_number(sheet, name);
        Error(format!("{file}: there is no column `{name}`{near}\nthe columns are: {all}{by_number}"))
    })
}

/// Returns a hint if `name` is the number of a column in a file with a header, where columns have names. Otherwise
/// returns an empty text.
fn by_number(sheet: &Sheet, name: &str) -> String {
    let number = name.parse::<usize>().ok().filter(|_| sheet.found.header);
    let column = number.and_then(|number| sheet.columns.get(number.checked_sub(1)?));
    let Some(column) = column else { return String::new() };
    format!(
        "\ncolumns are called by number only with header = false, for a file without a header; with this header, column {name} \
         is called {:?}",
        column.name
    )
}

/// Returns the message for a table that was read as one column. If `delimiter` were the separator, `name` would be one
/// of several columns.
fn unseparated(sheet: &Sheet, name: &str, delimiter: Delimiter) -> String {
    let (file, only, found) = (&sheet.file, &sheet.columns[0].name, sheet.found.delimiter);
    format!(
        "{file}: separated by {found} there is only one column, `{only}`; if `{name}` is a column of its own, write delimiter \
         = {}",
        delimiter.quoted()
    )
}

/// Returns the role of a column that the spec does not name. Returns an error if it is text because of cells that look
/// like mistakes.
fn role_by_cells(sheet: &Sheet, column: &Column, max_categories: usize) -> Result<Role, Error> {
    let (words, codes) = match &column.cells {
        Cells::Numbers(numbers) => return Ok(role_of_numbers(column, numbers)),
        Cells::Text { words, codes } => (words, codes),
    };
    if let Some(stranger) = sheet.stranger(column)
        && is_mistake(sheet, words, &stranger, max_categories)
    {
        let Stranger { row, word, .. } = stranger;
        let (file, line, name) = (&sheet.file, sheet.line(row), &column.name);
        if let Some(unit) = Unit::of(word.as_bytes()) {
            return Err(Error(mixed_amounts(file, line, name, &word, unit)));
        }
        let missing_values = sheet.missing_values(Some(&word), None);
        return Err(Error(format!(
            "{file}:{line}: column `{name}`: `{word}` is not a number, although other cells are\n\
             if it means an empty cell, write {missing_values}; if the column has categories, write categories \
             = [\"{name}\"]; to leave the column out, write drop = [\"{name}\"]"
        )));
    }
    let rows = codes.iter().filter(|&&code| code != EMPTY).count();
    let values = words.len();
    Ok(match column.kind {
        _ if values == 0 => Role::LeftOut(Reason::NoValues),
        Kind::Index => Role::LeftOut(Reason::RowNumbers),
        Kind::Dates => Role::LeftOut(Reason::Dates),
        _ if values > FEW_VALUES && 2 * values > rows => Role::LeftOut(Reason::Text { values }),
        _ => Role::Category,
    })
}

fn role_of_numbers(column: &Column, numbers: &Numbers) -> Role {
    if numbers.iter().all(|number| number.is_nan()) {
        Role::LeftOut(Reason::NoValues)
    } else if column.kind == Kind::Index {
        Role::LeftOut(Reason::RowNumbers)
    } else if column.kind == Kind::Dates {
        Role::LeftOut(Reason::Dates)
    } else if is_identifier(column, numbers) {
        Role::LeftOut(Reason::Identifier)
    } else {
        Role::Number
    }
}

/// Reports whether a column of numbers has the ids of the rows. Its name must be `id`, or end with `_id`, `Id` or
/// similar letters, and its whole numbers must all be different. A table of fewer than 20 rows has no such column,
/// because any numbers may differ in so few rows.
fn is_identifier(column: &Column, numbers: &Numbers) -> bool {
    let letters: String = column.name.chars().filter(|letter| letter.is_alphanumeric()).collect();
    let parted = ["_id", " id", ".id", "-id"].iter().any(|end| column.name.to_lowercase().ends_with(end));
    let is_id = letters.eq_ignore_ascii_case("id") || parted || letters.ends_with("Id") || letters.ends_with("ID");
    if !is_id || numbers.len() < 20 || !numbers.iter().all(|number| number.fract() == 0.0) {
        return false;
    }
    let mut different: Vec<u64> = numbers.iter().map(f64::to_bits).collect();
    different.sort_unstable();
    different.dedup();
    different.len() == numbers.len()
}

/// Reports whether the words in a column of text look like mistakes in a column of numbers. There must be at least as
/// many cells with numbers as with words, and one of these must be true:
///
/// - There are at most [`FEW_VALUES`] different words, and each of them occurs once.
/// - There are at most [`FEW_VALUES`] different words, and more than 20 numbers for each cell with a word.
/// - There are at most [`FEW_VALUES`] different words, and more than `max_categories` different numbers.
/// - There are at least 10 numbers for each cell with a word, and more than `max_categories` different numbers.
fn is_mistake(sheet: &Sheet, words: &[String], stranger: &Stranger, max_categories: usize) -> bool {
    let Stranger { numbers, others, .. } = *stranger;
    let numeric_words = words.iter().filter(|word| sheet.number(word).is_some()).count();
    let other_words = words.len() - numeric_words;
    let too_many = numeric_words > max_categories;
    let few = other_words <= FEW_VALUES && (others == other_words || too_many || 20 * others < numbers);
    numbers >= others && (few || too_many && 10 * others <= numbers)
}
