//! Rules that update a parameter as the tensor that it is: matrix factors, means over rows and columns.

use tch::{Kind, TchError, Tensor, no_grad};

use super::gradient::treated;
use super::rule::{Declared, Group, Start, UpdateRule};
use super::{Clip, Error, Method, Optimizer, Segments, Step, Treatment, memory};
use crate::store::Store;

/// An update rule over whole tensors.
pub trait Whole: UpdateRule {
    /// The names that its state can have: groups whose rules keep different ones do not go together.
    const KEEPS: &'static [&'static str];

    /// The state of a parameter of this shape.
    fn slots(&self, shape: &[i64]) -> Vec<Slot>;

    /// Makes step `t` (from 1) at the rate `lr` for the parameter `p`, in place (decoupled decay has been done), from
    /// the gradient `g` (clipped, with coupled decay added) and the state of [`Whole::slots`], in place, too. On the CPU
    /// and on CUDA.
    fn update(&self, t: u64, lr: f64, p: &mut Tensor, g: Tensor, state: &mut [Tensor]) -> Result<(), TchError>;
}

/// One piece of a parameter's state.
#[derive(Clone, Debug)]
pub struct Slot {
    pub name: &'static str,
    pub shape: Vec<i64>,
    pub initial: f64,
}

impl Slot {
    /// Zeros in this shape.
    pub fn zeros(name: &'static str, shape: &[i64]) -> Self {
        Slot { name, shape: shape.to_vec(), initial: 0.0 }
    }
}

/// `rule` as a [`Method`].
pub fn whole<R: Whole>(rule: R, lr: f64, treatment: Treatment) -> Box<dyn Method> {
    Box::new(Declared { group: Group { rule, treatment }, lr, keeps: R::KEEPS, start: start::<R> })
}

fn start<R: Whole>(start: Start<R>, store: &Store) -> Result<Box<dyn Optimizer>, Error> {
    let Start { groups, segments, clip } = start;
    let mut states = Vec::with_capacity(segments.len());
    for segment in segments.iter() {
        let view = store.get(segment.param);
        let of_slot = |slot: Slot| {
            let value = Tensor::f_full(slot.shape.as_slice(), slot.initial, (view.kind(), view.device()))?;
            Ok((slot.name, value))
        };
        let slots = groups[segment.group].rule.slots(&view.size());
        let (names, tensors) =
            slots.into_iter().map(of_slot).collect::<Result<Vec<_>, TchError>>()?.into_iter().unzip();
        let name = store.declaration().params()[segment.param].name.clone();
        states.push(State { param: name, names, tensors });
    }
    Ok(Box::new(Engine { groups, segments, clip, states, steps: 0 }))
}

/// The state of one parameter.
#[derive(Debug)]
struct State {
    param: String,
    names: Vec<&'static str>,
    tensors: Vec<Tensor>,
}

#[derive(Debug)]
struct Engine<R> {
    groups: Vec<Group<R>>,
    segments: Segments,
    clip: Clip,
    /// Of each segment.
    states: Vec<State>,
    steps: u64,
}

impl<R: Whole> Engine<R> {
    fn update(&mut self, step: &mut Step<'_>) -> Result<(), Error> {
        self.steps += 1;
        let scale = self.clip.scale(step.grads)?;
        let groups = super::rule::groups_at(&self.groups, step.hyper)?;
        for (segment, state) in self.segments.iter().zip(&mut self.states) {
            let grad = &step.grads[segment.param];
            if !grad.defined() {
                continue;
            }
            let (group, lr) = (&groups[segment.group], step.lr[segment.group]);
            let mut p = step.store.get(segment.param).f_detach()?;
            let g = treated(grad, &p, &group.treatment, self.clip, scale.as_ref())?;
            let (_, shrink) = group.treatment.decays(lr);
            if shrink != 1.0 {
                let _ = p.f_mul_scalar_(shrink)?;
            }
            group.rule.update(self.steps, lr, &mut p, g, &mut state.tensors)?;
            // No subnormals: processors compute with them many times slower.
            let least = if p.kind() == Kind::Double { f64::MIN_POSITIVE } else { f64::from(f32::MIN_POSITIVE) };
            for tensor in &mut state.tensors {
                let _ = tensor.f_masked_fill_(&tensor.f_abs()?.f_lt(least)?, 0.0)?;
            }
        }
        Ok(())
    }
}

impl<R: Whole> Optimizer for Engine<R> {
    fn step(&mut self, step: &mut Step<'_>) -> Result<(), Error> {
        no_grad(|| self.update(step))
    }

    fn state(&self) -> Vec<(String, Tensor)> {
        let of_param = |state: &State| -> Vec<(String, Tensor)> {
            let pairs = state.names.iter().zip(&state.tensors);
            pairs.map(|(name, tensor)| (format!("{name}/{}", state.param), tensor.shallow_clone())).collect()
        };
        self.states.iter().flat_map(of_param).collect()
    }

    fn memory(&self) -> serde_json::Value {
        memory::save(self.steps, &())
    }

    fn remember(&mut self, value: &serde_json::Value) -> Result<(), Error> {
        (self.steps, ()) = memory::load(value, |_| true)?;
        Ok(())
    }
}
