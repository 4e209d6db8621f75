//! Work on slices of tensors, shared among the threads that libtorch computes with. A second pool would fight OpenMP's
//! over the same cores.

use std::ffi::c_void;
use std::marker::PhantomData;
use std::ops::Range;

use tch::Tensor;

use super::{Element, elements};

unsafe extern "C" {
    fn lr_parallel_for(length: i64, grain: i64, body: extern "C" fn(*mut c_void, i64, i64), context: *mut c_void);
}

/// Calls `body` for pieces of `0..length`, none much smaller than `grain`. `body` must not panic: that ends the process.
fn parallel_for<F: Fn(Range<usize>) + Sync>(length: usize, grain: usize, body: F) {
    extern "C" fn call<F: Fn(Range<usize>) + Sync>(context: *mut c_void, begin: i64, end: i64) {
        // SAFETY: `context` is the `&F` below, which outlives the loop.
        let body = unsafe { &*context.cast::<F>() };
        body(begin as usize..end as usize);
    }
    let context = std::ptr::from_ref(&body).cast_mut().cast::<c_void>();
    // SAFETY: `call` reads `context` as the `F` it was made from; F is Sync; the call returns when all pieces are done.
    unsafe { lr_parallel_for(length as i64, grain as i64, call::<F>, context) }
}

/// Ranges of a row of elements, in order and apart from each other.
#[derive(Clone, Debug)]
pub struct Pieces {
    ranges: Vec<Range<usize>>,
    /// Elements of all of them.
    elements: usize,
}

impl Pieces {
    pub fn new(ranges: Vec<Range<usize>>) -> Self {
        assert!(ranges.iter().all(|range| range.start <= range.end), "a range runs forward");
        assert!(ranges.windows(2).all(|pair| pair[0].end <= pair[1].start), "ranges are in order and apart");
        let elements = ranges.iter().map(Range::len).sum();
        Pieces { ranges, elements }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ranges.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Calls `body` for each piece with its number, its share of `row` and of every slice of `beside` (all of one
    /// length), and its place in `outputs`. A thread takes on at least about `grain` elements. `body` must not panic:
    /// that ends the process.
    pub fn each<T, O, F, const N: usize>(
        &self,
        row: &mut [T],
        beside: [&mut [T]; N],
        outputs: &mut [O],
        grain: usize,
        body: F,
    ) where
        T: Send + Sync,
        O: Send + Sync,
        F: Fn(usize, &mut [T], [&mut [T]; N], &mut O) + Sync,
    {
        struct Shared<T>(*mut T);
        // SAFETY: only used below, where no two threads touch the same element.
        unsafe impl<T: Send> Sync for Shared<T> {}

        let len = row.len();
        assert!(beside.iter().all(|slice| slice.len() == len), "all slices have one length");
        assert!(self.ranges.last().is_none_or(|last| last.end <= len), "the pieces lie in the slices");
        assert_eq!(outputs.len(), self.len(), "one output a piece");
        let grain = (grain as u128 * self.len() as u128 / self.elements.max(1) as u128).max(1);
        let (row, beside) = (Shared(row.as_mut_ptr()), beside.map(|slice| Shared(slice.as_mut_ptr())));
        let outputs = Shared(outputs.as_mut_ptr());
        // All of each, not the pointers in them, which alone are not to be shared.
        let (row, outputs) = (&row, &outputs);
        parallel_for(self.len(), grain.min(self.len() as u128) as usize, |numbers| {
            for number in numbers {
                let range = &self.ranges[number];
                // SAFETY: the slices are `len` long and borrowed exclusively until this function returns; the range
                // lies in them, and overlaps with no other piece (checked), each of which one thread has.
                let part =
                    |of: &Shared<T>| unsafe { std::slice::from_raw_parts_mut(of.0.add(range.start), range.len()) };
                // SAFETY: as above: one output a piece.
                let output = unsafe { &mut *outputs.0.add(number) };
                body(number, part(row), beside.each_ref().map(part), output);
            }
        });
    }
}

/// A buffer for [`Rows`], kept from one use to the next so that nothing is allocated.
#[derive(Debug, Default)]
pub struct Slices(Vec<(*const u8, usize)>);

// SAFETY: between uses the addresses are never read.
unsafe impl Send for Slices {}

impl Slices {
    /// The elements of each of `tensors`, contiguous CPU tensors of T; of an undefined one none.
    pub fn of<'a, T: Element>(&'a mut self, tensors: &'a [Tensor]) -> Rows<'a, T> {
        self.0.clear();
        self.0.extend(tensors.iter().map(|tensor| {
            let row: &[T] = if tensor.defined() { elements(tensor) } else { &[] };
            (row.as_ptr().cast(), row.len())
        }));
        Rows { rows: &self.0, of: PhantomData }
    }
}

/// The elements of several tensors, for any thread to read.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a, T> {
    rows: &'a [(*const u8, usize)],
    of: PhantomData<&'a [T]>,
}

// SAFETY: it stands for `&[&[T]]`.
unsafe impl<T: Sync> Sync for Rows<'_, T> {}

impl<'a, T> Rows<'a, T> {
    /// The elements of tensor number `index`.
    pub fn get(&self, index: usize) -> &'a [T] {
        let (start, len) = self.rows[index];
        // SAFETY: made from a slice of T that lives as long as 'a, by [`Slices::of`].
        unsafe { std::slice::from_raw_parts(start.cast(), len) }
    }
}
