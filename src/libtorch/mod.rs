//! Functions of libtorch that tch does not have, through a small C++ shim. This is the only module with unsafe code.

mod allocations;
mod convert;
mod parallel;
mod vectors;

use std::ffi::{CStr, CString, c_char};
use std::path::PathBuf;
use std::sync::OnceLock;

use tch::{Kind, TchError, Tensor};

pub use allocations::{Allocations, release_freed_memory};
pub use convert::{device, kind, upload};
pub use parallel::{Pieces, Rows, Slices};
pub use vectors::call_vectorized;

unsafe extern "C" {
    fn lr_load_cuda(path: *const c_char) -> *const c_char;
    fn lr_set_deterministic(on: bool);
    fn lr_torch_version() -> *const c_char;
    fn lr_addmm(
        input: *const torch_sys::C_tensor,
        a: *const torch_sys::C_tensor,
        b: *const torch_sys::C_tensor,
        beta: f64,
        alpha: f64,
        reason: *mut *mut c_char,
    ) -> *mut torch_sys::C_tensor;
    #[link_name = "free"]
    fn libc_free(memory: *mut std::ffi::c_void);
}

/// Loads the CUDA library of libtorch. Returns the reason if that is not possible.
///
/// Must be called before anything else asks libtorch about CUDA, because libtorch remembers the answer. Only the first
/// call does anything.
pub fn load_cuda() -> Result<(), String> {
    static LOADED: OnceLock<Result<(), String>> = OnceLock::new();
    LOADED
        .get_or_init(|| {
            let name = "libtorch_cuda.so";
            // First next to libtorch_cpu.so, then wherever the dynamic loader looks.
            let neighbour = libtorch_folder().map(|folder| folder.join(name)).filter(|path| path.exists());
            let path = neighbour.unwrap_or_else(|| PathBuf::from(name));
            let path = CString::new(path.to_string_lossy().into_owned()).map_err(|error| error.to_string())?;
            // SAFETY: `path` is a NUL-terminated string that outlives the call.
            let reason = unsafe { lr_load_cuda(path.as_ptr()) };
            if reason.is_null() {
                return Ok(());
            }
            // SAFETY: a NUL-terminated text of dlerror, which stays valid until the next call of dlopen, or a literal.
            Err(unsafe { CStr::from_ptr(reason) }.to_string_lossy().into_owned())
        })
        .clone()
}

/// Returns the folder that libtorch_cpu.so was loaded from, according to the memory map of this process.
fn libtorch_folder() -> Option<PathBuf> {
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    let line = maps.lines().find(|line| line.ends_with("/libtorch_cpu.so"))?;
    let path = PathBuf::from(&line[line.find('/')?..]);
    path.parent().map(PathBuf::from)
}

/// Returns the version of libtorch, such as `2.11.0`.
pub fn version() -> String {
    // SAFETY: a NUL-terminated literal.
    unsafe { CStr::from_ptr(lr_torch_version()) }.to_string_lossy().into_owned()
}

/// Returns `beta`·`input` + `alpha`·`a`·`b` for matrices, with the same rounding as PyTorch's `addmm`.
pub fn addmm(input: &Tensor, a: &Tensor, b: &Tensor, beta: f64, alpha: f64) -> Result<Tensor, TchError> {
    let mut reason = std::ptr::null_mut();
    // SAFETY: the three tensors are alive and only read. The shim catches exceptions.
    let result = unsafe { lr_addmm(input.as_ptr(), a.as_ptr(), b.as_ptr(), beta, alpha, &mut reason) };
    if result.is_null() {
        // SAFETY: if there is no tensor, `reason` is a string from `strdup` that we own.
        let text = unsafe { CStr::from_ptr(reason) }.to_string_lossy().into_owned();
        unsafe { libc_free(reason.cast()) };
        return Err(TchError::Torch(text));
    }
    // SAFETY: nobody else owns this tensor.
    Ok(unsafe { Tensor::from_ptr(result) })
}

/// Sets whether libtorch must prefer deterministic algorithms.
pub fn set_deterministic(on: bool) {
    // SAFETY: sets flags in the global context of libtorch.
    unsafe { lr_set_deterministic(on) }
}

/// A type of tensor elements.
pub trait Element: Copy + Send + Sync + 'static {
    const KIND: Kind;
}

impl Element for f32 {
    const KIND: Kind = Kind::Float;
}

impl Element for f64 {
    const KIND: Kind = Kind::Double;
}

impl Element for i64 {
    const KIND: Kind = Kind::Int64;
}

impl Element for u8 {
    const KIND: Kind = Kind::Uint8;
}

fn check<T: Element>(tensor: &Tensor) {
    assert!(
        tensor.kind() == T::KIND && tensor.device() == tch::Device::Cpu && tensor.is_contiguous(),
        "expected a contiguous CPU tensor of {:?}, but this is one of {:?} on {:?}",
        T::KIND,
        tensor.kind(),
        tensor.device(),
    );
}

/// Returns the number of elements of `tensor`. Unlike `Tensor::numel`, it allocates no vector for the shape.
fn numel(tensor: &Tensor) -> usize {
    let mut shape = [0i64; 16];
    match tensor.dim() {
        dim if dim <= shape.len() => {
            // SAFETY: writes `dim` integers, which fit into `shape`.
            unsafe { torch_sys::at_shape(tensor.as_ptr().cast_mut(), shape.as_mut_ptr()) };
            shape[..dim].iter().product::<i64>() as usize
        }
        _ => tensor.numel(),
    }
}

/// Returns the elements of a contiguous CPU tensor.
pub fn elements<T: Element>(tensor: &Tensor) -> &[T] {
    check::<T>(tensor);
    // SAFETY: `check` makes sure that the tensor is contiguous, has elements of type T, and is in main memory. It lives
    // as long as the slice. Nothing writes it meanwhile: writers in this crate take `&mut`, and no call of libtorch
    // runs concurrently.
    unsafe { std::slice::from_raw_parts(tensor.data_ptr().cast::<T>(), numel(tensor)) }
}

/// Returns the bytes of a contiguous CPU tensor of any type.
pub fn memory(tensor: &Tensor) -> &[u8] {
    assert!(tensor.device() == tch::Device::Cpu && tensor.is_contiguous(), "expected a contiguous CPU tensor");
    let length = tensor.numel() * tensor.kind().elt_size_in_bytes();
    if length == 0 {
        return &[];
    }
    // SAFETY: the assertion makes sure that the tensor is contiguous and in main memory. It has `length` bytes and
    // lives as long as the slice. Nothing writes it meanwhile, for the same reason as in [`elements`].
    unsafe { std::slice::from_raw_parts(tensor.data_ptr().cast::<u8>(), length) }
}

/// Returns the elements of a contiguous CPU tensor for writing.
pub fn elements_mut<T: Element>(tensor: &mut Tensor) -> &mut [T] {
    check::<T>(tensor);
    // SAFETY: the same as in [`elements`]. The caller makes sure that no other tensor with the same storage is read
    // meanwhile, as with every in-place operation of libtorch.
    unsafe { std::slice::from_raw_parts_mut(tensor.data_ptr().cast::<T>(), numel(tensor)) }
}

/// The start of every message about memory that could not be allocated.
pub const OUT_OF_MEMORY: &str = "out of memory: ";

/// Returns the message of libtorch without the C++ stack trace.
pub fn message(error: &TchError) -> String {
    let text = match error {
        TchError::Torch(text) => text.clone(),
        other => other.to_string(),
    };
    let text = text.split("\nException raised from").next().unwrap_or_default().trim();
    if let Some((_, wanted)) = text.split_once("can't allocate memory: you tried to allocate ") {
        let wanted = wanted.split(". Error code").next().unwrap_or_default();
        return format!("{OUT_OF_MEMORY}the system refused {wanted}");
    }
    match text.split_once("CUDA out of memory. ") {
        // The rest is advice for Python programs.
        Some((_, rest)) => OUT_OF_MEMORY.to_owned() + rest.split(" Including non-PyTorch").next().unwrap_or_default(),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;

    #[test]
    fn out_of_memory_has_a_message_of_one_line() {
        let error = Tensor::f_zeros([1 << 50], (Kind::Float, Device::Cpu)).unwrap_err();
        assert_eq!(message(&error), "out of memory: the system refused 4503599627370496 bytes");
        let cuda = "CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity of 15.78 GiB of which 9.20 GiB is \
                    free. Including non-PyTorch memory, this process has 6.58 GiB memory in use. Of the allocated memory\n\
                    Exception raised from malloc at CUDACachingAllocator.cpp:1 (most recent call first):\nframe #0";
        assert_eq!(
            message(&TchError::Torch(cuda.to_owned())),
            "out of memory: Tried to allocate 20.00 GiB. GPU 0 has a total capacity of 15.78 GiB of which 9.20 GiB is free."
        );
    }

    #[test]
    fn other_messages_lose_their_stack_trace() {
        let error = Tensor::zeros([2, 3], (Kind::Float, Device::Cpu)).f_view([5]).unwrap_err();
        assert_eq!(message(&error), "shape '[5]' is invalid for input of size 6");
    }
}
