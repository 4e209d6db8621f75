//! The events of a run. `train` emits them. Everything that a person or a script sees of a run is made from them.
//!
//! JSON has no NaN and no infinity. Such numbers are written as `null` and read back as NaN.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use super::started::Started;
use super::warning::Warning;
use crate::metric::{Metric, Part, PartMetric};

/// Something that happened in a run.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The run starts or resumes.
    Started(Box<Started>),
    /// Training made progress. Emitted a few times a second at most.
    Progress(Progress),
    /// An epoch ended and was evaluated. Epoch 0 is the evaluation before training.
    Epoch(Row),
    /// A metric-driven rule changed a group's learning rate, or another hyper-parameter of it.
    RateChanged(RateChanged),
    /// The run diverged. It returns to the end of the last epoch and continues with lower rates.
    RolledBack(Rollback),
    /// The target was reached for the first time.
    TargetReached(Reached),
    /// A warning. The run continues.
    Warning(Warning),
    /// The run ended.
    Ended(Box<Outcome>),
}

/// The progress of training.
#[derive(Clone, Debug, Serialize)]
pub struct Progress {
    pub epoch: u64,
    /// The steps done in the whole run.
    pub step: u64,
    /// The steps done in this epoch.
    pub step_in_epoch: u64,
    /// The length of this epoch in steps.
    pub steps_in_epoch: u64,
    /// The mean training loss of this epoch so far.
    pub loss: f64,
}

/// The loss and the task's metric (accuracy from 0 to 1, or RMSE) on one part of the data.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    #[serde(deserialize_with = "nan_from_null")]
    pub loss: f64,
    #[serde(deserialize_with = "nan_from_null")]
    pub metric: f64,
}

/// One row of `epochs.csv`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    pub epoch: u64,
    /// Optimizer updates done.
    pub step: u64,
    /// The mean over the epoch's samples, measured while training. `None` at epoch 0.
    pub train: Option<Scores>,
    pub val: Option<Scores>,
    pub test: Option<Scores>,
    /// The validation part with the average of the weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ema: Option<Scores>,
    /// The learning rate of each group at the epoch's last step (epoch 0: at the first step), base group first.
    pub lr: Vec<f64>,
    /// The values of the scheduled hyper-parameters in each group, at the same step.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub hyper: BTreeMap<String, Vec<f64>>,
    /// The learning rate of each group that the optimizer found itself. Empty for an optimizer that does not find
    /// rates.
    pub effective_lr: Vec<f64>,
    /// The training time of this epoch alone.
    pub train_seconds: f64,
    /// The evaluation time after this epoch alone.
    pub eval_seconds: f64,
}

impl Row {
    /// Returns the value of `metric`. Besides the loss, a row has one metric: the metric of the run's task. `None` if
    /// the part was not evaluated.
    pub fn get(&self, metric: PartMetric) -> Option<f64> {
        let Scores { loss, metric: value } = self.scores(metric.part)?;
        Some(if metric.metric == Metric::LOSS { loss } else { value })
    }

    /// Returns the scores of `part`. `None` if it was not evaluated.
    pub fn scores(&self, part: Part) -> Option<Scores> {
        match part {
            Part::Train => self.train,
            Part::Val => self.val,
            Part::Test => self.test,
            Part::Ema => self.ema,
        }
    }
}

/// A change that a metric-driven rule made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RateChanged {
    pub epoch: u64,
    pub group: String,
    /// `lr`, or the hyper-parameter that the rule drives.
    #[serde(default = "lr")]
    pub quantity: String,
    pub from: f64,
    pub to: f64,
    pub reason: String,
}

/// The moment when the target was reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reached {
    pub metric: PartMetric,
    #[serde(deserialize_with = "nan_from_null")]
    pub value: f64,
    pub epoch: u64,
    pub step: u64,
    /// The training and evaluation time since the start.
    pub seconds: f64,
}

/// The status of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Running,
    Completed,
    StoppedAtTarget,
    StoppedEarly,
    Diverged,
    Failed,
    Interrupted,
}

/// The best evaluated epoch, by the monitored metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Best {
    pub metric: PartMetric,
    #[serde(deserialize_with = "nan_from_null")]
    pub value: f64,
    pub epoch: u64,
}

/// The step at which a run diverged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Divergence {
    /// The first step (from 1) with a loss that is NaN or infinite. For a loss that is too large, or a parameter that
    /// is NaN or infinite, the step at which this was found. 0 if the run diverged before training.
    pub step: u64,
    /// The base group's learning rate at that step.
    #[serde(deserialize_with = "nan_from_null")]
    pub lr: f64,
    /// The loss as text. If it is finite, text in parentheses says why the run diverged.
    pub loss: String,
}

/// A return to the end of the last epoch after a divergence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rollback {
    #[serde(flatten)]
    pub divergence: Divergence,
    /// The epoch after which training continues.
    pub epoch: u64,
    /// The factor on all learning rates from now on.
    pub scale: f64,
    /// The number of rollbacks that are still allowed.
    pub left: u64,
}

/// The outcome of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outcome {
    pub status: Status,
    /// `epochs`, `steps`, `time`, `target`, `early_stop`, `divergence`, `signal` or `error`.
    pub ended_by: String,
    /// The target as a condition: `val_accuracy >= 0.97`.
    pub target: Option<String>,
    /// The moment when the target was first reached.
    pub reached: Option<Reached>,
    pub best: Option<Best>,
    /// The last row written.
    pub last: Option<Row>,
    /// The scores on the test part at the end. `None` without a test part.
    pub test: Option<Scores>,
    /// The numbers of the fitted model, if it has few (slope and intercept).
    pub fitted: Vec<(String, f64)>,
    pub diverged: Option<Divergence>,
    /// The rollbacks after divergences. Earlier versions wrote them as `reductions`.
    #[serde(default, alias = "reductions")]
    pub rollbacks: Vec<Rollback>,
    pub train_seconds: f64,
    pub eval_seconds: f64,
    pub total_seconds: f64,
}

fn lr() -> String {
    "lr".to_owned()
}

fn nan_from_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

impl Outcome {
    /// Returns the outcome of a run that an error ended. Its results are in the rows written before.
    pub fn failed() -> Self {
        Outcome {
            status: Status::Failed,
            ended_by: "error".to_owned(),
            target: None,
            reached: None,
            best: None,
            last: None,
            test: None,
            fitted: Vec::new(),
            diverged: None,
            rollbacks: Vec::new(),
            train_seconds: 0.0,
            eval_seconds: 0.0,
            total_seconds: 0.0,
        }
    }
}
