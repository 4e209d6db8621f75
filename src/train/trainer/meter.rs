//! Sums over batches: loss, metric and the first step with a non-finite loss. On the CPU they are plain numbers. On a
//! GPU they are tensors there until they are read, so that no step waits for the GPU.

use serde::{Deserialize, Serialize};
use tch::{Device, Kind, TchError, Tensor};

use super::loss::{BatchSum, Measure};
use crate::record::Scores;

/// The sums over the batches so far.
#[derive(Debug)]
pub(in crate::train) struct Meter {
    measure: Measure,
    examples: f64,
    place: Place,
}

/// The sums of a meter as numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::train) struct Sums {
    examples: f64,
    loss: f64,
    metric: f64,
}

/// The memory that holds the sums.
#[derive(Debug)]
enum Place {
    Host { loss: f64, metric: f64, bad: Option<Bad> },
    Device { loss: Tensor, metric: Tensor, bad_step: Tensor, bad_loss: Tensor },
}

/// The first step with a loss that is NaN or infinite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::train) struct Bad {
    pub step: u64,
    pub loss: f64,
}

/// The value of `bad_step` while there is no such step.
const NONE: i64 = i64::MAX;

impl Meter {
    /// Creates an empty meter for batches on `device`.
    pub fn new(measure: Measure, device: Device) -> Result<Self, TchError> {
        Meter::with(measure, device, Sums::default())
    }

    /// Creates a meter that continues from `sums`.
    pub fn with(measure: Measure, device: Device, sums: Sums) -> Result<Self, TchError> {
        let place = match device {
            Device::Cpu => Place::Host { loss: sums.loss, metric: sums.metric, bad: None },
            device => Place::on(device, sums)?,
        };
        Ok(Meter { measure, examples: sums.examples, place })
    }

    /// Returns the sums. On a GPU this waits for all steps so far.
    pub fn sums(&self) -> Result<Sums, TchError> {
        let (loss, metric) = match &self.place {
            Place::Host { loss, metric, .. } => (*loss, *metric),
            Place::Device { loss, metric, .. } => (loss.f_double_value(&[])?, metric.f_double_value(&[])?),
        };
        Ok(Sums { examples: self.examples, loss, metric })
    }

    /// Adds a batch: its mean loss, outputs and targets. `step` is its step, from 1.
    pub fn add(&mut self, step: u64, loss: &Tensor, output: &Tensor, target: &Tensor) -> Result<(), TchError> {
        let examples = output.size()[0] as f64;
        self.examples += examples;
        let added = self.measure.batch_sum(output, target)?;
        match &mut self.place {
            Place::Host { loss: loss_sum, metric, bad } => {
                let loss = loss.f_double_value(&[])?;
                if !loss.is_finite() && bad.is_none() {
                    *bad = Some(Bad { step, loss });
                }
                *loss_sum += loss * examples;
                *metric += match added {
                    BatchSum::Number(number) => number,
                    BatchSum::Scalar(scalar) => scalar.f_double_value(&[])?,
                };
            }
            Place::Device { loss: loss_sum, metric, bad_step, bad_loss } => {
                let loss = loss.f_detach()?.f_to_kind(Kind::Double)?;
                *loss_sum = loss_sum.f_add(&loss.f_mul_scalar(examples)?)?;
                *metric = match added {
                    BatchSum::Scalar(scalar) => metric.f_add(&scalar)?,
                    BatchSum::Number(number) => metric.f_add_scalar(number)?,
                };
                let first = loss.f_isfinite()?.f_logical_not()?.f_logical_and(&bad_step.f_eq(NONE)?)?;
                *bad_loss = loss.f_where_self(&first, bad_loss)?;
                *bad_step = bad_step.f_masked_fill(&first, step as i64)?;
            }
        }
        Ok(())
    }

    /// Returns the first step with a loss that is NaN or infinite. `None` if there is none. On a GPU this waits for all
    /// steps so far.
    pub fn bad(&self) -> Result<Option<Bad>, TchError> {
        match &self.place {
            Place::Host { bad, .. } => Ok(*bad),
            Place::Device { bad_step, bad_loss, .. } => match bad_step.f_int64_value(&[])? {
                NONE => Ok(None),
                step => Ok(Some(Bad { step: step as u64, loss: bad_loss.f_double_value(&[])? })),
            },
        }
    }

    /// Returns mean loss and metric so far. `None` before the first batch. On a GPU this waits for all steps so far.
    pub fn scores(&self) -> Result<Option<Scores>, TchError> {
        if self.examples == 0.0 {
            return Ok(None);
        }
        let Sums { examples, loss, metric } = self.sums()?;
        Ok(Some(Scores { loss: self.measure.loss(loss / examples), metric: self.measure.value(metric, examples) }))
    }
}

impl Place {
    fn on(device: Device, sums: Sums) -> Result<Self, TchError> {
        let number = |value: f64| Tensor::f_full([], value, (Kind::Double, device));
        let bad_step = Tensor::f_full([], NONE, (Kind::Int64, device))?;
        let (loss, metric) = (number(sums.loss)?, number(sums.metric)?);
        Ok(Place::Device { loss, metric, bad_step, bad_loss: number(0.0)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Loss;
    use crate::train::mean_loss;

    /// The sums of a GPU are tensors. Here they are on the CPU.
    #[test]
    fn sums_on_device_and_host_are_equal() {
        let mut here = Meter::new(Measure::Hits, Device::Cpu).unwrap();
        let place = Place::on(Device::Cpu, Sums::default()).unwrap();
        let mut there = Meter { measure: Measure::Hits, examples: 0.0, place };
        let loss = Loss::CrossEntropy { label_smoothing: 0.1 };
        let target = Tensor::from_slice(&[1i64, 0, 2, 2]);
        for step in 1..=5 {
            let mut output = Tensor::rand([4, 3], (Kind::Double, Device::Cpu));
            if step >= 4 {
                let _ = output.fill_(f64::NAN);
            }
            assert_eq!(here.bad().unwrap().is_some(), step > 4, "before step {step}");
            for meter in [&mut here, &mut there] {
                meter.add(step, &mean_loss(loss, &output, &target).unwrap(), &output, &target).unwrap();
            }
            if step == 3 {
                assert_eq!(here.scores().unwrap(), there.scores().unwrap());
                // Both continue from their sums.
                here = Meter::with(Measure::Hits, Device::Cpu, here.sums().unwrap()).unwrap();
                there.place = Place::on(Device::Cpu, there.sums().unwrap()).unwrap();
                assert_eq!(here.scores().unwrap(), there.scores().unwrap());
            }
        }
        for meter in [here, there] {
            let bad = meter.bad().unwrap().unwrap();
            assert!(bad.step == 4 && bad.loss.is_nan());
        }
    }
}
