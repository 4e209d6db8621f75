//! The instruction sets that this processor has.

use crate::optimizer::{Chunk, Vectorized};

/// Runs a kernel with the widest SIMD instructions that this processor has and that the kernel was compiled for.
#[cfg(target_arch = "x86_64")]
pub fn call_vectorized<T>(kernel: Vectorized<T>, chunk: &mut Chunk<'_, '_, T>) {
    let has_avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    let has_avx512 = || {
        is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512cd")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
    };
    match kernel.avx512() {
        // SAFETY: the function's only requirement is that the processor has what was just detected.
        Some(avx512) if has_avx2 && has_avx512() => unsafe { avx512(chunk) },
        // SAFETY: as above.
        _ if has_avx2 => unsafe { kernel.avx2()(chunk) },
        _ => kernel.portable()(chunk),
    }
}

/// Runs a kernel. On this architecture a kernel has only one version.
#[cfg(not(target_arch = "x86_64"))]
pub fn call_vectorized<T>(kernel: Vectorized<T>, chunk: &mut Chunk<'_, '_, T>) {
    kernel.portable()(chunk);
}
