#include "experiment/replay.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "alert/order.hpp"
#include "base/error.hpp"
#include "base/interrupt.hpp"
#include "schemes/regimes.hpp"
#include "stream/lost_inputs.hpp"

namespace bench {

void check_trace(const std::filesystem::path& trace, const TraceHeader& header,
                 const alert::Profile& profile) {
  const auto differs = [&](const std::string& what) {
    throw InputError(fmt::format("{}:1: {} differs from the profile's", trace.string(), what));
  };
  if (header.power_caps_w != profile.power_caps_w) differs("power_caps_w");
  if (header.q_fail != profile.q_fail) differs("q_fail");
  if (header.models.size() != profile.models.size()) differs("the number of models");
  for (std::size_t i = 0; i < profile.models.size(); ++i) {
    const auto& [name, kind, accuracy] = header.models[i];
    const auto& model = profile.models[i];
    if (name != model.name || kind != model.kind || accuracy != model.accuracy)
      differs(fmt::format("/models/{} (\"{}\")", i, name));
  }
}

std::vector<alert::Candidate> best_static_candidates(const std::filesystem::path& trace,
                                                     const ProfileFile& file,
                                                     const std::vector<alert::Goal>& grid,
                                                     std::size_t threads) {
  struct Constant {
    alert::Candidate candidate;
    Verdict verdict;
    WordsRead words;
    double group_elapsed_s = 0.0;
  };
  const alert::Profile& profile = file.profile;
  std::vector<Constant> constants;
  for (std::size_t model = 0; model < profile.models.size(); ++model)
    for (std::size_t stage = 1; stage <= profile.models[model].stages(); ++stage)
      for (std::size_t cap = 0; cap < profile.caps(); ++cap)
        constants.push_back(
            {{model, stage, cap}, {}, WordsRead(profile.models[model].stages()), 0.0});
  std::vector<std::vector<Constant>> by_setting(grid.size(), constants);

  const auto play = [&](const TraceInput& input, std::size_t setting) {
    const alert::Goal& goal = grid[setting];
    const GroupPosition& group = input.group;
    std::vector<double> ends_s;
    for (auto& [candidate, verdict, words, elapsed_s] : by_setting[setting]) {
      if (group.position == 0) {
        elapsed_s = 0.0;
        words.begin_sentence();
      }
      if (!input.lost.empty()) continue;
      const auto& [model, stage, cap] = candidate;
      const double deadline_s =
          alert::shared_deadline_s(static_cast<double>(group.size) * goal.deadline_s, elapsed_s,
                                   group.size - group.position);
      Execution execution = input.execution(model, cap);
      if (!file.catch_up_s.empty())
        execution = with_catch_up(execution, words, group.position, file.catch_up_s[model][cap],
                                  profile.models[model].latency_s[cap], ends_s);
      const Outcome outcome =
          outcome_of(execution, profile.models[model], profile.q_fail, stage, deadline_s);
      words.ran(outcome.finished_stage, group.position);
      elapsed_s += outcome.period_s;
      verdict.add(goal, outcome, outcome.credited_accuracy);
    }
  };
  TraceReader reader(trace);
  for_each_batch(
      reader, grid.size(), threads,
      [&](std::size_t setting, Batch batch) {
        for (const TraceInput& input : batch) play(input, setting);
      },
      [](Batch) {});

  std::vector<alert::Candidate> best;
  for (std::size_t setting = 0; setting < grid.size(); ++setting) {
    const alert::Goal& goal = grid[setting];
    const auto kept = [&](const Constant& c) { return !c.verdict.violated(goal); };
    const auto energy = [](const Constant& c) {
      return c.verdict.metric(alert::Task::minimize_energy);
    };
    const auto inaccuracy = [](const Constant& c) { return -c.verdict.mean_accuracy(); };
    const auto& constants = by_setting[setting];
    const Constant* chosen = goal.task == alert::Task::minimize_energy
                                 ? alert::least(constants, kept, energy, inaccuracy)
                                 : alert::least(constants, kept, inaccuracy, energy);
    if (!chosen)
      chosen = alert::least(
          constants, [](const Constant&) { return true; }, inaccuracy, energy);
    best.push_back(chosen->candidate);
  }
  return best;
}

Regimes read_regimes(const std::filesystem::path& trace, const alert::Profile& profile) {
  Regimes regimes(profile);
  TraceReader reader(trace);
  for (TraceInput input; reader.next(input);) {
    stop_if_interrupted();
    if (input.lost.empty()) regimes.add(input);
  }
  return regimes;
}

std::vector<Cell> replay_trace(const std::filesystem::path& trace, const ProfileFile& profile,
                               const std::vector<alert::Goal>& grid,
                               const std::vector<SchemeSpec>& schemes, InferenceLog* log,
                               std::size_t threads) {
  TraceReader reader(trace);
  check_trace(trace, reader.header(), profile.profile);
  const std::string& environment = reader.header().environment;

  const auto needed = [&](Needs needs) {
    return std::ranges::count(schemes, needs, &SchemeSpec::needs) > 0;
  };
  const auto best = needed(Needs::best) ? best_static_candidates(trace, profile, grid, threads)
                                        : std::vector<alert::Candidate>(grid.size());
  const auto regimes =
      needed(Needs::regimes) ? read_regimes(trace, profile.profile) : Regimes(profile.profile);

  struct Running {
    StreamKey key;
    Stream stream;
    std::vector<std::string> lines;  // of the log, on the batch at hand
  };
  std::vector<Running> streams;
  for (std::size_t setting = 0; setting < grid.size(); ++setting)
    for (const SchemeSpec& spec : schemes) {
      CatchUp catch_up(profile.profile, profile.catch_up_s);
      auto scheme = spec.make(catch_up.profile(), {best[setting], &regimes});
      streams.push_back({{environment, setting, spec.name},
                         {std::move(catch_up), grid[setting], std::move(scheme)},
                         {}});
    }

  const auto play = [&](const TraceInput& input, Running& running) {
    auto& [key, stream, lines] = running;
    Step step;
    if (!input.lost.empty()) {
      step = stream.lose(input.input, input.group, input.contention, input.lost);
    } else {
      step = stream.decide(input.input, input.group, input.contention, &input);
      stream.conclude(step, input);
    }
    if (log) lines.push_back(log_line(key, stream.goal(), profile.profile, step));
  };
  LostInputs lost("replay " + trace.string());
  std::size_t inputs = 0;
  for_each_batch(
      reader, streams.size(), threads,
      [&](std::size_t stream, Batch batch) {
        for (const TraceInput& input : batch) play(input, streams[stream]);
      },
      [&](Batch batch) {
        inputs += batch.size();
        for (const TraceInput& input : batch)
          if (!input.lost.empty()) lost.add(input.lost);
        if (!log) return;
        for (std::size_t i = 0; i < batch.size(); ++i)
          for (const Running& running : streams) log->append(running.lines[i]);
        for (Running& running : streams) running.lines.clear();
      });
  if (inputs == 0) throw InputError(fmt::format("{}: the trace has no input", trace.string()));
  lost.report(inputs);
  if (log) log->flush();

  std::vector<Cell> cells;
  for (const auto& [key, stream, lines] : streams)
    cells.push_back({key.scheme, environment, key.setting, stream.tally()});
  return cells;
}

}  // namespace bench
