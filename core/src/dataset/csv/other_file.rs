//! Reads a further file with the columns of the training file: the test part, or new rows to predict.

use std::path::Path;

use crate::dataset::sheet::{ReadOptions, Sheet};
use crate::dataset::{Coding, ColumnKind, Error};

/// Reads the file at `path`, which should have the columns `wanted`. `format` names the separator of the training file
/// if the spec does, as every resolved spec does. If columns are missing with this separator, it is detected from the
/// file.
pub fn read_other(path: &Path, format: &ReadOptions, wanted: &[&str]) -> Result<Sheet, Error> {
    let read = |delimiter| Sheet::read(path, &ReadOptions { delimiter, ..format.clone() });
    let found = |sheet: &Sheet| wanted.iter().filter(|name| sheet.column(name).is_some()).count();
    let has_all = |sheet: &Sheet| found(sheet) == wanted.len();
    let first = read(format.delimiter);
    if first.as_ref().is_ok_and(has_all) {
        return first;
    }
    let best = match (first, format.delimiter.map(|_| read(None))) {
        (first, None | Some(Err(_))) => first,
        (Ok(first), Some(Ok(own))) if found(&first) >= found(&own) => Ok(first),
        (_, Some(own)) => own,
    };
    // Some separators, such as `:`, are found only by the names of the columns.
    let glued = best.as_ref().ok().and_then(|sheet| wanted.iter().find_map(|name| sheet.glued(name)));
    match glued.map(|delimiter| read(Some(delimiter))) {
        Some(Ok(sheet)) if has_all(&sheet) => Ok(sheet),
        _ => best,
    }
}

/// Reads the file at `path` with new rows for `coding`. In a file without a header, columns are named by their numbers.
/// If such a file lacks the target column, the columns behind it are named as if it were there. A file
/// with any other number of columns is refused, because numbers would name the wrong columns.
pub fn read_new(path: &Path, format: &ReadOptions, coding: &Coding) -> Result<Sheet, Error> {
    let names = |wanted: fn(&ColumnKind) -> bool| -> Vec<String> {
        coding.columns.iter().filter(|column| wanted(&column.kind)).map(|column| column.name.clone()).collect()
    };
    let text_columns = names(|kind| matches!(kind, ColumnKind::Category { .. }));
    let exact_columns = names(|kind| matches!(*kind, ColumnKind::Number { offset, .. } if offset != 0.0));
    let wanted: Vec<&str> = coding.columns.iter().map(|column| column.name.as_str()).collect();
    let read = |text_columns, exact_columns| {
        read_other(path, &ReadOptions { text_columns, exact_columns, ..format.clone() }, &wanted)
    };
    let sheet = read(text_columns.clone(), exact_columns.clone())?;
    check_width(&sheet, coding.numbered)?;
    let target = coding.target.name.parse::<usize>().ok().filter(|_| !sheet.found.header);
    let Some(target) = target.filter(|_| coding.numbered > 1 && sheet.width == coding.numbered - 1) else {
        return Ok(sheet);
    };
    let moved = |name: String| match name.parse::<usize>() {
        Ok(number) if number > target => (number - 1).to_string(),
        _ => name,
    };
    let all_moved = |names: Vec<String>| names.into_iter().map(moved).collect();
    let mut sheet = read(all_moved(text_columns), all_moved(exact_columns))?;
    sheet.make_room(target);
    Ok(sheet)
}

/// Returns an error if `sheet` has no header and neither `numbered` columns nor one less. 0 stands for a training file
/// with a header.
fn check_width(sheet: &Sheet, numbered: usize) -> Result<(), Error> {
    let is_right = sheet.width == numbered || sheet.width + 1 == numbered;
    if sheet.found.header || numbered == 0 || is_right {
        return Ok(());
    }
    let (file, width, delimiter, without) = (&sheet.file, sheet.width, sheet.found.delimiter, numbered - 1);
    let columns = if width == 1 { "column" } else { "columns" };
    Err(Error(format!(
        "{file}: {width} {columns}, separated by {delimiter}, but the training file has {numbered}\n\
         columns without a header are known by their numbers: expected {numbered} columns, or {without} without the \
         target"
    )))
}
