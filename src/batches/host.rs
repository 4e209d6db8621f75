//! Examples in the machine's own memory.

use std::ops::{Div, Sub};

use tch::{Device, Kind, TchError, Tensor};

use super::Batch;
use crate::dataset::{Affine, Inputs, Part, Targets, Transform};
use crate::libtorch::{Element, elements_mut};

/// A part of the data in the machine's own memory, and what is needed to make batches of it.
#[derive(Debug)]
pub struct OnHost {
    pub part: Part,
    pub affine: Affine,
    /// The shape of one input.
    pub input: Vec<i64>,
    /// The number of values in a target that is not a class.
    pub outputs: usize,
    /// The type of the numbers in a batch.
    pub kind: Kind,
}

impl OnHost {
    /// Gathers a batch on the calling thread. For a small model this takes a tenth of a training step. Threads of our
    /// own, to share the work or to prepare the next batch, compete with libtorch's threads for the cores. On two cores
    /// they cost more than they gain.
    pub fn gather(&self, rows: &[u32], transforms: Option<(&[Transform], [usize; 3])>) -> Result<Batch, TchError> {
        let mut x = Tensor::f_empty(self.shape(rows.len()).as_slice(), (self.kind, Device::Cpu))?;
        match self.kind {
            Kind::Double => self.fill::<f64>(rows, transforms, elements_mut(&mut x)),
            _ => self.fill::<f32>(rows, transforms, elements_mut(&mut x)),
        }
        Ok(Batch { x, y: self.targets(rows)? })
    }

    /// Returns channels, height and width. `None` if the inputs are not images.
    pub fn image(&self) -> Option<[usize; 3]> {
        let [channels, height, width] = self.input[..] else { return None };
        Some([channels, height, width].map(|size| size as usize))
    }

    /// Returns the shape of a batch of inputs.
    pub fn shape(&self, examples: usize) -> Vec<i64> {
        std::iter::once(examples as i64).chain(self.input.iter().copied()).collect()
    }

    fn targets(&self, rows: &[u32]) -> Result<Tensor, TchError> {
        match &self.part.targets {
            Targets::Classes(classes) => {
                let of_rows: Vec<i64> = rows.iter().map(|&row| classes[row as usize]).collect();
                Tensor::f_from_slice(&of_rows)
            }
            Targets::Values(values) => {
                let of_row = |&row: &u32| &values[row as usize * self.outputs..(row as usize + 1) * self.outputs];
                let of_rows: Vec<f32> = rows.iter().flat_map(of_row).copied().collect();
                Tensor::f_from_slice(&of_rows)?.f_view([-1, self.outputs as i64])?.f_to_kind(self.kind)
            }
        }
    }

    fn fill<T: Real>(&self, rows: &[u32], transforms: Option<(&[Transform], [usize; 3])>, out: &mut [T]) {
        match (&self.part.inputs, transforms) {
            (Inputs::Bytes(bytes), None) => fill(rows, bytes, &self.affine, out),
            (Inputs::Floats(floats), None) => fill(rows, floats, &self.affine, out),
            (Inputs::Bytes(bytes), Some(how)) => fill_transformed(rows, bytes, how, &self.affine, out),
            (Inputs::Floats(floats), Some(how)) => fill_transformed(rows, floats, how, &self.affine, out),
        }
    }
}

/// A type of numbers that a model computes in.
trait Real: Element + From<f32> + From<u8> + Sub<Output = Self> + Div<Output = Self> {}
impl Real for f32 {}
impl Real for f64 {}

/// Writes (v − mean)/sd to `out` for each value v of the examples `rows` of `stored`.
fn fill<V: Copy, T: Real + From<V>>(rows: &[u32], stored: &[V], affine: &Affine, out: &mut [T]) {
    let features = out.len() / rows.len().max(1);
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || {
            for (out, &row) in out.chunks_exact_mut(features.max(1)).zip(rows) {
                let stored = &stored[row as usize * features..(row as usize + 1) * features];
                match (affine.mean.as_slice(), affine.sd.as_slice()) {
                    ([mean], [sd]) => convert(stored, out, T::from(*mean), T::from(*sd)),
                    (mean, sd) => convert_each(stored, out, mean, sd),
                }
            }
        },
    );
}

/// Transforms each image of the examples `rows`, then does the same as [`fill`].
fn fill_transformed<V: Copy + Default, T: Real + From<V>>(
    rows: &[u32],
    stored: &[V],
    (transforms, image): (&[Transform], [usize; 3]),
    affine: &Affine,
    out: &mut [T],
) {
    let features: usize = image.iter().product();
    let mut transformed = vec![V::default(); features];
    for ((&row, transform), out) in rows.iter().zip(transforms).zip(out.chunks_exact_mut(features)) {
        transform.apply(&stored[row as usize * features..][..features], image, &mut transformed);
        fill(&[0], &transformed, affine, out);
    }
}

/// Normalizes all values by one mean and standard deviation.
#[inline(always)]
fn convert<V: Copy, T: Real + From<V>>(stored: &[V], out: &mut [T], mean: T, sd: T) {
    for (out, &value) in out.iter_mut().zip(stored) {
        *out = (T::from(value) - mean) / sd;
    }
}

/// Normalizes each feature by its own mean and standard deviation.
#[inline(always)]
fn convert_each<V: Copy, T: Real + From<V>>(stored: &[V], out: &mut [T], mean: &[f32], sd: &[f32]) {
    for (((out, &value), &mean), &sd) in out.iter_mut().zip(stored).zip(mean).zip(sd) {
        *out = (T::from(value) - T::from(mean)) / T::from(sd);
    }
}
