//! What a run tells while it goes on. `train` emits these; everything that a person or a script sees is made of them.
//!
//! JSON has no NaN and no infinity: such a number is written as `null`, and read back as NaN.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use super::number::rate;
use super::warning::Warning;
use crate::metric::{Metric, Part, PartMetric};

/// One thing that happened in a run.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The run begins.
    Started(Box<Started>),
    /// Training moved on; comes a few times a second at most.
    Progress(Progress),
    /// An epoch ended and was evaluated (epoch 0: before training).
    Epoch(Row),
    /// A metric-driven rule changed a group's learning rate, or another hyper-parameter of it.
    RateChanged(RateChanged),
    /// The loss was no number any more: the run goes back and on at lower rates.
    Reduced(Reduced),
    /// The target was reached for the first time.
    TargetReached(Reached),
    /// Something a person should know; the run goes on.
    Warning(Warning),
    /// The run is over.
    Ended(Box<Outcome>),
}

/// What will run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Started {
    /// The experiment's name and the variant's folder name.
    pub name: String,
    pub variant: String,
    /// `mlp 784-128-10`, in words.
    pub model: String,
    /// Trainable parameters.
    pub parameters: u64,
    /// `mnist`, in words.
    pub data: String,
    /// Examples in each part; `val` is 0 where none are held out, `test` where there is none.
    pub train_examples: u64,
    pub val_examples: u64,
    pub test_examples: u64,
    /// Which part decisions use: `validation`, or with `validation = 0` `test` or `train`.
    pub validation_part: String,
    pub optimizer: String,
    pub schedule: String,
    /// The base learning rate.
    pub lr: f64,
    /// The groups in order; the base group, `base`, is first.
    pub groups: Vec<GroupInfo>,
    pub device: String,
    pub threads: u64,
    pub seed: u64,
    pub batch_size: u64,
    pub steps_per_epoch: u64,
    pub total_steps: u64,
    /// The task's metric.
    pub metric: Metric,
    /// `val_accuracy >= 0.97`, or nothing.
    pub target: Option<String>,
    /// Which optional columns `epochs.csv` has, by the spec alone.
    pub columns: Columns,
    /// Where it goes on, when an earlier process began it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumed: Option<Resumed>,
}

/// Where a run goes on that was interrupted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Resumed {
    /// The epoch that is trained or was evaluated last.
    pub epoch: u64,
    /// Optimizer updates done.
    pub step: u64,
    /// Whether, and when, the target has been reached.
    #[serde(skip)]
    pub reached: Option<Reached>,
    /// Length of `epochs.csv` there; what is behind it will come again.
    #[serde(skip)]
    pub epochs_csv_bytes: u64,
}

/// One parameter group, as told at the start.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct GroupInfo {
    pub name: String,
    pub parameters: u64,
    pub lr: f64,
    pub schedule: String,
    /// The hyper-parameters that follow rules besides the rate.
    #[serde(default)]
    pub schedule_for: Vec<HyperInfo>,
}

impl GroupInfo {
    /// `lr 0.002, constant; momentum 0.9, linear from 1 to 0.5 over 100%`.
    pub fn rates(&self) -> String {
        let lr = format!("lr {}, {}", rate(self.lr), self.schedule);
        let others = self.schedule_for.iter().map(ToString::to_string);
        std::iter::once(lr).chain(others).collect::<Vec<_>>().join("; ")
    }
}

/// A hyper-parameter of a group that follows a rule, as told at the start.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HyperInfo {
    pub name: String,
    /// The group's own value.
    pub value: f64,
    pub schedule: String,
}

/// `momentum 0.9, linear from 1 to 0.5 over 100%`.
impl fmt::Display for HyperInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}, {}", self.name, rate(self.value), self.schedule)
    }
}

/// The columns of `epochs.csv` that not every run has.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Columns {
    /// `<name>` and `<name>.<group>`: the hyper-parameters that follow rules in some group.
    #[serde(default)]
    pub hyper: Vec<String>,
    /// `effective_lr.<group>`: the optimizer chooses its own rate.
    pub effective_lr: bool,
    /// `test_loss` and the test metric, each epoch.
    pub test: bool,
    /// `ema_loss` and its metric: validation with the average of the weights.
    #[serde(default)]
    pub ema: bool,
}

/// How far training is.
#[derive(Clone, Debug, Serialize)]
pub struct Progress {
    pub epoch: u64,
    /// Steps done in the whole run.
    pub step: u64,
    /// Steps done in this epoch, and how many it has.
    pub step_in_epoch: u64,
    pub steps_in_epoch: u64,
    /// Mean training loss of this epoch so far.
    pub loss: f64,
}

/// Loss and task metric (accuracy from 0 to 1, or RMSE) of one part of the data.
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
    /// As trained, weighted by samples; none at epoch 0.
    pub train: Option<Scores>,
    pub val: Option<Scores>,
    pub test: Option<Scores>,
    /// Of validation with the average of the weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ema: Option<Scores>,
    /// Learning rate of each group at the epoch's last step (epoch 0: at the first), base group first.
    pub lr: Vec<f64>,
    /// Values of the hyper-parameters that follow rules in some group, at the same step, of every group.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub hyper: BTreeMap<String, Vec<f64>>,
    /// What the optimizer made of the rate, for methods that choose their own.
    pub effective_lr: Vec<f64>,
    /// This epoch's own.
    pub train_seconds: f64,
    pub eval_seconds: f64,
}

impl Row {
    /// Returns the value of `metric`. Besides the loss a row has one metric, that of the run's task.
    /// `None` if the part was not evaluated.
    pub fn get(&self, metric: PartMetric) -> Option<f64> {
        let Scores { loss, metric: value } = self.scores(metric.part)?;
        Some(if metric.metric == Metric::LOSS { loss } else { value })
    }

    /// Returns the scores of `part`; `None` if it was not evaluated.
    pub fn scores(&self, part: Part) -> Option<Scores> {
        match part {
            Part::Train => self.train,
            Part::Val => self.val,
            Part::Test => self.test,
            Part::Ema => self.ema,
        }
    }
}

/// A metric-driven rule changed what it drives.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RateChanged {
    pub epoch: u64,
    pub group: String,
    /// `lr`, or the hyper-parameter that follows the rule.
    #[serde(default = "lr")]
    pub quantity: String,
    pub from: f64,
    pub to: f64,
    pub reason: String,
}

/// When the target was reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reached {
    pub metric: PartMetric,
    #[serde(deserialize_with = "nan_from_null")]
    pub value: f64,
    pub epoch: u64,
    pub step: u64,
    /// Training and evaluation time since the start.
    pub seconds: f64,
}

/// How a run stands or ended.
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

/// Where training stopped making sense.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Divergence {
    /// The first step (from 1) with a non-finite loss, and the base group's rate there.
    pub step: u64,
    #[serde(deserialize_with = "nan_from_null")]
    pub lr: f64,
    pub loss: String,
}

/// A divergence that did not end the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reduced {
    #[serde(flatten)]
    pub divergence: Divergence,
    /// The epoch after which training goes on again.
    pub epoch: u64,
    /// What all rates are multiplied by from now on, in place of 1.
    pub scale: f64,
    /// How many times this may still happen.
    pub left: u64,
}

/// How a run ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outcome {
    pub status: Status,
    /// `epochs`, `steps`, `time`, `target`, `early_stop`, `divergence`, `signal`.
    pub ended_by: String,
    /// The target, as the spec words it, and when it was first reached.
    pub target: Option<String>,
    pub reached: Option<Reached>,
    pub best: Option<Best>,
    /// The last row written.
    pub last: Option<Row>,
    /// The test part, evaluated once at the end, where there is one.
    pub test: Option<Scores>,
    /// What the fitted model is, where it can be said in numbers (slope and intercept).
    pub fitted: Vec<(String, f64)>,
    pub diverged: Option<Divergence>,
    /// Each time that the run went back instead, at lower rates.
    #[serde(default)]
    pub reductions: Vec<Reduced>,
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
    /// Of a run that an error ended: what it came to is in the rows written before.
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
            reductions: Vec::new(),
            train_seconds: 0.0,
            eval_seconds: 0.0,
            total_seconds: 0.0,
        }
    }
}
