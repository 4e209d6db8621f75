//! The one room with unsafe code and the one C++ shim: what libtorch has and tch does not expose.

mod allocations;
mod parallel;

use std::ffi::{CStr, CString, c_char};
use std::path::PathBuf;
use std::sync::OnceLock;

use tch::{Kind, TchError, Tensor};

pub use allocations::{Allocations, give_back_freed};
pub use parallel::{Pieces, Rows, Slices};

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

/// Loads CUDA's half of libtorch where it is installed. `Err` says why there is none.
///
/// It registers only before libtorch is first asked about CUDA, so this comes before any other call; only the first
/// call does anything.
pub fn load_cuda() -> Result<(), String> {
    static LOADED: OnceLock<Result<(), String>> = OnceLock::new();
    LOADED
        .get_or_init(|| {
            let name = "libtorch_cuda.so";
            // Beside libtorch_cpu.so first, where this program was linked; else wherever the loader looks.
            let beside = libtorch_folder().map(|folder| folder.join(name)).filter(|path| path.exists());
            let path = beside.unwrap_or_else(|| PathBuf::from(name));
            let path = CString::new(path.to_string_lossy().into_owned()).map_err(|error| error.to_string())?;
            // SAFETY: `path` is a string that ends in NUL and outlives the call.
            let reason = unsafe { lr_load_cuda(path.as_ptr()) };
            if reason.is_null() {
                return Ok(());
            }
            // SAFETY: dlerror's text, or a literal; it ends in NUL and no other call to dlopen comes between.
            Err(unsafe { CStr::from_ptr(reason) }.to_string_lossy().into_owned())
        })
        .clone()
}

/// The folder that libtorch_cpu.so was loaded from, by the process's own memory map.
fn libtorch_folder() -> Option<PathBuf> {
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    let line = maps.lines().find(|line| line.ends_with("/libtorch_cpu.so"))?;
    let path = PathBuf::from(&line[line.find('/')?..]);
    path.parent().map(PathBuf::from)
}

/// libtorch's release: `2.11.0`.
pub fn version() -> String {
    // SAFETY: a literal that ends in NUL.
    unsafe { CStr::from_ptr(lr_torch_version()) }.to_string_lossy().into_owned()
}

/// `beta`·`input` + `alpha`·`a`·`b` for matrices, rounded as PyTorch's `addmm` rounds.
pub fn addmm(input: &Tensor, a: &Tensor, b: &Tensor, beta: f64, alpha: f64) -> Result<Tensor, TchError> {
    let mut reason = std::ptr::null_mut();
    // SAFETY: three live tensors, which are only read; the shim catches what libtorch throws.
    let made = unsafe { lr_addmm(input.as_ptr(), a.as_ptr(), b.as_ptr(), beta, alpha, &mut reason) };
    if made.is_null() {
        // SAFETY: where there is no tensor there is a string from `strdup`, which is ours to free.
        let text = unsafe { CStr::from_ptr(reason) }.to_string_lossy().into_owned();
        unsafe { libc_free(reason.cast()) };
        return Err(TchError::Torch(text));
    }
    // SAFETY: a tensor that nobody else owns.
    Ok(unsafe { Tensor::from_ptr(made) })
}

/// Makes libtorch choose deterministic algorithms where it has a choice.
pub fn set_deterministic(on: bool) {
    // SAFETY: sets flags in libtorch's global context.
    unsafe { lr_set_deterministic(on) }
}

/// A number type that tensors store on the CPU.
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
        "a contiguous CPU tensor of {:?} is needed, not one of {:?} on {:?}",
        T::KIND,
        tensor.kind(),
        tensor.device(),
    );
}

/// How many elements `tensor` has. As `Tensor::numel`, which makes a vector of the shape for it.
fn numel(tensor: &Tensor) -> usize {
    let mut shape = [0i64; 16];
    match tensor.dim() {
        dim if dim <= shape.len() => {
            // SAFETY: writes `dim` numbers, for which there is room.
            unsafe { torch_sys::at_shape(tensor.as_ptr().cast_mut(), shape.as_mut_ptr()) };
            shape[..dim].iter().product::<i64>() as usize
        }
        _ => tensor.numel(),
    }
}

/// The elements of a contiguous CPU tensor, to read.
pub fn elements<T: Element>(tensor: &Tensor) -> &[T] {
    check::<T>(tensor);
    // SAFETY: the tensor is contiguous, of kind T, in this process's memory (checked), and lives as long as the slice.
    // Nothing writes it meanwhile: this crate's writers take `&mut`, and no libtorch call runs beside ours.
    unsafe { std::slice::from_raw_parts(tensor.data_ptr().cast::<T>(), numel(tensor)) }
}

/// The bytes of a contiguous CPU tensor of any kind.
pub fn memory(tensor: &Tensor) -> &[u8] {
    assert!(tensor.device() == tch::Device::Cpu && tensor.is_contiguous(), "a contiguous CPU tensor is needed");
    let length = tensor.numel() * tensor.kind().elt_size_in_bytes();
    if length == 0 {
        return &[];
    }
    // SAFETY: the tensor is contiguous and in this process's memory (checked), has this many bytes, and lives as long as the
    // slice; that nothing writes it meanwhile is as in [`elements`].
    unsafe { std::slice::from_raw_parts(tensor.data_ptr().cast::<u8>(), length) }
}

/// The elements of a contiguous CPU tensor, to write.
pub fn elements_mut<T: Element>(tensor: &mut Tensor) -> &mut [T] {
    check::<T>(tensor);
    // SAFETY: as in [`elements`]; that no other tensor that shares this storage is read meanwhile is the caller's care,
    // as it is with every in-place operation of libtorch.
    unsafe { std::slice::from_raw_parts_mut(tensor.data_ptr().cast::<T>(), numel(tensor)) }
}

/// How a message about memory that could not be had begins.
pub const OUT_OF_MEMORY: &str = "out of memory: ";

/// libtorch's message without its C++ frames.
pub fn message(error: &TchError) -> String {
    let text = match error {
        TchError::Torch(text) => text.clone(),
        other => other.to_string(),
    };
    let text = text.split("\nException raised from").next().unwrap_or_default().trim();
    if let Some((_, wanted)) = text.split_once("can't allocate memory: you tried to allocate ") {
        let wanted = wanted.split(". Error code").next().unwrap_or_default();
        return format!("{OUT_OF_MEMORY}the system did not give {wanted}");
    }
    match text.split_once("CUDA out of memory. ") {
        // What follows is advice for who writes Python.
        Some((_, rest)) => OUT_OF_MEMORY.to_owned() + rest.split(" Including non-PyTorch").next().unwrap_or_default(),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;

    #[test]
    fn memory_that_cannot_be_had_is_told_in_a_line() {
        let error = Tensor::f_zeros([1 << 50], (Kind::Float, Device::Cpu)).unwrap_err();
        assert_eq!(message(&error), "out of memory: the system did not give 4503599627370496 bytes");
        let cuda = "CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity of 15.78 GiB of which 9.20 GiB is \
                    free. Including non-PyTorch memory, this process has 6.58 GiB memory in use. Of the allocated memory\n\
                    Exception raised from malloc at CUDACachingAllocator.cpp:1 (most recent call first):\nframe #0";
        assert_eq!(
            message(&TchError::Torch(cuda.to_owned())),
            "out of memory: Tried to allocate 20.00 GiB. GPU 0 has a total capacity of 15.78 GiB of which 9.20 GiB is free."
        );
    }

    #[test]
    fn other_messages_lose_their_frames() {
        let error = Tensor::zeros([2, 3], (Kind::Float, Device::Cpu)).f_view([5]).unwrap_err();
        assert_eq!(message(&error), "shape '[5]' is invalid for input of size 6");
    }
}
