//! The warnings of a run. Each text says what happened and what to do.

use std::fmt;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::number::figure;

/// There is a warning if a training loss exceeds the validation loss before training by this factor.
pub const EXPLOSION: f64 = 100.0;

/// Something that a person should know although the run continues.
#[derive(Clone, Debug, PartialEq)]
pub enum Warning {
    /// With `validation = 0`, decisions use the test part.
    TestPartDecides,
    /// Something about the data that was not known before they were read.
    Data {
        /// What it is, and what to do.
        found: String,
    },
    /// The target is reached before any step was made.
    TargetBeforeTraining {
        /// The target as a condition.
        target: String,
        /// The value of the target's metric before training.
        value: f64,
    },
    /// The validation loss before training is NaN or infinite.
    LossBeforeTraining {
        loss: f64,
        /// The index in the training or test part of the first example with such a loss.
        example: Option<u32>,
    },
    /// The training loss has grown far beyond the validation loss before training.
    LossExploded { epoch: u64, loss: f64, limit: f64 },
    /// The newest checkpoint cannot be used.
    OlderCheckpoint {
        /// The checkpoint, and what is wrong with it.
        trouble: String,
    },
    /// A run resumes with another number of threads, device or libtorch than it started with.
    SettingChanged { setting: &'static str, before: String, now: String },
    /// Training may need more memory than is free.
    LittleMemory {
        /// The model and the batch size.
        training: String,
        /// The memory that is needed and that is free, with units.
        needed: String,
        free: String,
        /// The uses of the needed memory, with their sizes.
        shares: String,
        /// A way to need less.
        help: &'static str,
    },
    /// The run may need more space than is free on the disk of its folder.
    LittleSpace {
        folder: String,
        /// The space that is needed and that is free, with units.
        needed: String,
        free: String,
        /// The uses of the needed space, with their sizes.
        shares: String,
    },
}

impl Warning {
    /// Returns the name of the warning in JSON.
    pub fn kind(&self) -> &'static str {
        match self {
            Warning::TestPartDecides => "test_part_decides",
            Warning::Data { .. } => "data",
            Warning::TargetBeforeTraining { .. } => "target_before_training",
            Warning::LossBeforeTraining { .. } => "loss_before_training",
            Warning::LossExploded { .. } => "loss_exploded",
            Warning::OlderCheckpoint { .. } => "older_checkpoint",
            Warning::SettingChanged { .. } => "setting_changed",
            Warning::LittleMemory { .. } => "little_memory",
            Warning::LittleSpace { .. } => "little_space",
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Warning::TestPartDecides => f.write_str(
                "no examples are held out, so decisions use the test part and its scores are too good: \
                 set `validation` above 0 for an unbiased test score",
            ),
            Warning::Data { found } => f.write_str(found),
            Warning::TargetBeforeTraining { target, value } => write!(
                f,
                "the target {target} is reached before training ({value}), which doesn't count: it is too easy, or the \
                 validation part is too small"
            ),
            Warning::LossBeforeTraining { loss, example } => {
                write!(f, "the validation loss before training is {loss}")?;
                if let Some(example) = example {
                    write!(f, ", because of example {example} (counted from 0): its target or an input is too large")?;
                }
                Ok(())
            }
            Warning::LossExploded { epoch, loss, limit } => write!(
                f,
                "the training loss of epoch {epoch} is {}, above {}, which is {EXPLOSION} times the validation \
                 loss before training: the learning rate is probably too high; `[on_divergence] above = {EXPLOSION}` \
                 treats this as a divergence",
                figure(*loss),
                figure(*limit)
            ),
            Warning::OlderCheckpoint { trouble } => {
                write!(f, "an older checkpoint is used: {trouble}; the steps after it are computed again")
            }
            Warning::SettingChanged { setting, before, now } => write!(
                f,
                "the run started with {setting} {before} and resumes with {now}: its last digits will differ from \
                 those of an uninterrupted run; --force starts over"
            ),
            Warning::LittleMemory { training, needed, free, shares, help } => write!(
                f,
                "{training} needs at least {needed} more, and {free} are free: if memory runs out, the system ends the run \
                 without a message\n  at most: {shares}\nhelp: {help}"
            ),
            Warning::LittleSpace { folder, needed, free, shares } => write!(
                f,
                "this run may need {needed} in {folder}, and {free} are free there\n  {shares}\n\
                 help: free some space, or choose another folder with --out"
            ),
        }
    }
}

/// Writes `{"kind": "…", "message": "…"}`.
impl Serialize for Warning {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Warning", 2)?;
        fields.serialize_field("kind", self.kind())?;
        fields.serialize_field("message", &self.to_string())?;
        fields.end()
    }
}
