//! Other tools' names of metrics.

use crate::metric::{Metric, Part, PartMetric};

/// Returns the metric that a name such as `valid_loss`, `train/acc`, `loss/val` or `train_loss_epoch` means. `None` if
/// the name is unknown.
pub fn metric(name: &str) -> Option<PartMetric> {
    let name = name.trim().to_lowercase();
    if let Ok(exact) = name.parse() {
        return Some(exact);
    }
    let name = name.strip_suffix("_epoch").unwrap_or(&name);
    let separators = ['_', '/', '.', '-', ' '];
    let of_part = |(one, other): (&str, &str)| Some(part(one)?.of(quantity(other)?));
    let forward = name.split_once(separators).and_then(of_part);
    forward.or_else(|| name.rsplit_once(separators).and_then(|(one, other)| of_part((other, one))))
}

/// Returns the quantity that `name` means, for example accuracy for `acc`. `None` if the name is unknown.
pub fn quantity(name: &str) -> Option<Metric> {
    match name {
        "loss" => Some(Metric::LOSS),
        "acc"
        | "accuracy"
        | "acc1"
        | "top1"
        | "accuracy_top1"
        | "categorical_accuracy"
        | "binary_accuracy"
        | "sparse_categorical_accuracy" => Some(Metric::ACCURACY),
        "rmse" | "root_mean_squared_error" => Some(Metric::RMSE),
        _ => None,
    }
}

fn part(name: &str) -> Option<Part> {
    match name {
        "train" | "training" => Some(Part::Train),
        "val" | "valid" | "validation" | "dev" | "eval" => Some(Part::Val),
        "test" => Some(Part::Test),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_names_are_understood() {
        let read = |name: &str| metric(name).map(|metric| metric.to_string());
        for (name, expected) in [
            ("val_loss", "val_loss"),
            ("ema_loss", "ema_loss"),
            ("valid_loss", "val_loss"),
            ("Validation Loss", "val_loss"),
            ("eval_top1", "val_accuracy"),
            ("train/acc", "train_accuracy"),
            ("loss/train", "train_loss"),
            ("train_loss_epoch", "train_loss"),
            ("dev-rmse", "val_rmse"),
            ("val_sparse_categorical_accuracy", "val_accuracy"),
        ] {
            assert_eq!(read(name).as_deref(), Some(expected), "{name}");
        }
        for other in ["loss", "accuracy", "train_loss_step", "val/box_loss", "val_mse", "lr", "", "train", "_"] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
