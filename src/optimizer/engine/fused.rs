//! The fused CPU loop: one pass over parameters, gradients and state, on the run's threads, in the widest vectors that
//! this processor has.

use tch::Tensor;

use super::Num;
use super::pass::{Numbers, Pass};
use crate::libtorch::{Element, Pieces, elements_mut};

/// Elements of a block: parameter, gradient and state of one block are local arrays, which the compiler knows not to
/// overlap, so that it needs no checks to vectorize. Few enough to be unrolled whole and to stay in registers: with 64
/// Adam with amsgrad takes twice the time, Adan one and a half times; with 16 SGD takes five times as long.
const BLOCK: usize = 32;

/// Sums of a block that run side by side: as many f64 as the widest vectors hold.
const LANES: usize = 8;

/// Elements of a piece, the least that a thread takes on.
pub const PIECE: usize = 16 * 1024;

/// Elements below which a second thread costs more than it saves: Adam on 100,000 parameters takes 90 µs on one thread
/// and twice that on two, which have to wait for each other and for each other's caches. Tests are to see several
/// threads with less.
const GRAIN: usize = if cfg!(test) { 1024 } else { 256 * 1024 };

/// f32 or f64.
pub trait Float: Num + Element + Default + PartialOrd {
    /// The smallest positive normal number.
    const MIN_POSITIVE: Self;
    /// Exact.
    fn to_f64(self) -> f64;
    /// Runs `work` in the widest vectors that this processor has and that are worth compiling it for. The result does not
    /// depend on it: every element sees the same operations.
    fn dispatch(work: impl pulp::NullaryFnOnce<Output = ()>);
}

impl Float for f32 {
    const MIN_POSITIVE: f32 = f32::MIN_POSITIVE;
    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
    #[inline(always)]
    fn dispatch(work: impl pulp::NullaryFnOnce<Output = ()>) {
        pulp::Arch::new().dispatch(work);
    }
}

impl Float for f64 {
    const MIN_POSITIVE: f64 = f64::MIN_POSITIVE;
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }
    /// Few train in f64, and AVX-512 brings little there: a third of the code, and of the time that it takes to compile,
    /// is spared.
    #[inline(always)]
    fn dispatch(work: impl pulp::NullaryFnOnce<Output = ()>) {
        #[cfg(target_arch = "x86_64")]
        match pulp::x86::V3::try_new() {
            Some(avx2) => avx2.vectorize(work),
            None => work.call(),
        }
        #[cfg(not(target_arch = "x86_64"))]
        pulp::Arch::new().dispatch(work);
    }
}

/// What all elements of a piece share.
#[derive(Clone, Copy)]
pub struct Shared<T, const K: usize> {
    rule: [T; K],
    l2: T,
    shrink: T,
    scale: T,
    limit: T,
}

impl<T: Float, const K: usize> Shared<T, K> {
    /// The gradient is multiplied by `scale` and cut to ±`limit`.
    pub fn new(numbers: &Numbers<K>, scale: f64, limit: f64) -> Self {
        let Numbers { rule, l2, shrink, sign } = *numbers;
        let scale = T::of(scale * sign);
        Shared { rule: rule.map(T::of), l2: T::of(l2), shrink: T::of(shrink), scale, limit: T::of(limit) }
    }
}

/// Walks `flat` and `slots` with `P`. `find` gives of each piece the gradient, from the piece's first element on, and
/// its numbers; none where it is left alone. Sums are added to those of the piece.
pub fn apply<'g, P, T, const S: usize, const K: usize, const R: usize>(
    flat: &mut Tensor,
    slots: &mut [Tensor],
    pieces: &Pieces,
    find: impl Fn(usize) -> Option<(&'g [T], Shared<T, K>)> + Sync,
    sums: &mut [[f64; R]],
) where
    P: Pass<S, K, R>,
    T: Float,
{
    let mut slots = slots.iter_mut();
    let slots: [&mut [T]; S] = std::array::from_fn(|_| slots.next().map(elements_mut::<T>).unwrap_or_default());
    pieces.each(elements_mut::<T>(flat), slots, sums, GRAIN, |piece, p, state, sums| {
        if let Some((g, shared)) = find(piece) {
            let g = &g[..p.len()];
            T::dispatch(
                #[inline(always)]
                || walk::<P, T, S, K, R>(p, g, state, &shared, sums),
            );
        }
    });
}

#[inline(always)]
fn walk<P, T, const S: usize, const K: usize, const R: usize>(
    p: &mut [T],
    g: &[T],
    mut state: [&mut [T]; S],
    shared: &Shared<T, K>,
    sums: &mut [f64; R],
) where
    P: Pass<S, K, R>,
    T: Float,
{
    let len = p.len();
    let whole = len - len % BLOCK;
    let mut lanes = [[0.0; LANES]; R];
    for at in (0..whole).step_by(BLOCK) {
        block::<P, T, S, K, R>(p, g, &mut state, shared, at, BLOCK, &mut lanes);
    }
    if whole < len {
        block::<P, T, S, K, R>(p, g, &mut state, shared, whole, len - whole, &mut lanes);
    }
    for (sum, lanes) in sums.iter_mut().zip(lanes) {
        *sum += lanes.iter().sum::<f64>();
    }
}

/// Walks `len` (at most [`BLOCK`]) elements from `at` on. What stands in the unused rest of a block is computed and
/// thrown away. Compiled twice, for whole blocks and for the rest: with a length that is not known it takes three times as
/// long.
#[inline(always)]
fn block<P, T, const S: usize, const K: usize, const R: usize>(
    p: &mut [T],
    g: &[T],
    state: &mut [&mut [T]; S],
    shared: &Shared<T, K>,
    at: usize,
    len: usize,
    lanes: &mut [[f64; LANES]; R],
) where
    P: Pass<S, K, R>,
    T: Float,
{
    let mut p_block = [T::default(); BLOCK];
    let mut g_block = [T::default(); BLOCK];
    let mut state_block = [[T::default(); BLOCK]; S];
    let mut sum_block = [[T::default(); BLOCK]; R];
    p_block[..len].copy_from_slice(&p[at..at + len]);
    g_block[..len].copy_from_slice(&g[at..at + len]);
    for slot in 0..S {
        state_block[slot][..len].copy_from_slice(&state[slot][at..at + len]);
    }
    for i in 0..BLOCK {
        let old = p_block[i];
        let g = shared.l2.mul_add(old, cut(g_block[i] * shared.scale, shared.limit));
        let slots: [T; S] = std::array::from_fn(|slot| state_block[slot][i]);
        let (new, slots, summed) = P::element(old * shared.shrink, g, slots, &shared.rule);
        p_block[i] = new;
        for slot in 0..S {
            state_block[slot][i] = flush(slots[slot]);
        }
        for sum in 0..R {
            sum_block[sum][i] = summed[sum];
        }
    }
    if P::MOVES {
        p[at..at + len].copy_from_slice(&p_block[..len]);
    }
    for slot in 0..S {
        state[slot][at..at + len].copy_from_slice(&state_block[slot][..len]);
    }
    for sum in 0..R {
        // Numbers that do not come from an element would make something of the unused rest.
        sum_block[sum][len..].fill(T::default());
        for (i, value) in sum_block[sum].into_iter().enumerate() {
            lanes[sum][i % LANES] += value.to_f64();
        }
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
