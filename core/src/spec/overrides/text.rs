//! Writes the value of an override as text, in the form that names a folder.

use crate::spec::diagnostic::Log;
use crate::spec::value::{Value, ValueKind};

/// Writes a value in canonical form: strings without quotes, and the keys of a table sorted. A string in an array has
/// quotes if it could be misread without them.
pub fn canonical(value: &Value, log: &Log) -> String {
    if let Some(resolved) = log.resolved(&value.place) {
        return canonical_toml(&resolved);
    }
    match &value.kind {
        ValueKind::String(text) | ValueKind::Datetime(text) => text.clone(),
        ValueKind::Integer(number) => number.to_string(),
        ValueKind::Float(number) => float(*number),
        ValueKind::Boolean(boolean) => boolean.to_string(),
        ValueKind::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| member(item.as_str(), canonical(item, log))).collect();
            format!("[{}]", items.join(","))
        }
        ValueKind::Table(table) => {
            let mut entries: Vec<String> =
                table.entries.iter().map(|(key, value)| format!("{}={}", key.name, canonical(value, log))).collect();
            entries.sort();
            format!("{{{}}}", entries.join(","))
        }
    }
}

/// Writes a number, with an exponent if it is very small or very large.
fn float(number: f64) -> String {
    match number.abs() {
        0.0 | 1e-6..1e16 => number.to_string(),
        _ => format!("{number:e}"),
    }
}

/// Writes a resolved value in the same form as [`canonical`].
fn canonical_toml(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Float(number) => float(*number),
        toml::Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| member(item.as_str(), canonical_toml(item))).collect();
            format!("[{}]", items.join(","))
        }
        other => other.to_string(),
    }
}

/// Writes a member of an array. `string` is its value if it is a string, and `text` is its canonical form. A string
/// gets quotes if it is empty, or could be read as several members or as part of the array: `["a,b"]` is not
/// `["a","b"]`.
fn member(string: Option<&str>, text: String) -> String {
    let is_plain = !text.is_empty() && !text.contains([',', '[', ']', '"']) && text.trim() == text;
    if string.is_none() || is_plain { text } else { format!("{text:?}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::diagnostic::Texts;
    use crate::spec::overrides::Override;

    #[test]
    fn different_arrays_have_different_texts() {
        let text = |value: &str| {
            let (mut texts, log) = (Texts::default(), Log::default());
            Override::parse(&format!("data.drop={value}"), &mut texts, &log).unwrap().canonical_value(&log)
        };
        for (written, expected) in [
            (r#"["a","b"]"#, "[a,b]"),
            (r#"["a,b"]"#, r#"["a,b"]"#),
            ("[]", "[]"),
            (r#"[""]"#, r#"[""]"#),
            (r#"["a b", " a"]"#, r#"[a b," a"]"#),
            (r#"[["a"], "[a]"]"#, r#"[[a],"[a]"]"#),
            (r#"['a"b', 'c\d']"#, r#"["a\"b",c\d]"#),
            (r#"[1, 2.50, true]"#, "[1,2.5,true]"),
        ] {
            assert_eq!(text(written), expected, "{written}");
        }
        let resolved: toml::Value = toml::from_str::<toml::Table>(r#"a = ["a,b", "", "c"]"#).unwrap()["a"].clone();
        assert_eq!(canonical_toml(&resolved), r#"["a,b","",c]"#);
    }
}
