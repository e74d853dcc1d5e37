// The experiment that a config file describes (configs/README.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "alert/goal.hpp"
#include "base/json.hpp"
#include "base/names.hpp"
#include "contention/spec.hpp"
#include "schemes/scheme.hpp"
#include "trace/simulate.hpp"

namespace bench {

enum class Mode { live, replay };
template <>
struct Names<Mode> {
  static constexpr std::pair<Mode, std::string_view> table[] = {{Mode::live, "live"},
                                                                {Mode::replay, "replay"}};
};

/// What to do with an input that cannot be read or that a module fails on.
enum class OnError { stop, skip };
template <>
struct Names<OnError> {
  static constexpr std::pair<OnError, std::string_view> table[] = {{OnError::stop, "stop"},
                                                                   {OnError::skip, "skip"}};
};

template <>
struct Names<alert::Task> {
  static constexpr std::pair<alert::Task, std::string_view> table[] = {
      {alert::Task::minimize_energy, "minimize-energy"},
      {alert::Task::maximize_accuracy, "maximize-accuracy"}};
};

template <>
struct Names<alert::OnInfeasible> {
  static constexpr std::pair<alert::OnInfeasible, std::string_view> table[] = {
      {alert::OnInfeasible::accuracy, "accuracy"}, {alert::OnInfeasible::energy, "energy"}};
};

struct InputsSpec {
  std::size_t count = 300;
  std::size_t burst = 1;  ///< items that one inference answers
  std::uint64_t seed = 1;
  std::size_t warmup = 20;   ///< inferences per model before anything is measured
  std::size_t profile = 20;  ///< inputs that each configuration is profiled on
  double idle_gap_s = 0.01;  ///< idle time before each inference of a profile or a recording
  std::size_t group_min = 1, group_max = 1;  ///< inputs that share a deadline, seeded in this range
};

struct EnvironmentSpec {
  std::string name;
  std::optional<ContentionSpec> contention;
};

/// Values written out, or so many levels over the feasible range.
using Levels = std::variant<std::vector<double>, std::size_t>;

/// One entry of "goals": a rectangle of the constraint grid.
struct GoalSpec {
  alert::Task task = alert::Task::minimize_energy;
  bool deadlines_are_scales = true;  ///< of the largest anytime DNN's latency at the default cap
  std::vector<double> deadlines;
  Levels levels;  ///< of Q_goal or E_goal, by the task
  std::optional<double> deadline_confidence;
  alert::OnInfeasible on_infeasible = alert::OnInfeasible::accuracy;
};

inline constexpr double default_inference_timeout_s = 60.0;

struct Config {
  nlohmann::json document;  ///< as run: overrides applied, and only what the command goes by
  std::string source;       ///< the file, for error messages
  std::string name;
  Mode mode = Mode::live;
  std::filesystem::path suite, platform, profile;  ///< profile: empty = measure one
  InputsSpec inputs;
  std::vector<EnvironmentSpec> environments;
  std::vector<GoalSpec> goals;
  std::vector<SchemeSpec> schemes;
  OnError on_error = OnError::stop;
  double inference_timeout_s = default_inference_timeout_s;  ///< within which a model must answer
  bool log_inferences = true;          ///< a replayed grid's inferences.jsonl can take gigabytes
  std::optional<Simulation> simulate;  ///< a described platform in place of a real one
};

/// Overrides from the command line: "inputs.count=50" sets one value (JSON, or else a string).
struct ConfigOverrides {
  std::vector<std::string> set;
  std::vector<std::string> schemes;
  std::optional<std::uint64_t> seed;
  /// The keys at the top that the command goes by; empty: all. An override of another one would be
  /// ignored and is refused, and the document is left with these.
  std::vector<std::string> used = {};
};

/// Throws InputError for the first thing that is wrong.
Config read_config(const std::filesystem::path& file, const ConfigOverrides& overrides = {});

}  // namespace bench
