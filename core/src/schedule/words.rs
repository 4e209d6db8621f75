//! The wording of numbers and durations in [`super::Rule::describe`] and in the reasons of changes.

use super::length::Length;
use crate::spec::Duration;

/// Returns `value` with four significant digits, without trailing zeros: `0.1`, `0.3333`, `12350`.
pub fn number(value: f64) -> String {
    // Rounding to decimal digits goes through text.
    format!("{value:.3e}").parse::<f64>().unwrap_or(value).to_string()
}

/// Returns a duration in words: `1 epoch`, `10 epochs`, `10%`.
pub fn duration(duration: Duration) -> String {
    match duration {
        Duration::Steps(steps) => count(steps, "step"),
        Duration::Epochs(1.0) => count(1, "epoch"),
        Duration::Epochs(epochs) => format!("{} epochs", number(epochs)),
        Duration::Percent(percent) => format!("{}%", number(percent)),
    }
}

/// Returns a moment, to follow the word "at": `epoch 10`, `step 500`, `10%`.
pub fn moment(duration: Duration) -> String {
    match duration {
        Duration::Steps(steps) => format!("step {steps}"),
        Duration::Epochs(epochs) => format!("epoch {}", number(epochs)),
        Duration::Percent(percent) => format!("{}%", number(percent)),
    }
}

/// Returns an interval, to follow the word "every": `epoch`, `10 epochs`, `step`.
pub fn interval(length: Duration) -> String {
    let words = duration(length);
    words.strip_prefix("1 ").map_or(words.clone(), str::to_owned)
}

/// Returns ` over 10 epochs`, to follow the description of a rule. Empty if the length was written as `"100%"`.
pub fn over(length: Length) -> String {
    if length.is_whole() { String::new() } else { format!(" over {}", duration(length.written)) }
}

/// Returns a number with its unit: `1 epoch`, `5 epochs`.
pub fn count(count: u64, unit: &str) -> String {
    if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_short() {
        assert_eq!([0.1, 1.0 / 3.0, 1.0, 1e-5].map(number), ["0.1", "0.3333", "1", "0.00001"]);
        assert_eq!(duration(Duration::Epochs(1.0)), "1 epoch");
        assert_eq!(duration(Duration::Epochs(2.5)), "2.5 epochs");
        assert_eq!(duration(Duration::Steps(1)), "1 step");
        assert_eq!(interval(Duration::Epochs(1.0)), "epoch");
        assert_eq!(interval(Duration::Epochs(10.0)), "10 epochs");
        assert_eq!(moment(Duration::Percent(10.0)), "10%");
    }
}
