//! The fused CPU loop. It reads the parameters, gradients and state of a range of elements once, updates them with SIMD
//! instructions, and writes parameters and state once.
//!
//! A [`Kernel`] says what happens to one element. The macro `kernel!` compiles it for f32 and f64 and for several
//! instruction sets. Each rule calls the macro in its own file, so that a change to one rule recompiles only the
//! kernels of that rule.

use super::{Graph, Num, Recorded};

/// The number of elements in a block. Parameter, gradient and state of one block are local arrays. The compiler knows
/// that they do not overlap, so it vectorizes without checks. A block is small enough to be unrolled completely and to
/// stay in registers. With 64 elements, Adam with amsgrad takes twice the time and Adan one and a half times. With 16
/// elements, SGD takes five times as long.
const BLOCK: usize = 32;

/// The number of partial sums of a block that are added in parallel: as many f64 as the widest SIMD registers hold.
const LANES: usize = 8;

/// The largest number of scalars that a kernel can have.
pub const MAX_SCALARS: usize = 12;

/// The largest number of slots that a kernel can have.
pub const MAX_SLOTS: usize = 7;

/// A pass over memory, given by the operation on one element. A kernel has `S` state slots, `K` scalars that all
/// elements share, and `R` sums over elements.
pub trait Kernel<const S: usize, const K: usize, const R: usize> {
    /// True if parameters change.
    const MOVES: bool;

    /// Returns parameter and state after the pass, and the element's terms of the sums. `g` is the gradient, clipped,
    /// with coupled decay added.
    fn element<N: Num>(p: N, g: N, state: [N; S], k: &[N; K]) -> (N, [N; S], [N; R]);
}

/// The numbers that all elements of one segment share in one pass.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SegmentScalars {
    /// The rule's scalars, followed by zeros.
    pub k: [f64; MAX_SCALARS],
    /// λ of coupled decay.
    pub l2: f64,
    /// 1 − lr·λ of decoupled decay.
    pub shrink: f64,
    /// −1 to maximize, else 1.
    pub sign: f64,
}

impl SegmentScalars {
    /// The scalars of a segment that is not updated.
    pub const NONE: Self = SegmentScalars { k: [0.0; MAX_SCALARS], l2: 0.0, shrink: 1.0, sign: 1.0 };
}

/// Some consecutive elements of one segment, for a kernel to walk.
#[derive(Debug)]
pub struct Chunk<'a, 'b, T> {
    pub p: &'a mut [T],
    /// The elements of each slot. Every slot has as many as `p`.
    pub slots: &'a mut [&'b mut [T]],
    /// The gradient's elements, at least as many as `p` has.
    pub g: &'a [T],
    pub scalars: &'a SegmentScalars,
    /// The factor of [`Clip::Norm`](super::super::Clip::Norm). 1 with any other clipping.
    pub scale: f64,
    /// The bound of [`Clip::Value`](super::super::Clip::Value). Infinity with any other clipping.
    pub limit: f64,
    /// The sums that the kernel adds to.
    pub sums: &'a mut [f64],
}

/// One kernel for one type of number, compiled for several instruction sets. The result is the same with each of them,
/// because they apply the same operations to every element. Only `kernel!` makes a value of this type, so each function
/// is safe to call on a processor that has its instruction set.
#[derive(Clone, Copy, Debug)]
pub struct Vectorized<T> {
    pub(crate) portable: fn(&mut Chunk<'_, '_, T>),
    #[cfg(target_arch = "x86_64")]
    pub(crate) avx2: unsafe fn(&mut Chunk<'_, '_, T>),
    #[cfg(target_arch = "x86_64")]
    pub(crate) avx512: Option<unsafe fn(&mut Chunk<'_, '_, T>)>,
}

impl<T> Vectorized<T> {
    /// Returns the function for every processor.
    pub fn portable(&self) -> fn(&mut Chunk<'_, '_, T>) {
        self.portable
    }

    /// Returns the function for processors with AVX2 and FMA. Calling it on another one is undefined behavior.
    #[cfg(target_arch = "x86_64")]
    pub fn avx2(&self) -> unsafe fn(&mut Chunk<'_, '_, T>) {
        self.avx2
    }

    /// Returns the function for processors with AVX-512 (F, BW, CD, DQ, VL). Calling it on another one is undefined
    /// behavior. `None` for f64: few people use it, and its functions would be a third of the code of all kernels.
    #[cfg(target_arch = "x86_64")]
    pub fn avx512(&self) -> Option<unsafe fn(&mut Chunk<'_, '_, T>)> {
        self.avx512
    }
}

/// A kernel as the engine runs it.
#[derive(Clone, Copy, Debug)]
pub struct CompiledKernel {
    pub slots: usize,
    pub scalars: usize,
    pub sums: usize,
    /// True if parameters change.
    pub moves: bool,
    pub f32: Vectorized<f32>,
    pub f64: Vectorized<f64>,
    /// Records the same operations for whole tensors. The inputs are the parameter, the gradient, the slots and the
    /// scalars, in this order. The outputs are the parameter, the slots and the terms of the sums.
    pub graph: fn() -> Graph,
}

/// Compiles kernel `$kernel` with `$slots` slots, `$scalars` scalars and `$sums` sums.
macro_rules! kernel {
    ($kernel:ty, $slots:literal, $scalars:literal, $sums:literal) => {{
        use $crate::optimizer::rule::kernel::{Chunk, CompiledKernel, Kernel, Vectorized, record, walk};

        fn portable_f32(chunk: &mut Chunk<'_, '_, f32>) {
            walk::<$kernel, f32, $slots, $scalars, $sums>(chunk);
        }
        fn portable_f64(chunk: &mut Chunk<'_, '_, f64>) {
            walk::<$kernel, f64, $slots, $scalars, $sums>(chunk);
        }
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx2,fma")]
        fn avx2_f32(chunk: &mut Chunk<'_, '_, f32>) {
            walk::<$kernel, f32, $slots, $scalars, $sums>(chunk);
        }
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx2,fma")]
        fn avx512_f32(chunk: &mut Chunk<'_, '_, f32>) {
            walk::<$kernel, f32, $slots, $scalars, $sums>(chunk);
        }
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx2,fma")]
        fn avx2_f64(chunk: &mut Chunk<'_, '_, f64>) {
            walk::<$kernel, f64, $slots, $scalars, $sums>(chunk);
        }
        CompiledKernel {
            slots: $slots,
            scalars: $scalars,
            sums: $sums,
            moves: <$kernel as Kernel<$slots, $scalars, $sums>>::MOVES,
            f32: Vectorized {
                portable: portable_f32,
                #[cfg(target_arch = "x86_64")]
                avx2: avx2_f32,
                #[cfg(target_arch = "x86_64")]
                avx512: Some(avx512_f32),
            },
            f64: Vectorized {
                portable: portable_f64,
                #[cfg(target_arch = "x86_64")]
                avx2: avx2_f64,
                #[cfg(target_arch = "x86_64")]
                avx512: None,
            },
            graph: record::<$kernel, $slots, $scalars, $sums>,
        }
    }};
}

pub(crate) use kernel;

/// f32 or f64.
pub trait Float: Num + Copy + Default + PartialOrd {
    /// The smallest positive normal number.
    const MIN_POSITIVE: Self;
    /// Converts without rounding.
    fn to_f64(self) -> f64;
}

impl Float for f32 {
    const MIN_POSITIVE: f32 = f32::MIN_POSITIVE;
    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
}

impl Float for f64 {
    const MIN_POSITIVE: f64 = f64::MIN_POSITIVE;
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }
}

/// Records what `P` does with an element.
pub fn record<P: Kernel<S, K, R>, const S: usize, const K: usize, const R: usize>() -> Graph {
    let state = std::array::from_fn(|slot| Recorded::input(2 + slot));
    let k = std::array::from_fn(|index| Recorded::input(2 + S + index));
    let (p, state, sums) = P::element(Recorded::input(0), Recorded::input(1), state, &k);
    Graph::of(std::iter::once(p).chain(state).chain(sums))
}

/// Applies `P` to a chunk, block by block. The elements after the last whole block are copied into a padded block, so
/// that only one loop is compiled.
#[inline(always)]
pub fn walk<P, T, const S: usize, const K: usize, const R: usize>(chunk: &mut Chunk<'_, '_, T>)
where
    P: Kernel<S, K, R>,
    T: Float,
{
    const { assert!(S < MAX_SLOTS + 1 && K < MAX_SCALARS + 1, "a kernel with too many slots or scalars") };
    let Chunk { p, slots, g, scalars, scale, limit, sums } = chunk;
    let len = p.len();
    let g = &g[..len];
    let slots: &mut [&mut [T]; S] = (&mut **slots).try_into().expect("the kernel's number of slots");
    assert!(slots.iter().all(|slot| slot.len() == len), "all slots have one length");
    let k: [T; K] = std::array::from_fn(|index| T::of(scalars.k[index]));
    let (l2, shrink) = (T::of(scalars.l2), T::of(scalars.shrink));
    let (scale, limit) = (T::of(*scale * scalars.sign), T::of(*limit));
    let whole = len - len % BLOCK;
    let mut p_rest = padded(&p[whole..]);
    let g_rest = padded(&g[whole..]);
    let mut slots_rest: [[T; BLOCK]; S] = std::array::from_fn(|slot| padded(&slots[slot][whole..]));
    let mut lanes = [[0.0; LANES]; R];
    for at in (0..len).step_by(BLOCK) {
        let p_place = p[at..].first_chunk_mut().unwrap_or(&mut p_rest);
        let mut p_block: [T; BLOCK] = *p_place;
        let g_block: [T; BLOCK] = *g[at..].first_chunk().unwrap_or(&g_rest);
        let mut state: [[T; BLOCK]; S] =
            std::array::from_fn(|slot| *slots[slot][at..].first_chunk().unwrap_or(&slots_rest[slot]));
        let mut terms = [[T::default(); BLOCK]; R];
        // Elements of the padding are computed and thrown away.
        let valid = len - at;
        for i in 0..BLOCK {
            let old = p_block[i];
            let g = l2.mul_add(old, cut(g_block[i] * scale, limit));
            let slots: [T; S] = std::array::from_fn(|slot| state[slot][i]);
            let (new, slots, summed) = P::element(old * shrink, g, slots, &k);
            p_block[i] = new;
            for slot in 0..S {
                state[slot][i] = flush(slots[slot]);
            }
            for sum in 0..R {
                terms[sum][i] = if i < valid { summed[sum] } else { T::default() };
            }
        }
        if P::MOVES {
            *p_place = p_block;
        }
        for slot in 0..S {
            *slots[slot][at..].first_chunk_mut().unwrap_or(&mut slots_rest[slot]) = state[slot];
        }
        for sum in 0..R {
            for (i, term) in terms[sum].into_iter().enumerate() {
                lanes[sum][i % LANES] += term.to_f64();
            }
        }
    }
    if P::MOVES {
        p[whole..].copy_from_slice(&p_rest[..len - whole]);
    }
    for slot in 0..S {
        slots[slot][whole..].copy_from_slice(&slots_rest[slot][..len - whole]);
    }
    for (sum, lanes) in sums.iter_mut().zip(lanes) {
        *sum += lanes.iter().sum::<f64>();
    }
}

/// Returns `rest`, which is shorter than a block, followed by zeros.
#[inline(always)]
fn padded<T: Float>(rest: &[T]) -> [T; BLOCK] {
    let mut block = [T::default(); BLOCK];
    block[..rest.len()].copy_from_slice(rest);
    block
}

/// Returns `x` limited to ±`limit`. NaN stays NaN.
#[inline(always)]
fn cut<T: Float>(x: T, limit: T) -> T {
    let x = if x > limit { limit } else { x };
    if x < -limit { -limit } else { x }
}

/// Returns 0 for a subnormal `x`, and `x` otherwise. The moments of inputs that are always zero decay into subnormals.
/// Processors compute with subnormals many times more slowly.
#[inline(always)]
fn flush<T: Float>(x: T) -> T {
    if x.abs() < T::MIN_POSITIVE { T::default() } else { x }
}
