//! The fused CPU loop: one pass over parameters, gradients and state, on the run's threads, in the widest vectors that
//! this processor has.

use std::ops::Range;

use tch::Tensor;

use super::Num;
use super::elementwise::{Elementwise, Scalars};
use crate::libtorch::{Element, elements, elements_mut, parallel_pieces};

/// Elements of a block: parameter, gradient and state of one block are local arrays, which the compiler knows not to
/// overlap, so that it needs no checks to vectorize.
const BLOCK: usize = 64;

/// Elements below which a second thread costs more than it saves: Adam on 100,000 parameters takes 90 µs on one thread
/// and twice that on two, which have to wait for each other and for each other's caches.
const GRAIN: usize = 256 * 1024;

/// f32 or f64.
pub trait Float: Num + Element + Default + PartialOrd {
    /// The smallest positive normal number.
    const MIN_POSITIVE: Self;
    /// Rounds.
    fn from_f64(value: f64) -> Self;
}

impl Float for f32 {
    const MIN_POSITIVE: f32 = f32::MIN_POSITIVE;
    fn from_f64(value: f64) -> f32 {
        value as f32
    }
}

impl Float for f64 {
    const MIN_POSITIVE: f64 = f64::MIN_POSITIVE;
    fn from_f64(value: f64) -> f64 {
        value
    }
}

/// One parameter's share of a step.
pub struct Run<'a, T, const K: usize> {
    range: Range<usize>,
    grad: &'a [T],
    numbers: Numbers<T, K>,
}

/// What all elements of a run share.
#[derive(Clone, Copy)]
struct Numbers<T, const K: usize> {
    rule: [T; K],
    l2: T,
    shrink: T,
    scale: T,
    limit: T,
}

impl<'a, T: Float, const K: usize> Run<'a, T, K> {
    /// Elements `range` of the store under `grad` (contiguous): times `scale`, cut to ±`limit`.
    pub fn new(range: Range<usize>, grad: &'a Tensor, scalars: &Scalars<K>, scale: f64, limit: f64) -> Self {
        let numbers = Numbers {
            rule: scalars.rule.map(T::from_f64),
            l2: T::from_f64(scalars.l2),
            shrink: T::from_f64(scalars.shrink),
            scale: T::from_f64(scale),
            limit: T::from_f64(limit),
        };
        let grad = elements(grad);
        assert_eq!(grad.len(), range.len(), "a gradient has its parameter's size");
        Run { range, grad, numbers }
    }
}

/// Updates `flat` and `slots` by rule `R` with `runs`, which are in order and do not overlap.
pub fn apply<R, T, const S: usize, const K: usize>(flat: &mut Tensor, slots: &mut [Tensor], runs: &[Run<'_, T, K>])
where
    R: Elementwise<S, K>,
    T: Float,
{
    let mut slots = slots.iter_mut();
    let slots: [&mut [T]; S] = std::array::from_fn(|_| slots.next().map(elements_mut::<T>).unwrap_or_default());
    // The widest vectors that this processor has. The result does not depend on it: every element sees the same
    // operations.
    let widest = pulp::Arch::new();
    parallel_pieces(elements_mut::<T>(flat), slots, GRAIN, |piece, p, mut state| {
        for run in runs {
            let start = run.range.start.max(piece.start);
            let end = run.range.end.min(piece.end);
            if start < end {
                let within = start - piece.start..end - piece.start;
                let grad = &run.grad[start - run.range.start..end - run.range.start];
                let state = state.each_mut().map(|slot| &mut slot[within.clone()]);
                let p = &mut p[within];
                widest.dispatch(
                    #[inline(always)]
                    || walk::<R, T, S, K>(p, grad, state, &run.numbers),
                );
            }
        }
    });
}

#[inline(always)]
fn walk<R, T, const S: usize, const K: usize>(p: &mut [T], g: &[T], mut state: [&mut [T]; S], numbers: &Numbers<T, K>)
where
    R: Elementwise<S, K>,
    T: Float,
{
    let len = p.len();
    let whole = len - len % BLOCK;
    for at in (0..whole).step_by(BLOCK) {
        block::<R, T, S, K>(p, g, &mut state, numbers, at, BLOCK);
    }
    if whole < len {
        block::<R, T, S, K>(p, g, &mut state, numbers, whole, len - whole);
    }
}

/// Updates `len` (at most [`BLOCK`]) elements from `at` on. What stands in the unused rest of a block is computed and
/// thrown away.
#[inline(always)]
fn block<R, T, const S: usize, const K: usize>(
    p: &mut [T],
    g: &[T],
    state: &mut [&mut [T]; S],
    numbers: &Numbers<T, K>,
    at: usize,
    len: usize,
) where
    R: Elementwise<S, K>,
    T: Float,
{
    let mut p_block = [T::default(); BLOCK];
    let mut g_block = [T::default(); BLOCK];
    let mut state_block = [[T::default(); BLOCK]; S];
    p_block[..len].copy_from_slice(&p[at..at + len]);
    g_block[..len].copy_from_slice(&g[at..at + len]);
    for slot in 0..S {
        state_block[slot][..len].copy_from_slice(&state[slot][at..at + len]);
    }
    for i in 0..BLOCK {
        let old = p_block[i];
        let g = numbers.l2.mul_add(old, cut(g_block[i] * numbers.scale, numbers.limit));
        let slots: [T; S] = std::array::from_fn(|slot| state_block[slot][i]);
        let (new, slots) = R::update(old * numbers.shrink, g, slots, &numbers.rule);
        p_block[i] = new;
        for slot in 0..S {
            state_block[slot][i] = flush(slots[slot]);
        }
    }
    p[at..at + len].copy_from_slice(&p_block[..len]);
    for slot in 0..S {
        state[slot][at..at + len].copy_from_slice(&state_block[slot][..len]);
    }
}

/// `x` within ±`limit`; NaN stays.
#[inline(always)]
fn cut<T: Float>(x: T, limit: T) -> T {
    let x = if x > limit { limit } else { x };
    if x < -limit { -limit } else { x }
}

/// 0 for a subnormal. The moments of inputs that are always zero decay into subnormals, which processors compute with
/// many times slower.
#[inline(always)]
fn flush<T: Float>(x: T) -> T {
    if x.abs() < T::MIN_POSITIVE { T::default() } else { x }
}
