// What libtorch has and tch does not expose. Nothing here throws: callers get a message or nothing.

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/ops/addmm.h>
#include <dlfcn.h>
#include <torch/version.h>

#include <cstdint>
#include <cstring>
#include <exception>

extern "C" {

// Loads libtorch_cuda.so, which registers CUDA with libtorch; null, or why it cannot be loaded.
// Has to come before the first question about CUDA: libtorch remembers the answer.
const char* lr_load_cuda(const char* path) {
  if (dlopen(path, RTLD_NOW | RTLD_GLOBAL) != nullptr) return nullptr;
  const char* reason = dlerror();
  return reason != nullptr ? reason : "dlopen failed";
}

// beta·input + alpha·a·b for matrices, which tch has without beta and alpha. A new tensor, which the caller owns; null where
// libtorch refuses, with a reason in `reason` that the caller frees.
at::Tensor* lr_addmm(
    const at::Tensor* input, const at::Tensor* a, const at::Tensor* b, double beta, double alpha, char** reason) {
  try {
    return new at::Tensor(at::addmm(*input, *a, *b, beta, alpha));
  } catch (const std::exception& error) {
    *reason = strdup(error.what());
    return nullptr;
  }
}

// The release these headers are of, "2.11.0".
const char* lr_torch_version() { return TORCH_VERSION; }

// Calls body(context, begin, end) for pieces of [0, length), on the threads that libtorch's own operations use.
void lr_parallel_for(int64_t length, int64_t grain, void (*body)(void*, int64_t, int64_t), void* context) {
  at::parallel_for(0, length, grain, [&](int64_t begin, int64_t end) { body(context, begin, end); });
}

// Deterministic algorithms where libtorch has a choice (CUDA's, above all), and full f32 precision in products.
void lr_set_deterministic(bool on) {
  at::globalContext().setDeterministicAlgorithms(on, /*warn_only=*/true);
  at::globalContext().setDeterministicCuDNN(on);
  at::globalContext().setBenchmarkCuDNN(false);
}
}
