//! Numbers and durations as [`super::Rule::describe`] and reasons word them.

use super::length::Length;
use crate::spec::Duration;

/// `value` to four significant digits, without the zeros that say nothing: `0.1`, `0.3333`, `12350`.
pub fn number(value: f64) -> String {
    // Through text, because that is where decimal digits are.
    format!("{value:.3e}").parse::<f64>().unwrap_or(value).to_string()
}

/// `1 epoch`, `10 epochs`, `10%`.
pub fn duration(duration: Duration) -> String {
    match duration {
        Duration::Steps(steps) => count(steps, "step"),
        Duration::Epochs(1.0) => count(1, "epoch"),
        Duration::Epochs(epochs) => format!("{} epochs", number(epochs)),
        Duration::Percent(percent) => format!("{}%", number(percent)),
    }
}

/// To follow "at": `epoch 10`, `step 500`, `10%`.
pub fn moment(duration: Duration) -> String {
    match duration {
        Duration::Steps(steps) => format!("step {steps}"),
        Duration::Epochs(epochs) => format!("epoch {}", number(epochs)),
        Duration::Percent(percent) => format!("{}%", number(percent)),
    }
}

/// To follow "every": `epoch`, `10 epochs`, `step`.
pub fn interval(length: Duration) -> String {
    let words = duration(length);
    words.strip_prefix("1 ").map_or(words.clone(), str::to_owned)
}

/// To follow what a rule does: ` over 10 epochs`, and nothing where it is the whole.
pub fn over(length: Length) -> String {
    if length.is_whole() { String::new() } else { format!(" over {}", duration(length.written)) }
}

/// `1 epoch`, `5 epochs`.
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
