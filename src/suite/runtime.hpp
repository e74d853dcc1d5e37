// The door to LibTorch. LibTorch lives in a library of its own that is loaded when a model is first
// needed: replay never loads it, and the thread settings that BLAS and OpenMP read when they are
// loaded come from the platform, not from the environment.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "suite/suite.hpp"

namespace bench {

/// One loaded TorchScript module. Usage per input: start(), then run_stage(1), run_stage(2), ...
/// TorchScript profiles a module in its first call and compiles it in the second: these take
/// several times as long as the rest. The caller warms up with 5 inputs or more of the burst to be
/// measured.
class Module {
 public:
  virtual ~Module() = default;
  virtual std::size_t stages() const = 0;
  /// Hands over the input: `shape` is {burst, item shape...}. The data must stay alive until the
  /// last stage has run. An anytime module's own start() belongs to its first stage's time and runs
  /// inside run_stage(1).
  virtual void start(std::span<const float> items, std::span<const std::size_t> shape) = 0;
  /// Stages in order from 1. Logits [burst][classes], valid until the next call.
  /// Throws std::runtime_error, naming the model and the stage, where the module throws or gives
  /// logits of a wrong shape.
  virtual std::span<const float> run_stage(std::size_t stage) = 0;
};

struct RuntimeInfo {
  std::string libtorch_version;
  std::string blas;  ///< e.g. "OpenBLAS 0.3.21 ..." or "unknown"
  bool blas_is_reference = false;
  std::size_t torch_threads = 0;
  std::size_t blas_threads = 0;  ///< 0: the BLAS does not tell
};

class Runtime {
 public:
  virtual ~Runtime() = default;
  virtual RuntimeInfo info() const = 0;
  /// Throws InputError where the file is not a TorchScript module of that kind with as many stages
  /// as the suite says.
  virtual std::unique_ptr<Module> load(const ModelSpec& model, std::size_t classes) const = 0;
};

/// Loads LibTorch with `threads` BLAS and OpenMP threads that wait passively. The first call in a
/// process decides; a later one with another number throws std::logic_error.
const Runtime& runtime(std::size_t threads);

/// Share of the burst whose greatest logit is the label's.
double share_correct(std::span<const float> logits, std::span<const std::uint8_t> labels);

}  // namespace bench
