#include "config/config.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <ranges>
#include <set>

#include "base/error.hpp"
#include "base/text.hpp"

namespace bench {
namespace {

using alert::Task;

void set_value(nlohmann::json& document, const std::string& assignment) {
  const auto equals = assignment.find('=');
  if (equals == std::string::npos || equals == 0)
    throw InputError(fmt::format("--set {}: must be KEY=VALUE, as in inputs.count=50", assignment));
  std::string pointer = fmt::format("/{}", assignment.substr(0, equals));
  std::ranges::replace(pointer, '.', '/');
  const std::string text = assignment.substr(equals + 1);
  if (!is_utf8(assignment))
    throw InputError(fmt::format(
        "--set {}: must be UTF-8, to stand in the manifest; a path that is not can be given by a "
        "symbolic link",
        assignment));
  nlohmann::json value = text;
  try {
    value = parse_json(text, "--set");
  } catch (const InputError&) {  // a string needs no quotes
  }
  try {  // an object may get a new member, a list stays as long as it is
    const nlohmann::json::json_pointer place(pointer);
    nlohmann::json& parent = document.at(place.parent_pointer());
    (parent.is_array() ? document.at(place) : parent[place.back()]) = std::move(value);
  } catch (const nlohmann::json::exception&) {
    throw InputError(fmt::format("--set {}: the config has no place {}", assignment, pointer));
  }
}

/// The name of the experiment, and of a folder in runs/.
std::string parse_name(const JsonValue& value) {
  const std::string name = value.string();
  constexpr std::size_t longest = 200;
  if (name.empty() || name.size() > longest || name.find('/') != std::string::npos || name == "." ||
      name == ".." || printable(name) != name)
    value.fail(fmt::format(
        "must be the name of a folder in runs/: 1 to {} bytes, no slash, no control character, {}",
        longest, value.found()));
  return name;
}

/// Refuses an override, as `given`, of a key that the command does not go by.
void check_used(const std::string& given, const std::string& key,
                const std::vector<std::string>& used) {
  const std::string top = key.substr(0, key.find_first_of(".="));
  if (!used.empty() && std::ranges::find(used, top) == used.end())
    throw InputError(fmt::format("{}: this command does not go by \"{}\" of a config, only by {}",
                                 given, top, fmt::join(used, ", ")));
}

void apply(const ConfigOverrides& overrides, nlohmann::json& document) {
  for (const auto& assignment : overrides.set) {
    check_used("--set " + assignment, assignment, overrides.used);
    set_value(document, assignment);
  }
  if (overrides.seed) {
    check_used("--seed", "inputs", overrides.used);
    set_value(document, fmt::format("inputs.seed={}", *overrides.seed));
  }
  if (!overrides.schemes.empty()) {
    check_used("--schemes", "schemes", overrides.used);
    set_value(document, "schemes=" + nlohmann::json(overrides.schemes).dump());
  }
}

/// What a described platform does not have, or does not go by.
void check_simulated(const JsonValue& root) {
  for (const char* key : {"suite", "platform"})
    if (const auto value = root.find(key))
      value->fail("a simulated platform does not go by this: \"simulate\" describes it");
  for (const char* key : {"warmup", "profile", "idle_gap_s"})
    if (const auto value = root.at("inputs").find(key))
      value->fail("a simulated platform does not go by this: nothing is measured");
}

InputsSpec parse_inputs(const JsonValue& value) {
  value.allow_only({"count", "burst", "seed", "warmup", "profile", "idle_gap_s", "group_size"});
  constexpr std::size_t most_inputs = 10'000'000;
  InputsSpec inputs;
  inputs.count = value.at("count").count(1, most_inputs);
  if (auto burst = value.find("burst")) inputs.burst = burst->count(1, 4096);
  if (auto seed = value.find("seed")) inputs.seed = seed->count();
  if (auto warmup = value.find("warmup")) inputs.warmup = warmup->count(0, most_inputs);
  if (auto profile = value.find("profile")) inputs.profile = profile->count(2, most_inputs);
  if (auto gap = value.find("idle_gap_s")) inputs.idle_gap_s = gap->number(0.0, 10.0);
  if (auto size = value.find("group_size")) {
    const auto range = size->items();
    if (range.size() != 2) size->fail("must be [least, most] inputs that share a deadline");
    inputs.group_min = range[0].count(1, 10000);
    inputs.group_max = range[1].count(inputs.group_min, 10000);
  }
  return inputs;
}

EnvironmentSpec parse_environment(const JsonValue& value) {
  value.allow_only({"name", "contention"});
  EnvironmentSpec environment;
  environment.name = parse_environment_name(value.at("name"));
  if (auto contention = value.find("contention"))
    environment.contention = parse_contention(*contention);
  return environment;
}

Levels parse_levels(const JsonValue& value, double min, double max) {
  if (value.is_object()) {
    value.allow_only({"levels"});
    return value.at("levels").count(1, 1000);
  }
  if (!value.is_array()) value.fail(R"(must be a list of values, or {"levels": N})");
  auto numbers = value.numbers(min, max);
  if (numbers.empty()) value.fail("must not be empty");
  return numbers;
}

std::size_t count(const Levels& levels) {
  const auto* number = std::get_if<std::size_t>(&levels);
  return number ? *number : std::get<std::vector<double>>(levels).size();
}

GoalSpec parse_goal(const JsonValue& value) {
  value.allow_only({"task", "deadline_scale", "deadline_s", "accuracy", "energy",
                    "deadline_confidence", "on_infeasible"});
  GoalSpec goal;
  goal.task = read_name<Task>(value.at("task"), "task");

  const auto scale = value.find("deadline_scale");
  const auto seconds = value.find("deadline_s");
  if (scale.has_value() == seconds.has_value())
    value.fail("needs either \"deadline_scale\" or \"deadline_s\"");
  goal.deadlines_are_scales = scale.has_value();
  for (const auto& item : (scale ? *scale : *seconds).items())
    goal.deadlines.push_back(item.number(1e-9, 1e9));
  if (goal.deadlines.empty()) (scale ? *scale : *seconds).fail("must not be empty");

  if (goal.task == Task::minimize_energy) {
    if (auto energy = value.find("energy")) energy->fail("belongs to the task maximize-accuracy");
    goal.levels = parse_levels(value.at("accuracy"), 0.0, 1.0);
  } else {
    if (auto accuracy = value.find("accuracy"))
      accuracy->fail("belongs to the task minimize-energy");
    goal.levels = parse_levels(value.at("energy"), 0.0, 1e9);
  }
  if (auto confidence = value.find("deadline_confidence"))
    goal.deadline_confidence = confidence->number(0.0, 1.0);
  if (auto rule = value.find("on_infeasible"))
    goal.on_infeasible = read_name<alert::OnInfeasible>(*rule, "rule");
  return goal;
}

/// Refuses two elements of `list` with the same name.
template <typename T>
void check_unique(const std::vector<T>& parsed, const JsonValue& list) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < parsed.size(); ++i)
    if (!seen.insert(parsed[i].name).second)
      list.items()[i].fail(fmt::format("the name \"{}\" stands twice", parsed[i].name));
}

/// A simulated platform describes two workloads only.
void check_described(const std::vector<EnvironmentSpec>& environments, const JsonValue& list) {
  for (std::size_t i = 0; i < environments.size(); ++i) {
    const auto& contention = environments[i].contention;
    if (contention && contention->workload != Workload::memory &&
        contention->workload != Workload::compute)
      list.items()[i]
          .at("contention")
          .at("workload")
          .fail(fmt::format(
              "a simulated platform describes \"memory\" and \"compute\" only, found \"{}\"",
              to_string(contention->workload)));
  }
}

template <typename T>
std::vector<T> parse_list(const JsonValue& list, T (*parse)(const JsonValue&)) {
  std::vector<T> parsed;
  for (const auto& item : list.items()) parsed.push_back(parse(item));
  if (parsed.empty()) list.fail("must not be empty");
  return parsed;
}

}  // namespace

Config read_config(const std::filesystem::path& file, const ConfigOverrides& overrides) {
  Config config;
  config.source = file.string();
  config.document = JsonValue::read(file).raw();
  apply(overrides, config.document);

  const JsonValue root = JsonValue::from(config.document, config.source);
  root.allow_only({"schema_version", "name", "mode", "suite", "platform", "profile", "inputs",
                   "environments", "goals", "schemes", "on_error", "log_inferences",
                   "inference_timeout_s", "simulate"});
  root.check_schema_version();
  config.name = parse_name(root.at("name"));
  config.mode = read_name<Mode>(root.at("mode"), "mode");
  const auto path = [&](std::string_view key) -> std::filesystem::path {
    const auto value = root.find(key);
    return value ? value->path() : std::filesystem::path();
  };
  if (auto simulate = root.find("simulate")) {
    if (config.mode == Mode::live)
      root.at("mode").fail("a simulated platform cannot run live: set \"mode\" to \"replay\"");
    check_simulated(root);
    config.simulate = parse_simulation(*simulate);
  } else {
    root.at("suite");
    root.at("platform");
  }
  config.suite = path("suite");
  config.platform = path("platform");
  config.profile = path("profile");
  config.inputs = parse_inputs(root.at("inputs"));

  const JsonValue environments = root.at("environments");
  config.environments = parse_list(environments, parse_environment);
  check_unique(config.environments, environments);
  if (config.simulate) check_described(config.environments, environments);
  config.goals = parse_list(root.at("goals"), parse_goal);
  std::size_t settings = 0;
  for (const GoalSpec& goal : config.goals) settings += goal.deadlines.size() * count(goal.levels);
  constexpr std::size_t most_settings = 100'000;
  if (settings > most_settings)
    root.at("goals").fail(
        fmt::format("makes {} settings, and {} are allowed", settings, most_settings));
  const JsonValue schemes = root.at("schemes");
  config.schemes = parse_list(schemes, read_scheme);
  check_unique(config.schemes, schemes);

  if (auto on_error = root.find("on_error")) config.on_error = read_name<OnError>(*on_error, "way");
  if (auto timeout = root.find("inference_timeout_s"))
    config.inference_timeout_s = timeout->number(1e-3, 1e6);
  if (auto log = root.find("log_inferences")) config.log_inferences = log->boolean();

  if (config.mode == Mode::live) {
    if (!config.log_inferences)
      root.at("log_inferences").fail("a live run is logged: --resume goes on from its log");
    for (std::size_t i = 0; i < config.schemes.size(); ++i)
      if (config.schemes[i].needs != Needs::nothing)
        schemes.items()[i].fail(fmt::format(
            "\"{}\" needs to know what every candidate would have done: set \"mode\" to \"replay\"",
            config.schemes[i].scheme));
  }
  if (!overrides.used.empty())
    for (auto member = config.document.begin(); member != config.document.end();)
      member = std::ranges::find(overrides.used, member.key()) == overrides.used.end()
                   ? config.document.erase(member)
                   : std::next(member);
  return config;
}

}  // namespace bench
