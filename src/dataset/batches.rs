//! Batches out of a part of the data. Examples stay as they are stored; a batch is gathered, converted and normalized
//! in one pass over its bytes.

use std::ops::{Div, Sub};

use tch::{Device, Kind, TchError, Tensor};

use super::augment::{Augment, Change, apply_as_tensors};
use super::{Affine, Inputs, Part, Targets};
use crate::libtorch::{Element, elements_mut};
use crate::random::Stream;

/// Some examples as a model takes them.
#[derive(Debug)]
pub struct Batch {
    /// Inputs, `[batch, …]`, normalized.
    pub x: Tensor,
    /// Class numbers `[batch]`, or values `[batch, outputs]`.
    pub y: Tensor,
}

/// A part of the data, ready to be cut into batches.
#[derive(Debug)]
pub struct Batches {
    host: Host,
    /// On a GPU everything lies there as it is stored.
    resident: Option<Resident>,
}

/// A part of the data in this machine's memory.
#[derive(Debug)]
struct Host {
    part: Part,
    affine: Affine,
    /// Shape of one input.
    input: Vec<i64>,
    outputs: usize,
    kind: Kind,
}

#[derive(Debug)]
struct Resident {
    x: Tensor,
    y: Tensor,
    mean: Tensor,
    sd: Tensor,
}

impl Batches {
    /// `part`, whose inputs have shape `input` and whose targets are `outputs` values each, for a model that computes
    /// in `kind` (f32 or f64) on `device`.
    pub fn new(
        part: Part,
        affine: Affine,
        input: &[usize],
        outputs: usize,
        kind: Kind,
        device: Device,
    ) -> Result<Self, TchError> {
        let input: Vec<i64> = input.iter().map(|&size| size as i64).collect();
        let host = Host { part, affine, input, outputs, kind };
        let resident = if device == Device::Cpu { None } else { Some(host.to_device(device)?) };
        Ok(Batches { host, resident })
    }

    /// How many examples there are.
    pub fn len(&self) -> usize {
        self.host.part.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The examples numbered `rows`, in that order.
    pub fn gather(&self, rows: &[u32]) -> Result<Batch, TchError> {
        self.gather_changed(rows, None)
    }

    /// As [`Batches::gather`], each image changed as `augment` has it for step `step` (from 0) under `seed`.
    pub fn gather_for_step(
        &self,
        rows: &[u32],
        augment: Option<&Augment>,
        seed: u64,
        step: u64,
    ) -> Result<Batch, TchError> {
        let changes = augment.map(|augment| augment.changes(seed, step, rows.len()));
        self.gather_changed(rows, changes.as_deref())
    }

    fn gather_changed(&self, rows: &[u32], changes: Option<&[Change]>) -> Result<Batch, TchError> {
        let changes = changes.zip(self.host.image());
        match &self.resident {
            None => self.host.gather(rows, changes),
            Some(Resident { x, y, mean, sd }) => {
                let shape = self.host.shape(rows.len());
                let rows: Vec<i64> = rows.iter().map(|&row| i64::from(row)).collect();
                let rows = Tensor::f_from_slice(&rows)?.f_to_device(x.device())?;
                let mut x = x.f_index_select(0, &rows)?;
                if let Some((changes, image)) = changes {
                    x = apply_as_tensors(changes, &x, image)?;
                }
                let x = x.f_to_kind(self.host.kind)?.f_sub(mean)?.f_div(sd)?;
                Ok(Batch { x: x.f_view(shape.as_slice())?, y: y.f_index_select(0, &rows)? })
            }
        }
    }
}

impl Host {
    /// On the thread that asks: a tenth of a small model's step. Threads of our own for it, or to prepare the next batch
    /// meanwhile, fight libtorch's for the cores and cost more than all of it (measured on two).
    fn gather(&self, rows: &[u32], changes: Option<(&[Change], [usize; 3])>) -> Result<Batch, TchError> {
        let mut x = Tensor::f_empty(self.shape(rows.len()).as_slice(), (self.kind, Device::Cpu))?;
        match self.kind {
            Kind::Double => self.fill::<f64>(rows, changes, elements_mut(&mut x)),
            _ => self.fill::<f32>(rows, changes, elements_mut(&mut x)),
        }
        Ok(Batch { x, y: self.targets(rows)? })
    }

    /// Channels, height and width, if inputs are images.
    fn image(&self) -> Option<[usize; 3]> {
        let [channels, height, width] = self.input[..] else { return None };
        Some([channels, height, width].map(|size| size as usize))
    }

    fn shape(&self, examples: usize) -> Vec<i64> {
        std::iter::once(examples as i64).chain(self.input.iter().copied()).collect()
    }

    fn to_device(&self, device: Device) -> Result<Resident, TchError> {
        let x = match &self.part.inputs {
            Inputs::Bytes(bytes) => Tensor::f_from_slice(bytes)?,
            Inputs::Floats(floats) => Tensor::f_from_slice(floats)?,
        };
        let y = match &self.part.targets {
            Targets::Classes(classes) => Tensor::f_from_slice(classes)?,
            Targets::Values(values) => {
                Tensor::f_from_slice(values)?.f_to_kind(self.kind)?.f_view([-1, self.outputs as i64])?
            }
        };
        let row = |values: &[f32]| Tensor::f_from_slice(values)?.f_to_kind(self.kind)?.f_to_device(device);
        Ok(Resident {
            x: x.f_view([-1, self.input.iter().product::<i64>()])?.f_to_device(device)?,
            y: y.f_to_device(device)?,
            mean: row(&self.affine.mean)?,
            sd: row(&self.affine.sd)?,
        })
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

    fn fill<T: Real>(&self, rows: &[u32], changes: Option<(&[Change], [usize; 3])>, out: &mut [T]) {
        match (&self.part.inputs, changes) {
            (Inputs::Bytes(bytes), None) => fill(rows, bytes, &self.affine, out),
            (Inputs::Floats(floats), None) => fill(rows, floats, &self.affine, out),
            (Inputs::Bytes(bytes), Some(changes)) => fill_changed(rows, bytes, changes, &self.affine, out),
            (Inputs::Floats(floats), Some(changes)) => fill_changed(rows, floats, changes, &self.affine, out),
        }
    }
}

/// What a batch is computed in.
trait Real: Element + From<f32> + From<u8> + Sub<Output = Self> + Div<Output = Self> {}
impl Real for f32 {}
impl Real for f64 {}

/// Writes (v − mean)/sd for every v of `rows` of `stored`, one after another.
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

/// As [`fill`], of changed images.
fn fill_changed<V: Copy + Default, T: Real + From<V>>(
    rows: &[u32],
    stored: &[V],
    (changes, image): (&[Change], [usize; 3]),
    affine: &Affine,
    out: &mut [T],
) {
    let features: usize = image.iter().product();
    let mut changed = vec![V::default(); features];
    for ((&row, change), out) in rows.iter().zip(changes).zip(out.chunks_exact_mut(features)) {
        change.apply(&stored[row as usize * features..][..features], image, &mut changed);
        fill(&[0], &changed, affine, out);
    }
}

#[inline(always)]
fn convert<V: Copy, T: Real + From<V>>(stored: &[V], out: &mut [T], mean: T, sd: T) {
    for (out, &value) in out.iter_mut().zip(stored) {
        *out = (T::from(value) - mean) / sd;
    }
}

#[inline(always)]
fn convert_each<V: Copy, T: Real + From<V>>(stored: &[V], out: &mut [T], mean: &[f32], sd: &[f32]) {
    for (((out, &value), &mean), &sd) in out.iter_mut().zip(stored).zip(mean).zip(sd) {
        *out = (T::from(value) - T::from(mean)) / T::from(sd);
    }
}

crate::choice! {
    /// The order of the training examples.
    pub enum Shuffle {
        /// A new random order each epoch.
        EveryEpoch = "every_epoch",
        /// One random order for all epochs, as DeepOBS has it.
        Once = "once",
        /// As stored.
        Never = "never",
    }
}

impl Shuffle {
    /// `rows` in the order of epoch `epoch` (from 1) under `seed`.
    pub fn order(self, rows: &[u32], seed: u64, epoch: u64) -> Vec<u32> {
        let index = match self {
            Shuffle::EveryEpoch => epoch,
            Shuffle::Once => 1,
            Shuffle::Never => return rows.to_vec(),
        };
        let order = Stream::new(seed, "order", index).permutation(rows.len());
        order.into_iter().map(|at| rows[at as usize]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(inputs: Inputs) -> Part {
        Part { inputs, targets: Targets::Classes(vec![3, 1, 2]), len: 3 }
    }

    fn values(tensor: &Tensor) -> Vec<f64> {
        Vec::try_from(tensor.to_kind(Kind::Double).flatten(0, -1)).unwrap()
    }

    #[test]
    fn a_batch_is_its_rows_normalized() {
        let bytes = part(Inputs::Bytes(vec![0, 51, 102, 153, 204, 255]));
        let affine = Affine { mean: vec![0.0], sd: vec![255.0] };
        for kind in [Kind::Float, Kind::Double] {
            let batches = Batches::new(bytes.clone(), affine.clone(), &[1, 2, 1], 1, kind, Device::Cpu).unwrap();
            let batch = batches.gather(&[2, 0]).unwrap();
            assert_eq!((batch.x.size(), batch.x.kind()), (vec![2, 1, 2, 1], kind));
            let expected: Vec<f64> = match kind {
                Kind::Float => [204f32, 255., 0., 51.].iter().map(|v| f64::from(v / 255.0)).collect(),
                _ => [204f64, 255., 0., 51.].iter().map(|v| v / 255.0).collect(),
            };
            assert_eq!(values(&batch.x), expected);
            assert_eq!(values(&batch.y), [2.0, 3.0]);
        }
    }

    #[test]
    fn each_feature_has_its_own_scale() {
        let floats = part(Inputs::Floats(vec![1., 10., 2., 20., 3., 30.]));
        let affine = Affine { mean: vec![2.0, 20.0], sd: vec![1.0, 10.0] };
        let batches = Batches::new(floats, affine, &[2], 1, Kind::Float, Device::Cpu).unwrap();
        assert_eq!(values(&batches.gather(&[0, 1, 2]).unwrap().x), [-1., -1., 0., 0., 1., 1.]);
    }

    #[test]
    fn a_step_sees_changed_images_and_nobody_else_does() {
        let images = Part { inputs: Inputs::Bytes((1..=24).collect()), targets: Targets::Classes(vec![0, 1]), len: 2 };
        let affine = Affine { mean: vec![1.0], sd: vec![2.0] };
        let augment = Augment { padding: 1, horizontal_flip: 0.5 };
        let batches = Batches::new(images, affine, &[1, 3, 4], 1, Kind::Float, Device::Cpu).unwrap();
        let plain = values(&batches.gather(&[1, 0]).unwrap().x);
        assert_eq!(values(&batches.gather_for_step(&[1, 0], None, 1, 5).unwrap().x), plain);
        let mut seen = 0;
        for step in 0..10 {
            let batch = batches.gather_for_step(&[1, 0], Some(&augment), 1, step).unwrap();
            let mut expected = [0u8; 24];
            for (at, (change, row)) in augment.changes(1, step, 2).into_iter().zip([1, 0]).enumerate() {
                let stored: Vec<u8> = (1 + 12 * row..13 + 12 * row).collect();
                change.apply(&stored, [1, 3, 4], &mut expected[12 * at..12 * at + 12]);
            }
            let expected: Vec<f64> = expected.iter().map(|&pixel| (f64::from(pixel) - 1.0) / 2.0).collect();
            assert_eq!(values(&batch.x), expected);
            seen += usize::from(values(&batch.x) != plain);
        }
        assert!(seen > 5);
    }

    #[test]
    fn an_order_is_drawn_again_from_its_epoch() {
        let rows: Vec<u32> = (10..200).collect();
        let order = |shuffle: Shuffle, epoch| shuffle.order(&rows, 1, epoch);
        assert_eq!(order(Shuffle::EveryEpoch, 2), order(Shuffle::EveryEpoch, 2));
        assert_ne!(order(Shuffle::EveryEpoch, 2), order(Shuffle::EveryEpoch, 3));
        assert_eq!(order(Shuffle::Once, 2), order(Shuffle::Once, 3));
        assert_eq!(order(Shuffle::Never, 2), rows);
        let mut sorted = order(Shuffle::EveryEpoch, 2);
        sorted.sort();
        assert_eq!(sorted, rows);
    }
}
