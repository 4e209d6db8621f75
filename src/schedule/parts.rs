//! What a sequence and a product have in common: parts, and their states.

use super::{Rule, StateError};
use crate::spec::{Kind, Section};

/// The tables under `key` of `parent`; `None` when there are none, or something that is no table, which is logged.
pub fn tables<'a>(parent: &mut Section<'a>, key: &'static str) -> Option<Vec<Section<'a>>> {
    let parts = parent.sections(key);
    let written = match parent.raw(key).map(|value| &value.kind) {
        Some(Kind::Array(items)) => items.len(),
        _ => 1,
    };
    if written == 0 {
        parent.error(key, format!("`{}` has no parts", parent.dotted(key)), "expected at least one schedule");
    }
    (!parts.is_empty() && parts.len() == written).then_some(parts)
}

/// The states of `parts` under the combinator's name.
pub fn save<'a>(name: &str, parts: impl Iterator<Item = &'a dyn Rule>) -> serde_json::Value {
    let parts: Vec<serde_json::Value> = parts.map(Rule::save).collect();
    serde_json::json!({ "rule": name, "parts": parts })
}

/// Loads each part's state out of what [`save`] gave: all of them, or none.
pub fn load(name: &str, parts: &mut [&mut Box<dyn Rule>], state: &serde_json::Value) -> Result<(), StateError> {
    let of_this = |state: &&Vec<serde_json::Value>| state.len() == parts.len();
    let named =
        state.as_object().filter(|state| state.len() == 2 && state.get("rule").is_some_and(|rule| rule == name));
    let states = named.and_then(|state| state.get("parts")?.as_array()).filter(of_this);
    let states = states.ok_or_else(|| StateError(format!("it is not of a {name} of {}: {state}", parts.len())))?;
    let old: Vec<serde_json::Value> = parts.iter().map(|part| part.save()).collect();
    for (index, state) in states.iter().enumerate() {
        if let Err(error) = parts[index].load(state) {
            // All or nothing: what went in before the error comes out again.
            for (part, old) in parts.iter_mut().zip(&old).take(index) {
                part.load(old)?;
            }
            return Err(StateError(format!("part {index}: {}", error.0)));
        }
    }
    Ok(())
}
