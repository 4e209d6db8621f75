//! Elementwise rules: one pass over memory a step.

use tch::{TchError, Tensor, no_grad};

use super::pass::{Flat, Initial, Numbers, Pass};
use super::rule::{Declared, Group, Memory, Start, UpdateRule};
use super::{Error, Method, Num, Optimizer, Step, Treatment, memory};
use crate::store::Store;

/// An update rule that treats every element alike: `S` state slots, `K` scalars a step.
pub trait Elementwise<const S: usize, const K: usize>: UpdateRule {
    /// What a group keeps on the host from step to step; mostly `()`.
    type Memory: Memory;

    /// PyTorch's names of the slots.
    const SLOTS: [&'static str; S];

    /// What each slot begins with.
    fn initial(&self) -> [Initial; S] {
        [Initial::Value(0.0); S]
    }

    /// What is the same for all elements at step `t` (from 1) with the rate `lr`: bias corrections and the like. `self`
    /// has the settings of this step.
    fn scalars(&self, t: u64, lr: f64, memory: &mut Self::Memory) -> [f64; K];

    /// Parameter and state after the step, from the gradient `g` (clipped, with coupled decay added).
    fn update<N: Num>(p: N, g: N, state: [N; S], k: &[N; K]) -> (N, [N; S]);

    /// The rate that the last step really had, for rules that choose their own.
    fn effective_lr(&self, _memory: &Self::Memory) -> Option<f64> {
        None
    }

    /// What to evaluate with in the place of the parameters `p`, where it is something else.
    fn evaluated(&self, _p: &Tensor, _state: &[Tensor; S]) -> Result<Option<Tensor>, TchError> {
        Ok(None)
    }
}

/// `rule` as a [`Method`].
pub fn elementwise<R, const S: usize, const K: usize>(rule: R, lr: f64, treatment: Treatment) -> Box<dyn Method>
where
    R: Elementwise<S, K>,
{
    Box::new(Declared { group: Group { rule, treatment }, lr, keeps: &R::SLOTS, start: start::<R, S, K> })
}

/// Begins `rule` over a store: for rules of several forms, one for the groups at hand, and for methods that do something
/// before each of its steps.
pub fn start<R, const S: usize, const K: usize>(start: Start<R>, store: &Store) -> Result<Box<dyn Optimizer>, Error>
where
    R: Elementwise<S, K>,
{
    let Start { groups, segments, clip } = start;
    let initial: Vec<[Initial; S]> = groups.iter().map(|group| group.rule.initial()).collect();
    let initial: Vec<&[Initial]> = initial.iter().map(<[Initial; S]>::as_slice).collect();
    let flat = Flat::new(&R::SLOTS, &initial, segments, clip, store)?;
    let memories = vec![R::Memory::default(); groups.len()];
    Ok(Box::new(Engine { groups, memories, flat, numbers: Vec::new(), steps: 0 }))
}

#[derive(Debug)]
struct Engine<R: Elementwise<S, K>, const S: usize, const K: usize> {
    groups: Vec<Group<R>>,
    memories: Vec<R::Memory>,
    flat: Flat,
    /// Of each segment; kept so that nothing is allocated.
    numbers: Vec<Numbers<K>>,
    steps: u64,
}

/// The one pass of an elementwise rule.
struct Update<R>(std::marker::PhantomData<R>);

impl<R: Elementwise<S, K>, const S: usize, const K: usize> Pass<S, K, 0> for Update<R> {
    const MOVES: bool = true;

    #[inline(always)]
    fn element<N: Num>(p: N, g: N, state: [N; S], k: &[N; K]) -> (N, [N; S], [N; 0]) {
        let (p, state) = R::update(p, g, state, k);
        (p, state, [])
    }
}

impl<R: Elementwise<S, K>, const S: usize, const K: usize> Engine<R, S, K> {
    fn update(&mut self, step: &mut Step<'_>, as_tensors: bool) -> Result<(), Error> {
        self.steps += 1;
        let empty = Numbers { rule: [0.0; K], l2: 0.0, shrink: 1.0, sign: 1.0 };
        self.numbers.clear();
        self.numbers.resize(self.flat.segments.len(), empty);
        for (index, (group, memory)) in self.groups.iter().zip(&mut self.memories).enumerate() {
            let (group, lr) = (group.at(step.hyper.get(index))?, step.lr[index]);
            let (l2, shrink) = group.treatment.decays(lr);
            let rule = group.rule.scalars(self.steps, lr, memory);
            let numbers = Numbers { rule, l2, shrink, sign: group.treatment.sign() };
            let of_group = self.flat.segments.iter().zip(&mut self.numbers);
            of_group.filter(|(segment, _)| segment.group == index).for_each(|(_, of_segment)| *of_segment = numbers);
        }
        let grads = self.flat.gradients(step.grads, as_tensors)?;
        self.flat.pass::<Update<R>, S, K, 0>(step.store, &grads, &self.numbers)?;
        Ok(())
    }
}

impl<R: Elementwise<S, K>, const S: usize, const K: usize> Optimizer for Engine<R, S, K> {
    fn step(&mut self, step: &mut Step<'_>) -> Result<(), Error> {
        no_grad(|| self.update(step, false))
    }

    fn step_as_tensors(&mut self, step: &mut Step<'_>) -> Result<(), Error> {
        no_grad(|| self.update(step, true))
    }

    fn state(&self) -> Vec<(String, Tensor)> {
        self.flat.state()
    }

    fn memory(&self) -> serde_json::Value {
        memory::save(self.steps, &self.memories)
    }

    fn remember(&mut self, value: &serde_json::Value) -> Result<(), Error> {
        (self.steps, self.memories) =
            memory::load(value, |memories: &Vec<R::Memory>| memories.len() == self.groups.len())?;
        Ok(())
    }

    fn effective_lr(&self) -> Option<Vec<f64>> {
        let groups = self.groups.iter().zip(&self.memories);
        groups.map(|(group, memory)| group.rule.effective_lr(memory)).collect()
    }

    fn eval_weights(&self, store: &Store) -> Result<Option<Tensor>, Error> {
        let mut evaluated: Option<Tensor> = None;
        for segment in self.flat.segments.iter() {
            let part = |flat: &Tensor| flat.f_narrow(0, segment.range.start as i64, segment.range.len() as i64);
            let mut state: [Tensor; S] = std::array::from_fn(|_| Tensor::new());
            for (index, state) in state.iter_mut().enumerate() {
                *state = part(self.flat.slot(index))?;
            }
            let value = no_grad(|| self.groups[segment.group].rule.evaluated(&part(store.flat())?, &state))?;
            if let Some(value) = value {
                let all = match &mut evaluated {
                    Some(all) => all,
                    none => none.insert(store.flat().f_detach_copy()?),
                };
                part(all)?.f_copy_(&value)?;
            }
        }
        Ok(evaluated)
    }
}
