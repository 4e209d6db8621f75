//! The way in which the columns of a table become inputs, and its target column becomes classes or values. It is
//! learned from the training rows alone, and used for every other row.

use serde::{Deserialize, Serialize};

/// The coding of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Coding {
    /// The columns that become inputs, in the order of the inputs.
    pub columns: Vec<ColumnCoding>,
    pub target: TargetCoding,
    /// The number of columns of a training file without a header, whose columns are named by their numbers. 0 with a header.
    #[serde(default, skip_serializing_if = "is_none")]
    pub numbered: usize,
}

fn is_none(count: &usize) -> bool {
    *count == 0
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
    /// One input: the number less `offset`. `median`, that of the training rows less `offset`, is the input of an empty cell.
    /// `offset` is 0 unless `f32` would lose the differences between the numbers. If the training rows have no two numbers,
    /// `constant` is true, and the input is `median` whatever the cell is: a model cannot learn from such an input.
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

fn is_zero(number: &f64) -> bool {
    *number == 0.0
}

impl TargetKind {
    /// Returns the mean and the standard deviation of the values before they were scaled.
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
        // Where rounding to `f32` would be seen on the scale of the model, the digits of its steps are enough.
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
