//! Finds the decimal mark and the thousands mark.

use super::cells::Split;
use super::layout::Layout;
use super::missing::Missing;
use super::numbers::Rounding;
use super::records::Records;
use super::unit::{Unit, parse_with};
use super::{Delimiter, Marks, ReadOptions};

/// Finds the marks with which most columns are numbers. Writes them to `layout`, with the columns of text and the units
/// of the others. Both readers return the same rows.
pub fn find_marks(
    layout: &mut Layout,
    options: &ReadOptions,
    missing: &Missing,
    [mut records, mut again]: [Records<'_>; 2],
) {
    let mut candidates: Vec<Marks> = Marks::ALL.into_iter().filter(|marks| allowed(*marks, layout, options)).collect();
    if layout.delimiter == Delimiter::Byte(b';') {
        // Excel writes semicolons where the comma is the decimal mark. In such a file, `1,234` is less than 2.
        // A blank or an apostrophe between thousands says nothing about the decimal mark, so a point stays the first
        // choice there: with `1'100` alone, nothing shows commas.
        let is_neutral = |marks: &Marks| matches!(marks.thousands, Some(' ' | '\''));
        candidates.sort_by_key(|marks| (*marks != Marks::PLAIN, marks.decimal != ',' && !is_neutral(marks)));
    }
    if candidates.is_empty() {
        let (decimal, thousands) = (options.decimal.unwrap_or('.'), options.thousands);
        candidates.push(Marks { decimal, thousands });
    }
    let all = u8::MAX >> (8 - candidates.len());
    // For each column, one bit for each candidate. It is 1 if all cells so far are numbers with these marks.
    let mut fitting = vec![all; layout.names.len()];
    let mut has_values = vec![false; layout.names.len()];
    let mut split = Split::default();
    while let Ok(Some(record)) = records.next() {
        let row = split.row(record, layout.delimiter);
        for (column, cell) in row.cells().enumerate().take(fitting.len()) {
            if fitting[column] == 0 || missing.is_empty_number(cell) {
                continue;
            }
            if !has_values[column] {
                // The first cell decides. If others have another unit or none, the column is text.
                layout.units[column] = Unit::of(cell);
                has_values[column] = true;
            }
            let unit = layout.units[column];
            let fits = |&(bit, marks): &(usize, &Marks)| {
                fitting[column] >> bit & 1 == 1 && parse_with(unit, cell, *marks).is_some()
            };
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
    // A later pass may change to other marks. They must give the same numbers here.
    let mut rounding = vec![Rounding::default(); layout.names.len()];
    while let Ok(Some(record)) = again.next() {
        let row = split.row(record, layout.delimiter);
        for (column, cell) in row.cells().enumerate().take(rounding.len()).filter(|(column, _)| !layout.text[*column]) {
            let unit = layout.units[column];
            if let Some(value) = parse_with(unit, cell, marks) {
                layout.alternatives.retain(|&other| parse_with(unit, cell, other) == Some(value));
                rounding[column].add(value);
            }
        }
    }
    for (exact, rounding) in layout.exact.iter_mut().zip(rounding) {
        *exact |= rounding.needs_exact();
    }
}

/// Returns true if the options allow `marks`, and none of them is the separator.
fn allowed(marks: Marks, layout: &Layout, options: &ReadOptions) -> bool {
    let separates = |mark: char| match layout.delimiter {
        Delimiter::Blanks => mark == ' ',
        // A comma can also be inside a cell in quotes.
        Delimiter::Byte(byte) => mark == char::from(byte) && byte != b',',
    };
    options.decimal.is_none_or(|decimal| marks.decimal == decimal)
        && options.thousands.is_none_or(|thousands| marks.thousands == Some(thousands))
        && !separates(marks.decimal)
        && marks.thousands.is_none_or(|mark| !separates(mark))
}
