//! The instruction sets that this processor has.

/// Calls the function for the widest vectors that the processor has: `avx512` (F, BW, CD, DQ and VL), `avx2` (with FMA),
/// else `portable`. The functions must need nothing but these instruction sets.
#[cfg(target_arch = "x86_64")]
pub fn call_vectorized<A>(portable: fn(A), avx2: unsafe fn(A), avx512: Option<unsafe fn(A)>, argument: A) {
    let has_avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    let has_avx512 = || {
        is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512cd")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
    };
    match avx512 {
        // SAFETY: the function's only requirement is that the processor has what was just detected.
        Some(avx512) if has_avx2 && has_avx512() => unsafe { avx512(argument) },
        // SAFETY: as above.
        _ if has_avx2 => unsafe { avx2(argument) },
        _ => portable(argument),
    }
}
