//! The state that an optimizer keeps on the host, as JSON: the number of its steps, and the numbers of its rule.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::Error;

/// Returns `steps` and the rule's `state` as one value.
pub fn save<M: Serialize>(steps: u64, state: &M) -> Value {
    json!({ "steps": steps, "rule": state })
}

/// Reads what [`save`] returned. It is an error if `fits` does not accept the state.
pub fn load<M: DeserializeOwned>(value: &Value, fits: impl FnOnce(&M) -> bool) -> Result<(u64, M), Error> {
    let steps = value.get("steps").and_then(Value::as_u64);
    let steps = steps.ok_or_else(|| Error::State("the checkpoint does not have the number of its steps".to_owned()))?;
    let state = serde_json::from_value(value.get("rule").cloned().unwrap_or_default());
    let state: M = state.map_err(|error| Error::State(error.to_string()))?;
    match fits(&state) {
        true => Ok((steps, state)),
        false => Err(Error::State("the checkpoint belongs to an optimizer with other options".to_owned())),
    }
}
