//! Counting what libtorch allocates.

use std::ffi::c_void;
use std::marker::PhantomData;
use std::ptr::NonNull;

unsafe extern "C" {
    fn lr_count_begin() -> *mut c_void;
    fn lr_count(counting: *mut c_void, held: *mut i64, peak: *mut i64);
    fn lr_count_end(counting: *mut c_void);
}

/// Gives the system what was freed and is held for later: blocks that nothing will ask for again, as the allocator cannot
/// know. Does nothing where the C library is not GNU's.
pub fn give_back_freed() {
    #[cfg(target_env = "gnu")]
    {
        unsafe extern "C" {
            fn malloc_trim(keep: usize) -> i32;
        }
        // SAFETY: gives pages back in which nothing is allocated.
        unsafe { malloc_trim(0) };
    }
}

/// Counts the bytes that libtorch allocates for this thread's operations, backward passes among them, in the machine's own
/// memory, as long as it lives. What was allocated before and is freed meanwhile is not seen, and makes libtorch warn.
/// Whatever a library below libtorch takes for itself is not counted either.
#[derive(Debug)]
pub struct Allocations {
    counting: NonNull<c_void>,
    /// It belongs to the thread that began it.
    _here: PhantomData<*const ()>,
}

/// Bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Allocated since counting began, and not freed.
    pub held: u64,
    /// The most that there was at once since the last look.
    pub peak: u64,
}

impl Allocations {
    /// Begins. None where libtorch refuses.
    pub fn count() -> Option<Self> {
        // SAFETY: gives an object that is ours, or null.
        let counting = NonNull::new(unsafe { lr_count_begin() })?;
        Some(Allocations { counting, _here: PhantomData })
    }

    /// What there is now, and was since the last look.
    pub fn look(&self) -> Counted {
        let (mut held, mut peak) = (0, 0);
        // SAFETY: the object lives as long as this; both numbers are written.
        unsafe { lr_count(self.counting.as_ptr(), &mut held, &mut peak) };
        Counted { held: u64::try_from(held).unwrap_or(0), peak: u64::try_from(peak).unwrap_or(0) }
    }
}

impl Drop for Allocations {
    fn drop(&mut self) {
        // SAFETY: begun on this thread, as it cannot be sent to another, and ended once.
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
        assert_eq!(counting.look(), Counted { held: 8000, peak: 8000 });
        drop(a);
        assert_eq!(counting.look(), Counted { held: 4000, peak: 8000 });
        let _view = b.view([5, 100]);
        assert_eq!(counting.look(), Counted { held: 4000, peak: 4000 });
        drop(counting);
        let _more = Tensor::zeros([1000], (Kind::Float, Device::Cpu));
        assert_eq!(Allocations::count().unwrap().look(), Counted::default());
    }

    #[test]
    fn a_backward_pass_is_counted() {
        let w = Tensor::zeros([1000, 10], (Kind::Float, Device::Cpu)).set_requires_grad(true);
        let counting = Allocations::count().unwrap();
        let loss = Tensor::ones([1, 1000], (Kind::Float, Device::Cpu)).matmul(&w).sum(Kind::Float);
        let before = counting.look();
        let grads = Tensor::run_backward(&[&loss], &[&w], false, false);
        let after = counting.look();
        assert!(after.held >= before.held + 40_000 - 4096 && after.peak >= after.held, "{before:?} {after:?}");
        drop(grads);
    }
}
