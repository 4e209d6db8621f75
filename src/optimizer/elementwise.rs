//! Elementwise rules and the engine that runs them.
//!
//! A rule says what becomes of one element, once; [`Engine`] walks the store with it: in one fused pass on the CPU
//! (each of parameter, gradient and state read and written once), as tensor operations elsewhere.

use std::any::Any;
use std::fmt::Debug;

use tch::{Device, Kind, Tensor, no_grad};

use super::fused::{self, Run};
use super::{Clip, Decay, Error, Hyper, Method, Num, Optimizer, Segments, Step, Wide};
use crate::libtorch::Element;
use crate::params::Store;

/// An update rule that treats every element alike: `S` state slots, `K` scalars a step.
pub trait Elementwise<const S: usize, const K: usize>: Clone + Debug + Send + Sync + 'static {
    /// PyTorch's names of the slots.
    const SLOTS: [&'static str; S];

    /// Its settings that may follow a schedule. Weight decay is not among them: it is the engine's.
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>>;

    /// What each slot begins with.
    fn initial(&self) -> [f64; S] {
        [0.0; S]
    }

    /// What is the same for all elements at step `t` (from 1) with the rate `lr`: bias corrections and the like. `self`
    /// has the settings of this step.
    fn scalars(&self, t: u64, lr: f64) -> [f64; K];

    /// Parameter and state after the step, from the gradient `g` (clipped, with coupled decay added).
    fn update<N: Num>(p: N, g: N, state: [N; S], k: &[N; K]) -> (N, [N; S]);
}

/// `rule` as a [`Method`].
pub fn method<R, const S: usize, const K: usize>(rule: R, lr: f64, decay: Decay) -> Box<dyn Method>
where
    R: Elementwise<S, K>,
{
    Box::new(Ready::<R, S, K> { rule, lr, decay })
}

#[derive(Clone, Debug)]
struct Ready<R, const S: usize, const K: usize> {
    rule: R,
    lr: f64,
    decay: Decay,
}

impl<R: Elementwise<S, K>, const S: usize, const K: usize> Method for Ready<R, S, K> {
    fn lr(&self) -> f64 {
        self.lr
    }

    fn hypers(&self) -> Vec<Hyper> {
        let mut copy = self.clone();
        copy.settings().into_iter().map(|Hyper { name, range, value }| Hyper { name, range, value: *value }).collect()
    }

    fn start(
        &self,
        groups: &[Box<dyn Method>],
        segments: Segments,
        clip: Clip,
        store: &Store,
    ) -> Result<Box<dyn Optimizer>, Error> {
        let groups: Option<Vec<Self>> = groups.iter().map(|group| group.as_any().downcast_ref().cloned()).collect();
        let groups = groups.ok_or_else(|| {
            let message = "all groups must keep the same state: options such as `amsgrad`, `centered`, or a momentum \
                           of zero in one group and not in another, cannot differ";
            Error::Groups(message.to_owned())
        })?;
        let slots = self.slots(store, &groups, &segments)?;
        Ok(Box::new(Engine { groups, segments, clip, slots, steps: 0 }))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl<R: Elementwise<S, K>, const S: usize, const K: usize> Ready<R, S, K> {
    fn settings(&mut self) -> Vec<Hyper<&mut f64>> {
        let mut settings = self.rule.hypers();
        settings.push(Hyper::non_negative("weight_decay", self.decay.amount()));
        settings
    }

    /// This group with other values of some settings.
    fn with(&self, values: &[(&'static str, f64)]) -> Result<Self, Error> {
        let mut changed = self.clone();
        let mut settings = changed.settings();
        for &(name, value) in values {
            let setting = settings.iter_mut().find(|setting| setting.name == name);
            *setting.ok_or(Error::Hyper(name))?.value = value;
        }
        drop(settings);
        Ok(changed)
    }

    /// The numbers of step `t` (from 1).
    fn scalars(&self, t: u64, lr: f64) -> Scalars<K> {
        let (l2, shrink) = match self.decay {
            Decay::Coupled(amount) => (amount, 1.0),
            Decay::Decoupled(amount) => (0.0, 1.0 - lr * amount),
        };
        Scalars { rule: self.rule.scalars(t, lr), l2, shrink }
    }

    fn slots(&self, store: &Store, groups: &[Self], segments: &Segments) -> Result<Vec<Tensor>, Error> {
        let mut slots = Vec::with_capacity(S);
        for index in 0..S {
            let slot = store.flat().f_zeros_like()?;
            for segment in segments.iter() {
                let (start, len) = (segment.range.start as i64, segment.range.len() as i64);
                let value = groups[segment.group].rule.initial()[index];
                let _ = slot.f_narrow(0, start, len)?.f_fill_(value)?;
            }
            slots.push(slot);
        }
        Ok(slots)
    }
}

#[derive(Debug)]
struct Engine<R, const S: usize, const K: usize> {
    groups: Vec<Ready<R, S, K>>,
    segments: Segments,
    clip: Clip,
    slots: Vec<Tensor>,
    steps: u64,
}

/// A group's numbers for one step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scalars<const K: usize> {
    pub rule: [f64; K],
    /// λ of coupled decay.
    pub l2: f64,
    /// 1 − lr·λ of decoupled decay.
    pub shrink: f64,
}

impl<R: Elementwise<S, K>, const S: usize, const K: usize> Engine<R, S, K> {
    fn scalars(&self, step: &Step<'_>) -> Result<Vec<Scalars<K>>, Error> {
        let of_group = |(index, (group, &lr)): (usize, (&Ready<R, S, K>, &f64))| match step.hyper.get(index) {
            Some(values) if !values.is_empty() => Ok(group.with(values)?.scalars(self.steps, lr)),
            _ => Ok(group.scalars(self.steps, lr)),
        };
        self.groups.iter().zip(step.lr).enumerate().map(of_group).collect()
    }

    fn fused<T: Element + fused::Float>(&mut self, step: &mut Step<'_>) -> Result<(), Error> {
        let scalars = self.scalars(step)?;
        let scale = match self.clip.scale(step.grads)? {
            Some(scale) => scale.f_double_value(&[])?,
            None => 1.0,
        };
        let limit = if let Clip::Value(limit) = self.clip { limit } else { f64::INFINITY };
        // Reading a gradient as one row is right only in the parameter's own order: a sum's gradient has stride 0, a
        // convolution's can be channels-last.
        let grads: Vec<Tensor> = step.grads.iter().map(contiguous).collect::<Result<_, _>>()?;
        let runs: Vec<Run<'_, T, K>> = self
            .segments
            .iter()
            .filter(|segment| grads[segment.param].defined())
            .map(|segment| {
                Run::new(segment.range.clone(), &grads[segment.param], &scalars[segment.group], scale, limit)
            })
            .collect();
        let mut flat = step.store.flat().shallow_clone();
        fused::apply::<R, T, S, K>(&mut flat, &mut self.slots, &runs);
        Ok(())
    }

    /// The same as tensor operations, for CUDA: a run of parameters of one group is updated as one.
    fn wide(&mut self, step: &mut Step<'_>) -> Result<(), Error> {
        let scalars = self.scalars(step)?;
        let scale = self.clip.scale(step.grads)?;
        let defined: Vec<&super::Segment> =
            self.segments.iter().filter(|segment| step.grads[segment.param].defined()).collect();
        for run in defined.chunk_by(|a, b| a.group == b.group && a.range.end == b.range.start) {
            let (first, last) = (&run[0].range, &run[run.len() - 1].range);
            let (start, len) = (first.start as i64, (last.end - first.start) as i64);
            let flat = step.store.flat().f_narrow(0, start, len)?;
            let kind = flat.kind();
            let rows: Vec<Tensor> =
                run.iter().map(|it| step.grads[it.param].f_reshape([-1])).collect::<Result<_, _>>()?;
            let mut g = Tensor::f_cat(&rows, 0)?.f_to_kind(kind)?;
            if let Some(scale) = &scale {
                g = g.f_mul(&scale.f_to_kind(kind)?)?;
            }
            if let Clip::Value(limit) = self.clip {
                g = g.f_clamp(-limit, limit)?;
            }
            let numbers = &scalars[run[0].group];
            if numbers.l2 != 0.0 {
                g = g.f_add(&flat.f_mul_scalar(numbers.l2)?)?;
            }
            let p = if numbers.shrink == 1.0 { flat.shallow_clone() } else { flat.f_mul_scalar(numbers.shrink)? };
            let views: Vec<Tensor> =
                self.slots.iter().map(|slot| slot.f_narrow(0, start, len)).collect::<Result<_, _>>()?;
            let state: [Wide; S] = std::array::from_fn(|slot| Wide(views[slot].shallow_clone()));
            let k: [Wide; K] = std::array::from_fn(|index| Wide(Tensor::from(numbers.rule[index])));
            let (p, state) = R::update(Wide(p), Wide(g), state, &k);
            flat.shallow_clone().f_copy_(&p.0)?;
            for (mut view, new) in views.into_iter().zip(state) {
                view.f_copy_(&new.0)?;
            }
        }
        Ok(())
    }
}

fn contiguous(grad: &Tensor) -> Result<Tensor, Error> {
    if grad.defined() { Ok(grad.f_contiguous()?) } else { Ok(Tensor::new()) }
}

impl<R: Elementwise<S, K>, const S: usize, const K: usize> Optimizer for Engine<R, S, K> {
    fn step(&mut self, step: &mut Step<'_>) -> Result<(), Error> {
        self.steps += 1;
        let flat = step.store.flat();
        match (flat.device(), flat.kind()) {
            (Device::Cpu, Kind::Float) => no_grad(|| self.fused::<f32>(step)),
            (Device::Cpu, Kind::Double) => no_grad(|| self.fused::<f64>(step)),
            _ => no_grad(|| self.wide(step)),
        }
    }

    fn step_as_tensors(&mut self, step: &mut Step<'_>) -> Result<(), Error> {
        self.steps += 1;
        no_grad(|| self.wide(step))
    }

    fn steps(&self) -> u64 {
        self.steps
    }

    fn slots(&self) -> Vec<(&'static str, &Tensor)> {
        R::SLOTS.iter().copied().zip(&self.slots).collect()
    }
}
