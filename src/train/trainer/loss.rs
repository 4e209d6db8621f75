//! Losses and metrics of a batch.

use tch::{Device, Kind, Reduction, TchError, Tensor};

use crate::libtorch::elements;
use crate::plan::Loss;

/// Returns the mean loss of outputs `[batch, classes]` for labels `[batch]`, or of outputs `[batch, outputs]` for
/// values of the same shape. The result is a scalar tensor.
pub fn mean_loss(loss: Loss, output: &Tensor, target: &Tensor) -> Result<Tensor, TchError> {
    match loss {
        Loss::CrossEntropy { label_smoothing } => {
            output.f_cross_entropy_loss(target, None::<&Tensor>, Reduction::Mean, -100, label_smoothing)
        }
        Loss::Mse { .. } => output.f_mse_loss(target, Reduction::Mean),
    }
}

/// A way to sum the metric of a task over batches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Measure {
    /// Counts the examples whose label has the largest output, for the accuracy.
    Hits,
    /// Sums the squared errors, for the RMSE. One unit of an output is `unit` in the target's own units.
    SquaredErrors { unit: f64 },
}

impl Measure {
    /// Returns the measure of the metric that belongs to `loss`.
    pub fn of(loss: Loss) -> Self {
        match loss {
            Loss::CrossEntropy { .. } => Measure::Hits,
            Loss::Mse { target_sd } => Measure::SquaredErrors { unit: target_sd },
        }
    }

    /// Returns a batch's share of the sum: the number of correct labels, or the squared errors averaged over the
    /// outputs of each example. It is a number on the CPU, and a scalar on any other device.
    pub fn batch_sum(self, output: &Tensor, target: &Tensor) -> Result<BatchSum, TchError> {
        match (self, output.device(), output.kind()) {
            (Measure::Hits, Device::Cpu, Kind::Float) => Ok(BatchSum::Number(hits::<f32>(output, target)?)),
            (Measure::Hits, Device::Cpu, Kind::Double) => Ok(BatchSum::Number(hits::<f64>(output, target)?)),
            (Measure::Hits, ..) => {
                let hit = output.f_argmax(1, false)?.f_eq_tensor(target)?;
                Ok(BatchSum::Scalar(hit.f_sum(Kind::Double)?))
            }
            (Measure::SquaredErrors { .. }, device, _) => {
                let error = output.f_sub(target)?.f_to_kind(Kind::Double)?;
                let sum = error.f_square()?.f_sum(Kind::Double)?.f_div_scalar(output.size()[1])?;
                match device {
                    Device::Cpu => Ok(BatchSum::Number(sum.f_double_value(&[])?)),
                    _ => Ok(BatchSum::Scalar(sum)),
                }
            }
        }
    }

    /// Returns the metric from its sum over `examples`.
    pub fn value(self, sum: f64, examples: f64) -> f64 {
        match self {
            Measure::Hits => sum / examples,
            Measure::SquaredErrors { unit } => (sum / examples).sqrt() * unit,
        }
    }

    /// Returns the loss in the target's own units.
    pub fn loss(self, loss: f64) -> f64 {
        match self {
            Measure::Hits => loss,
            Measure::SquaredErrors { unit } => loss * unit * unit,
        }
    }
}

/// A batch's share of a sum.
pub enum BatchSum {
    Number(f64),
    /// An f64 scalar on the device. Reading it would wait for the device.
    Scalar(Tensor),
}

/// Returns the number of rows whose largest output is at their label. Of equal outputs, the first counts as the
/// largest.
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
    fn of_equal_outputs_the_first_counts() {
        let output = Tensor::from_slice(&[1f32, 3., 2., 0., 0., -1., 5., 5., 9.]).view([3, 3]);
        let target = Tensor::from_slice(&[1i64, 0, 1]);
        let BatchSum::Number(sum) = Measure::Hits.batch_sum(&output, &target).unwrap() else { panic!() };
        assert_eq!(sum, 2.0);
    }

    #[test]
    fn rmse_is_the_root_of_the_mse_loss() {
        let output = Tensor::from_slice(&[1f64, 2., 3., 4.]).view([2, 2]);
        let target = Tensor::from_slice(&[1f64, 0., 0., 4.]).view([2, 2]);
        let BatchSum::Number(sum) = Measure::SquaredErrors { unit: 1.0 }.batch_sum(&output, &target).unwrap() else {
            panic!()
        };
        let loss = mean_loss(Loss::Mse { target_sd: 1.0 }, &output, &target).unwrap().double_value(&[]);
        assert_eq!(Measure::SquaredErrors { unit: 1.0 }.value(sum, 2.0), loss.sqrt());
        let scaled = Measure::SquaredErrors { unit: 4.0 };
        assert_eq!((scaled.value(sum, 2.0), scaled.loss(loss)), (4.0 * loss.sqrt(), 16.0 * loss));
    }
}
