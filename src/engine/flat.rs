//! The flat state of an optimizer, and passes over it: fused on the CPU, as tensor operations elsewhere.

use tch::{Device, Kind, Tensor};

use super::{Error, Layout, Segment, Segments, clip, graph::evaluate};
use crate::libtorch::{Element, Pieces, Slices, call_vectorized, elements_mut};
use crate::optimizer::{Chunk, Clip, CompiledKernel, Initial, MAX_SLOTS, SegmentScalars, Vectorized};
use crate::params::Param;
use crate::store::Store;

/// The number of elements in a piece. A thread takes at least one piece.
const PIECE: usize = 16 * 1024;

/// The number of elements below which a second thread costs more than it saves. Adam on 100,000 parameters takes 90 µs
/// on one thread and twice that on two threads, which have to wait for each other and for each other's caches. Tests
/// use several threads with fewer elements.
const GRAIN: usize = if cfg!(test) { 1024 } else { 256 * 1024 };

/// The state slots of an optimizer as flat tensors, laid out like the parameters of a store.
#[derive(Debug)]
pub struct Flat {
    pub segments: Segments,
    clip: Clip,
    names: &'static [&'static str],
    slots: Vec<Tensor>,
    params: Vec<Param>,
    /// The pieces of the flat tensors: the units of work of a pass. Sums are computed piece by piece, so that they do
    /// not depend on the number of threads.
    pieces: Pieces,
    /// For each piece, the index of its segment, and the offset of its first element in that segment.
    piece_of: Vec<(usize, usize)>,
    slices: Slices,
}

/// The gradients of a step.
pub struct Gradients<'a> {
    given: &'a [Tensor],
    /// Contiguous copies of the given gradients. `None` if those are contiguous themselves.
    in_order: Option<Vec<Tensor>>,
    /// The factor of [`Clip::Norm`]. `None` means 1.
    scale: Option<Tensor>,
    /// True to use tensor operations even if there is a fused loop.
    as_tensors: bool,
}

impl Gradients<'_> {
    fn all(&self) -> &[Tensor] {
        self.in_order.as_deref().unwrap_or(self.given)
    }
}

/// The sums of a pass.
#[derive(Debug, Default)]
pub struct SegmentSums {
    /// The segments with a gradient, by number.
    pub segments: Vec<usize>,
    /// The sums of each of these segments, one after another.
    sums: Vec<f64>,
}

impl SegmentSums {
    /// Iterates over the segments with a gradient, with the sums of each.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &[f64])> {
        let each = self.sums.len() / self.segments.len().max(1);
        self.segments.iter().enumerate().map(move |(at, &number)| (number, &self.sums[at * each..(at + 1) * each]))
    }
}

impl Flat {
    /// Creates the slots called `names`. `initial[g][s]` is the first value of slot `s` in the segments of group `g`.
    pub fn new(
        names: &'static [&'static str],
        initial: &[Vec<Initial>],
        layout: Layout,
        store: &Store,
    ) -> Result<Self, Error> {
        let Layout { segments, clip } = layout;
        let new_slot = |index: usize| -> Result<Tensor, Error> {
            let slot = store.flat().f_zeros_like()?;
            for segment in segments.iter() {
                let (start, len) = (segment.range.start as i64, segment.range.len() as i64);
                let mut part = slot.f_narrow(0, start, len)?;
                match initial[segment.group][index] {
                    Initial::Value(value) => drop(part.f_fill_(value)?),
                    Initial::Parameter => part.f_copy_(&store.flat().f_narrow(0, start, len)?)?,
                }
            }
            Ok(slot)
        };
        let slots = (0..names.len()).map(new_slot).collect::<Result<Vec<_>, Error>>()?;
        let mut ranges = Vec::new();
        let mut piece_of = Vec::new();
        for (number, segment) in segments.iter().enumerate() {
            for start in segment.range.clone().step_by(PIECE) {
                ranges.push(start..segment.range.end.min(start + PIECE));
                piece_of.push((number, start - segment.range.start));
            }
        }
        let params = store.declaration().params().to_vec();
        let pieces = Pieces::new(ranges);
        Ok(Flat { segments, clip, names, slots, params, pieces, piece_of, slices: Slices::default() })
    }

    /// Prepares the gradients of a step for its passes.
    pub fn gradients<'a>(&self, grads: &'a [Tensor], as_tensors: bool) -> Result<Gradients<'a>, Error> {
        // A pass reads each gradient as a slice, so it must be contiguous. The gradient of a sum has stride 0, and that
        // of a convolution can be channels-last.
        let is_in_order = |grad: &Tensor| !grad.defined() || grad.is_contiguous();
        let in_order = match grads.iter().all(is_in_order) {
            true => None,
            false => Some(grads.iter().map(contiguous).collect::<Result<_, _>>()?),
        };
        Ok(Gradients { given: grads, in_order, scale: clip::scale(self.clip, grads)?, as_tensors })
    }

    /// Runs `kernel` over the store. `scalars` has one entry per segment. Segments without a gradient do not change.
    pub fn pass(
        &mut self,
        kernel: &CompiledKernel,
        store: &mut Store,
        grads: &Gradients<'_>,
        scalars: &[SegmentScalars],
    ) -> Result<SegmentSums, Error> {
        let flat = store.flat();
        match (flat.device(), flat.kind()) {
            (Device::Cpu, Kind::Float) if !grads.as_tensors => {
                self.fused(kernel.f32, kernel.sums, store, grads, scalars)
            }
            (Device::Cpu, Kind::Double) if !grads.as_tensors => {
                self.fused(kernel.f64, kernel.sums, store, grads, scalars)
            }
            _ => self.wide(kernel, store, grads, scalars),
        }
    }

    /// Makes a pass in one loop over parameters, gradients and state, on the run's threads.
    fn fused<T: Element>(
        &mut self,
        vectorized: Vectorized<T>,
        sum_count: usize,
        store: &mut Store,
        grads: &Gradients<'_>,
        scalars: &[SegmentScalars],
    ) -> Result<SegmentSums, Error> {
        let scale = match &grads.scale {
            Some(scale) => scale.f_double_value(&[])?,
            None => 1.0,
        };
        let limit = if let Clip::Value(limit) = self.clip { limit } else { f64::INFINITY };
        let gradients = self.slices.of::<T>(grads.all());
        let segments = self.segments.as_slice();
        for segment in segments.iter().filter(|segment| grads.all()[segment.param].defined()) {
            assert_eq!(gradients.get(segment.param).len(), segment.range.len(), "a gradient has its parameter's size");
        }
        let mut rows: [&mut [T]; MAX_SLOTS + 1] = std::array::from_fn(|_| <&mut [T]>::default());
        rows[0] = elements_mut::<T>(store.flat_mut());
        let count = 1 + self.slots.len();
        for (row, slot) in rows[1..].iter_mut().zip(&mut self.slots) {
            *row = elements_mut::<T>(slot);
        }
        // If nothing is summed, this is empty and allocates nothing.
        let mut sums = vec![0.0; self.pieces.len() * sum_count];
        self.pieces.each(&mut rows[..count], &mut sums, GRAIN, &|piece, rows, sums| {
            let (number, start) = self.piece_of[piece];
            let gradient = gradients.get(segments[number].param);
            if let (false, Some((p, slots))) = (gradient.is_empty(), rows.split_first_mut()) {
                let (g, scalars) = (&gradient[start..], &scalars[number]);
                call_vectorized(vectorized, &mut Chunk { p, slots, g, scalars, scale, limit, sums });
            }
        });
        let mut found = SegmentSums::default();
        if sum_count == 0 {
            return Ok(found);
        }
        for (&(number, _), sums) in self.piece_of.iter().zip(sums.chunks_exact(sum_count)) {
            if !grads.all()[segments[number].param].defined() {
                continue;
            }
            if found.segments.last() != Some(&number) {
                found.segments.push(number);
                found.sums.extend(sums);
                continue;
            }
            let begin = found.sums.len() - sum_count;
            found.sums[begin..].iter_mut().zip(sums).for_each(|(total, sum)| *total += sum);
        }
        Ok(found)
    }

    /// Makes the same pass with tensor operations: on CUDA, and on the CPU if `as_tensors` is set. Joins neighbouring
    /// segments with the same scalars.
    fn wide(
        &mut self,
        kernel: &CompiledKernel,
        store: &mut Store,
        grads: &Gradients<'_>,
        scalars: &[SegmentScalars],
    ) -> Result<SegmentSums, Error> {
        let defined: Vec<(usize, &Segment)> =
            self.segments.iter().enumerate().filter(|(_, segment)| grads.all()[segment.param].defined()).collect();
        let together = |a: &(usize, &Segment), b: &(usize, &Segment)| {
            scalars[a.0] == scalars[b.0] && a.1.range.end == b.1.range.start
        };
        let graph = (kernel.graph)();
        let mut sums = Vec::new();
        for run in defined.chunk_by(together) {
            let (first, last) = (&run[0].1.range, &run[run.len() - 1].1.range);
            let (start, len) = (first.start as i64, (last.end - first.start) as i64);
            let mut flat = store.flat().f_narrow(0, start, len)?;
            let kind = flat.kind();
            let rows: Vec<Tensor> =
                run.iter().map(|(_, it)| grads.all()[it.param].f_reshape([-1])).collect::<Result<_, _>>()?;
            let scalars = &scalars[run[0].0];
            let mut g = Tensor::f_cat(&rows, 0)?.f_to_kind(kind)?.f_mul_scalar(scalars.sign)?;
            if let Some(scale) = &grads.scale {
                g = g.f_mul(&scale.f_to_kind(kind)?)?;
            }
            if let Clip::Value(limit) = self.clip {
                g = g.f_clamp(-limit, limit)?;
            }
            if scalars.l2 != 0.0 {
                g = g.f_add(&flat.f_mul_scalar(scalars.l2)?)?;
            }
            let p = if scalars.shrink == 1.0 { flat.shallow_clone() } else { flat.f_mul_scalar(scalars.shrink)? };
            let views: Vec<Tensor> =
                self.slots.iter().map(|slot| slot.f_narrow(0, start, len)).collect::<Result<_, _>>()?;
            let mut inputs = vec![p, g];
            inputs.extend(views.iter().map(Tensor::shallow_clone));
            inputs.extend(scalars.k[..kernel.scalars].iter().map(|&value| Tensor::from(value)));
            let mut outputs = evaluate(&graph, inputs)?.into_iter();
            if let Some(p) = outputs.next().filter(|_| kernel.moves) {
                flat.f_copy_(&p)?;
            }
            for mut view in views {
                if let Some(new) = outputs.next() {
                    view.f_copy_(&new)?;
                }
            }
            let terms: Vec<Tensor> = outputs.collect();
            for (_, segment) in run {
                let (at, len) = ((segment.range.start - first.start) as i64, segment.range.len() as i64);
                // A term that is the same for all elements is a scalar.
                let of_segment = |term: &Tensor| match term.dim() {
                    0 => term.f_to_kind(Kind::Double)?.f_mul_scalar(len),
                    _ => term.f_narrow(0, at, len)?.f_sum(Kind::Double),
                };
                for term in &terms {
                    sums.push(of_segment(term)?.f_to_device(flat.device())?);
                }
            }
        }
        if kernel.sums == 0 || defined.is_empty() {
            return Ok(SegmentSums::default());
        }
        // One copy of all sums to the host waits for the device only once.
        let sums: Vec<f64> = Vec::try_from(Tensor::f_stack(&sums, 0)?)?;
        Ok(SegmentSums { segments: defined.iter().map(|(number, _)| *number).collect(), sums })
    }

    /// Returns each slot's part for each parameter, with a name such as `exp_avg/layers.0.weight`. The tensors are
    /// views: writing to them changes the state.
    pub fn state(&self) -> Vec<(String, Tensor)> {
        let slots = self.names.iter().zip(&self.slots);
        slots.flat_map(|(name, slot)| self.params.iter().map(move |param| of_param(name, slot, param))).collect()
    }

    /// Returns slot number `index`, flat.
    pub fn slot(&self, index: usize) -> &Tensor {
        &self.slots[index]
    }
}

/// Returns a view of a parameter's part of the flat `slot`, in the parameter's shape, and its name.
pub fn of_param(name: &str, slot: &Tensor, param: &Param) -> (String, Tensor) {
    let shape: Vec<i64> = param.shape.iter().map(|&size| size as i64).collect();
    let view = slot.narrow(0, param.offset as i64, param.len as i64).view(shape.as_slice());
    (format!("{name}/{}", param.name), view)
}

fn contiguous(grad: &Tensor) -> Result<Tensor, Error> {
    if grad.defined() { Ok(grad.f_contiguous()?) } else { Ok(Tensor::new()) }
}
