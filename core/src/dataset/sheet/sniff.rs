//! Finds the separator between cells.

use super::Delimiter;
use super::cells::{Row, Split};
use super::records::CommentLines;
use super::survey::Sample;

/// The number of rows that are looked at.
const ROWS: usize = 200;

/// The fit of a separator to the rows. A greater value is a better fit.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
struct Fit {
    shape: Shape,
    /// The share of the rows that have as many cells as the header.
    rows: f64,
    /// The share of the cells below the header that look like numbers.
    numbers: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
enum Shape {
    /// At least half of the rows have as many cells as the header.
    Some,
    /// All rows have one cell more than the header, as R writes row names.
    RowNames,
    /// All rows have as many cells as the header.
    All,
}

/// Returns the separator that fits the rows from line `first` on best. Returns `None` if there seems to be one column.
pub fn sniff(sample: &Sample<'_>, first: u64) -> Option<Delimiter> {
    let mut best: Option<(Fit, Delimiter)> = None;
    for delimiter in Delimiter::ALL {
        let Some(fit) = fit(sample, first, delimiter) else { continue };
        if best.is_none_or(|(other, _)| fit > other) {
            best = Some((fit, delimiter));
        }
    }
    best.map(|(_, delimiter)| delimiter)
}

/// Returns how well `delimiter` fits the rows from line `first` on. Returns `None` if the header has only one cell, or
/// if fewer than half of the rows fit the header.
fn fit(sample: &Sample<'_>, first: u64, delimiter: Delimiter) -> Option<Fit> {
    let mut records = sample.records(delimiter, CommentLines::default());
    records.skip_to(first).ok()?;
    let mut split = Split::default();
    let header = split.row(records.next().ok()??, delimiter);
    let (width, used) = (header.len(), header.used());
    if width < 2 {
        return None;
    }
    // A line that starts like a comment is one, unless it has as many cells as the header.
    records.comments = CommentLines { always: [None; 2], unless_row: [Some(b'#'), Some(b'%')], width, prose: false };
    let (mut rows, mut fitting, mut shifted, mut cells, mut numbers) = (0, 0, 0, 0, 0);
    // An error ends the loop, because a quote that is not closed in the sample may be closed after it.
    while let Ok(Some(record)) = records.next() {
        let row = split.row(record, delimiter);
        rows += 1;
        fitting += usize::from(fits(row, width, used));
        shifted += usize::from(row.len() == width + 1);
        cells += row.len();
        numbers += row.cells().filter(|cell| looks_like_a_number(cell)).count();
        if rows == ROWS {
            break;
        }
    }
    let shape = match () {
        () if fitting == rows => Shape::All,
        () if shifted == rows => Shape::RowNames,
        () if 2 * fitting >= rows => Shape::Some,
        () => return None,
    };
    let share = |part: usize, all: usize| part as f64 / all.max(1) as f64;
    Some(Fit { shape, rows: share(fitting, rows), numbers: share(numbers, cells) })
}

/// Returns true if a row fits a header of `width` cells whose last name is in cell number `used`. Other numbers of
/// cells are accepted if only empty cells at the end of the row or of the header make the difference.
pub fn fits(row: Row<'_>, width: usize, used: usize) -> bool {
    row.len() == width || (row.len() > width && row.used() <= width) || (row.len() < width && row.len() >= used)
}

fn looks_like_a_number(cell: &[u8]) -> bool {
    cell.iter().any(u8::is_ascii_digit)
        && cell.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b',' | b'e' | b'E'))
}
