//! What an optimizer keeps on the host, as JSON: how many steps it has made, and its rules' own numbers.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::Error;

/// `steps` and `memory` as one value.
pub fn save<M: Serialize>(steps: u64, memory: &M) -> Value {
    json!({ "steps": steps, "rule": memory })
}

/// What [`save`] gave, where `fits` finds it good.
pub fn load<M: DeserializeOwned>(value: &Value, fits: impl FnOnce(&M) -> bool) -> Result<(u64, M), Error> {
    let steps = value.get("steps").and_then(Value::as_u64);
    let steps = steps.ok_or_else(|| Error::Memory("it does not say how many steps were made".to_owned()))?;
    let memory = serde_json::from_value(value.get("rule").cloned().unwrap_or_default());
    let memory: M = memory.map_err(|error| Error::Memory(error.to_string()))?;
    match fits(&memory) {
        true => Ok((steps, memory)),
        false => Err(Error::Memory("it is of other groups".to_owned())),
    }
}
