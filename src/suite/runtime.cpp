#include "suite/runtime.hpp"

#include <dlfcn.h>
#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <latch>
#include <limits>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "base/interrupt.hpp"
#include "suite/torch_runtime.hpp"

namespace bench {
namespace {

/// Beside the executable as built, or in the library folder beside its folder as installed.
std::filesystem::path find_library() {
  const auto folder = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  const std::filesystem::path built = folder / ALERT_BENCH_TORCH_FILE;
  const std::filesystem::path installed =
      folder.parent_path() / ALERT_BENCH_LIBDIR / ALERT_BENCH_TORCH_FILE;
  for (const auto& file : {built, installed})
    if (std::filesystem::exists(file)) return file;
  throw MachineError(
      fmt::format("models cannot be run: neither {} nor {} is there; build the target "
                  "alert-bench-torch, or install alert-bench again",
                  built.string(), installed.string()));
}

/// BLAS and OpenMP end the program where they cannot have their threads: so that is tried first.
void try_threads(std::size_t threads) {
  std::latch all_started(1);
  std::vector<std::jthread> tried;
  const std::size_t wanted = 2 * threads;  // each has its own
  try {
    for (std::size_t i = 0; i < wanted; ++i)
      tried.emplace_back([&all_started] { all_started.wait(); });
  } catch (const std::system_error& error) {
    all_started.count_down();
    throw MachineError(fmt::format(
        "LibTorch and BLAS need {} threads, and this process gets only {} ({}): set \"threads\" "
        "lower, or raise the limits of processes and memory (ulimit -u, ulimit -v)",
        wanted, tried.size(), error.code().message()));
  }
  all_started.count_down();
}

const Runtime& load_runtime(std::size_t threads) {
  try_threads(threads);
  // BLAS and OpenMP read these once, when they are loaded with LibTorch.
  const std::string count = std::to_string(threads);
  setenv("OPENBLAS_NUM_THREADS", count.c_str(), 1);
  setenv("OMP_NUM_THREADS", count.c_str(), 1);
  setenv("OMP_WAIT_POLICY", "PASSIVE", 1);

  // Have glibc keep freed memory: else each inference maps its tensors anew, and the page faults
  // make its latency longer and far more erratic.
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());

  const KeptSignals kept;
  void* library = dlopen(find_library().c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library)
    throw MachineError(fmt::format(
        "LibTorch cannot be loaded: {}; on Debian get it with: apt-get install libtorch-dev",
        dlerror()));
  const auto make =
      reinterpret_cast<decltype(&make_torch_runtime)>(dlsym(library, "make_torch_runtime"));
  if (!make) throw MachineError(fmt::format("LibTorch cannot be loaded: {}", dlerror()));
  return *make(threads);
}

}  // namespace

const Runtime& runtime(std::size_t threads) {
  struct Loaded {
    std::size_t threads;
    const Runtime& runtime;
  };
  static const Loaded loaded{threads, load_runtime(threads)};
  if (threads != loaded.threads)
    throw std::logic_error(fmt::format("LibTorch was loaded with {} threads, and cannot have {}",
                                       loaded.threads, threads));
  return loaded.runtime;
}

double share_correct(std::span<const float> logits, std::span<const std::uint32_t> labels) {
  const std::size_t classes = logits.size() / labels.size();
  std::size_t correct = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto row = logits.subspan(i * classes, classes);
    const auto answer = std::ranges::max_element(row) - row.begin();
    if (answer == static_cast<std::ptrdiff_t>(labels[i])) ++correct;
  }
  return static_cast<double>(correct) / static_cast<double>(labels.size());
}

}  // namespace bench
