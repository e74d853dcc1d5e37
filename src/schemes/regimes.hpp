// What every configuration did on each input of a trace, by regime: with contention or without.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <vector>

#include "schemes/scheme.hpp"

namespace bench {

/// Memory: 8 bytes for each input, configuration and stage, and 16 for each input and
/// configuration.
class Regimes {
 public:
  explicit Regimes(const alert::Profile& profile) : profile_(profile) {
    for (auto& regime : regimes_) regime.runs.resize(profile.models.size() * profile.caps());
  }

  void add(const Counterfactual& input);

  std::size_t inputs(bool contention) const { return regimes_[contention].inputs; }
  /// Right as often as profiled: accuracy is credited, not measured.
  Execution execution(bool contention, std::size_t input, std::size_t model, std::size_t cap) const;

 private:
  struct Runs {
    std::vector<double> stage_latency_s;  // [input][stage]
    std::vector<std::optional<double>> busy_energy_j, idle_power_w;
  };
  struct Regime {
    std::size_t inputs = 0;
    std::vector<Runs> runs;  // [model * caps + cap]
  };
  const alert::Profile& profile_;
  std::array<Regime, 2> regimes_;  // without, with contention
};

}  // namespace bench
