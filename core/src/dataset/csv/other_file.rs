//! Reading a further file with the columns of the training file: the test part, or new rows to predict.

use std::path::Path;

use crate::dataset::Error;
use crate::dataset::sheet::{ReadOptions, Sheet};

/// Reads the file at `path`, which should have the columns `wanted`. `format` has the separator of the training file, which
/// a resolved spec always names. If columns are missing with it, the separator is detected from this file.
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
    // Separators that are not detected, such as `:`.
    let glued = best.as_ref().ok().and_then(|sheet| wanted.iter().find_map(|name| sheet.glued(name)));
    match glued.map(|delimiter| read(Some(delimiter))) {
        Some(Ok(sheet)) if has_all(&sheet) => Ok(sheet),
        _ => best,
    }
}
