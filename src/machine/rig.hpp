// The machine under test: models, data, limiter and meter together, and one inference on them. Used
// alike by the profiler, the recorder and live runs, so that all of them measure the same thing.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <random>
#include <vector>

#include "config/config.hpp"
#include "contention/spec.hpp"
#include "machine/input_stream.hpp"
#include "platform/platform.hpp"
#include "schemes/outcome.hpp"
#include "suite/dataset.hpp"
#include "suite/runtime.hpp"
#include "suite/suite.hpp"

namespace bench {

/// One inference: its stages, cumulative, until it was stopped.
struct Inference {
  std::vector<double> stage_latency_s;
  std::vector<double> stage_correct;
  double busy_energy_j = 0.0;
  std::size_t energy_inferences = 1;  ///< that busy_energy_j is the mean of
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
  /// after the call. `carried` is what the model left on an earlier input of the same group. The
  /// result is valid until the next call. Throws ModuleError.
  const Inference& infer(std::size_t model, std::size_t stop_stage, double deadline_s,
                         const Burst& burst, const ModuleState& carried = nullptr);
  /// All stages without a deadline. An inference that is too short for the meter
  /// (least_window_s()) is repeated after it was timed, and its energy is the mean over all of
  /// them.
  const Inference& measure(std::size_t model, const Burst& burst,
                           const ModuleState& carried = nullptr);
  /// Windows that are shorter are coarse: they hold fewer than least_intervals of the meter's.
  double least_window_s() const { return least_window_s_; }
  /// What the last inference of `model` left for the next input of its group.
  ModuleState carried(std::size_t model) const { return modules_[model]->carried(); }
  /// Idles for `duration_s` and reads the machine's power meanwhile.
  EnergyReading idle(double duration_s);

 private:
  void warm_up(std::size_t inferences, OnError on_error);
  void check_effect();
  void run_stages(std::size_t model, std::size_t stop_stage, double deadline_s, const Burst& burst,
                  const ModuleState& carried);

  Suite suite_;
  std::unique_ptr<CoRunners> corunners_;
  Platform platform_;
  double least_window_s_ = 0.0;
  std::unique_ptr<Dataset> dataset_;
  InputStream profiling_, evaluation_;
  RuntimeInfo runtime_info_;
  std::vector<std::unique_ptr<Module>> modules_;
  std::vector<WarmUp> warm_ups_;
  Inference inference_;  // reused, so that measuring does not allocate
};

/// Every (model, cap) of the rig in an order drawn from `random`: drift hits all alike.
struct Configuration {
  std::size_t model = 0;
  std::size_t cap = 0;
};
std::vector<Configuration> shuffled_configurations(const Rig& rig, std::mt19937_64& random);

}  // namespace bench
