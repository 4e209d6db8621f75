//! Suggestions for a value that a key cannot have. They show the value that the author probably meant.

use super::section::shown;
use super::value::{Place, Value, ValueKind};

/// Returns the assignment that the author of `key = value` probably meant, such as `accuracy = 0.95` for
/// `accuracy = 95`. `accepts` returns whether the key can have a value. `None` if there is no suggestion.
pub fn meant(key: &str, value: &Value, accepts: &dyn Fn(&Value) -> bool) -> Option<String> {
    let is_accepted = |kind: ValueKind| accepts(&Value { kind, place: value.place.clone() });
    let is_fraction = || {
        let reads = |number: f64| is_accepted(ValueKind::Float(number));
        reads(0.5) && reads(0.999) && !reads(2.0)
    };
    let accepted = |kind: ValueKind| {
        let value = Value { kind, place: value.place.clone() };
        accepts(&value).then(|| format!("{key} = {}", shown(&value).replace('`', "")))
    };
    match &value.kind {
        ValueKind::String(text) => in_text(key, text, &value.place, accepted),
        // The number is a percentage if it is above 1, because 1 itself is a fraction.
        ValueKind::Integer(number @ 2..=100) => accepted(ValueKind::Float(hundredth(*number as f64)))
            .filter(|_| is_fraction())
            .or_else(|| accepted(ValueKind::Array(vec![value.clone()]))),
        ValueKind::Float(number) if *number >= 2.0 && *number <= 100.0 && is_fraction() => {
            accepted(ValueKind::Float(hundredth(*number)))
        }
        ValueKind::Float(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
            accepted(ValueKind::Integer(*number as i64))
        }
        ValueKind::Integer(_) | ValueKind::Float(_) | ValueKind::Boolean(_) => {
            accepted(ValueKind::Array(vec![value.clone()]))
        }
        ValueKind::Array(items) => match items.as_slice() {
            [item] => accepted(item.kind.clone()),
            _ => None,
        },
        ValueKind::Datetime(_) | ValueKind::Table(_) => None,
    }
}

/// Returns the assignment that the author of `key = "text"` probably meant, with a value that is not this string.
fn in_text(key: &str, text: &str, place: &Place, accepted: impl Fn(ValueKind) -> Option<String>) -> Option<String> {
    let text = text.trim();
    let split = text.find(|it: char| !(it.is_ascii_digit() || matches!(it, '.' | '_' | '+' | '-' | 'e' | 'E' | ',')));
    let (digits, unit) = text.split_at(split.unwrap_or(text.len()));
    // In "10epochs" the `e` begins the unit.
    let end = digits.rfind(|it: char| it.is_ascii_digit() || it == '.').map_or(0, |last| last + 1);
    let (digits, unit) = (&digits[..end], format!("{}{unit}", &digits[end..]));
    let unit = unit.trim();
    // "1,000" may be a thousand.
    if digits.split_once(',').is_some_and(|(_, rest)| rest.len() == 3 || rest.contains(',')) {
        return None;
    }
    let number: Option<f64> = digits.replace('_', "").replace(',', ".").parse().ok();
    let Some(number) = number.filter(|number| number.is_finite()) else {
        return match text.to_lowercase().as_str() {
            "true" | "yes" | "on" => accepted(ValueKind::Boolean(true)),
            "false" | "no" | "off" => accepted(ValueKind::Boolean(false)),
            _ => accepted(ValueKind::Array(vec![Value {
                kind: ValueKind::String(text.to_owned()),
                place: place.clone(),
            }])),
        };
    };
    let number_kind = |number: f64| match number.fract() == 0.0 && number.abs() < 9e15 {
        true => ValueKind::Integer(number as i64),
        false => ValueKind::Float(number),
    };
    match unit {
        "%" => accepted(ValueKind::Float(hundredth(number))),
        "step" | "steps" | "epoch" | "epochs" => {
            let unit = format!("{}s", unit.trim_end_matches('s'));
            // The length of the run has its unit in the key.
            let key_has_a_unit = matches!(key, "epochs" | "steps");
            let written = accepted(number_kind(number)).filter(|_| key_has_a_unit)?;
            Some(written.replacen(key, &unit, 1))
        }
        _ => accepted(number_kind(number)).or_else(|| accepted(ValueKind::Float(number))),
    }
}

/// Returns the number divided by 100, rounded to 12 decimal places.
fn hundredth(number: f64) -> f64 {
    format!("{:.12}", number / 100.0).parse().unwrap_or(number / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{BelowOne, Count, Duration, Field, Positive, Unit};

    fn for_key<T: Field>(key: &str, toml: &str) -> Option<String> {
        let value = super::super::value::parse_value_or_string(toml, 0, 0);
        assert!(T::read(&value).is_err(), "{toml}");
        meant(key, &value, &|value| T::read(value).is_ok())
    }

    #[test]
    fn units_and_percentages_are_taken_off() {
        for (found, expected) in [
            (for_key::<Unit>("accuracy", "95"), Some("accuracy = 0.95")),
            (for_key::<Unit>("accuracy", "97.5"), Some("accuracy = 0.975")),
            (for_key::<Unit>("accuracy", "\"95%\""), Some("accuracy = 0.95")),
            (for_key::<Unit>("accuracy", "\"95 %\""), Some("accuracy = 0.95")),
            (for_key::<Unit>("accuracy", "950"), None),
            (for_key::<Unit>("accuracy", "1.5"), None),
            (for_key::<BelowOne>("momentum", "90"), Some("momentum = 0.9")),
            (for_key::<Positive>("epochs", "\"10 epochs\""), Some("epochs = 10")),
            (for_key::<Positive>("epochs", "\"10epochs\""), Some("epochs = 10")),
            (for_key::<Positive>("epochs", "\"500 steps\""), Some("steps = 500")),
            (for_key::<Count>("steps", "\"1 epoch\""), Some("epochs = 1")),
            (for_key::<Positive>("lr", "\"1e-3\""), Some("lr = 0.001")),
            (for_key::<Positive>("lr", "\"0,01\""), Some("lr = 0.01")),
            (for_key::<Positive>("lr", "\"3 epochs\""), None),
            (for_key::<Positive>("lr", "\"fast\""), None),
            (for_key::<Positive>("lr", "-1"), None),
            (for_key::<Count>("batch_size", "\"128 examples\""), Some("batch_size = 128")),
            (for_key::<Count>("batch_size", "128.0"), Some("batch_size = 128")),
            (for_key::<Count>("batch_size", "12.5"), None),
            (for_key::<Count>("batch_size", "[64]"), Some("batch_size = 64")),
            (for_key::<Vec<Count>>("hidden", "128"), Some("hidden = [128]")),
            (for_key::<Vec<Count>>("hidden", "1024"), Some("hidden = [1024]")),
            (for_key::<bool>("stop", "\"yes\""), Some("stop = true")),
            (for_key::<bool>("stop", "\"false\""), Some("stop = false")),
            (for_key::<Duration>("patience", "[\"3 epochs\"]"), Some("patience = \"3 epochs\"")),
        ] {
            assert_eq!(found.as_deref(), expected);
        }
    }
}
