//! What a run learned from its training rows besides the weights: `preprocessing.json` in its folder.

use serde::{Deserialize, Serialize};

use super::{Affine, Coding};

/// The steps from a row of the data to the inputs of a model, and from its outputs to values of the target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Preprocessing {
    /// The version of the file format.
    pub schema: u32,
    /// The coding of a table. `None` for images and arrays.
    #[serde(flatten)]
    pub coding: Option<Coding>,
    /// The names of the inputs of a table, in their order. They follow from the coding.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<String>,
    /// The normalization of the inputs: `(value − mean) / sd`.
    pub normalize: Affine,
}

impl Preprocessing {
    /// The version of the file format.
    pub const SCHEMA: u32 = 2;

    /// Returns the preprocessing of a table with `coding`, or of other data.
    pub fn new(coding: Option<Coding>, normalize: Affine) -> Self {
        let inputs = coding.as_ref().map(Coding::inputs).unwrap_or_default();
        Preprocessing { schema: Self::SCHEMA, coding, inputs, normalize }
    }

    /// Returns the content of the file.
    pub fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        Ok(text)
    }

    /// Parses the content of the file.
    pub fn from_json(text: &[u8]) -> Result<Self, String> {
        let found: Self = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        if found.schema != Self::SCHEMA {
            return Err(format!("it has schema {}, this lr-run reads schema {}", found.schema, Self::SCHEMA));
        }
        let inputs = found.coding.as_ref().map_or(0, Coding::width);
        let values = [found.normalize.mean.len(), found.normalize.sd.len()];
        if values[0] != values[1] || values[0] == 0 || inputs > 0 && values[0] != 1 && values[0] != inputs {
            return Err(format!("it has {} means and {} deviations for {inputs} inputs", values[0], values[1]));
        }
        Ok(found)
    }
}
