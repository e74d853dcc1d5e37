#include "experiment/live.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "experiment/interrupt.hpp"
#include "experiment/progress.hpp"
#include "experiment/recorder.hpp"

namespace bench {
namespace {

/// One input's turn: decide, run, idle until the input's period is over.
Step run_input(Rig& rig, Stream& stream, std::size_t input, const GroupPosition& group,
               bool contention, const Burst& burst) {
  const auto arrival = Clock::now();
  Step step = stream.decide(input, group, contention);
  const alert::Candidate& candidate = step.decision.candidate;
  rig.set_cap(candidate.cap);
  step.overhead_s = seconds_between(arrival, Clock::now());

  const double time_left_s = std::max(0.0, step.deadline_s - *step.overhead_s);
  const Inference& inference = rig.infer(candidate.model, candidate.stage, time_left_s, burst);
  Execution execution{inference.stage_latency_s, inference.stage_correct, inference.busy_energy_j,
                      0.0};
  const double idle_s = step.deadline_s - seconds_between(arrival, Clock::now());
  if (idle_s > 0.0) execution.idle_power_w = rig.idle(idle_s).power_w();
  stream.conclude(step, execution);
  return step;
}

}  // namespace

std::vector<Cell> run_live(Rig& rig, const Config& config, const EnvironmentSpec& environment,
                           const alert::Profile& profile, const std::vector<alert::Goal>& grid,
                           const std::map<StreamKey, std::vector<Step>>& logged,
                           InferenceLog& log) {
  const InputsSpec& inputs = config.inputs;
  const auto groups = group_positions(inputs);
  const auto contention = contention_by_input(inputs, environment);
  rig.set_contention(environment.contention);

  std::mt19937_64 random(inputs.seed);
  std::vector<Cell> cells;
  Progress progress(fmt::format("run {} / {}", config.name, environment.name),
                    grid.size() * inputs.count);
  for (std::size_t setting = 0; setting < grid.size(); ++setting) {
    struct Running {
      StreamKey key;
      Stream stream;
      std::span<const Step> done;
    };
    std::vector<Running> streams;
    for (const SchemeSpec& spec : config.schemes) {
      const StreamKey key{environment.name, setting, spec.name};
      const auto done = logged.find(key);
      streams.push_back({key,
                         {profile, grid[setting], make_scheme(spec, profile)},
                         done == logged.end() ? std::span<const Step>() : done->second});
    }
    std::vector<std::size_t> turns(streams.size());
    std::iota(turns.begin(), turns.end(), std::size_t{0});
    for (std::size_t input = 0; input < inputs.count; ++input) {
      rig.let_corunners_run(contention[input]);
      const Burst burst = rig.evaluation_inputs().burst(input);
      shuffle(turns, random);
      for (const std::size_t turn : turns) {
        auto& [key, stream, done] = streams[turn];
        if (input < done.size()) {
          stream.decide(input, groups[input], contention[input]);
          stream.learn(done[input]);
          continue;
        }
        stop_if_interrupted();
        const Step step = run_input(rig, stream, input, groups[input], contention[input], burst);
        log.write(key, stream.goal(), profile, step);
        log.flush();
      }
      progress.step();
    }
    for (const auto& [key, stream, done] : streams)
      cells.push_back({key.scheme, environment.name, setting, stream.tally()});
  }
  rig.let_corunners_run(false);
  return cells;
}

}  // namespace bench
