//! Rules that look over all elements before they move them, for norms and inner products: two passes over memory.

use std::borrow::Cow;
use std::marker::PhantomData;

use tch::{Tensor, no_grad};

use super::pass::{Flat, Initial, Numbers, Pass};
use super::rule::{Declared, Group, Memory, Start, UpdateRule, groups_at};
use super::{Error, Method, Num, Optimizer, Step, Treatment, memory};
use crate::store::Store;

/// An update rule in two passes, with a decision on the host between them: `S` state slots; `A` scalars and `R` sums of
/// the first pass, `K` scalars of the second.
pub trait Measured<const S: usize, const A: usize, const R: usize, const K: usize>: UpdateRule {
    /// What is kept on the host from step to step, for all groups together.
    type Memory: Memory;

    /// Names of the slots.
    const SLOTS: [&'static str; S];

    /// What each slot begins with.
    fn initial(&self) -> [Initial; S] {
        [Initial::Value(0.0); S]
    }

    /// What is the same for all elements of group number `group` in the first pass of step `t` (from 1).
    fn before(&self, t: u64, group: usize, lr: f64, memory: &Self::Memory) -> [f64; A];

    /// The first pass: the state after it, and what is summed over elements. `g` is clipped, with coupled decay added;
    /// `p` has seen no decoupled decay yet.
    fn measure<N: Num>(p: N, g: N, state: [N; S], k: &[N; A]) -> ([N; S], [N; R]);

    /// Between the passes.
    fn decide(groups: &[Cow<'_, Group<Self>>], seen: &Seen<'_, R>, memory: &mut Self::Memory) -> Decision<K>;

    /// The second pass: parameter (after decoupled decay) and state after the step.
    fn update<N: Num>(p: N, g: N, state: [N; S], k: &[N; K]) -> (N, [N; S]);
}

/// What there is to decide by.
pub struct Seen<'a, const R: usize> {
    /// The step, from 1.
    pub t: u64,
    /// The nominal rate of each group.
    pub lr: &'a [f64],
    /// The batch's loss.
    pub loss: f64,
    /// Every parameter with a gradient, in order.
    pub params: &'a [Share<R>],
}

/// One parameter's share of the sums.
#[derive(Clone, Copy, Debug)]
pub struct Share<const R: usize> {
    /// The parameter's number in the store.
    pub param: usize,
    pub group: usize,
    /// How many dimensions the parameter has: one for a bias.
    pub dims: usize,
    pub sums: [f64; R],
}

impl<const R: usize> Seen<'_, R> {
    /// The sums over all parameters.
    pub fn total(&self) -> [f64; R] {
        self.sum(|_| true)
    }

    /// The sums over the parameters of one group.
    pub fn of_group(&self, group: usize) -> [f64; R] {
        self.sum(|share| share.group == group)
    }

    fn sum(&self, of: impl Fn(&Share<R>) -> bool) -> [f64; R] {
        let mut total = [0.0; R];
        for share in self.params.iter().filter(|share| of(share)) {
            total.iter_mut().zip(share.sums).for_each(|(total, sum)| *total += sum);
        }
        total
    }
}

/// How the second pass moves one parameter.
#[derive(Clone, Copy, Debug)]
pub struct Move<const K: usize> {
    pub k: [f64; K],
    /// The rate that decoupled weight decay goes by.
    pub lr: f64,
}

/// What comes of looking.
#[derive(Clone, Debug)]
pub struct Decision<const K: usize> {
    /// For each of [`Seen::params`], in order.
    pub moves: Vec<Move<K>>,
    /// The rate that each group really has at this step; empty for rules that do not choose it.
    pub effective_lr: Vec<f64>,
}

impl<const K: usize> Decision<K> {
    /// The same for all parameters of a group: `of_group(group)`, with its rate.
    pub fn by_group<const R: usize>(seen: &Seen<'_, R>, of_group: impl Fn(usize) -> Move<K>) -> Self {
        let of_groups: Vec<Move<K>> = (0..seen.lr.len()).map(of_group).collect();
        let moves = seen.params.iter().map(|share| of_groups[share.group]).collect();
        Decision { moves, effective_lr: of_groups.iter().map(|it| it.lr).collect() }
    }
}

/// `rule` as a [`Method`].
pub fn measured<R, const S: usize, const A: usize, const Q: usize, const K: usize>(
    rule: R,
    lr: f64,
    treatment: Treatment,
) -> Box<dyn Method>
where
    R: Measured<S, A, Q, K>,
{
    Box::new(Declared { group: Group { rule, treatment }, lr, keeps: &R::SLOTS, start: start::<R, S, A, Q, K> })
}

fn start<R, const S: usize, const A: usize, const Q: usize, const K: usize>(
    start: Start<R>,
    store: &Store,
) -> Result<Box<dyn Optimizer>, Error>
where
    R: Measured<S, A, Q, K>,
{
    let Start { groups, segments, clip } = start;
    let initial: Vec<[Initial; S]> = groups.iter().map(|group| group.rule.initial()).collect();
    let initial: Vec<&[Initial]> = initial.iter().map(<[Initial; S]>::as_slice).collect();
    let flat = Flat::new(&R::SLOTS, &initial, segments, clip, store)?;
    Ok(Box::new(Engine::<R, S, A, Q, K> {
        groups,
        memory: R::Memory::default(),
        flat,
        effective_lr: Vec::new(),
        steps: 0,
    }))
}

#[derive(Debug)]
struct Engine<R: Measured<S, A, Q, K>, const S: usize, const A: usize, const Q: usize, const K: usize> {
    groups: Vec<Group<R>>,
    memory: R::Memory,
    flat: Flat,
    effective_lr: Vec<f64>,
    steps: u64,
}

/// The first pass; `K` only says which rule is meant.
struct First<R, const K: usize>(PhantomData<R>);

impl<R, const S: usize, const A: usize, const Q: usize, const K: usize> Pass<S, A, Q> for First<R, K>
where
    R: Measured<S, A, Q, K>,
{
    const MOVES: bool = false;

    #[inline(always)]
    fn element<N: Num>(p: N, g: N, state: [N; S], k: &[N; A]) -> (N, [N; S], [N; Q]) {
        let (state, sums) = R::measure(p.clone(), g, state, k);
        (p, state, sums)
    }
}

/// The second pass; `A` and `Q` only say which rule is meant.
struct Second<R, const A: usize, const Q: usize>(PhantomData<R>);

impl<R, const S: usize, const A: usize, const Q: usize, const K: usize> Pass<S, K, 0> for Second<R, A, Q>
where
    R: Measured<S, A, Q, K>,
{
    const MOVES: bool = true;

    #[inline(always)]
    fn element<N: Num>(p: N, g: N, state: [N; S], k: &[N; K]) -> (N, [N; S], [N; 0]) {
        let (p, state) = R::update(p, g, state, k);
        (p, state, [])
    }
}

/// A segment's numbers; `lr` is what decoupled weight decay goes by.
fn numbers<R: UpdateRule, const N: usize>(group: &Group<R>, rule: [f64; N], lr: f64) -> Numbers<N> {
    let (l2, shrink) = group.treatment.decays(lr);
    Numbers { rule, l2, shrink, sign: group.treatment.sign() }
}

impl<R, const S: usize, const A: usize, const Q: usize, const K: usize> Engine<R, S, A, Q, K>
where
    R: Measured<S, A, Q, K>,
{
    fn update(&mut self, step: &mut Step<'_>, as_tensors: bool) -> Result<(), Error> {
        self.steps += 1;
        let Engine { groups, memory, flat, .. } = self;
        let groups = groups_at(groups, step.hyper)?;
        let befores: Vec<[f64; A]> = groups
            .iter()
            .enumerate()
            .map(|(index, group)| group.rule.before(self.steps, index, step.lr[index], memory))
            .collect();
        let first: Vec<Numbers<A>> =
            flat.segments.iter().map(|it| numbers(&groups[it.group], befores[it.group], 0.0)).collect();
        let grads = flat.gradients(step.grads, as_tensors)?;
        let sums = flat.pass::<First<R, K>, S, A, Q>(step.store, &grads, &first)?;
        let segments = flat.segments.as_slice();
        let share = |&(number, sums): &(usize, [f64; Q])| {
            let segment = &segments[number];
            let dims = step.store.declaration().params()[segment.param].shape.len();
            Share { param: segment.param, group: segment.group, dims, sums }
        };
        let params: Vec<Share<Q>> = sums.iter().map(share).collect();
        let loss = step.loss.f_double_value(&[])?;
        let Decision { moves, effective_lr } =
            R::decide(&groups, &Seen { t: self.steps, lr: step.lr, loss, params: &params }, memory);
        // Segments without a gradient are left alone, whatever their numbers.
        let mut second: Vec<Numbers<K>> = segments.iter().map(|it| numbers(&groups[it.group], [0.0; K], 0.0)).collect();
        for ((number, _), of_param) in sums.iter().zip(&moves) {
            second[*number] = numbers(&groups[segments[*number].group], of_param.k, of_param.lr);
        }
        flat.pass::<Second<R, A, Q>, S, K, 0>(step.store, &grads, &second)?;
        self.effective_lr = effective_lr;
        Ok(())
    }
}

impl<R, const S: usize, const A: usize, const Q: usize, const K: usize> Optimizer for Engine<R, S, A, Q, K>
where
    R: Measured<S, A, Q, K>,
{
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
        memory::save(self.steps, &(&self.memory, &self.effective_lr))
    }

    fn remember(&mut self, value: &serde_json::Value) -> Result<(), Error> {
        (self.steps, (self.memory, self.effective_lr)) = memory::load(value, |_| true)?;
        Ok(())
    }

    fn effective_lr(&self) -> Option<Vec<f64>> {
        (!self.effective_lr.is_empty()).then(|| self.effective_lr.clone())
    }
}
