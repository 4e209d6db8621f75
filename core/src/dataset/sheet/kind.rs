//! The kinds of columns: numbers, text, dates, and row numbers.

use super::compact_dates::are_dates;
use super::{Cells, EMPTY, Numbers};

/// The kind of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Numbers,
    Text,
    /// Text in which every word is a date, with or without a time. Also numbers that are dates, such as 20240131.
    Dates,
    /// Row numbers or row names. A column has them in one of these cases, where a name such as `Unnamed: 0` counts as
    /// none:
    ///
    /// - It has no name or a usual name for row numbers, and its values are 0, 1, 2, … or 1, 2, 3, …, in any order.
    /// - It is the first column, has no name or a name that programs give to row numbers, and its values are different
    ///   whole numbers from 0.
    /// - It is the first column, has no name, and its cells are different words.
    /// - It is called `X` or `X.1`, and its values are 0, 1, 2, … or 1, 2, 3, …, in this order.
    Index,
}

/// The names that programs give to columns of row numbers, in lower case and without other characters than letters and
/// digits. In a first column with such a name, numbers may be missing: if pandas drops rows, the others keep their
/// numbers.
const WRITTEN_NAMES: [&str; 6] = ["index", "level0", "rownames", "rowname", "rowid", "unnamed0"];

/// The names that people give to columns of row numbers, written in the same way.
const USUAL_NAMES: [&str; 24] = [
    "id",
    "idx",
    "row",
    "rows",
    "rowno",
    "rownr",
    "rownum",
    "rownumber",
    "observation",
    "obs",
    "obsno",
    "obsnum",
    "no",
    "nr",
    "sno",
    "srno",
    "slno",
    "serialno",
    "serialnumber",
    "lfdnr",
    "case",
    "caseno",
    "casenumber",
    "caseid",
];

/// Returns the kind of a column. `is_first` is true for the first column of the table.
pub fn kind(name: &str, cells: &Cells, is_first: bool) -> Kind {
    let is_unnamed = name.is_empty() || name.starts_with("Unnamed: ");
    // `S.No` becomes `sno`, `row_id` becomes `rowid`, and `Case No.` becomes `caseno`.
    let plain: String = name.chars().filter(|it| it.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let is_written = is_unnamed || WRITTEN_NAMES.contains(&plain.as_str());
    let may_count = is_written || USUAL_NAMES.contains(&plain.as_str()) || name == "#";
    match cells {
        Cells::Numbers(values) => {
            let is_index = may_count && are_row_numbers(values)
                || is_written && is_first && are_different(values)
                || is_of_r(name) && count_in_order(values);
            match is_index {
                true => Kind::Index,
                false if are_dates(name, values) => Kind::Dates,
                false => Kind::Numbers,
            }
        }
        Cells::Text { words, codes } => {
            let all_different = words.len() == codes.len() && codes.len() > 1;
            if is_unnamed && is_first && all_different && !codes.contains(&EMPTY) {
                Kind::Index
            } else if !words.is_empty() && words.iter().all(|word| is_date(word)) {
                Kind::Dates
            } else {
                Kind::Text
            }
        }
    }
}

/// Returns true for `X`, `X.1`, …: the names that R gives to a column of row numbers when it reads a file that it
/// wrote.
fn is_of_r(name: &str) -> bool {
    name == "X" || name.strip_prefix("X.").is_some_and(|number| number.parse::<u32>().is_ok())
}

/// Returns true if the values are 0, 1, 2, … or 1, 2, 3, …, in this order.
fn count_in_order(numbers: &Numbers) -> bool {
    let first = numbers.iter().next().unwrap_or(f64::NAN);
    let counts = |(row, value): (usize, f64)| value == row as f64 + first;
    numbers.len() > 1 && (first == 0.0 || first == 1.0) && numbers.iter().enumerate().all(counts)
}

/// Returns true if the values are 0, 1, 2, … or 1, 2, 3, …, in any order.
fn are_row_numbers(numbers: &Numbers) -> bool {
    count_in_order(numbers) || {
        let least = numbers.iter().fold(f64::INFINITY, f64::min);
        let most = numbers.iter().fold(f64::NEG_INFINITY, f64::max);
        (least == 0.0 || least == 1.0) && most - least == numbers.len() as f64 - 1.0 && are_different(numbers)
    }
}

/// Returns true if the values are at least two whole numbers from 0, and no two are the same. They may be the numbers
/// of rows after some rows were left out.
fn are_different(numbers: &Numbers) -> bool {
    if numbers.len() < 2 || !numbers.iter().all(|value| value >= 0.0 && value.fract() == 0.0) {
        return false;
    }
    let mut sorted: Vec<u64> = numbers.iter().map(f64::to_bits).collect();
    sorted.sort_unstable();
    sorted.windows(2).all(|pair| pair[0] != pair[1])
}

/// The first letters of the months.
const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
/// The other words in dates and times.
const DATE_WORDS: [&str; 22] = [
    "t",
    "z",
    "utc",
    "gmt",
    "am",
    "pm",
    "a",
    "p",
    "mon",
    "tue",
    "wed",
    "thu",
    "fri",
    "sat",
    "sun",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

/// Returns true if `word` is a date: `2024-01-31`, `31.1.2024`, `1/31/24`, `Jan 31 2024`, `31-Jan-2024`, `2024-01`, `2024Q1`,
/// each optionally followed by a time.
fn is_date(word: &str) -> bool {
    let bytes = word.as_bytes();
    if !(6..=40).contains(&bytes.len()) || !word.is_ascii() {
        return false;
    }
    // A time begins with the last one or two digits before the first colon.
    let date = match word.find(':') {
        None => word,
        Some(colon) => {
            let hour = bytes[..colon].iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
            if !(1..=2).contains(&hour) || !is_time(&word[colon - hour..]) {
                return false;
            }
            &word[..colon - hour]
        }
    };
    let mut numbers: Vec<&str> = Vec::new();
    let mut has_month = false;
    for token in tokens(date) {
        if token.starts_with(|first: char| first.is_ascii_digit()) {
            numbers.push(token);
        } else if token.starts_with(|first: char| first.is_ascii_alphabetic()) {
            let token = token.to_ascii_lowercase();
            match MONTHS.iter().any(|month| is_month(&token, month)) {
                true if has_month => return false,
                true => has_month = true,
                false
                    if DATE_WORDS.contains(&token.as_str())
                        || ["q", "th", "st", "nd", "rd"].contains(&token.as_str()) => {}
                false => return false,
            }
        } else if !matches!(token, "-" | "/" | "." | " " | ", " | "," | ". ") {
            return false;
        }
    }
    let year = |text: &str| text.len() == 4 && ("1000"..="2999").contains(&text);
    let short_year = |text: &str| text.len() == 2 || year(text);
    let within =
        |text: &str, most: u32| text.len() <= 2 && text.parse().is_ok_and(|number: u32| (1..=most).contains(&number));
    match (has_month, numbers.as_slice()) {
        (true, [only]) => year(only),
        (true, [first, second]) => within(first, 31) && short_year(second) || year(first) && within(second, 31),
        (false, [first, second]) => {
            let separated = date.contains(['-', '/', '.', 'Q', 'q']);
            separated && (year(first) && within(second, 12) || within(first, 12) && year(second) && !date.contains('.'))
        }
        (false, [first, second, third]) => {
            year(first) && within(second, 12) && within(third, 31)
                || short_year(third)
                    && (within(first, 12) && within(second, 31) || within(first, 31) && within(second, 12))
        }
        _ => false,
    }
}

/// Returns true if `token` is the name of the month that begins with the letters `short`, in full or shortened.
fn is_month(token: &str, short: &str) -> bool {
    const LONG: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    token == short
        || token == "sept" && short == "sep"
        || LONG.iter().any(|long| *long == token && long.starts_with(short))
}

/// Returns true if `text` is a time of day, with or without a zone.
fn is_time(text: &str) -> bool {
    let pieces: Vec<&str> = tokens(text).collect();
    let digits = pieces.iter().filter(|piece| piece.starts_with(|first: char| first.is_ascii_digit())).count();
    let known = |piece: &&str| {
        let first = piece.as_bytes()[0];
        match first {
            b'0'..=b'9' => true,
            _ if first.is_ascii_alphabetic() => DATE_WORDS.contains(&piece.to_ascii_lowercase().as_str()),
            _ => matches!(*piece, ":" | "." | " " | "+" | "-" | " +" | " -"),
        }
    };
    (2..=6).contains(&digits) && pieces.iter().all(known)
}

/// Splits ASCII text into runs of digits, of letters, and of other characters.
fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let class = |byte: u8| (byte.is_ascii_digit(), byte.is_ascii_alphabetic());
    text.as_bytes().chunk_by(move |a, b| class(*a) == class(*b)).map(|run| std::str::from_utf8(run).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_recognized() {
        for date in [
            "2024-01-31",
            "2024/1/31",
            "31.12.2024",
            "1/31/2024",
            "1/31/24",
            "31-Jan-2024",
            "31-Jan-24",
            "Jan 31 2024",
            "January 31, 2024",
            "Jan 2024",
            "2024-01",
            "01/2024",
            "2024Q1",
            "2024-Q1",
            "2024-01-31 10:20",
            "2024-01-31T10:20:30Z",
            "2024-01-31T10:20:30.123+01:00",
            "1/31/2024 9:05 AM",
            "Wed, 31 Jan 2024",
            "Sat Nov 28 2020",
        ] {
            assert!(is_date(date), "{date}");
        }
        for other in [
            "",
            "male",
            "1.2.3",
            "10.0.0.1",
            "2000-2001",
            "555-12-1234",
            "2024",
            "20240131",
            "March",
            "12:30",
            "May 5",
            "2024-13-01",
            "40.1.2024",
            "A/5 21171",
            "Q1 2024 revised",
            "1-2",
            "192-168-01",
            "1.25.1",
        ] {
            assert!(!is_date(other), "{other}");
        }
    }

    #[test]
    fn row_numbers_are_recognized() {
        let numbers = |name: &str, values: &[f32]| kind(name, &Cells::Numbers(Numbers::Rounded(values.to_vec())), true);
        for (name, values, right) in [
            ("", &[0.0, 1.0, 2.0][..], Kind::Index),
            ("", &[1.0, 2.0, 3.0], Kind::Index),
            ("", &[0.0, 4.0, 2.0], Kind::Index),
            ("ID", &[1.0, 2.0, 3.0], Kind::Index),
            ("Unnamed: 0", &[0.0, 1.0], Kind::Index),
            ("id", &[0.0, 4.0, 2.0], Kind::Numbers),
            ("x", &[1.0, 2.0, 3.0], Kind::Numbers),
            ("S.No", &[1.0, 2.0, 3.0], Kind::Index),
            ("Case No.", &[3.0, 1.0, 2.0], Kind::Index),
            ("#", &[2.0, 1.0, 0.0], Kind::Index),
            ("obs", &[2.0, 1.0, 3.0], Kind::Index),
            ("obs", &[2.0, 1.0, 4.0], Kind::Numbers),
            ("nr", &[2.0, 3.0, 4.0], Kind::Numbers),
            ("no", &[1.0, f32::NAN, 2.0], Kind::Numbers),
            ("no", &[1.0, 3.0, 3.0, 4.0], Kind::Numbers),
            ("index", &[2.0, 0.0, 1.0], Kind::Index),
            ("index", &[20.0, 7.0, 1.0], Kind::Index),
            ("index", &[20.0, 7.5, 1.0], Kind::Numbers),
            ("level_0", &[1.0, 0.0], Kind::Index),
            ("X", &[1.0, 2.0, 3.0], Kind::Index),
            ("X.1", &[0.0, 1.0], Kind::Index),
            ("X", &[2.0, 1.0, 3.0], Kind::Numbers),
            ("x", &[2.0, 1.0, 3.0], Kind::Numbers),
            ("rank", &[2.0, 1.0, 3.0], Kind::Numbers),
            ("", &[0.0, 0.5], Kind::Numbers),
            ("", &[1.0, 1.0], Kind::Numbers),
            ("", &[1.0, f32::NAN], Kind::Numbers),
            ("", &[1.0], Kind::Numbers),
        ] {
            assert_eq!(numbers(name, values), right, "{name} {values:?}");
        }
    }
}
