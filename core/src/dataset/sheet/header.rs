//! The names of columns.

use std::collections::{HashMap, HashSet};

use super::found::{HeaderDoubt, Renamed};
use super::number::parse;
use super::{Cells, Column, Marks};

/// Returns unique names for the columns of a header, and the columns that are renamed.
///
/// A second column `x` is called `x.1`, as in R and pandas. The first column without a name keeps the empty name.
/// Further columns without a name are called by their number, from 1.
pub fn unique(header: Vec<String>) -> (Vec<String>, Vec<Renamed>) {
    let mut taken: HashSet<String> = header.iter().cloned().collect();
    let mut last_numbers: HashMap<String, usize> = HashMap::new();
    let mut renamed = Vec::new();
    let mut names = Vec::with_capacity(header.len());
    for (index, from) in header.into_iter().enumerate() {
        let Some(last) = last_numbers.get_mut(&from) else {
            last_numbers.insert(from.clone(), 0);
            names.push(from);
            continue;
        };
        let column = index + 1;
        let base = if from.is_empty() { column.to_string() } else { from.clone() };
        let to = if from.is_empty() && taken.insert(base.clone()) {
            base
        } else {
            loop {
                *last += 1;
                let name = format!("{base}.{last}");
                if taken.insert(name.clone()) {
                    break name;
                }
            }
        };
        names.push(to.clone());
        renamed.push(Renamed { column, from, to });
    }
    (names, renamed)
}

/// Returns the names of `width` columns without a header: their numbers from 1.
pub fn numbered(width: usize) -> Vec<String> {
    (1..=width).map(|number| number.to_string()).collect()
}

/// Returns a reason to believe that the names of `columns` are values. Returns `None` if a name is neither a number nor
/// a value of its column, or if the names are 0, 1, 2, … or 1, 2, 3, …
pub fn doubt(columns: &[Column]) -> Option<HeaderDoubt> {
    let named: Vec<&Column> = columns.iter().filter(|column| !column.name.is_empty()).collect();
    let names: Vec<&str> = named.iter().map(|column| column.name.as_str()).collect();
    let is_number = |name: &str| Marks::ALL.iter().any(|&marks| parse(name.as_bytes(), marks).is_some());
    let is_value = |column: &Column| match &column.cells {
        Cells::Numbers(_) => is_number(&column.name),
        Cells::Text { words, .. } => words.contains(&column.name),
    };
    if names.is_empty() || count_columns(&names) {
        None
    } else if names.iter().all(|name| is_number(name)) {
        Some(HeaderDoubt::Numbers)
    } else if named.iter().all(|column| is_number(&column.name) || is_value(column)) {
        Some(HeaderDoubt::Values)
    } else {
        None
    }
}

/// Returns true if the names are 0, 1, 2, … or 1, 2, 3, …: pandas names the columns of an array by their numbers.
fn count_columns(names: &[&str]) -> bool {
    [0, 1].iter().any(|first| names.iter().enumerate().all(|(index, name)| *name == (first + index).to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(header: &[&str]) -> Vec<String> {
        unique(header.iter().map(|&name| name.to_owned()).collect()).0
    }

    #[test]
    fn duplicate_names_are_numbered() {
        assert_eq!(names(&["x", "y", "x", "x"]), ["x", "y", "x.1", "x.2"]);
        assert_eq!(names(&["x", "x.1", "x"]), ["x", "x.1", "x.2"]);
        assert_eq!(names(&["x", "x", "x.1"]), ["x", "x.2", "x.1"]);
        assert_eq!(names(&["", "a", "", ""]), ["", "a", "3", "4"]);
        assert_eq!(names(&["", "2"]), ["", "2"]);
        assert_eq!(names(&["3", "", ""]), ["3", "", "3.1"]);
    }

    #[test]
    fn counted_columns_are_recognized() {
        assert!(count_columns(&["0", "1", "2"]) && count_columns(&["1", "2"]));
        assert!(!count_columns(&["1", "3"]) && !count_columns(&["5.1", "3.5"]));
    }
}
