//! Losses, and the metrics that are read beside them.

use tch::{Device, Kind, Reduction, TchError, Tensor};

use crate::libtorch::elements;
use crate::metric::Metric;

/// What training minimizes, the mean over a batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Loss {
    /// −Σ q·log softmax(logits); q is 1 at the label or, smoothed by s, 1−s+s/K there and s/K elsewhere (K classes).
    /// PyTorch's `CrossEntropyLoss`.
    CrossEntropy { label_smoothing: f64 },
    /// Mean of (prediction − target)² over the batch and the outputs. PyTorch's `MSELoss`.
    Mse,
}

/// A way to sum up the metric of a task over batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    /// Counts the examples whose label has the largest output, for the accuracy.
    Hits,
    /// Sums the squared errors, for the RMSE.
    SquaredErrors,
}

impl Loss {
    /// Returns the metric of the task that the loss is for.
    pub fn metric(self) -> Metric {
        match self {
            Loss::CrossEntropy { .. } => Metric::ACCURACY,
            Loss::Mse => Metric::RMSE,
        }
    }

    /// The loss of outputs `[batch, classes]` for labels `[batch]`, or of `[batch, outputs]` for values of that shape.
    pub fn of(self, output: &Tensor, target: &Tensor) -> Result<Tensor, TchError> {
        match self {
            Loss::CrossEntropy { label_smoothing } => {
                output.f_cross_entropy_loss(target, None::<&Tensor>, Reduction::Mean, -100, label_smoothing)
            }
            Loss::Mse => output.f_mse_loss(target, Reduction::Mean),
        }
    }
}

impl Measure {
    /// Returns the measure of the metric that belongs to `loss`.
    pub(super) fn of(loss: Loss) -> Self {
        match loss {
            Loss::CrossEntropy { .. } => Measure::Hits,
            Loss::Mse => Measure::SquaredErrors,
        }
    }

    /// Returns what one batch adds to the sum: labels hit, or squared errors averaged over the outputs of each example.
    /// On the CPU it is read directly, elsewhere it is a scalar on the device.
    pub(super) fn add(self, output: &Tensor, target: &Tensor) -> Result<Added, TchError> {
        match (self, output.device(), output.kind()) {
            (Measure::Hits, Device::Cpu, Kind::Float) => Ok(Added::Number(hits::<f32>(output, target)?)),
            (Measure::Hits, Device::Cpu, Kind::Double) => Ok(Added::Number(hits::<f64>(output, target)?)),
            (Measure::Hits, ..) => {
                let hit = output.f_argmax(1, false)?.f_eq_tensor(target)?;
                Ok(Added::Scalar(hit.f_sum(Kind::Double)?))
            }
            (Measure::SquaredErrors, device, _) => {
                let error = output.f_sub(target)?.f_to_kind(Kind::Double)?;
                let sum = error.f_square()?.f_sum(Kind::Double)?.f_div_scalar(output.size()[1])?;
                Ok(if device == Device::Cpu { Added::Number(sum.f_double_value(&[])?) } else { Added::Scalar(sum) })
            }
        }
    }

    /// The metric from its sum over `examples`.
    pub(super) fn finish(self, sum: f64, examples: f64) -> f64 {
        match self {
            Measure::Hits => sum / examples,
            Measure::SquaredErrors => (sum / examples).sqrt(),
        }
    }
}

/// A batch's share of a sum.
pub(super) enum Added {
    Number(f64),
    /// A scalar of f64 on the device, not waited for.
    Scalar(Tensor),
}

/// How many rows have their largest output at their label; of equal ones the first counts.
fn hits<T: crate::libtorch::Element + PartialOrd>(output: &Tensor, target: &Tensor) -> Result<f64, TchError> {
    let output = output.f_contiguous()?;
    let classes = *output.size().last().unwrap_or(&1) as usize;
    let largest = |row: &[T]| (1..row.len()).fold(0, |best, at| if row[at] > row[best] { at } else { best });
    let rows = elements::<T>(&output).chunks_exact(classes).zip(elements::<i64>(target));
    Ok(rows.filter(|(row, label)| largest(row) as i64 == **label).count() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hits_are_counted_as_argmax_counts_them() {
        let output = Tensor::from_slice(&[1f32, 3., 2., 0., 0., -1., 5., 5., 9.]).view([3, 3]);
        let target = Tensor::from_slice(&[1i64, 0, 1]);
        let Added::Number(sum) = Measure::Hits.add(&output, &target).unwrap() else { panic!() };
        assert_eq!(sum, 2.0);
    }

    #[test]
    fn rmse_is_the_root_of_the_mse_loss() {
        let output = Tensor::from_slice(&[1f64, 2., 3., 4.]).view([2, 2]);
        let target = Tensor::from_slice(&[1f64, 0., 0., 4.]).view([2, 2]);
        let Added::Number(sum) = Measure::SquaredErrors.add(&output, &target).unwrap() else { panic!() };
        let loss = Loss::Mse.of(&output, &target).unwrap().double_value(&[]);
        assert_eq!(Measure::SquaredErrors.finish(sum, 2.0), loss.sqrt());
    }
}
