// The door to LibTorch. LibTorch lives in a library of its own that is loaded when a model is first
// needed: replay never loads it, and the thread settings that BLAS and OpenMP read when they are
// loaded come from the platform, not from the environment.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "suite/dataset.hpp"
#include "suite/suite.hpp"

namespace bench {

/// What a sequential suite's module carries from an input to the next of its group: the words it
/// has read, in its own terms. Null before a group's first input.
using ModuleState = std::shared_ptr<const void>;

/// A module failed on an input: it threw, or gave logits of a wrong shape or not finite. The
/// message names the model, its file and the stage.
class ModuleError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// One loaded TorchScript module. Usage per input: start(), then run_stage(1), run_stage(2), ...
/// TorchScript profiles a module in its first call and compiles it in the second: these take
/// several times as long as the rest. The caller warms up with 5 inputs or more of the burst to be
/// measured.
class Module {
 public:
  virtual ~Module() = default;
  virtual std::size_t stages() const = 0;
  /// Hands over the input and, in a sequential suite, what this module left on an earlier input of
  /// the same group. Both are copied, because a module may write to what it is given: start() is
  /// the harness's time, not the module's. An anytime module's own start() belongs to its first
  /// stage's time and runs inside run_stage(1).
  virtual void start(const Burst& burst, const ModuleState& carried = nullptr) = 0;
  /// Stages in order from 1. Logits [items][classes], valid until the next call. Throws
  /// ModuleError.
  virtual std::span<const float> run_stage(std::size_t stage) = 0;
  /// For the next input of the group, once a stage has run; null where the suite is not sequential.
  virtual ModuleState carried() const = 0;
};

struct TensorValues {
  Values values;
  std::vector<std::size_t> shape;
};

struct RuntimeInfo {
  std::string libtorch_version;        ///< of the library that was loaded
  std::string libtorch_build_version;  ///< that this program was built with
  std::string cpu_capability;          ///< what LibTorch's kernels use, e.g. "AVX2"
  std::string executor;                ///< of TorchScript: "profiling", "simple" or "legacy"
  bool fuser = false;                  ///< whether TorchScript compiles operators together
  std::string blas;                    ///< e.g. "OpenBLAS 0.3.21 ..." or "unknown"
  bool blas_is_reference = false;
  std::size_t torch_threads = 0;
  std::size_t blas_threads = 0;  ///< 0: the BLAS does not tell
};

class Runtime {
 public:
  virtual ~Runtime() = default;
  virtual RuntimeInfo info() const = 0;
  /// `device` is "cpu" or "cuda"; on the latter each stage ends when the GPU has done all its work
  /// and the logits are here. Throws InputError where the file is not a TorchScript module of that
  /// kind with as many stages as the suite says, MachineError where LibTorch has no CUDA.
  virtual std::unique_ptr<Module> load(const ModelSpec& model, const Suite& suite,
                                       const std::string& device = "cpu") const = 0;
  /// A tensor as torch.save writes it. Throws InputError where the file is none of float32 or
  /// int64.
  virtual TensorValues load_tensor(const std::filesystem::path& file) const = 0;
};

/// Loads LibTorch with `threads` BLAS and OpenMP threads that wait passively. The first call in a
/// process decides; a later one with another number throws std::logic_error.
const Runtime& runtime(std::size_t threads);

/// Share of the items whose greatest logit is the label's.
double share_correct(std::span<const float> logits, std::span<const std::uint32_t> labels);

}  // namespace bench
