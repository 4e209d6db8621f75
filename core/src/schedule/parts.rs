//! The parts of a sequence or a product, and their states.

use super::{Rule, StateError};
use crate::spec::{Section, ValueKind};

/// Returns the tables under `key` of `parent`. `None` (logged) if there are none, or if an item is not a table.
pub fn tables<'a>(parent: &mut Section<'a>, key: &'static str) -> Option<Vec<Section<'a>>> {
    let parts = parent.sections(key);
    let written = match parent.raw(key).map(|value| &value.kind) {
        Some(ValueKind::Array(items)) => items.len(),
        _ => 1,
    };
    if written == 0 {
        parent.error(key, format!("`{}` has no parts", parent.dotted(key)), "expected at least one schedule");
    }
    (!parts.is_empty() && parts.len() == written).then_some(parts)
}

/// Returns the states of `parts`, with the name of the rule that holds them.
pub fn save<'a>(name: &str, parts: impl Iterator<Item = &'a dyn Rule>) -> serde_json::Value {
    let parts: Vec<serde_json::Value> = parts.map(Rule::save).collect();
    serde_json::json!({ "rule": name, "parts": parts })
}

/// Loads the state of each part from a value that [`save`] returned. On an error every part stays as it is.
pub fn load(name: &str, parts: &mut [&mut Box<dyn Rule>], state: &serde_json::Value) -> Result<(), StateError> {
    let of_this = |state: &&Vec<serde_json::Value>| state.len() == parts.len();
    let named =
        state.as_object().filter(|state| state.len() == 2 && state.get("rule").is_some_and(|rule| rule == name));
    let states = named.and_then(|state| state.get("parts")?.as_array()).filter(of_this);
    let states =
        states.ok_or_else(|| StateError(format!("it does not fit a {name} of {} parts: {state}", parts.len())))?;
    let old: Vec<serde_json::Value> = parts.iter().map(|part| part.save()).collect();
    for (index, state) in states.iter().enumerate() {
        if let Err(error) = parts[index].load(state) {
            // The parts that were loaded before the error get their old states back.
            for (part, old) in parts.iter_mut().zip(&old).take(index) {
                part.load(old)?;
            }
            return Err(StateError(format!("part {index}: {}", error.0)));
        }
    }
    Ok(())
}
