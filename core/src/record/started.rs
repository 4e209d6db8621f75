//! The description of a run at its start. It is the first event, and the largest part of `run.json`.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::event::Reached;
use super::number::rate;
use crate::metric::Metric;
use crate::spec::Horizon;

/// The run, as it is known at its start. In JSON the keys of its parts are all at one level.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Started {
    /// The experiment's name.
    pub name: String,
    /// The name of the run's folder below the folder of the experiment.
    pub variant: String,
    #[serde(flatten)]
    pub model: ModelInfo,
    #[serde(flatten)]
    pub data: DataInfo,
    #[serde(flatten)]
    pub strategy: StrategyInfo,
    #[serde(flatten)]
    pub compute: ComputeInfo,
    pub seed: u64,
    pub batch_size: u64,
    #[serde(flatten)]
    pub length: Horizon,
    /// The task's metric.
    pub metric: Metric,
    /// The target: `val_accuracy >= 0.97`. `None` without a target.
    pub target: Option<String>,
    /// The optional columns of `epochs.csv`. They depend on the spec alone.
    pub columns: Columns,
    /// The point from which the run resumes. `None` for a run that starts at the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumed: Option<Resumed>,
}

/// The model of a run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ModelInfo {
    /// The architecture in words: `mlp 784-128-10`.
    #[serde(rename = "model")]
    pub description: String,
    /// The number of trainable parameters.
    pub parameters: u64,
}

/// The part of the data that decisions use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ValidationPart {
    /// Examples that are held out of the training part.
    #[default]
    Validation,
    /// With `validation = 0`: the test part.
    Test,
    /// With `validation = 0` and without a test part: the examples to train on.
    Train,
}

/// Writes the name of the part: `validation`, `test` or `train`.
impl fmt::Display for ValidationPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ValidationPart::Validation => "validation",
            ValidationPart::Test => "test",
            ValidationPart::Train => "train",
        })
    }
}

/// The data of a run, with the number of examples in each part. It is 0 for a part that does not exist.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct DataInfo {
    /// The data set: `mnist`.
    #[serde(rename = "data")]
    pub name: String,
    pub train_examples: u64,
    pub val_examples: u64,
    pub test_examples: u64,
    /// The part that decisions use.
    pub validation_part: ValidationPart,
    /// The shape of one input: `[1, 28, 28]` or `[features]`. Empty in records of older versions.
    #[serde(default)]
    pub input_shape: Vec<u64>,
    /// `classification` or `regression`.
    #[serde(default)]
    pub task: String,
    /// The number of classes, or of values to predict.
    #[serde(default)]
    pub outputs: u64,
    /// The classes of a table.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<ClassInfo>,
    /// The table that the data were read from. `None` for other data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<TableInfo>,
}

/// A class, with its number of examples in the training part, validation examples included.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassInfo {
    pub name: String,
    pub examples: u64,
}

/// The table that a data set was read from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableInfo {
    /// The format of each file: `separated by ";"`.
    pub format: Vec<String>,
    /// The number of rows in the training file.
    pub rows: u64,
    /// The rows that are left out, by file and reason: "3 of 5 rows left out: column `a` is empty".
    pub rows_left_out: Vec<String>,
    /// The columns that become inputs: `4 numbers, 2 categories`.
    pub columns: String,
    /// The columns that are left out, each with its reason.
    pub columns_left_out: Vec<String>,
}

/// The optimizer and the schedules of a run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct StrategyInfo {
    pub optimizer: String,
    /// The schedule of the base learning rate, in words.
    pub schedule: String,
    /// The base learning rate.
    pub lr: f64,
    /// The parameter groups in order. The base group, `base`, is first.
    pub groups: Vec<GroupInfo>,
}

/// The resources of the machine that a run uses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComputeInfo {
    /// `cpu` or `cuda:0`.
    pub device: String,
    pub threads: u64,
}

/// The point from which an interrupted run resumes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Resumed {
    /// The epoch that is being trained or was evaluated last.
    pub epoch: u64,
    /// Optimizer updates done.
    pub step: u64,
    /// The time when the target was reached, if it was.
    #[serde(skip)]
    pub reached: Option<Reached>,
    /// The length of `epochs.csv` at that point, in bytes. Later rows will be written again.
    #[serde(skip)]
    pub epochs_csv_bytes: u64,
}

/// A parameter group.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct GroupInfo {
    pub name: String,
    pub parameters: u64,
    /// True if its parameters are not trained.
    #[serde(default)]
    pub frozen: bool,
    pub lr: f64,
    pub schedule: String,
    /// The hyper-parameters with a schedule of their own.
    #[serde(default)]
    pub schedule_for: Vec<HyperInfo>,
}

impl GroupInfo {
    /// Describes the rates, or says that the group is frozen:
    /// `lr 0.002, constant; momentum 0.9, linear from 1 to 0.5 over 100%`.
    pub fn rates(&self) -> String {
        if self.frozen {
            return "frozen".to_owned();
        }
        let lr = format!("lr {}, {}", rate(self.lr), self.schedule);
        let others = self.schedule_for.iter().map(ToString::to_string);
        std::iter::once(lr).chain(others).collect::<Vec<_>>().join("; ")
    }
}

/// A hyper-parameter of a group with a schedule.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HyperInfo {
    pub name: String,
    /// The group's own value, which the schedule's factor multiplies.
    pub value: f64,
    pub schedule: String,
}

/// Writes `momentum 0.9, linear from 1 to 0.5 over 100%`.
impl fmt::Display for HyperInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}, {}", self.name, rate(self.value), self.schedule)
    }
}

/// The columns of `epochs.csv` that not every run has.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Columns {
    /// The hyper-parameters that have a schedule in some group, as `<name>` and `<name>.<group>`.
    #[serde(default)]
    pub hyper: Vec<String>,
    /// `effective_lr` and `effective_lr.<group>`, for an optimizer that chooses its own rate.
    pub effective_lr: bool,
    /// `test_loss` and the test metric, if the test part is evaluated each epoch.
    pub test: bool,
    /// `ema_loss` and its metric, for validation with the average of the weights.
    #[serde(default)]
    pub ema: bool,
}

#[cfg(test)]
mod tests {
    use super::super::event::Event;
    use super::super::example::started;
    use super::*;

    #[test]
    fn parts_are_at_one_level_in_json() {
        let value = serde_json::to_value(Event::Started(Box::new(started()))).unwrap();
        let keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
        let expected = "event name variant model parameters data train_examples val_examples test_examples \
                        validation_part input_shape task outputs optimizer schedule lr groups device threads seed batch_size steps_per_epoch \
                        total_steps metric target columns";
        assert_eq!(keys.join(" "), expected);
        let back: Started = serde_json::from_value(value).unwrap();
        assert_eq!(format!("{back:?}"), format!("{:?}", started()));
    }
}
