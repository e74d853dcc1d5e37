#include "experiment/profiler.hpp"

#include <cmath>

#include "experiment/interrupt.hpp"
#include "experiment/progress.hpp"

namespace bench {
namespace {

/// Mean and standard deviation, one value at a time (Welford).
class Moments {
 public:
  void add(double value) {
    ++count_;
    const double delta = value - mean_;
    mean_ += delta / static_cast<double>(count_);
    sum_of_squares_ += delta * (value - mean_);
  }
  double mean() const { return mean_; }
  double standard_deviation() const {
    return count_ > 1 ? std::sqrt(sum_of_squares_ / static_cast<double>(count_ - 1)) : 0.0;
  }

 private:
  std::size_t count_ = 0;
  double mean_ = 0.0;
  double sum_of_squares_ = 0.0;
};

}  // namespace

ProfileFile measure_profile(Rig& rig, const InputsSpec& inputs) {
  const Suite& suite = rig.suite();
  const std::size_t caps = rig.caps_w().size();
  struct Measured {
    std::vector<Moments> latency_s;
    Moments busy_power_w;
  };
  std::vector<std::vector<Measured>> measured(suite.models.size());
  for (std::size_t i = 0; i < suite.models.size(); ++i)
    measured[i].resize(caps, {std::vector<Moments>(rig.stages(i)), {}});
  Moments idle_power_w;

  std::mt19937_64 random(inputs.seed);
  Progress progress("profile " + suite.name, inputs.profile);
  for (std::size_t input = 0; input < inputs.profile; ++input) {
    const Burst burst = rig.profiling_inputs().burst(input);
    for (const auto& [model, cap] : shuffled_configurations(rig, random)) {
      stop_if_interrupted();
      rig.set_cap(cap);
      idle_power_w.add(rig.idle(inputs.idle_gap_s).power_w());
      const Inference& inference = rig.infer(model, rig.stages(model), INFINITY, burst);
      Measured& target = measured[model][cap];
      for (std::size_t k = 0; k < inference.stage_latency_s.size(); ++k)
        target.latency_s[k].add(inference.stage_latency_s[k]);
      target.busy_power_w.add(inference.busy_energy_j / inference.stage_latency_s.back());
    }
    progress.step();
  }

  ProfileFile file;
  file.suite = suite.name;
  file.energy_source = rig.platform().meter->info().source;
  file.profile.q_fail = suite.q_fail;
  file.profile.power_caps_w = rig.caps_w();
  file.profile.idle_power_w = idle_power_w.mean();
  for (std::size_t i = 0; i < suite.models.size(); ++i) {
    const ModelSpec& spec = suite.models[i];
    alert::ModelProfile model{spec.name, spec.kind, spec.accuracy, {}, {}};
    auto& spreads = file.latency_std_s.emplace_back();
    for (const Measured& at_cap : measured[i]) {
      auto& means = model.latency_s.emplace_back();
      auto& spread = spreads.emplace_back();
      for (const Moments& stage : at_cap.latency_s) {
        means.push_back(stage.mean());
        spread.push_back(stage.standard_deviation());
      }
      model.busy_power_w.push_back(at_cap.busy_power_w.mean());
    }
    file.profile.models.push_back(std::move(model));
  }
  return file;
}

}  // namespace bench
