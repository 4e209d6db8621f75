//! The instruction sets that this processor has.

/// Calls `avx2` where the processor has AVX2 and FMA, else `portable`. `avx2` must need nothing but these two.
#[cfg(target_arch = "x86_64")]
pub fn call_vectorized<A>(portable: fn(A), avx2: unsafe fn(A), argument: A) {
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        // SAFETY: the function's only requirement is that the processor has what was just detected.
        unsafe { avx2(argument) }
    } else {
        portable(argument);
    }
}
