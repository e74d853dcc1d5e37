// What the profiler, the recorder and live runs ask of the machine under test. All of them measure
// through it, so that they measure the same thing; tests put one in its place that needs no models.
#pragma once

#include <cstddef>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "contention/spec.hpp"
#include "machine/input_stream.hpp"
#include "platform/platform.hpp"
#include "suite/dataset.hpp"
#include "suite/runtime.hpp"
#include "suite/suite.hpp"

namespace bench {

/// One inference: its stages, cumulative, until it was stopped.
struct Inference {
  std::vector<double> stage_latency_s;
  std::vector<double> stage_correct;
  std::optional<double> busy_energy_j;
  std::string energy_reason;          ///< why it is missing
  std::size_t energy_inferences = 1;  ///< that busy_energy_j is the mean of
};

class Machine {
 public:
  virtual ~Machine() = default;

  virtual const Suite& suite() const = 0;
  /// Ascending; the last is the default.
  virtual const std::vector<double>& caps_w() const = 0;
  virtual EnergySource energy_source() const = 0;
  virtual const InputStream& profiling_inputs() const = 0;
  virtual const InputStream& evaluation_inputs() const = 0;
  virtual Clock::time_point now() const = 0;

  /// What the inferences from now on are for: to be told where a model does not answer.
  virtual void announce(const std::string& /*what*/, const InputStream&, std::size_t /*input*/) {}
  /// Puts the environment's co-runners beside the models, stopped; an empty spec takes them away.
  virtual void set_contention(const std::optional<ContentionSpec>& spec) = 0;
  virtual void let_corunners_run(bool running) = 0;

  virtual void set_cap(std::size_t cap) = 0;
  /// Runs `model` under the cap in force until `stop_stage`; no stage starts `deadline_s` or more
  /// after the call. `carried` is what the model left on an earlier input of the same group. The
  /// result is valid until the next call. Throws ModuleError.
  virtual const Inference& infer(std::size_t model, std::size_t stop_stage, double deadline_s,
                                 const Burst& burst, const ModuleState& carried = nullptr) = 0;
  /// All stages without a deadline. An inference that is too short for the meter
  /// (least_window_s()) is repeated after it was timed, and its energy is the mean over all of
  /// them.
  virtual const Inference& measure(std::size_t model, const Burst& burst,
                                   const ModuleState& carried = nullptr) = 0;
  /// What the last inference of `model` left for the next input of its group.
  virtual ModuleState carried(std::size_t model) const = 0;
  /// Idles for `duration_s` and reads the machine's power meanwhile.
  virtual EnergyReading idle(double duration_s) = 0;
  /// Windows that are shorter are coarse: they hold fewer than least_intervals of the meter's.
  virtual double least_window_s() const = 0;

  std::size_t models() const { return suite().models.size(); }
  std::size_t stages(std::size_t model) const { return suite().models[model].accuracy.size(); }
};

/// Every (model, cap) in an order drawn from `random`: drift hits all alike.
struct Configuration {
  std::size_t model = 0;
  std::size_t cap = 0;
};
std::vector<Configuration> shuffled_configurations(const Machine& machine, std::mt19937_64& random);

}  // namespace bench
