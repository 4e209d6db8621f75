//! Durations with their unit: `"500 steps"`, `"3 epochs"`, `"10%"`, and for wall time `"30 minutes"`.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::field::Field;
use super::value::{Value, ValueKind};

/// A length of training. One step is one optimizer update.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Duration {
    /// A number of optimizer updates.
    Steps(u64),
    /// A number of passes over the training data. It need not be whole.
    Epochs(f64),
    /// A percentage of the run or, inside a sequence, of the phase.
    Percent(f64),
}

/// The length of a run, or of a phase of a sequence. With it, a [`Duration`] can be converted into steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Horizon {
    /// The steps of one epoch, at least 1.
    pub steps_per_epoch: u64,
    /// The steps of the run or phase.
    pub total_steps: u64,
}

impl Duration {
    /// Returns the duration in steps, rounded to the nearest.
    pub fn steps(self, horizon: Horizon) -> u64 {
        match self {
            Duration::Steps(steps) => steps,
            Duration::Epochs(epochs) => (epochs * horizon.steps_per_epoch as f64).round() as u64,
            Duration::Percent(percent) => (percent / 100.0 * horizon.total_steps as f64).round() as u64,
        }
    }

    /// Returns the message for a text that is nearly a duration. `None` if "expected a duration" says enough.
    fn problem(text: &str) -> Option<String> {
        let (number, unit) = split_unit(text)?;
        match (unit, number.parse::<f64>()) {
            ("step" | "steps", Ok(amount)) if amount.fract() != 0.0 => Some("expected a whole number of steps".into()),
            ("%", Ok(amount)) if amount > 100.0 => Some("expected at most \"100%\"".into()),
            ("s" | "second" | "seconds" | "min" | "minute" | "minutes" | "h" | "hour" | "hours", _) => {
                Some("expected steps, epochs or a percentage; a limit in wall time is set by [limit] time".into())
            }
            _ => None,
        }
    }

    /// Parses a text such as `"500 steps"`. Returns `None` if it is not a duration.
    pub fn parse(text: &str) -> Option<Self> {
        let (number, unit) = split_unit(text)?;
        let number = number.replace('_', "");
        let amount: f64 = number.parse().ok().filter(|amount: &f64| amount.is_finite() && *amount >= 0.0)?;
        match unit {
            "step" | "steps" => number.parse().ok().map(Duration::Steps),
            "epoch" | "epochs" => Some(Duration::Epochs(amount)),
            "%" if amount <= 100.0 => Some(Duration::Percent(amount)),
            _ => None,
        }
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Duration::Steps(steps) => write!(f, "{steps} steps"),
            Duration::Epochs(epochs) => write!(f, "{epochs} epochs"),
            Duration::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

impl Field for Duration {
    fn expects() -> String {
        "a duration such as \"500 steps\", \"3 epochs\" or \"10%\"".into()
    }
    fn read(value: &Value) -> Result<Self, Option<String>> {
        match &value.kind {
            ValueKind::String(text) => Duration::parse(text).ok_or_else(|| Duration::problem(text)),
            ValueKind::Integer(number) => Err(Some(unitless(&number.to_string()))),
            ValueKind::Float(number) => Err(Some(unitless(&number.to_string()))),
            _ => Err(None),
        }
    }
    fn to_toml(&self) -> toml::Value {
        toml::Value::String(self.to_string())
    }
}

/// Returns the message for a duration without a unit.
fn unitless(number: &str) -> String {
    format!("a duration needs its unit: write \"{number} epochs\" or \"{number} steps\"")
}

/// Returns the message for a wall time without a unit.
fn timeless(number: &str) -> String {
    format!("a time needs its unit: write \"{number} minutes\" or \"{number} seconds\"")
}

/// A length of wall time, above 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WallTime {
    pub seconds: f64,
}

impl Field for WallTime {
    fn expects() -> String {
        "a time such as \"90 seconds\", \"30 minutes\" or \"2 hours\"".into()
    }
    fn read(value: &Value) -> Result<Self, Option<String>> {
        let text = match &value.kind {
            ValueKind::String(text) => text,
            ValueKind::Integer(number) => return Err(Some(timeless(&number.to_string()))),
            ValueKind::Float(number) => return Err(Some(timeless(&number.to_string()))),
            _ => return Err(None),
        };
        let (number, unit) = split_unit(text).ok_or(None)?;
        let amount: f64 = number.parse().map_err(|_| None)?;
        let unit_seconds = match unit {
            "s" | "second" | "seconds" => 1.0,
            "min" | "minute" | "minutes" => 60.0,
            "h" | "hour" | "hours" => 3600.0,
            "day" | "days" => 86_400.0,
            _ => return Err(None),
        };
        let seconds = amount * unit_seconds;
        if seconds.is_finite() && seconds > 0.0 { Ok(WallTime { seconds }) } else { Err(None) }
    }
    fn to_toml(&self) -> toml::Value {
        toml::Value::String(format!("{} seconds", self.seconds))
    }
}

/// Splits `"1_000 steps"` into number and unit. Returns `None` if one of them is missing.
fn split_unit(text: &str) -> Option<(&str, &str)> {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '_' | 'e' | '+' | '-')))?;
    // In "3epochs" the `e` belongs to the unit, not to an exponent.
    let end = text[..end].rfind(|c: char| c.is_ascii_digit() || c == '.').map_or(0, |last| last + 1);
    let (number, unit) = text.split_at(end);
    (!number.is_empty()).then(|| (number, unit.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_read_and_written() {
        for (text, duration) in [
            ("500 steps", Duration::Steps(500)),
            ("1 step", Duration::Steps(1)),
            ("10_000 steps", Duration::Steps(10_000)),
            ("3 epochs", Duration::Epochs(3.0)),
            ("3epochs", Duration::Epochs(3.0)),
            ("0.5 epochs", Duration::Epochs(0.5)),
            ("10%", Duration::Percent(10.0)),
            ("2.5 %", Duration::Percent(2.5)),
        ] {
            assert_eq!(Duration::parse(text), Some(duration), "{text}");
            assert_eq!(Duration::parse(&duration.to_string()), Some(duration), "{text}");
        }
        for text in ["", "5", "epochs", "-3 epochs", "1.5 steps", "110%", "3 weeks", "inf epochs", "nan epochs"] {
            assert_eq!(Duration::parse(text), None, "{text}");
        }
    }

    #[test]
    fn durations_become_steps() {
        let horizon = Horizon { total_steps: 1000, steps_per_epoch: 40 };
        assert_eq!(Duration::Epochs(2.5).steps(horizon), 100);
        assert_eq!(Duration::Percent(10.0).steps(horizon), 100);
        assert_eq!(Duration::Steps(7).steps(horizon), 7);
    }
}
