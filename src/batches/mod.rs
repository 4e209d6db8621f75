//! Batches of examples as tensors. Examples stay as they are stored. A batch is gathered, converted and normalized in
//! one pass over its bytes.

mod device;
mod host;

use tch::{Device, Kind, TchError, Tensor};

use crate::dataset::{Affine, Augment, Part, Transform};
use device::OnDevice;
use host::OnHost;

/// Some examples, ready for a model.
#[derive(Debug)]
pub struct Batch {
    /// Normalized inputs, `[batch, …]`.
    pub x: Tensor,
    /// Class numbers `[batch]`, or values `[batch, outputs]`.
    pub y: Tensor,
}

/// A part of the data, from which batches are gathered.
#[derive(Debug)]
pub struct Batches {
    host: OnHost,
    /// A copy in the GPU's memory, if the model computes there.
    device: Option<OnDevice>,
}

impl Batches {
    /// Prepares `part` for a model that computes in `kind` (f32 or f64) on `device`. Each input has the shape `input`.
    /// Each target is a class or `outputs` values.
    pub fn new(
        part: Part,
        affine: Affine,
        input: &[usize],
        outputs: usize,
        kind: Kind,
        device: Device,
    ) -> Result<Self, TchError> {
        let input: Vec<i64> = input.iter().map(|&size| size as i64).collect();
        let host = OnHost { part, affine, input, outputs, kind };
        let device = if device == Device::Cpu { None } else { Some(OnDevice::new(&host, device)?) };
        Ok(Batches { host, device })
    }

    /// Returns the number of examples.
    pub fn len(&self) -> usize {
        self.host.part.len
    }

    /// Returns true if there are no examples.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the examples with the indices `rows`, in that order.
    pub fn gather(&self, rows: &[u32]) -> Result<Batch, TchError> {
        self.gather_transformed(rows, None)
    }

    /// Returns the examples with the indices `rows`. Transforms each image as `augment` decides for step `step` (from
    /// 0) under `seed`. `None` transforms nothing.
    pub fn gather_for_step(
        &self,
        rows: &[u32],
        augment: Option<&Augment>,
        seed: u64,
        step: u64,
    ) -> Result<Batch, TchError> {
        let transforms = augment.map(|augment| augment.transforms(seed, step, rows.len()));
        self.gather_transformed(rows, transforms.as_deref())
    }

    fn gather_transformed(&self, rows: &[u32], transforms: Option<&[Transform]>) -> Result<Batch, TchError> {
        let transforms = transforms.zip(self.host.image());
        match &self.device {
            None => self.host.gather(rows, transforms),
            Some(device) => device.gather(&self.host, rows, transforms),
        }
    }
}

#[cfg(test)]
mod tests;
