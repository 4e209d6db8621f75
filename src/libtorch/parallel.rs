//! Work on slices of tensors, divided among libtorch's own threads. A second thread pool would compete with OpenMP's
//! for the same cores.

use std::ffi::c_void;
use std::marker::PhantomData;
use std::ops::Range;

use tch::Tensor;

use super::{Element, elements};

unsafe extern "C" {
    fn lr_parallel_for(length: i64, grain: i64, body: extern "C" fn(*mut c_void, i64, i64), context: *mut c_void);
}

/// Calls `body` for pieces of `0..length`, each of about `grain` or more. `body` must not panic, which would end the
/// process.
fn parallel_for(length: usize, grain: usize, body: &(dyn Fn(Range<usize>) + Sync)) {
    type Body<'a> = &'a (dyn Fn(Range<usize>) + Sync);
    extern "C" fn call(context: *mut c_void, begin: i64, end: i64) {
        // SAFETY: `context` points to the `body` below, which outlives the loop.
        let body = unsafe { *context.cast::<Body<'_>>() };
        body(begin as usize..end as usize);
    }
    let context = std::ptr::from_ref::<Body<'_>>(&body).cast_mut().cast::<c_void>();
    // SAFETY: `call` only reads `context`, as the reference that it points to. The referent is Sync, and this call
    // returns when all pieces are done.
    unsafe { lr_parallel_for(length as i64, grain as i64, call, context) }
}

/// The largest number of rows that [`Pieces::each`] takes.
pub const MAX_ROWS: usize = 8;

/// The work on one piece. Takes the piece's number, its part of each row and its part of the outputs.
pub type PieceFn<'a, T> = dyn Fn(usize, &mut [&mut [T]], &mut [f64]) + Sync + 'a;

/// Ranges of a row of elements, in order and without overlap.
#[derive(Clone, Debug)]
pub struct Pieces {
    ranges: Vec<Range<usize>>,
    /// The number of elements in all ranges.
    elements: usize,
}

impl Pieces {
    pub fn new(ranges: Vec<Range<usize>>) -> Self {
        assert!(ranges.iter().all(|range| range.start <= range.end), "a range runs forward");
        assert!(ranges.windows(2).all(|pair| pair[0].end <= pair[1].start), "ranges are in order and apart");
        let elements = ranges.iter().map(Range::len).sum();
        Pieces { ranges, elements }
    }

    /// Returns the number of pieces.
    pub fn len(&self) -> usize {
        self.ranges.len()
    }

    /// Returns true if there is no piece.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Calls `body` for each piece. All `rows` have one length, and `outputs` is divided equally among the pieces in
    /// order. A thread takes at least about `grain` elements. `body` must not panic, which would end the process.
    pub fn each<T: Send + Sync>(
        &self,
        rows: &mut [&mut [T]],
        outputs: &mut [f64],
        grain: usize,
        body: &PieceFn<'_, T>,
    ) {
        struct Shared<T>(*mut T);
        // SAFETY: only used below, where no two threads touch the same element.
        unsafe impl<T: Send> Sync for Shared<T> {}

        let count = rows.len();
        let len = rows.first().map_or(0, |row| row.len());
        assert!(count <= MAX_ROWS && rows.iter().all(|row| row.len() == len), "at most {MAX_ROWS} rows of one length");
        assert!(self.ranges.last().is_none_or(|last| last.end <= len), "the pieces lie in the rows");
        let own = outputs.len() / self.len().max(1);
        assert_eq!(outputs.len(), own * self.len(), "each piece has as many outputs");
        let grain = (grain as u128 * self.len() as u128 / self.elements.max(1) as u128).max(1);
        let mut starts: [Shared<T>; MAX_ROWS] = [const { Shared(std::ptr::null_mut()) }; MAX_ROWS];
        for (start, row) in starts.iter_mut().zip(rows) {
            start.0 = row.as_mut_ptr();
        }
        let outputs = Shared(outputs.as_mut_ptr());
        // Captures the two values as a whole, because the pointers in them cannot be shared between threads.
        let (starts, outputs) = (&starts, &outputs);
        parallel_for(self.len(), grain.min(self.len() as u128) as usize, &|numbers| {
            for number in numbers {
                let range = &self.ranges[number];
                let mut parts: [&mut [T]; MAX_ROWS] = std::array::from_fn(|_| <&mut [T]>::default());
                for (part, start) in parts.iter_mut().zip(&starts[..count]) {
                    // SAFETY: the rows are `len` long and borrowed exclusively until this function returns. The range
                    // lies in them and overlaps with no other piece (checked). Each piece belongs to one thread.
                    *part = unsafe { std::slice::from_raw_parts_mut(start.0.add(range.start), range.len()) };
                }
                // SAFETY: as above. The outputs of different pieces do not overlap.
                let outputs = unsafe { std::slice::from_raw_parts_mut(outputs.0.add(number * own), own) };
                body(number, &mut parts[..count], outputs);
            }
        });
    }
}

/// A buffer for [`Rows`], reused so that nothing is allocated.
#[derive(Debug, Default)]
pub struct Slices(Vec<(*const u8, usize)>);

// SAFETY: between uses the addresses are never read.
unsafe impl Send for Slices {}

impl Slices {
    /// Returns the elements of each of `tensors`, contiguous CPU tensors of T. An undefined tensor has none.
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

// SAFETY: it is a `&[&[T]]` in all but its type.
unsafe impl<T: Sync> Sync for Rows<'_, T> {}

impl<'a, T> Rows<'a, T> {
    /// Returns the elements of tensor number `index`.
    pub fn get(&self, index: usize) -> &'a [T] {
        let (start, len) = self.rows[index];
        // SAFETY: made from a slice of T that lives as long as 'a, by [`Slices::of`].
        unsafe { std::slice::from_raw_parts(start.cast(), len) }
    }
}
