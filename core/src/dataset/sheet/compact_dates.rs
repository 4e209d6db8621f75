//! Dates that are written as numbers: `20240131`, or `202401311020` and `20240131102030` with a time.

use super::Numbers;

/// Parts of a column's name that suggest dates.
const NAMES: [&str; 7] = ["date", "day", "time", "datum", "fecha", "ymd", "dt"];

/// If all numbers of a column can be read as dates, and at least this many are different, they are dates whatever the
/// column is called. Of the numbers from 19000101 to 21001231, one in 27 can be read as a date by chance.
const MANY: usize = 5;

/// Reports whether a column has dates: all of its numbers can be read as dates, and there are at least [`MANY`]
/// different ones or the name suggests dates.
pub fn are_dates(name: &str, numbers: &Numbers) -> bool {
    let mut different = Vec::new();
    for number in numbers.iter().filter(|number| !number.is_nan()) {
        if !is_date(number) {
            return false;
        }
        if different.len() < MANY && !different.contains(&number) {
            different.push(number);
        }
    }
    let name = name.to_lowercase();
    different.len() == MANY || !different.is_empty() && NAMES.iter().any(|part| name.contains(part))
}

fn is_date(number: f64) -> bool {
    if number.fract() != 0.0 || !(1e7..1e14).contains(&number) {
        return false;
    }
    let number = number as u64;
    let (date, time) = match number {
        10_000_000..100_000_000 => (number, 0),
        100_000_000_000..1_000_000_000_000 => (number / 10_000, number % 10_000 * 100),
        10_000_000_000_000..100_000_000_000_000 => (number / 1_000_000, number % 1_000_000),
        _ => return false,
    };
    let (year, month, day) = (date / 10_000, date / 100 % 100, date % 100);
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 => 28 + u64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let is_time = time / 10_000 < 24 && time / 100 % 100 < 60 && time % 100 < 60;
    (1900..=2100).contains(&year) && (1..=12).contains(&month) && (1..=days).contains(&day) && is_time
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_are_dates_are_recognized() {
        for date in [20_240_131.0, 19_000_101.0, 20_240_229.0, 202_401_311_020.0, 20_240_131_102_030.0] {
            assert!(is_date(date), "{date}");
        }
        for other in
            [20_240_132.0, 20_241_301.0, 20_230_229.0, 18_991_231.0, 2024.0, 20_240_131.5, 202_401_312_460.0, -1.0]
        {
            assert!(!is_date(other), "{other}");
        }
        let are = |name: &str, numbers: &[f64]| are_dates(name, &Numbers::Exact(numbers.to_vec()));
        assert!(are("Birth_Date", &[20_240_131.0, f64::NAN]));
        assert!(!are("x", &[20_240_131.0, 20_240_201.0]) && !are("date", &[f64::NAN]));
        assert!(are("x", &[20_240_131.0, 20_240_201.0, 20_240_202.0, 20_240_203.0, 20_240_204.0]));
    }
}
