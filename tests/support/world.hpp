// Counterfactuals for tests: what every (model, cap) does on one input.
#pragma once

#include <cstddef>
#include <vector>

#include "schemes/scheme.hpp"
#include "support/profiles.hpp"

namespace test {

class World final : public bench::Counterfactual {
 public:
  struct Run {
    std::vector<double> stage_latency_s;
    std::vector<double> stage_correct;
    double busy_energy_j = 0.0;
    double idle_power_w = 0.0;
  };
  /// [model][cap]
  std::vector<std::vector<Run>> runs;
  bool contention = false;

  bench::Execution execution(std::size_t model, std::size_t cap) const override {
    const Run& run = runs[model][cap];
    return {run.stage_latency_s, run.stage_correct, run.busy_energy_j, run.idle_power_w};
  }
  bool in_contention() const override { return contention; }
};

/// The profile's world slowed down by `xi`; every stage answers rightly as often as profiled.
inline World slowed_world(const alert::Profile& profile, double xi) {
  World world;
  for (const auto& model : profile.models) {
    auto& caps = world.runs.emplace_back();
    for (std::size_t cap = 0; cap < profile.caps(); ++cap) {
      World::Run run{model.latency_s[cap], model.accuracy, 0.0, profile.idle_power_w};
      for (double& latency_s : run.stage_latency_s) latency_s *= xi;
      run.busy_energy_j = model.busy_power_w[cap] * run.stage_latency_s.back();
      caps.push_back(run);
    }
  }
  return world;
}

/// A world that has nothing to do with the profile but its shape.
inline World random_world(Random& random, const alert::Profile& profile) {
  World world;
  for (const auto& model : profile.models) {
    auto& caps = world.runs.emplace_back();
    for (std::size_t cap = 0; cap < profile.caps(); ++cap) {
      World::Run run;
      run.stage_latency_s = uniform_ascending(random, model.stages(), 0.001, 0.1);
      for (std::size_t k = 0; k < model.stages(); ++k)
        run.stage_correct.push_back(uniform(random, 0.0, 1.0));
      run.busy_energy_j = uniform(random, 0.0, 3.0);
      run.idle_power_w = uniform(random, 0.0, 5.0);
      caps.push_back(run);
    }
  }
  return world;
}

}  // namespace test
