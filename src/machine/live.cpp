#include "machine/live.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/interrupt.hpp"
#include "base/progress.hpp"
#include "base/random.hpp"
#include "config/inputs.hpp"
#include "stream/lost_inputs.hpp"

namespace bench {
namespace {

/// One scheme under the setting at hand.
struct Running {
  StreamKey key;
  Stream stream;
  std::span<const Step> done;        // logged by the run that this one resumes
  std::vector<ModuleState> carried;  // [model]
  LostInputs lost;
};

class LiveRun {
 public:
  LiveRun(Machine& machine, const Config& config, const EnvironmentSpec& environment,
          const ProfileFile& profile, const std::vector<alert::Goal>& grid,
          const std::map<StreamKey, std::vector<Step>>& logged, InferenceLog& log)
      : machine_(machine),
        config_(config),
        environment_(environment.name),
        profile_(profile),
        grid_(grid),
        logged_(logged),
        log_(log),
        what_(fmt::format("run {} / {}", config.name, environment.name)),
        contention_(contention_by_input(config.inputs, environment)),
        random_(config.inputs.seed) {}

  std::vector<Cell> run() {
    std::vector<Cell> cells;
    Progress progress(what_, grid_.size() * config_.inputs.count);
    for (std::size_t setting = 0; setting < grid_.size(); ++setting) {
      std::vector<Running> streams = start_streams(setting);
      for (std::size_t input = 0; input < config_.inputs.count; ++input) {
        run_input(streams, input);
        progress.step();
      }
      for (const Running& running : streams) {
        running.lost.report(config_.inputs.count);
        cells.push_back({running.key.scheme, environment_, setting, running.stream.tally()});
      }
    }
    return cells;
  }

 private:
  std::vector<Running> start_streams(std::size_t setting) const {
    std::vector<Running> streams;
    for (const SchemeSpec& spec : config_.schemes) {
      const StreamKey key{environment_, setting, spec.name};
      const auto done = logged_.find(key);
      CatchUp catch_up(profile_.profile, profile_.catch_up_s);
      auto scheme = spec.make(catch_up.profile(), {});
      streams.push_back(
          {key,
           {std::move(catch_up), grid_[setting], std::move(scheme)},
           done == logged_.end() ? std::span<const Step>() : done->second,
           std::vector<ModuleState>(machine_.models()),
           LostInputs(fmt::format("{} / {} / setting {}", what_, spec.name, setting))});
    }
    return streams;
  }

  /// Each scheme's turn on one input, in an order drawn anew.
  void run_input(std::vector<Running>& streams, std::size_t input) {
    machine_.let_corunners_run(contention_[input]);
    Burst burst;
    const InputStream& inputs = machine_.evaluation_inputs();
    machine_.announce(what_, inputs, input);
    const auto unreadable =
        inputs.attempt(input, config_.on_error, [&] { burst = inputs.burst(input); });
    std::vector<std::size_t> turns(streams.size());
    std::iota(turns.begin(), turns.end(), std::size_t{0});
    shuffle(turns, random_);
    for (const std::size_t turn : turns) {
      Running& running = streams[turn];
      if (input < running.done.size())
        repeat_logged(running, running.done[input]);
      else
        take_turn(running, input, burst, unreadable);
    }
  }

  /// Tells the stream what its log says of an input.
  void repeat_logged(Running& running, const Step& step) const {
    const GroupPosition& group = machine_.evaluation_inputs().group(step.input);
    if (step.lost) {
      running.stream.lose(step.input, group, step.contention, *step.lost);
      running.lost.add(*step.lost);
      return;
    }
    running.stream.decide(step.input, group, step.contention);
    running.stream.learn(step);
  }

  void take_turn(Running& running, std::size_t input, const Burst& burst,
                 std::optional<std::string> lost) {
    stop_if_interrupted();
    const InputStream& inputs = machine_.evaluation_inputs();
    Step step;
    if (!lost)
      lost = inputs.attempt(input, config_.on_error, [&] { step = play(running, input, burst); });
    if (lost) {
      step = running.stream.lose(input, inputs.group(input), contention_[input], *lost);
      running.lost.add(*lost);
    }
    log_.write(running.key, running.stream.goal(), profile_.profile, step);
    log_.flush();
  }

  /// Decide, run, idle until the input's period is over.
  Step play(Running& running, std::size_t input, const Burst& burst) {
    const GroupPosition& group = machine_.evaluation_inputs().group(input);
    if (group.position == 0) running.carried.assign(running.carried.size(), nullptr);
    const auto arrival = machine_.now();
    Step step = running.stream.decide(input, group, contention_[input]);
    const alert::Candidate& candidate = step.decision.candidate;
    ModuleState& carried = running.carried[candidate.model];
    machine_.set_cap(candidate.cap);
    step.overhead_s = seconds_between(arrival, machine_.now());

    const double time_left_s = std::max(0.0, step.deadline_s - *step.overhead_s);
    const Inference& inference =
        machine_.infer(candidate.model, candidate.stage, time_left_s, burst, carried);
    const double idle_s = step.deadline_s - seconds_between(arrival, machine_.now());
    const EnergyReading idle = idle_s > 0.0 ? machine_.idle(idle_s) : EnergyReading{0.0, 0.0, {}};
    const Execution execution{inference.stage_latency_s, inference.stage_correct,
                              inference.busy_energy_j, idle.power_w(),
                              inference.busy_energy_j ? idle.missing : inference.energy_reason};
    step.energy_coarse = std::min(inference.stage_latency_s.back(),
                                  idle_s > 0.0 ? idle_s : INFINITY) < machine_.least_window_s();
    carried = machine_.carried(candidate.model);
    running.stream.conclude(step, execution);
    return step;
  }

  Machine& machine_;
  const Config& config_;
  const std::string environment_;
  const ProfileFile& profile_;
  const std::vector<alert::Goal>& grid_;
  const std::map<StreamKey, std::vector<Step>>& logged_;
  InferenceLog& log_;
  const std::string what_;
  const std::vector<bool> contention_;
  std::mt19937_64 random_;
};

}  // namespace

std::vector<Cell> run_live(Machine& machine, const Config& config,
                           const EnvironmentSpec& environment, const ProfileFile& profile,
                           const std::vector<alert::Goal>& grid,
                           const std::map<StreamKey, std::vector<Step>>& logged,
                           InferenceLog& log) {
  machine.set_contention(environment.contention);
  auto cells = LiveRun(machine, config, environment, profile, grid, logged, log).run();
  machine.let_corunners_run(false);
  return cells;
}

}  // namespace bench
