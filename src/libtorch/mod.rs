//! The one room with unsafe code and the one C++ shim: what libtorch has and tch does not expose.

use std::ffi::{CStr, CString, c_char, c_void};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::OnceLock;

use tch::{Kind, Tensor};

unsafe extern "C" {
    fn lr_load_cuda(path: *const c_char) -> *const c_char;
    fn lr_parallel_for(length: i64, grain: i64, body: extern "C" fn(*mut c_void, i64, i64), context: *mut c_void);
    fn lr_set_deterministic(on: bool);
    fn lr_torch_version() -> *const c_char;
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

/// Makes libtorch choose deterministic algorithms where it has a choice.
pub fn set_deterministic(on: bool) {
    // SAFETY: sets flags in libtorch's global context.
    unsafe { lr_set_deterministic(on) }
}

/// Calls `body` for pieces of `0..length`, none much smaller than `grain`, on the threads that libtorch computes with.
/// A second pool would fight OpenMP's over the same cores. `body` must not panic: that ends the process.
pub fn parallel_for<F: Fn(Range<usize>) + Sync>(length: usize, grain: usize, body: F) {
    extern "C" fn call<F: Fn(Range<usize>) + Sync>(context: *mut c_void, begin: i64, end: i64) {
        // SAFETY: `context` is the `&F` below, which outlives the loop.
        let body = unsafe { &*context.cast::<F>() };
        body(begin as usize..end as usize);
    }
    let context = std::ptr::from_ref(&body).cast_mut().cast::<c_void>();
    // SAFETY: `call` reads `context` as the `F` it was made from; F is Sync; the call returns when all pieces are done.
    unsafe { lr_parallel_for(length as i64, grain as i64, call::<F>, context) }
}

/// Cuts `row` and every slice of `beside` (all of one length) into the same pieces, and calls `body` with each piece's
/// range and its share of them, on the threads that libtorch computes with.
pub fn parallel_pieces<T, F, const N: usize>(row: &mut [T], beside: [&mut [T]; N], grain: usize, body: F)
where
    T: Send + Sync,
    F: Fn(Range<usize>, &mut [T], [&mut [T]; N]) + Sync,
{
    struct Shared<T>(*mut T);
    // SAFETY: only used below, where no two threads touch the same element.
    unsafe impl<T: Send> Sync for Shared<T> {}

    let len = row.len();
    assert!(beside.iter().all(|slice| slice.len() == len), "all slices have one length");
    let (row, beside) = (Shared(row.as_mut_ptr()), beside.map(|slice| Shared(slice.as_mut_ptr())));
    parallel_for(len, grain, |piece| {
        // SAFETY: the slices are `len` long and borrowed exclusively until this function returns; `parallel_for` hands
        // out pieces of `0..len` that do not overlap, so no other thread has these elements.
        let part = |of: &Shared<T>| unsafe { std::slice::from_raw_parts_mut(of.0.add(piece.start), piece.len()) };
        body(piece.clone(), part(&row), beside.each_ref().map(part));
    });
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

/// The elements of a contiguous CPU tensor, to read.
pub fn elements<T: Element>(tensor: &Tensor) -> &[T] {
    check::<T>(tensor);
    // SAFETY: the tensor is contiguous, of kind T, in this process's memory (checked), and lives as long as the slice.
    // Nothing writes it meanwhile: this crate's writers take `&mut`, and no libtorch call runs beside ours.
    unsafe { std::slice::from_raw_parts(tensor.data_ptr().cast::<T>(), tensor.numel()) }
}

/// The elements of a contiguous CPU tensor, to write.
pub fn elements_mut<T: Element>(tensor: &mut Tensor) -> &mut [T] {
    check::<T>(tensor);
    // SAFETY: as in [`elements`]; that no other tensor that shares this storage is read meanwhile is the caller's care,
    // as it is with every in-place operation of libtorch.
    unsafe { std::slice::from_raw_parts_mut(tensor.data_ptr().cast::<T>(), tensor.numel()) }
}

/// libtorch's message without its C++ frames.
pub fn message(error: &tch::TchError) -> String {
    let text = match error {
        tch::TchError::Torch(text) => text.clone(),
        other => other.to_string(),
    };
    let text = text.split("\nException raised from").next().unwrap_or_default();
    text.trim().to_owned()
}
