#include "results/summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>
#include <tuple>

#include "base/names.hpp"
#include "config/grid.hpp"
#include "trace/trace.hpp"

namespace bench {
namespace {

using alert::Task;
using Json = nlohmann::ordered_json;

constexpr const char* all_lost = "every input was lost";
constexpr const char* no_energy = "no input's energy could be measured";
constexpr const char* no_common_setting = "no setting that both keep";
constexpr const char* no_base_scheme = "oracle-static was not run";

Result result_of(const Cell& cell, const alert::Goal& goal) {
  Result result{cell.scheme, cell.environment, goal.task, cell.setting, {}};
  const bool lost = cell.tally.verdict().inputs() == 0;
  for (std::size_t i = 0; i < metrics.size(); ++i)
    if (!lost || is_count(metrics[i])) result.values[i] = metrics[i].value(cell.tally, goal);
  return result;
}

/// The results of one row of the paper's tables (environment x task), by scheme and setting.
class Streams {
 public:
  Streams(const std::vector<Result>& results, const std::string& environment, Task task) {
    for (const Result& result : results)
      if (result.environment == environment && result.task == task)
        by_scheme_[result.scheme][result.setting] = &result;
  }

  bool has(const std::string& scheme) const { return by_scheme_.contains(scheme); }
  std::size_t settings(const std::string& scheme) const { return at(scheme).size(); }
  std::size_t violated(const std::string& scheme) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        at(scheme), [](const auto& entry) { return entry.second->violated(); }));
  }
  double mean_violation_rate(const std::string& scheme) const {
    double sum = 0.0;
    for (const auto& [setting, result] : at(scheme))
      sum += std::max(result->value("deadline_miss_rate").value_or(1.0),
                      result->value("below_accuracy_goal_rate").value_or(1.0));
    return sum / static_cast<double>(settings(scheme));
  }
  /// a's metric over b's.
  Ratio ratio(const std::string& a, const std::string& b) const {
    Ratio ratio;
    double sum = 0.0;
    for (const auto& [setting, result] : at(a)) {
      const auto other = at(b).find(setting);
      if (other == at(b).end() || result->violated() || other->second->violated()) continue;
      const double base = other->second->metric().value();
      if (base <= 0.0) continue;
      sum += result->metric().value() / base;
      ++ratio.settings;
    }
    if (ratio.settings > 0) ratio.mean = sum / static_cast<double>(ratio.settings);
    return ratio;
  }

 private:
  using BySetting = std::map<std::size_t, const Result*>;
  const BySetting& at(const std::string& scheme) const { return by_scheme_.at(scheme); }

  std::map<std::string, BySetting> by_scheme_;
};

void add_rows(const Streams& streams, const std::string& environment, Task task,
              const std::vector<std::string>& schemes, Summary& summary) {
  for (const std::string& scheme : schemes) {
    if (!streams.has(scheme)) continue;
    Summary::Row row{environment,
                     task,
                     scheme,
                     streams.settings(scheme),
                     streams.violated(scheme),
                     streams.mean_violation_rate(scheme),
                     {}};
    if (summary.base_scheme) row.normalized = streams.ratio(scheme, *summary.base_scheme);
    summary.rows.push_back(std::move(row));
  }
}

void add_pairs(const Streams& streams, const std::string& environment, Task task,
               const std::vector<std::string>& schemes, Summary& summary) {
  for (const std::string& scheme : schemes)
    for (const std::string& versus : schemes)
      if (scheme != versus && streams.has(scheme) && streams.has(versus))
        summary.pairs.push_back({environment, task, scheme, versus, streams.ratio(scheme, versus)});
}

void add_overall(Task task, const std::string& scheme, Summary& summary) {
  Summary::Overall overall{task, scheme, 0, 0.0};
  double inverse_sum = 0.0;
  for (const Summary::Row& row : summary.rows)
    if (row.task == task && row.scheme == scheme && row.normalized && row.normalized->mean) {
      inverse_sum += 1.0 / *row.normalized->mean;
      ++overall.rows;
    }
  if (overall.rows == 0) return;
  overall.harmonic_mean = static_cast<double>(overall.rows) / inverse_sum;
  summary.overall.push_back(overall);
}

void round_all(Summary& summary) {
  const auto round = [](double& value) { value = rounded(value); };
  const auto round_optional = [](std::optional<double>& value) {
    if (value) value = rounded(*value);
  };
  for (alert::Goal& goal : summary.grid) {
    round(goal.deadline_s);
    round(goal.task == Task::minimize_energy ? goal.accuracy : goal.energy_j);
  }
  for (Result& result : summary.results) std::ranges::for_each(result.values, round_optional);
  for (Summary::Row& row : summary.rows) {
    round(row.mean_violation_rate);
    if (row.normalized) round_optional(row.normalized->mean);
  }
  for (Summary::Overall& overall : summary.overall) round(overall.harmonic_mean);
  for (Summary::Pair& pair : summary.pairs) round_optional(pair.ratio.mean);
}

Json value_json(const Metric& metric, const std::optional<double>& value) {
  if (!value) return nullptr;
  if (metric.unit == Unit::inputs) return static_cast<std::size_t>(*value);
  if (metric.unit == Unit::settings) return *value > 0.0;
  return *value;
}

Json result_json(const Result& result) {
  Json json = {{"scheme", result.scheme},
               {"environment", result.environment},
               {"task", to_string(result.task)},
               {"setting", result.setting}};
  for (std::size_t i = 0; i < metrics.size(); ++i)
    if (!is_written_where_any(metrics[i]) || result.values[i] > 0.0)
      json[std::string(metrics[i].key)] = value_json(metrics[i], result.values[i]);
  if (result.count("inputs") == 0)
    json["reason"] = all_lost;
  else if (!result.value("mean_energy_j"))
    json["mean_energy_reason"] = no_energy;
  return json;
}

Json mean_or_reason(const std::optional<double>& mean, const char* key, const char* reason) {
  if (mean) return {{key, *mean}};
  return {{key, nullptr}, {"reason", reason}};
}

Json row_json(const Summary::Row& row) {
  Json json = {{"environment", row.environment},
               {"task", to_string(row.task)},
               {"scheme", row.scheme},
               {"settings", row.settings},
               {"violated_settings", row.violated_settings},
               {"mean_violation_rate", row.mean_violation_rate}};
  if (row.normalized) json["compared_settings"] = row.normalized->settings;
  json.update(row.normalized
                  ? mean_or_reason(row.normalized->mean, "normalized_metric", no_common_setting)
                  : mean_or_reason({}, "normalized_metric", no_base_scheme));
  return json;
}

Json pair_json(const Summary::Pair& pair) {
  Json json = {{"environment", pair.environment},
               {"task", to_string(pair.task)},
               {"scheme", pair.scheme},
               {"versus", pair.versus},
               {"settings_both_keep", pair.ratio.settings}};
  json.update(mean_or_reason(pair.ratio.mean, "metric_ratio", no_common_setting));
  return json;
}

template <typename Items, typename ToJson>
Json list_json(const Items& items, ToJson to_json) {
  Json list = Json::array();
  for (const auto& item : items) list.push_back(to_json(item));
  return list;
}

alert::Goal read_goal(const JsonValue& value, std::size_t setting) {
  if (value.at("setting").count() != setting)
    value.at("setting").fail(fmt::format("must be {}: settings are numbered", setting));
  alert::Goal goal;
  goal.task = read_name<Task>(value.at("task"), "task");
  goal.deadline_s = value.at("deadline_s").positive();
  if (goal.task == Task::minimize_energy)
    goal.accuracy = value.at("accuracy").number(0.0, 1.0);
  else
    goal.energy_j = value.at("energy_j").number(0.0);
  return goal;
}

double read_value(const JsonValue& value, Unit unit) {
  switch (unit) {
    case Unit::inputs:
      return static_cast<double>(value.count());
    case Unit::settings:
      return value.boolean() ? 1.0 : 0.0;
    case Unit::joules:
    case Unit::seconds:
      return value.number(0.0);
    case Unit::share:
    case Unit::right_share:
      return value.number(0.0, 1.0);
  }
  throw std::logic_error("a unit without a reader");
}

Result read_result(const JsonValue& value, const std::vector<alert::Goal>& grid) {
  Result result;
  result.scheme = value.at("scheme").string();
  result.environment = value.at("environment").string();
  result.task = read_name<Task>(value.at("task"), "task");
  if (grid.empty()) value.at("setting").fail("there is no setting in the grid");
  result.setting = value.at("setting").count(0, grid.size() - 1);
  if (grid[result.setting].task != result.task)
    value.at("task").fail("is not the task of this setting in the grid");
  const std::size_t inputs = value.at("inputs").count();
  const auto missing = value.find("energy_missing");
  const bool lost = inputs == 0, unmetered = missing && missing->count(0, inputs) == inputs;
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    const std::string key(metrics[i].key);
    if (is_written_where_any(metrics[i]) && !value.find(key)) {
      result.values[i] = 0.0;
    } else if (unmetered && metrics[i].unit == Unit::joules) {
      if (value.find(key)) value.at(key).fail(fmt::format("must be null: {}", no_energy));
    } else if (!lost || is_count(metrics[i])) {
      result.values[i] = read_value(value.at(key), metrics[i].unit);
    } else if (value.find(key)) {
      value.at(key).fail(fmt::format("must be null: {}", all_lost));
    }
  }
  return result;
}

Ratio read_ratio(const JsonValue& value, const char* settings, const char* mean) {
  Ratio ratio{value.at(settings).count(), {}};
  if (const auto number = value.find(mean)) ratio.mean = number->number(0.0);
  if (ratio.mean.has_value() != (ratio.settings > 0))
    value.fail(
        fmt::format("\"{}\" must be a number where \"{}\" is above 0, else null", mean, settings));
  return ratio;
}

Summary::Row read_row(const JsonValue& value) {
  Summary::Row row{value.at("environment").string(),
                   read_name<Task>(value.at("task"), "task"),
                   value.at("scheme").string(),
                   value.at("settings").count(1),
                   0,
                   value.at("mean_violation_rate").number(0.0, 1.0),
                   {}};
  row.violated_settings = value.at("violated_settings").count(0, row.settings);
  if (value.find("compared_settings"))
    row.normalized = read_ratio(value, "compared_settings", "normalized_metric");
  return row;
}

Summary::Pair read_pair(const JsonValue& value) {
  return {value.at("environment").string(), read_name<Task>(value.at("task"), "task"),
          value.at("scheme").string(), value.at("versus").string(),
          read_ratio(value, "settings_both_keep", "metric_ratio")};
}

void read_conditions(const JsonValue& root, Summary& summary) {
  for (const char* key : {"machine_load", "contention", "warm_up_warnings"})
    if (const auto value = root.find(key)) summary.conditions[key] = value->raw();
  const auto load = root.find("machine_load");
  if (!load) return;
  if (!load->is_object() || !load->raw().contains("disturbance"))
    load->fail("must say what disturbed the machine, or null");
  if (const auto found = load->find("disturbance")) found->string();
}

void check_unique(const std::vector<Result>& results, const JsonValue& list) {
  std::set<std::tuple<std::string, std::string, std::size_t>> seen;
  for (std::size_t i = 0; i < results.size(); ++i)
    if (!seen.insert({results[i].scheme, results[i].environment, results[i].setting}).second)
      list.items()[i].fail("this scheme, environment and setting stand twice");
}

}  // namespace

const std::optional<double>& Result::value(std::string_view key) const {
  const auto metric = std::ranges::find(metrics, key, &Metric::key);
  return values.at(static_cast<std::size_t>(metric - metrics.begin()));
}

std::optional<std::string> Summary::disturbance() const {
  const auto load = conditions.find("machine_load");
  if (load == conditions.end() || !load->at("disturbance").is_string()) return std::nullopt;
  return load->at("disturbance").get<std::string>();
}

Summary summarize(const SummaryInput& input) {
  Summary summary;
  summary.name = input.name;
  summary.suite = input.suite;
  summary.mode = input.mode;
  summary.energy_source = input.energy_source;
  summary.base_scheme = input.base_scheme;
  summary.grid = input.grid;
  for (const Cell& cell : input.cells)
    summary.results.push_back(result_of(cell, input.grid[cell.setting]));
  for (const std::string& environment : input.environments) {
    for (const Task task : {Task::minimize_energy, Task::maximize_accuracy}) {
      const Streams streams(summary.results, environment, task);
      add_rows(streams, environment, task, input.schemes, summary);
      add_pairs(streams, environment, task, input.schemes, summary);
    }
  }
  for (const Task task : {Task::minimize_energy, Task::maximize_accuracy})
    for (const std::string& scheme : input.schemes) add_overall(task, scheme, summary);
  round_all(summary);
  return summary;
}

Json to_json(const Summary& summary) {
  Json grid = Json::array();
  for (std::size_t setting = 0; setting < summary.grid.size(); ++setting) {
    grid.push_back({{"setting", setting}, {"task", to_string(summary.grid[setting].task)}});
    grid.back().update(to_json(summary.grid[setting]));
  }
  Json json = {{"schema_version", schema_version},
               {"name", summary.name},
               {"suite", summary.suite},
               {"mode", to_string(summary.mode)},
               {"energy_source", to_string(summary.energy_source)},
               {"base_scheme", summary.base_scheme ? Json(*summary.base_scheme) : Json(nullptr)},
               {"tolerances",
                {{"deadline_miss_rate", tolerances.miss_rate},
                 {"below_accuracy_goal_rate", tolerances.below_goal_rate},
                 {"energy_over_goal", tolerances.energy_over_goal}}},
               {"grid", std::move(grid)},
               {"results", list_json(summary.results, result_json)},
               {"rows", list_json(summary.rows, row_json)},
               {"overall", list_json(summary.overall,
                                     [](const Summary::Overall& overall) {
                                       return Json{{"task", to_string(overall.task)},
                                                   {"scheme", overall.scheme},
                                                   {"rows", overall.rows},
                                                   {"harmonic_mean", overall.harmonic_mean}};
                                     })},
               {"pairs", list_json(summary.pairs, pair_json)}};
  json.update(summary.conditions);
  return json;
}

Summary read_summary(const JsonValue& root) {
  root.check_schema_version();
  Summary summary;
  summary.name = root.at("name").string();
  summary.suite = root.at("suite").string();
  summary.mode = read_name<Mode>(root.at("mode"), "mode");
  summary.energy_source = parse_energy_source(root.at("energy_source"));
  if (const auto base = root.find("base_scheme")) summary.base_scheme = base->string();
  for (const auto& value : root.at("grid").items())
    summary.grid.push_back(read_goal(value, summary.grid.size()));
  const JsonValue results = root.at("results");
  for (const auto& value : results.items())
    summary.results.push_back(read_result(value, summary.grid));
  if (summary.results.empty()) results.fail("must not be empty");
  check_unique(summary.results, results);
  for (const auto& value : root.at("rows").items()) summary.rows.push_back(read_row(value));
  for (const auto& value : root.at("overall").items())
    summary.overall.push_back({read_name<Task>(value.at("task"), "task"),
                               value.at("scheme").string(), value.at("rows").count(1),
                               value.at("harmonic_mean").number(0.0)});
  for (const auto& value : root.at("pairs").items()) summary.pairs.push_back(read_pair(value));
  read_conditions(root, summary);
  return summary;
}

}  // namespace bench
