//! Units of numbers: `$1,200`, `5 €`, `7%`.

use super::Marks;
use super::number::parse;

/// A unit that all numbers of a column have: a percent sign, or the sign or the letters of a currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit(&'static str);

/// The units that are recognized, before or after a number. `US$` and `R$` come before `$`, with which they end.
const UNITS: [&str; 21] = [
    "%", "US$", "R$", "$", "€", "£", "¥", "₹", "₩", "₽", "₺", "₪", "₫", "฿", "₴", "USD", "EUR", "GBP", "CHF", "JPY",
    "kr",
];

/// Cells of a column of text in which at least half of the cells are amounts, such as `$5` or `7%`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amounts {
    /// The first amount.
    pub amount: String,
    /// The first cell that is not an amount in the same unit. `None` if there is none.
    pub other: Option<String>,
}

impl Unit {
    pub const PERCENT: Unit = Unit("%");

    /// Returns the unit as it is written in cells.
    pub fn symbol(self) -> &'static str {
        self.0
    }

    /// Returns the unit of a cell. Returns `None` if it is not a number with a unit in any of the usual marks.
    pub fn of(cell: &[u8]) -> Option<Unit> {
        let (unit, _, number) = split(cell)?;
        Marks::ALL.iter().any(|&marks| parse(number.as_bytes(), marks).is_some()).then_some(unit)
    }
}

/// Parses a number with the unit `unit`, or a number without a unit if that is `None`. `7%` is 7. Returns `None` for
/// all other cells.
#[inline]
pub fn parse_with(unit: Option<Unit>, cell: &[u8], marks: Marks) -> Option<f64> {
    let Some(unit) = unit else { return parse(cell, marks) };
    let (found, is_negative, number) = split(cell)?;
    let value = parse(number.as_bytes(), marks).filter(|_| found == unit)?;
    Some(if is_negative { -value } else { value })
}

/// Splits an amount. Returns its unit, whether it is negative by a sign before the unit or by brackets, and its number.
/// Returns `None` if the cell has no unit.
fn split(cell: &[u8]) -> Option<(Unit, bool, &str)> {
    let text = std::str::from_utf8(cell).ok()?;
    // Accountants write a negative amount in brackets.
    let in_brackets = text.strip_prefix('(').and_then(|text| text.strip_suffix(')'));
    let negative = in_brackets.or_else(|| text.strip_prefix(['-', '\u{2212}']));
    let rest = negative.or_else(|| text.strip_prefix('+')).unwrap_or(text).trim();
    let number = |unit: &&'static str| rest.strip_prefix(*unit).or_else(|| rest.strip_suffix(*unit)).map(str::trim);
    let (unit, number) = UNITS.iter().find_map(|unit| Some((*unit, number(unit)?)))?;
    let has_two_signs = rest.len() < text.len() && number.starts_with(['-', '+', '\u{2212}']);
    (!has_two_signs).then_some((Unit(unit), negative.is_some(), number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_parsed() {
        let euro = Marks { decimal: ',', thousands: Some('.') };
        let dollar = Marks { decimal: '.', thousands: Some(',') };
        for (cell, marks, unit, value) in [
            ("7%", Marks::PLAIN, "%", 7.0),
            ("-0.5 %", Marks::PLAIN, "%", -0.5),
            ("$1,200.50", dollar, "$", 1200.5),
            ("-$5", dollar, "$", -5.0),
            ("$-5", dollar, "$", -5.0),
            ("($5)", dollar, "$", -5.0),
            ("US$ 3", dollar, "US$", 3.0),
            ("3 US$", dollar, "US$", 3.0),
            ("1.200,50 €", euro, "€", 1200.5),
            ("CHF 7", euro, "CHF", 7.0),
        ] {
            let found = Unit::of(cell.as_bytes());
            assert_eq!(found, Some(Unit(unit)), "{cell}");
            assert_eq!(parse_with(found, cell.as_bytes(), marks), Some(value), "{cell}");
            assert_eq!(parse_with(Some(Unit("£")), cell.as_bytes(), marks), None, "{cell}");
        }
        for cell in ["", "%", "$", "7", "-$-5", "$5 off", "5-10%", "<5%", "$x", "-5", "(5)"] {
            assert_eq!(Unit::of(cell.as_bytes()), None, "{cell}");
        }
    }
}
