//! A counter of the memory that libtorch allocates.

use std::ffi::c_void;
use std::marker::PhantomData;
use std::ptr::NonNull;

unsafe extern "C" {
    fn lr_count_begin() -> *mut c_void;
    fn lr_count(counting: *mut c_void, held: *mut i64, peak: *mut i64);
    fn lr_count_end(counting: *mut c_void);
}

/// Returns freed memory to the operating system. The C allocator keeps freed blocks for later use, but nothing will
/// need blocks of these sizes again. Does nothing with a C library other than GNU's.
pub fn release_freed_memory() {
    #[cfg(target_env = "gnu")]
    {
        unsafe extern "C" {
            fn malloc_trim(keep: usize) -> i32;
        }
        // SAFETY: releases only pages in which nothing is allocated.
        unsafe { malloc_trim(0) };
    }
}

/// A counter of the bytes that libtorch allocates in main memory for the operations of this thread, backward passes
/// included. It counts until it is dropped.
///
/// It does not notice when memory is freed that was allocated before counting, and libtorch warns about that. Memory
/// that libraries below libtorch allocate is not counted.
#[derive(Debug)]
pub struct Allocations {
    counting: NonNull<c_void>,
    /// Keeps the counter on the thread that created it.
    _not_send: PhantomData<*const ()>,
}

/// Counts in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Bytes that were allocated since counting began and are not freed.
    pub held: u64,
    /// The maximum of `held` since the last call of [`Allocations::read`].
    pub peak: u64,
}

impl Allocations {
    /// Starts counting. `None` if libtorch refuses.
    pub fn count() -> Option<Self> {
        // SAFETY: returns an object that we own, or null.
        let counting = NonNull::new(unsafe { lr_count_begin() })?;
        Some(Allocations { counting, _not_send: PhantomData })
    }

    /// Returns the current counts, and starts a new maximum.
    pub fn read(&self) -> Counted {
        let (mut held, mut peak) = (0, 0);
        // SAFETY: the object lives as long as `self`. Both integers are valid to write.
        unsafe { lr_count(self.counting.as_ptr(), &mut held, &mut peak) };
        Counted { held: u64::try_from(held).unwrap_or(0), peak: u64::try_from(peak).unwrap_or(0) }
    }
}

impl Drop for Allocations {
    fn drop(&mut self) {
        // SAFETY: counting began on this thread, because `self` is not `Send`, and ends only here.
        unsafe { lr_count_end(self.counting.as_ptr()) }
    }
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind, Tensor};

    use super::*;

    #[test]
    fn tensors_are_counted_to_the_byte() {
        let counting = Allocations::count().unwrap();
        let a = Tensor::zeros([1000], (Kind::Float, Device::Cpu));
        let b = Tensor::zeros([500], (Kind::Double, Device::Cpu));
        assert_eq!(counting.read(), Counted { held: 8000, peak: 8000 });
        drop(a);
        assert_eq!(counting.read(), Counted { held: 4000, peak: 8000 });
        let _view = b.view([5, 100]);
        assert_eq!(counting.read(), Counted { held: 4000, peak: 4000 });
        drop(counting);
        let _more = Tensor::zeros([1000], (Kind::Float, Device::Cpu));
        assert_eq!(Allocations::count().unwrap().read(), Counted::default());
    }

    #[test]
    fn a_backward_pass_is_counted() {
        let w = Tensor::zeros([1000, 10], (Kind::Float, Device::Cpu)).set_requires_grad(true);
        let counting = Allocations::count().unwrap();
        let loss = Tensor::ones([1, 1000], (Kind::Float, Device::Cpu)).matmul(&w).sum(Kind::Float);
        let before = counting.read();
        let grads = Tensor::run_backward(&[&loss], &[&w], false, false);
        let after = counting.read();
        assert!(after.held >= before.held + 40_000 - 4096 && after.peak >= after.held, "{before:?} {after:?}");
        drop(grads);
    }
}
