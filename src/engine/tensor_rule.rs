//! Rules that update a whole tensor at a time, by matrix factors or means over rows and columns.

use tch::{Kind, TchError, Tensor, no_grad};

use super::gradient::prepared;
use super::{Error, Layout, Optimizer, Segments, Step, clip, host_state};
use crate::optimizer::{Clip, Group, UpdateRule, groups_at};
use crate::store::Store;

/// An update rule over whole tensors.
pub trait TensorRule: UpdateRule {
    /// Returns the state of a parameter of this shape.
    fn slots(&self, shape: &[i64]) -> Vec<Slot>;

    /// Makes step `t` (from 1) at the rate `lr`. Changes the parameter `p` and its state, the tensors of
    /// [`TensorRule::slots`], in place. Decoupled decay has been applied to `p`. The gradient `g` is clipped, with
    /// coupled decay added. Runs on the CPU and on CUDA.
    fn update(&self, t: u64, lr: f64, p: &mut Tensor, g: Tensor, state: &mut [Tensor]) -> Result<(), TchError>;
}

/// One tensor of a parameter's state.
#[derive(Clone, Debug)]
pub struct Slot {
    pub name: &'static str,
    pub shape: Vec<i64>,
    pub initial: f64,
}

impl Slot {
    /// Makes a slot of zeros in this shape.
    pub fn zeros(name: &'static str, shape: &[i64]) -> Self {
        Slot { name, shape: shape.to_vec(), initial: 0.0 }
    }
}

/// Starts a rule over a store.
pub fn start<R: TensorRule>(groups: Vec<Group<R>>, layout: Layout, store: &Store) -> Result<Box<dyn Optimizer>, Error> {
    let Layout { segments, clip } = layout;
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
    /// One for each segment.
    states: Vec<State>,
    steps: u64,
}

impl<R: TensorRule> Engine<R> {
    fn update(&mut self, step: &mut Step<'_>) -> Result<(), Error> {
        self.steps += 1;
        let scale = clip::scale(self.clip, step.grads)?;
        let groups = groups_at(&self.groups, step.hyper)?;
        for (segment, state) in self.segments.iter().zip(&mut self.states) {
            let grad = &step.grads[segment.param];
            if !grad.defined() {
                continue;
            }
            let (group, lr) = (&groups[segment.group], step.lr[segment.group]);
            let mut p = step.store.get(segment.param).f_detach()?;
            let g = prepared(grad, &p, &group.options, self.clip, scale.as_ref())?;
            let (_, shrink) = group.options.decays(lr);
            if shrink != 1.0 {
                let _ = p.f_mul_scalar_(shrink)?;
            }
            group.rule.update(self.steps, lr, &mut p, g, &mut state.tensors)?;
            // Subnormals become 0, because processors compute with them many times more slowly.
            let least = if p.kind() == Kind::Double { f64::MIN_POSITIVE } else { f64::from(f32::MIN_POSITIVE) };
            for tensor in &mut state.tensors {
                let _ = tensor.f_masked_fill_(&tensor.f_abs()?.f_lt(least)?, 0.0)?;
            }
        }
        Ok(())
    }
}

impl<R: TensorRule> Optimizer for Engine<R> {
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

    fn host_state(&self) -> serde_json::Value {
        host_state::save(self.steps, &())
    }

    fn set_host_state(&mut self, value: &serde_json::Value) -> Result<(), Error> {
        (self.steps, ()) = host_state::load(value, |_| true)?;
        Ok(())
    }
}
