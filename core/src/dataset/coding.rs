//! The way in which the columns of a table become inputs, and its target column becomes classes or values. It is
//! learned from the training rows alone, and used for every other row.

use serde::{Deserialize, Serialize};

use super::Targets;

/// The coding of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Coding {
    /// The columns that become inputs, in the order of the inputs.
    pub columns: Vec<ColumnCoding>,
    pub target: TargetCoding,
}

/// The coding of a column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnCoding {
    pub name: String,
    #[serde(flatten)]
    pub kind: ColumnKind,
    /// True if the training rows have empty cells in this column. Then its last input is 1 where a cell is empty, else 0.
    pub has_gaps: bool,
}

/// The kind of a column that becomes inputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ColumnKind {
    /// One input. `median`, that of the training rows, is the value of an empty cell. If the training rows have no other
    /// number, `constant` is true, and the input is `median` whatever the cell is: a model cannot learn from such an input.
    Number {
        median: f32,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        constant: bool,
    },
    /// One input for each of `categories`: 1 for the value of the cell, else 0. If the training rows have `others` besides,
    /// one more input stands for all of them and for all values that no training row has. All are 0 for an empty cell and,
    /// without `others`, for a value that no training row has.
    Category { categories: Vec<String>, others: Vec<String> },
}

/// The coding of the target column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TargetCoding {
    pub name: String,
    #[serde(flatten)]
    pub kind: TargetKind,
}

/// The kind of a target column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "snake_case")]
pub enum TargetKind {
    /// The number of a class is its index in `classes`.
    Classification { classes: Vec<String> },
    /// Values are learned as `(value − mean) / sd`. Mean 0 and standard deviation 1 leave them as they are.
    Regression { mean: f64, sd: f64 },
}

impl Coding {
    /// Returns the number of inputs.
    pub fn width(&self) -> usize {
        self.columns.iter().map(ColumnCoding::width).sum()
    }

    /// Returns the name of each input: `age`, `sex=female`, `sex=other`, `age missing`.
    pub fn inputs(&self) -> Vec<String> {
        self.columns.iter().flat_map(ColumnCoding::inputs).collect()
    }

    /// Returns for each input whether it is 0 or 1 by its coding. Such an input is not normalized.
    pub fn indicators(&self) -> Vec<bool> {
        self.columns.iter().flat_map(ColumnCoding::indicators).collect()
    }
}

impl ColumnCoding {
    /// Returns the number of inputs of this column.
    pub fn width(&self) -> usize {
        let own = match &self.kind {
            ColumnKind::Number { .. } => 1,
            ColumnKind::Category { categories, others } => categories.len() + usize::from(!others.is_empty()),
        };
        own + usize::from(self.has_gaps)
    }

    fn inputs(&self) -> Vec<String> {
        let name = &self.name;
        let mut inputs = match &self.kind {
            ColumnKind::Number { .. } => vec![name.clone()],
            ColumnKind::Category { categories, others } => {
                let values = categories.iter().map(|value| format!("{name}={value}"));
                let other = (!others.is_empty()).then(|| format!("{name}=other"));
                values.chain(other).collect()
            }
        };
        if self.has_gaps {
            inputs.push(format!("{name} missing"));
        }
        inputs
    }

    fn indicators(&self) -> Vec<bool> {
        let is_number = matches!(self.kind, ColumnKind::Number { .. });
        (0..self.width()).map(|input| input > 0 || !is_number).collect()
    }
}

impl TargetKind {
    /// Returns the mean and the standard deviation of the values before they were scaled.
    pub fn scale(&self) -> (f64, f64) {
        match *self {
            TargetKind::Classification { .. } => (0.0, 1.0),
            TargetKind::Regression { mean, sd } => (mean, sd),
        }
    }

    /// Scales values as a model learns them. Classes stay as they are.
    pub fn apply(&self, targets: &mut Targets) {
        let (mean, sd) = self.scale();
        if let (Targets::Values(values), true) = (targets, (mean, sd) != (0.0, 1.0)) {
            for value in values {
                *value = ((f64::from(*value) - mean) / sd) as f32;
            }
        }
    }
}
