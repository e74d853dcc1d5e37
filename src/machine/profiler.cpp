#include "machine/profiler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "base/error.hpp"
#include "base/interrupt.hpp"
#include "base/progress.hpp"
#include "base/statistics.hpp"
#include "stream/lost_inputs.hpp"

namespace bench {
namespace {

/// One (model, cap) as measured.
struct Measured {
  std::vector<Moments> latency_s;  // [stage]
  Moments busy_power_w;
  std::size_t energy_inferences = 1;        // most that an energy was the mean of
  std::vector<std::string> energy_missing;  // why, of each inference without an energy
  // Over all inputs that had earlier words: what it took to read them again, [stage], cumulative.
  std::vector<double> catch_up_s;
  std::size_t earlier_words = 0;

  explicit Measured(std::size_t stages) : latency_s(stages), catch_up_s(stages, 0.0) {}

  void add(const Inference& inference) {
    for (std::size_t k = 0; k < latency_s.size(); ++k)
      latency_s[k].add(inference.stage_latency_s[k]);
    energy_inferences = std::max(energy_inferences, inference.energy_inferences);
    if (inference.busy_energy_j)
      busy_power_w.add(*inference.busy_energy_j / inference.stage_latency_s.back());
    else
      energy_missing.push_back(inference.energy_reason);
  }

  void add_catch_up(std::size_t words, const std::vector<double>& caught_up_s,
                    const std::vector<double>& carried_s) {
    earlier_words += words;
    for (std::size_t k = 0; k < catch_up_s.size(); ++k)
      catch_up_s[k] += caught_up_s[k] - carried_s[k];
  }

  /// Per word; noise must not make it negative or descending.
  std::vector<double> word_s() const {
    std::vector<double> word_s;
    for (const double total_s : catch_up_s) {
      const double mean_s = earlier_words > 0 ? total_s / static_cast<double>(earlier_words) : 0.0;
      word_s.push_back(std::max(mean_s, word_s.empty() ? 0.0 : word_s.back()));
    }
    return word_s;
  }
};

/// A profile has no place for a power that is not known.
void check_measured(const Moments& power_w, const std::string& what, const std::string& reason) {
  if (power_w.count() == 0)
    throw MachineError(fmt::format("no power could be measured of {}: {}", what, reason));
}

ProfileFile profile_file(const Machine& machine, const std::vector<std::vector<Measured>>& measured,
                         const Moments& idle_power_w) {
  const Suite& suite = machine.suite();
  ProfileFile file;
  file.suite = suite.name;
  file.energy_source = machine.energy_source();
  file.profile.q_fail = suite.q_fail;
  file.profile.power_caps_w = machine.caps_w();
  file.profile.idle_power_w = idle_power_w.mean();
  for (std::size_t i = 0; i < suite.models.size(); ++i) {
    const ModelSpec& spec = suite.models[i];
    alert::ModelProfile model{spec.name, spec.kind, spec.accuracy, {}, {}};
    auto& inferences = file.energy_inferences.emplace_back();
    auto& missing = file.energy_missing.emplace_back();
    if (suite.data.sequential()) file.catch_up_s.emplace_back();
    for (const Measured& at_cap : measured[i]) {
      auto& means = model.latency_s.emplace_back();
      auto& spread = model.latency_std_s.emplace_back();
      for (const Moments& stage : at_cap.latency_s) {
        means.push_back(stage.mean());
        spread.push_back(stage.standard_deviation());
      }
      if (suite.data.sequential()) file.catch_up_s.back().push_back(at_cap.word_s());
      check_measured(at_cap.busy_power_w, spec.name,
                     at_cap.energy_missing.empty() ? "" : at_cap.energy_missing.front());
      model.busy_power_w.push_back(at_cap.busy_power_w.mean());
      missing.push_back(at_cap.energy_missing.size());
      inferences.push_back(at_cap.energy_inferences);
    }
    file.profile.models.push_back(std::move(model));
  }
  return file;
}

}  // namespace

ProfileFile measure_profile(Machine& machine, const InputsSpec& inputs, OnError on_error) {
  const Suite& suite = machine.suite();
  const InputStream& stream = machine.profiling_inputs();
  std::vector<std::vector<Measured>> measured(suite.models.size());
  for (std::size_t i = 0; i < suite.models.size(); ++i)
    measured[i].resize(machine.caps_w().size(), Measured(machine.stages(i)));
  Moments idle_power_w;
  std::string idle_missing;

  const double idle_gap_s = std::max(inputs.idle_gap_s, machine.least_window_s());
  std::mt19937_64 random(inputs.seed);
  std::vector<ModuleState> carried(suite.models.size());
  const std::string what = "profile " + suite.name;
  Progress progress(what, inputs.profile);
  LostInputs lost(what);
  for (std::size_t input = 0; input < inputs.profile; ++input) {
    machine.announce(what, stream, input);
    const std::size_t position = stream.group(input).position;
    if (position == 0) carried.assign(carried.size(), nullptr);
    const auto reason = stream.attempt(input, on_error, [&] {
      const Burst burst = stream.burst(input);
      std::vector<ModuleState> next(carried.size());
      for (const auto& [model, cap] : shuffled_configurations(machine, random)) {
        stop_if_interrupted();
        machine.set_cap(cap);
        const EnergyReading idle = machine.idle(idle_gap_s);
        if (const auto power_w = idle.power_w())
          idle_power_w.add(*power_w);
        else
          idle_missing = idle.missing;
        const std::size_t stages = machine.stages(model);
        const Inference& inference = machine.measure(model, burst, carried[model]);
        measured[model][cap].add(inference);
        next[model] = machine.carried(model);
        if (suite.data.sequential() && position > 0) {
          const std::vector<double> carried_s = inference.stage_latency_s;
          machine.idle(inputs.idle_gap_s);
          measured[model][cap].add_catch_up(
              position, machine.infer(model, stages, INFINITY, burst).stage_latency_s, carried_s);
        }
      }
      carried = std::move(next);
    });
    if (reason) lost.add(*reason);
    progress.step();
  }
  lost.report(inputs.profile);
  if (inputs.profile > 0) check_measured(idle_power_w, "the idle machine", idle_missing);
  return profile_file(machine, measured, idle_power_w);
}

}  // namespace bench
