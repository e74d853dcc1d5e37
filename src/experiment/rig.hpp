// The machine under test: models, data, limiter and meter together, and one inference on them. Used
// alike by the profiler, the recorder and live runs, so that all of them measure the same thing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <vector>

#include "contention/contention.hpp"
#include "experiment/config.hpp"
#include "platform/platform.hpp"
#include "schemes/outcome.hpp"
#include "suite/dataset.hpp"
#include "suite/runtime.hpp"
#include "suite/suite.hpp"

namespace bench {

/// The items of one input and their labels.
struct Burst {
  std::vector<float> items;
  std::vector<std::uint8_t> labels;
};

/// A seeded order of a split's items, dealt out as bursts; starts again when all are used.
class InputStream {
 public:
  InputStream(const Dataset& dataset, const Split& split, std::size_t burst, std::uint64_t seed);
  Burst burst(std::size_t input) const;

 private:
  const Dataset& dataset_;
  std::size_t burst_;
  std::vector<std::size_t> order_;
};

/// One inference: its stages, cumulative, until it was stopped.
struct Inference {
  std::vector<double> stage_latency_s;
  std::vector<double> stage_correct;
  double busy_energy_j = 0.0;
};

struct WarmUp {
  std::string model;
  double first_s = 0.0;  ///< latency of the very first inference
  double last_s = 0.0;   ///< and of the last warm-up inference
};

class Rig {
 public:
  /// Loads every model. Throws InputError and MachineError as the rooms below do.
  explicit Rig(const Config& config);

  const Suite& suite() const { return suite_; }
  const Platform& platform() const { return platform_; }
  const RuntimeInfo& runtime_info() const { return runtime_info_; }
  const std::vector<WarmUp>& warm_ups() const { return warm_ups_; }
  const std::vector<double>& caps_w() const { return platform_.limiter->caps_w(); }
  std::size_t stages(std::size_t model) const { return modules_[model]->stages(); }
  const InputStream& profiling_inputs() const { return profiling_; }
  const InputStream& evaluation_inputs() const { return evaluation_; }

  /// Puts the environment's co-runners beside the rig, stopped; an empty spec takes them away.
  void set_contention(const std::optional<ContentionSpec>& spec);
  void let_corunners_run(bool running);

  void set_cap(std::size_t cap) { platform_.limiter->set_cap(cap); }
  /// Runs `model` under the cap in force until `stop_stage`; no stage starts `deadline_s` or more
  /// after the call. The result is valid until the next call.
  const Inference& infer(std::size_t model, std::size_t stop_stage, double deadline_s,
                         const Burst& burst);
  /// Idles for `duration_s` and reads the machine's power meanwhile.
  EnergyReading idle(double duration_s);

 private:
  void warm_up(std::size_t inferences);

  Suite suite_;
  Dataset dataset_;
  std::size_t burst_;
  InputStream profiling_, evaluation_;
  std::unique_ptr<CoRunners> corunners_;
  Platform platform_;
  RuntimeInfo runtime_info_;
  std::vector<std::unique_ptr<Module>> modules_;
  std::vector<WarmUp> warm_ups_;
  std::vector<std::size_t> shape_;  // of a module's input
  Inference inference_;             // reused, so that measuring does not allocate
};

/// Every (model, cap) of the rig in an order drawn from `random`: drift hits all alike.
struct Configuration {
  std::size_t model = 0;
  std::size_t cap = 0;
};
std::vector<Configuration> shuffled_configurations(const Rig& rig, std::mt19937_64& random);

/// In-place Fisher-Yates with a result that is the same on every standard library.
template <typename T>
void shuffle(std::vector<T>& values, std::mt19937_64& random) {
  for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[random() % i]);
}

}  // namespace bench
