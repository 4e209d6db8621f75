//! Parses numbers as people write them: with a decimal point or comma, and with marks between groups of three digits.

/// The marks inside numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marks {
    /// `.` or `,`.
    pub decimal: char,
    /// The mark between groups of three digits: `,`, `.`, `'` or a blank. `None` if there is none. A blank can also be
    /// a non-breaking or thin one.
    pub thousands: Option<char>,
}

impl Marks {
    /// The marks of `1234.5`.
    pub const PLAIN: Marks = Marks { decimal: '.', thousands: None };

    /// The marks that are tried when the format is unknown. With a thousands mark, all numbers without one are accepted
    /// too.
    pub(super) const ALL: [Marks; 8] = [
        Marks::PLAIN,
        Marks { decimal: '.', thousands: Some(',') },
        Marks { decimal: ',', thousands: None },
        Marks { decimal: ',', thousands: Some('.') },
        Marks { decimal: '.', thousands: Some(' ') },
        Marks { decimal: ',', thousands: Some(' ') },
        Marks { decimal: '.', thousands: Some('\'') },
        Marks { decimal: ',', thousands: Some('\'') },
    ];
}

/// The powers of ten that `f64` holds exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// Parses a number. `cell` has no blanks around it. Returns `None` if it is not a number that is finite as `f32`, as
/// for `inf` and `1e60`.
pub fn parse(cell: &[u8], marks: Marks) -> Option<f64> {
    quick(cell, marks.decimal as u8).or_else(|| slow(cell, marks)).filter(|&value| (value as f32).is_finite())
}

/// Parses at most 19 digits and decimal marks, if the digits make a whole number up to 2⁵³. The result is exactly what
/// `f64::from_str` returns, since both the digits and the power of ten are exact and division rounds once. Returns
/// `None` for all other cells, which [`slow`] has to parse.
fn quick(cell: &[u8], decimal: u8) -> Option<f64> {
    let (negative, digits) = match cell {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || digits.len() > 19 {
        return None;
    }
    let mut mantissa = 0u64;
    let mut fraction = None;
    for (index, &byte) in digits.iter().enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit < 10 {
            mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit));
        } else if byte == decimal && fraction.is_none() {
            fraction = Some(digits.len() - index - 1);
        } else {
            return None;
        }
    }
    let lone_mark = fraction.is_some() && digits.len() == 1;
    if lone_mark || mantissa > 1 << 53 {
        return None;
    }
    let value = mantissa as f64 / POWERS[fraction.unwrap_or(0)];
    Some(if negative { -value } else { value })
}

/// Parses any number.
fn slow(cell: &[u8], marks: Marks) -> Option<f64> {
    let text = std::str::from_utf8(cell).ok()?;
    let is_plain = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E');
    if marks.decimal == '.' && cell.iter().all(is_plain) {
        return text.parse().ok();
    }
    // Wikipedia and spreadsheets write the minus sign as U+2212.
    let (sign, rest) = match text.strip_prefix(['-', '\u{2212}']) {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (digits, exponent) = match rest.find(['e', 'E']) {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let (whole, fraction) = match digits.split_once(marks.decimal) {
        Some((whole, fraction)) => (whole, fraction),
        None => (digits, ""),
    };
    let whole = ungrouped(whole, marks.thousands)?;
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let exponent_is_plain = exponent.bytes().all(|byte| is_plain(&byte) && byte != b'.');
    if !all_digits(&whole) || !all_digits(fraction) || !exponent_is_plain || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    format!("{sign}{whole}.{fraction}{exponent}").parse().ok()
}

/// Returns the shortest spelling of a whole number: without `+`, leading zeros, thousands marks and a fraction of
/// zeros. `-07.0` becomes `-7`. Numbers of any length stay exact. Returns `None` for other words, and for numbers with
/// an exponent.
pub fn whole(word: &str, marks: Marks) -> Option<String> {
    let (sign, digits) = match word.strip_prefix(['-', '\u{2212}']) {
        Some(digits) => ("-", digits),
        None => ("", word.strip_prefix('+').unwrap_or(word)),
    };
    let (digits, fraction) = digits.split_once(marks.decimal).unwrap_or((digits, ""));
    let digits = ungrouped(digits, marks.thousands)?;
    let are_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !are_digits || !fraction.bytes().all(|byte| byte == b'0') {
        return None;
    }
    match digits.trim_start_matches('0') {
        "" => Some("0".to_owned()),
        digits => Some(format!("{sign}{digits}")),
    }
}

/// Returns the digits of `whole` without thousands marks. Returns `None` if a group does not have three digits.
fn ungrouped(whole: &str, thousands: Option<char>) -> Option<String> {
    let is_mark = |mark: char| match thousands {
        Some(' ') => matches!(mark, ' ' | '\u{a0}' | '\u{2009}' | '\u{202f}'),
        Some('\'') => matches!(mark, '\'' | '\u{2019}'),
        other => other == Some(mark),
    };
    let mut groups = whole.split(is_mark);
    let first = groups.next().unwrap_or_default();
    let others: Vec<&str> = groups.collect();
    let grouped = !others.is_empty();
    if grouped && (first.is_empty() || first.len() > 3 || first.starts_with('0')) {
        return None;
    }
    if others.iter().any(|group| group.len() != 3) {
        return None;
    }
    Some([first].into_iter().chain(others).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_numbers_are_what_the_standard_library_reads() {
        for cell in [
            "0",
            "-0",
            "+7",
            "007",
            "1.",
            ".5",
            "-.5",
            "3.14",
            "1e3",
            "1E-3",
            "-2.5e+2",
            "9007199254740993",
            "123456789.123456789",
            "0.1234567890123456789",
            "0.30000000000000004",
            "18446744073709551616",
            "99999999999999999999",
            "1e-60",
            "3.4e38",
        ] {
            let right: f64 = cell.parse().unwrap();
            assert_eq!(parse(cell.as_bytes(), Marks::PLAIN).map(f64::to_bits), Some(right.to_bits()), "{cell}");
        }
    }

    #[test]
    fn words_and_halves_of_numbers_are_not_numbers() {
        for cell in [
            "", ".", "-", "+", "e5", "1e", "--1", "1-2", "1.2.3", "inf", "nan", "infinity", "0x10", "1 2", "1,5",
            "1e60", "é",
        ] {
            assert_eq!(parse(cell.as_bytes(), Marks::PLAIN), None, "{cell}");
        }
        assert_eq!(parse(b"\xff1", Marks::PLAIN), None);
    }

    #[test]
    fn marks_are_read() {
        let marks = |decimal, thousands| Marks { decimal, thousands };
        for (cell, marks, value) in [
            ("3,25", marks(',', None), 3.25),
            ("-0,5", marks(',', None), -0.5),
            ("1,5e3", marks(',', None), 1500.0),
            ("0,12345678901234567", marks(',', None), 0.12345678901234567),
            ("250,000", marks('.', Some(',')), 250_000.0),
            ("-1,234,567.25", marks('.', Some(',')), -1_234_567.25),
            ("1234.5", marks('.', Some(',')), 1234.5),
            ("1.234.567,25", marks(',', Some('.')), 1_234_567.25),
            ("1 234", marks('.', Some(' ')), 1234.0),
            ("1\u{a0}234,5", marks(',', Some(' ')), 1234.5),
            ("1'234.5", marks('.', Some('\'')), 1234.5),
            ("1\u{2019}234", marks('.', Some('\'')), 1234.0),
            ("\u{2212}3", Marks::PLAIN, -3.0),
        ] {
            assert_eq!(parse(cell.as_bytes(), marks), Some(value), "{cell} {marks:?}");
        }
        for (cell, marks) in [
            ("25,00", marks('.', Some(','))),
            ("0,250", marks('.', Some(','))),
            ("1234,567", marks('.', Some(','))),
            (",250", marks('.', Some(','))),
            ("1.5,000", marks('.', Some(','))),
            ("1,,000", marks('.', Some(','))),
            ("3.14", marks(',', None)),
            ("3,1,4", marks(',', None)),
            (",", marks(',', None)),
        ] {
            assert_eq!(parse(cell.as_bytes(), marks), None, "{cell} {marks:?}");
        }
    }
}
