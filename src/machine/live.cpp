#include "machine/live.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/interrupt.hpp"
#include "base/progress.hpp"
#include "machine/recorder.hpp"

namespace bench {
namespace {

struct Running {
  StreamKey key;
  Stream stream;
  std::span<const Step> done;        // logged by the run that this one resumes
  std::vector<ModuleState> carried;  // [model]
};

/// One input's turn: decide, run, idle until the input's period is over.
Step run_input(Rig& rig, Running& running, std::size_t input, const GroupPosition& group,
               bool contention, const Burst& burst) {
  if (group.position == 0) running.carried.assign(running.carried.size(), nullptr);
  const auto arrival = Clock::now();
  Step step = running.stream.decide(input, group, contention);
  const alert::Candidate& candidate = step.decision.candidate;
  ModuleState& carried = running.carried[candidate.model];
  rig.set_cap(candidate.cap);
  step.overhead_s = seconds_between(arrival, Clock::now());

  const double time_left_s = std::max(0.0, step.deadline_s - *step.overhead_s);
  const Inference& inference =
      rig.infer(candidate.model, candidate.stage, time_left_s, burst, carried);
  Execution execution{inference.stage_latency_s, inference.stage_correct, inference.busy_energy_j,
                      0.0};
  const double idle_s = step.deadline_s - seconds_between(arrival, Clock::now());
  if (idle_s > 0.0) execution.idle_power_w = rig.idle(idle_s).power_w();
  step.energy_coarse = std::min(inference.stage_latency_s.back(),
                                idle_s > 0.0 ? idle_s : INFINITY) < rig.least_window_s();
  carried = rig.carried(candidate.model);
  running.stream.conclude(step, execution);
  return step;
}

/// Tells the stream what its log says of an input.
void repeat_logged(Running& running, const Step& step, const GroupPosition& group) {
  if (step.lost) {
    running.stream.lose(step.input, group, step.contention, *step.lost);
    return;
  }
  running.stream.decide(step.input, group, step.contention);
  running.stream.learn(step);
}

}  // namespace

std::vector<Cell> run_live(Rig& rig, const Config& config, const EnvironmentSpec& environment,
                           const ProfileFile& profile, const std::vector<alert::Goal>& grid,
                           const std::map<StreamKey, std::vector<Step>>& logged,
                           InferenceLog& log) {
  const InputsSpec& inputs = config.inputs;
  const InputStream& stream = rig.evaluation_inputs();
  const auto contention = contention_by_input(inputs, environment);
  rig.set_contention(environment.contention);

  std::mt19937_64 random(inputs.seed);
  std::vector<Cell> cells;
  const std::string what = fmt::format("run {} / {}", config.name, environment.name);
  Progress progress(what, grid.size() * inputs.count);
  for (std::size_t setting = 0; setting < grid.size(); ++setting) {
    std::vector<Running> streams;
    for (const SchemeSpec& spec : config.schemes) {
      const StreamKey key{environment.name, setting, spec.name};
      const auto done = logged.find(key);
      CatchUp catch_up(profile.profile, profile.catch_up_s);
      auto scheme = spec.make(catch_up.profile(), {});
      streams.push_back({key,
                         {std::move(catch_up), grid[setting], std::move(scheme)},
                         done == logged.end() ? std::span<const Step>() : done->second,
                         std::vector<ModuleState>(rig.suite().models.size())});
    }
    std::vector<LostInputs> lost;
    for (const Running& running : streams)
      lost.emplace_back(fmt::format("{} / {} / setting {}", what, running.key.scheme, setting));
    std::vector<std::size_t> turns(streams.size());
    std::iota(turns.begin(), turns.end(), std::size_t{0});
    for (std::size_t input = 0; input < inputs.count; ++input) {
      const GroupPosition& group = stream.group(input);
      rig.let_corunners_run(contention[input]);
      Burst burst;
      const auto unreadable =
          stream.attempt(input, config.on_error, [&] { burst = stream.burst(input); });
      shuffle(turns, random);
      for (const std::size_t turn : turns) {
        Running& running = streams[turn];
        if (input < running.done.size()) {
          repeat_logged(running, running.done[input], group);
          if (running.done[input].lost) lost[turn].add(*running.done[input].lost);
          continue;
        }
        stop_if_interrupted();
        Step step;
        auto reason = unreadable;
        if (!reason)
          reason = stream.attempt(input, config.on_error, [&] {
            step = run_input(rig, running, input, group, contention[input], burst);
          });
        if (reason) {
          step = running.stream.lose(input, group, contention[input], *reason);
          lost[turn].add(*reason);
        }
        log.write(running.key, running.stream.goal(), profile.profile, step);
        log.flush();
      }
      progress.step();
    }
    for (std::size_t i = 0; i < streams.size(); ++i) {
      lost[i].report(inputs.count);
      cells.push_back(
          {streams[i].key.scheme, environment.name, setting, streams[i].stream.tally()});
    }
  }
  rig.let_corunners_run(false);
  return cells;
}

}  // namespace bench
