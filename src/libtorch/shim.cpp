// Functions of libtorch that tch does not have. None of them throws: errors are returned.

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/ops/addmm.h>
#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>
#include <dlfcn.h>
#include <torch/version.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>

namespace {

// Counts what libtorch allocates in main memory while it is the profiler of its thread.
struct Counter : c10::MemoryReportingInfoBase {
  std::atomic<int64_t> held{0};
  std::atomic<int64_t> peak{0};

  void reportMemoryUsage(void*, int64_t size, size_t, size_t, c10::Device device) override {
    if (device.type() != c10::DeviceType::CPU) return;
    const int64_t now = held.fetch_add(size) + size;
    int64_t before = peak.load();
    while (now > before && !peak.compare_exchange_weak(before, now)) {
    }
  }

  bool memoryProfilingEnabled() const override { return true; }
};

struct Counting {
  std::shared_ptr<Counter> counter = std::make_shared<Counter>();
  c10::DebugInfoGuard guard{c10::DebugInfoKind::PROFILER_STATE, counter};
};

}  // namespace

extern "C" {

// Loads libtorch_cuda.so, which registers CUDA with libtorch. Returns null, or the reason if it cannot be loaded.
// Must be called before the first question about CUDA, because libtorch remembers the answer.
const char* lr_load_cuda(const char* path) {
  if (dlopen(path, RTLD_NOW | RTLD_GLOBAL) != nullptr) return nullptr;
  const char* reason = dlerror();
  return reason != nullptr ? reason : "dlopen failed";
}

// Returns beta·input + alpha·a·b for matrices (tch has no beta and alpha). The caller owns the new tensor. Returns null
// if libtorch refuses, with the reason in `reason`, which the caller frees.
at::Tensor* lr_addmm(
    const at::Tensor* input, const at::Tensor* a, const at::Tensor* b, double beta, double alpha, char** reason) {
  try {
    return new at::Tensor(at::addmm(*input, *a, *b, beta, alpha));
  } catch (const std::exception& error) {
    *reason = strdup(error.what());
    return nullptr;
  }
}

// Returns the version of these headers, such as "2.11.0".
const char* lr_torch_version() { return TORCH_VERSION; }

// Calls body(context, begin, end) for pieces of [0, length), on the threads that libtorch uses for its own operations.
void lr_parallel_for(int64_t length, int64_t grain, void (*body)(void*, int64_t, int64_t), void* context) {
  at::parallel_for(0, length, grain, [&](int64_t begin, int64_t end) { body(context, begin, end); });
}

// Starts counting what the operations of this thread allocate, until `lr_count_end` on the same thread.
void* lr_count_begin() {
  try {
    return new Counting;
  } catch (const std::exception&) {
    return nullptr;
  }
}

// Writes the bytes that are allocated since the start and not freed, and their maximum since the last call.
void lr_count(void* counting, int64_t* held, int64_t* peak) {
  Counter& counter = *static_cast<Counting*>(counting)->counter;
  *held = counter.held.load();
  *peak = counter.peak.exchange(*held);
}

void lr_count_end(void* counting) { delete static_cast<Counting*>(counting); }

// Makes libtorch prefer deterministic algorithms, which matters on CUDA.
void lr_set_deterministic(bool on) {
  at::globalContext().setDeterministicAlgorithms(on, /*warn_only=*/true);
  at::globalContext().setDeterministicCuDNN(on);
  at::globalContext().setBenchmarkCuDNN(false);
  // Otherwise each new tensor is filled with NaN first. We read no memory before it is written.
  at::globalContext().setDeterministicFillUninitializedMemory(false);
}
}
