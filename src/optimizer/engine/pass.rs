//! One pass over memory, fused on the CPU or as tensor operations elsewhere, and the flat state that it walks.

use tch::{Device, Kind, Tensor};

use super::{Clip, Error, Num, Segments, Wide, fused};
use crate::libtorch::{Pieces, Slices};
use crate::params::Param;
use crate::store::Store;

/// What one pass does with an element, from its gradient `g` (clipped, with coupled decay added): `S` state slots, `K`
/// numbers that all elements share, `R` sums over elements.
pub trait Pass<const S: usize, const K: usize, const R: usize> {
    /// Whether parameters change.
    const MOVES: bool;

    /// Parameter and state after the pass, and what is summed.
    fn element<N: Num>(p: N, g: N, state: [N; S], k: &[N; K]) -> (N, [N; S], [N; R]);
}

/// The numbers of one segment for one pass.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Numbers<const K: usize> {
    pub rule: [f64; K],
    /// λ of coupled decay.
    pub l2: f64,
    /// 1 − lr·λ of decoupled decay.
    pub shrink: f64,
    /// −1 to maximize.
    pub sign: f64,
}

/// What a slot begins with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Initial {
    Value(f64),
    /// The parameter's own first value.
    Parameter,
}

/// Flat state over a store, by name.
#[derive(Debug)]
pub struct Flat {
    pub segments: Segments,
    clip: Clip,
    names: &'static [&'static str],
    slots: Vec<Tensor>,
    params: Vec<Param>,
    /// Of a size that stays in the cache over the passes of a step, and that sums are made by: so these do not depend on
    /// the number of threads.
    pieces: Pieces,
    /// Of each piece its segment, and where in the segment it begins.
    piece_of: Vec<(usize, usize)>,
    slices: Slices,
}

/// The gradients of a step.
pub struct Gradients<'a> {
    given: &'a [Tensor],
    /// In the parameters' own order, where some of the given ones are not.
    in_order: Option<Vec<Tensor>>,
    /// Of [`Clip::Norm`].
    scale: Option<Tensor>,
    /// As tensor operations, where a fused loop could be had.
    as_tensors: bool,
}

impl Gradients<'_> {
    fn all(&self) -> &[Tensor] {
        self.in_order.as_deref().unwrap_or(self.given)
    }
}

impl Flat {
    /// `initial[segment's group]` gives each slot's first value.
    pub fn new(
        names: &'static [&'static str],
        initial: &[&[Initial]],
        segments: Segments,
        clip: Clip,
        store: &Store,
    ) -> Result<Self, Error> {
        let mut slots = Vec::with_capacity(names.len());
        for (index, _) in names.iter().enumerate() {
            let slot = store.flat().f_zeros_like()?;
            for segment in segments.iter() {
                let (start, len) = (segment.range.start as i64, segment.range.len() as i64);
                let mut part = slot.f_narrow(0, start, len)?;
                match initial[segment.group][index] {
                    Initial::Value(value) => drop(part.f_fill_(value)?),
                    Initial::Parameter => part.f_copy_(&store.flat().f_narrow(0, start, len)?)?,
                }
            }
            slots.push(slot);
        }
        let mut ranges = Vec::new();
        let mut piece_of = Vec::new();
        for (number, segment) in segments.iter().enumerate() {
            for start in segment.range.clone().step_by(fused::PIECE) {
                ranges.push(start..segment.range.end.min(start + fused::PIECE));
                piece_of.push((number, start - segment.range.start));
            }
        }
        let params = store.declaration().params().to_vec();
        let pieces = Pieces::new(ranges);
        Ok(Flat { segments, clip, names, slots, params, pieces, piece_of, slices: Slices::default() })
    }

    /// The gradients of a step, as every pass of it sees them.
    pub fn gradients<'a>(&self, grads: &'a [Tensor], as_tensors: bool) -> Result<Gradients<'a>, Error> {
        // Reading a gradient as one row is right only in the parameter's own order: a sum's gradient has stride 0, a
        // convolution's can be channels-last.
        let is_in_order = |grad: &Tensor| !grad.defined() || grad.is_contiguous();
        let in_order = match grads.iter().all(is_in_order) {
            true => None,
            false => Some(grads.iter().map(contiguous).collect::<Result<_, _>>()?),
        };
        Ok(Gradients { given: grads, in_order, scale: self.clip.scale(grads)?, as_tensors })
    }

    /// Walks the store with `P`; `numbers` has those of each segment. Returns of each segment with a gradient its number
    /// and its sums.
    pub fn pass<P, const S: usize, const K: usize, const R: usize>(
        &mut self,
        store: &mut Store,
        grads: &Gradients<'_>,
        numbers: &[Numbers<K>],
    ) -> Result<Vec<(usize, [f64; R])>, Error>
    where
        P: Pass<S, K, R>,
    {
        let flat = store.flat();
        match (flat.device(), flat.kind()) {
            (Device::Cpu, Kind::Float) if !grads.as_tensors => self.fused::<P, f32, S, K, R>(store, grads, numbers),
            (Device::Cpu, Kind::Double) if !grads.as_tensors => self.fused::<P, f64, S, K, R>(store, grads, numbers),
            _ => self.wide::<P, S, K, R>(store, grads, numbers),
        }
    }

    fn fused<P, T, const S: usize, const K: usize, const R: usize>(
        &mut self,
        store: &mut Store,
        grads: &Gradients<'_>,
        numbers: &[Numbers<K>],
    ) -> Result<Vec<(usize, [f64; R])>, Error>
    where
        P: Pass<S, K, R>,
        T: fused::Float,
    {
        let scale = match &grads.scale {
            Some(scale) => scale.f_double_value(&[])?,
            None => 1.0,
        };
        let limit = if let Clip::Value(limit) = self.clip { limit } else { f64::INFINITY };
        let rows = self.slices.of::<T>(grads.all());
        let segments = self.segments.as_slice();
        for segment in segments.iter().filter(|segment| grads.all()[segment.param].defined()) {
            assert_eq!(rows.get(segment.param).len(), segment.range.len(), "a gradient has its parameter's size");
        }
        let find = |piece: usize| {
            let (number, start) = self.piece_of[piece];
            let param = segments[number].param;
            let row = rows.get(param);
            (!row.is_empty()).then(|| (&row[start..], fused::Shared::new(&numbers[number], scale, limit)))
        };
        // Empty, and so no allocation, where nothing is summed.
        let mut sums = vec![[0.0; R]; self.pieces.len()];
        fused::apply::<P, T, S, K, R>(store.flat_mut(), &mut self.slots, &self.pieces, find, &mut sums);
        if R == 0 {
            return Ok(Vec::new());
        }
        let mut of_segments: Vec<(usize, [f64; R])> = Vec::new();
        for (&(number, _), sums) in self.piece_of.iter().zip(sums) {
            match of_segments.last_mut() {
                Some((last, total)) if *last == number => {
                    total.iter_mut().zip(sums).for_each(|(total, sum)| *total += sum);
                }
                _ => of_segments.push((number, sums)),
            }
        }
        of_segments.retain(|(number, _)| grads.all()[segments[*number].param].defined());
        Ok(of_segments)
    }

    /// The same as tensor operations, for CUDA: a run of segments with the same numbers is one.
    fn wide<P, const S: usize, const K: usize, const R: usize>(
        &mut self,
        store: &mut Store,
        grads: &Gradients<'_>,
        numbers: &[Numbers<K>],
    ) -> Result<Vec<(usize, [f64; R])>, Error>
    where
        P: Pass<S, K, R>,
    {
        let defined: Vec<(usize, &super::Segment)> =
            self.segments.iter().enumerate().filter(|(_, segment)| grads.all()[segment.param].defined()).collect();
        let together = |a: &(usize, &super::Segment), b: &(usize, &super::Segment)| {
            numbers[a.0] == numbers[b.0] && a.1.range.end == b.1.range.start
        };
        let mut sums = Vec::new();
        for run in defined.chunk_by(together) {
            let (first, last) = (&run[0].1.range, &run[run.len() - 1].1.range);
            let (start, len) = (first.start as i64, (last.end - first.start) as i64);
            let mut flat = store.flat().f_narrow(0, start, len)?;
            let kind = flat.kind();
            let rows: Vec<Tensor> =
                run.iter().map(|(_, it)| grads.all()[it.param].f_reshape([-1])).collect::<Result<_, _>>()?;
            let numbers = &numbers[run[0].0];
            let mut g = Tensor::f_cat(&rows, 0)?.f_to_kind(kind)?.f_mul_scalar(numbers.sign)?;
            if let Some(scale) = &grads.scale {
                g = g.f_mul(&scale.f_to_kind(kind)?)?;
            }
            if let Clip::Value(limit) = self.clip {
                g = g.f_clamp(-limit, limit)?;
            }
            if numbers.l2 != 0.0 {
                g = g.f_add(&flat.f_mul_scalar(numbers.l2)?)?;
            }
            let p = if numbers.shrink == 1.0 { flat.shallow_clone() } else { flat.f_mul_scalar(numbers.shrink)? };
            let views: Vec<Tensor> =
                self.slots.iter().map(|slot| slot.f_narrow(0, start, len)).collect::<Result<_, _>>()?;
            let state: [Wide; S] = std::array::from_fn(|slot| Wide(views[slot].shallow_clone()));
            let k = numbers.rule.map(Wide::of);
            let (p, state, summed) = P::element(Wide(p), Wide(g), state, &k);
            if P::MOVES {
                flat.f_copy_(&p.0)?;
            }
            for (mut view, new) in views.into_iter().zip(state) {
                view.f_copy_(&new.0)?;
            }
            for (_, segment) in run {
                let (at, len) = ((segment.range.start - first.start) as i64, segment.range.len() as i64);
                // Numbers that all elements share stay scalars.
                let of_segment = |sum: &Wide| match sum.0.dim() {
                    0 => sum.0.f_to_kind(Kind::Double)?.f_mul_scalar(len),
                    _ => sum.0.f_narrow(0, at, len)?.f_sum(Kind::Double),
                };
                sums.push(summed.iter().map(of_segment).collect::<Result<Vec<Tensor>, _>>()?);
            }
        }
        if R == 0 {
            return Ok(Vec::new());
        }
        // One wait for all of them.
        let all: Vec<Tensor> =
            sums.into_iter().flatten().map(|sum| sum.f_to_device(flat_device(store))).collect::<Result<_, _>>()?;
        let all: Vec<f64> = if all.is_empty() { Vec::new() } else { Vec::try_from(Tensor::f_stack(&all, 0)?)? };
        let (rows, _) = all.as_chunks::<R>();
        Ok(defined.iter().map(|(number, _)| *number).zip(rows.iter().copied()).collect())
    }

    /// The state, by slot and parameter: `exp_avg/layers.0.weight`, each a view that writes into it.
    pub fn state(&self) -> Vec<(String, Tensor)> {
        let slots = self.names.iter().zip(&self.slots);
        slots.flat_map(|(name, slot)| self.params.iter().map(move |param| of_param(name, slot, param))).collect()
    }

    /// Slot number `index`, flat.
    pub fn slot(&self, index: usize) -> &Tensor {
        &self.slots[index]
    }
}

fn flat_device(store: &Store) -> Device {
    store.flat().device()
}

/// The part of a flat `slot` that is a parameter's, in its shape and under its name: a view.
pub fn of_param(name: &str, slot: &Tensor, param: &Param) -> (String, Tensor) {
    let shape: Vec<i64> = param.shape.iter().map(|&size| size as i64).collect();
    let view = slot.narrow(0, param.offset as i64, param.len as i64).view(shape.as_slice());
    (format!("{name}/{}", param.name), view)
}

fn contiguous(grad: &Tensor) -> Result<Tensor, Error> {
    if grad.defined() { Ok(grad.f_contiguous()?) } else { Ok(Tensor::new()) }
}
