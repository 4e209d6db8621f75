//! The coding of a table: how its columns become inputs, and how its target column becomes classes or values. It is
//! learned from the training rows alone, and used for all rows.

use serde::{Deserialize, Serialize};

/// The coding of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Coding {
    /// The columns that become inputs, in the order of the inputs.
    pub columns: Vec<ColumnCoding>,
    pub target: TargetCoding,
    /// The number of columns of a training file without a header, whose columns are named by their numbers. 0 with a header.
    #[serde(default, skip_serializing_if = "has_header")]
    pub numbered: usize,
}

fn has_header(numbered: &usize) -> bool {
    *numbered == 0
}

/// The coding of a column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnCoding {
    pub name: String,
    #[serde(flatten)]
    pub kind: ColumnKind,
    /// True if the training rows have empty cells in this column. Its last input is then 1 where the cell is empty,
    /// else 0.
    pub has_gaps: bool,
}

/// The kind of a column that becomes inputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ColumnKind {
    /// One input: the number minus `offset`, which is 0 unless `f32` would lose the differences between the numbers.
    /// For an empty cell, the input is `median`: the median of the training rows, minus `offset`.
    ///
    /// `constant` is true if all numbers of the training rows are the same. Then the input is `median` for all cells,
    /// because a model learns nothing about other numbers.
    Number {
        median: f32,
        #[serde(default, skip_serializing_if = "is_zero")]
        offset: f64,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        constant: bool,
        /// The unit that the cells have, such as `%` or `$`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unit: Option<String>,
    },
    /// One input for each of `categories`, which is 1 if it is the value of the cell, else 0. `others` are the further
    /// values of the training rows. If there are any, one more input is 1 for all of them, and for values that no
    /// training row has.
    ///
    /// All of these inputs are 0 for an empty cell. Without `others`, they are also 0 for values that no training row
    /// has. But if the column has only one input, it is 1 for all cells, because a model learns nothing about other
    /// values.
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

    /// Returns true for each input that can only be 0 or 1. Such an input is not normalized.
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

fn is_zero(number: &f64) -> bool {
    *number == 0.0
}

impl TargetKind {
    /// Returns the mean and the standard deviation by which values are scaled. They are 0 and 1 if nothing is scaled.
    pub fn scale(&self) -> (f64, f64) {
        match *self {
            TargetKind::Classification { .. } => (0.0, 1.0),
            TargetKind::Regression { mean, sd } => (mean, sd),
        }
    }

    /// Renders the value that a model's `output` means, in the units of the target. It has no more digits than the output.
    pub fn shown(&self, output: f32) -> String {
        let (mean, sd) = self.scale();
        let value = f64::from(output) * sd + mean;
        // If rounding to `f32` would lose more than a step of the output, the decimals of such a step are enough.
        let error = (f64::from(value as f32) - value).abs();
        let step = sd * f64::from(f32::EPSILON);
        if error <= step {
            return (value as f32).to_string();
        }
        let decimals = (-step.log10()).ceil().clamp(0.0, 17.0) as usize;
        format!("{value:.decimals$}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn predictions_have_the_digits_of_the_output() {
        let shown = |mean, sd, output| TargetKind::Regression { mean, sd }.shown(output);
        assert_eq!(shown(0.0, 1.0, 0.1), "0.1");
        assert_eq!(shown(475.0, 200.0, 0.5), "575");
        assert_eq!(shown(1_600_000_000.0, 400.0, 0.25), "1600000100.00000");
        assert_eq!(shown(1e12, 1e9, 0.001), "1000001000000");
    }
}
