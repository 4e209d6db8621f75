//! The dates and times of a run, in UTC.

use std::time::{SystemTime, UNIX_EPOCH};

/// Returns the current date and time in the format of RFC 3339: `2026-11-28T04:05:06Z`.
pub fn now() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    date(since.as_secs())
}

/// Returns the date and time `seconds` after the beginning of 1970.
fn date(seconds: u64) -> String {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Years begin in March here, so that a leap day is the last day of its year. An era has 400 years.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) = (400 * era + year, if month < 10 { month + 3 } else { month - 9 });
    let year = year + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60)
}

/// Returns the seconds from the beginning of 1970 to `date`, a text such as `2026-11-28T04:05:06Z`. `None` if it is
/// something else.
pub fn seconds_since_1970(date: &str) -> Option<u64> {
    let moment: toml::value::Datetime = date.parse().ok()?;
    let (day, time) = (moment.date?, moment.time?);
    let (month, year) = match day.month {
        month @ 3.. => (u64::from(month) - 3, u64::from(day.year)),
        month => (u64::from(month) + 9, u64::from(day.year).checked_sub(1)?),
    };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + u64::from(day.day) - 1;
    let second = 3600 * u64::from(time.hour) + 60 * u64::from(time.minute) + u64::from(time.second.unwrap_or(0));
    Some(days.checked_sub(719_468)? * 86_400 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected texts are those of `date -u -d @SECONDS`.
    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (68_169_599, "1972-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_799, "2000-02-29T23:59:59Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (1_795_838_706, "2026-11-28T04:05:06Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(date(seconds), expected);
            assert_eq!(seconds_since_1970(expected), Some(seconds));
        }
        assert!(now().starts_with("20") && now().len() == 20);
        assert_eq!(seconds_since_1970("yesterday"), None);
    }
}
