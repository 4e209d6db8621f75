//! `[loss]`: the function that training minimizes.

use crate::choice;
use crate::dataset::Task;
use crate::metric::Metric;
use crate::spec::{Section, Unit};

/// The function that training minimizes: its mean over a batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Loss {
    /// −Σ q·log softmax(logits). With K classes and a smoothing of s, q is 1−s+s/K at the label and s/K elsewhere.
    /// PyTorch's `CrossEntropyLoss`.
    CrossEntropy { label_smoothing: f64 },
    /// Mean of (prediction − target)² over the batch and the outputs. PyTorch's `MSELoss`. Training divides the targets
    /// by `target_sd`. Losses and errors are reported in the targets' original unit.
    Mse { target_sd: f64 },
}

impl Loss {
    /// Returns the metric of the task that the loss is for.
    pub fn metric(self) -> Metric {
        match self {
            Loss::CrossEntropy { .. } => Metric::ACCURACY,
            Loss::Mse { .. } => Metric::RMSE,
        }
    }
}

choice! {
    /// A loss, by its name in a spec.
    pub enum LossName {
        CrossEntropy = "cross_entropy",
        Mse = "mse",
    }
}

/// Reads `[loss]`: `type`, which defaults to the loss of the task, and `label_smoothing`. `target_sd` is the number
/// that targets are divided by. `task` is `None` if the data have errors: then every loss fits.
pub(super) fn read(root: &mut Section<'_>, task: Option<Task>, target_sd: f64) -> Loss {
    let Some(mut section) = root.section("loss") else { return Loss::Mse { target_sd } };
    let own = task.map(|task| match task {
        Task::Classification { .. } => LossName::CrossEntropy,
        Task::Regression { .. } => LossName::Mse,
    });
    let name = section.or("type", own.unwrap_or(LossName::CrossEntropy));
    let own = own.unwrap_or(name);
    if name != own {
        let message = format!("\"{}\" does not fit the task", name.word());
        let label = match own {
            LossName::CrossEntropy => "classes are learned with \"cross_entropy\"",
            LossName::Mse => "numbers are learned with \"mse\"",
        };
        section.error("type", message, label);
    }
    let loss = match own {
        LossName::CrossEntropy => Loss::CrossEntropy { label_smoothing: section.or("label_smoothing", Unit(0.0)).0 },
        LossName::Mse => Loss::Mse { target_sd },
    };
    let resolved = section.finish();
    root.put("loss", resolved);
    loss
}
