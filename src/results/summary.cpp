#include "results/summary.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <tuple>

namespace bench {
namespace {

using alert::Task;
using Json = nlohmann::ordered_json;

Json grid_json(const std::vector<alert::Goal>& grid) {
  Json json = Json::array();
  for (std::size_t setting = 0; setting < grid.size(); ++setting) {
    const alert::Goal& goal = grid[setting];
    const bool minimize_energy = goal.task == Task::minimize_energy;
    json.push_back({{"setting", setting},
                    {"task", to_string(goal.task)},
                    {"deadline_s", rounded(goal.deadline_s)},
                    {"accuracy", minimize_energy ? Json(rounded(goal.accuracy)) : Json(nullptr)},
                    {"energy_j", minimize_energy ? Json(nullptr) : Json(rounded(goal.energy_j))}});
  }
  return json;
}

Json cell_json(const Cell& cell, const alert::Goal& goal) {
  const Tally& tally = cell.tally;
  const Verdict& verdict = tally.verdict();
  Json json = {{"scheme", cell.scheme},
               {"environment", cell.environment},
               {"task", to_string(goal.task)},
               {"setting", cell.setting},
               {"inputs", verdict.inputs()},
               {"lost", tally.lost()},
               {"violated", verdict.violated(goal)},
               {"mean_energy_j", rounded_or_null(verdict.mean_energy_j())},
               {"mean_energy_ci95_j", rounded_or_null(tally.energy_ci95_j())},
               {"mean_accuracy", rounded(verdict.mean_accuracy())},
               {"mean_error", rounded(1.0 - verdict.mean_accuracy())},
               {"mean_correct", rounded(tally.mean_correct())},
               {"deadline_miss_rate", rounded(verdict.miss_rate())},
               {"below_accuracy_goal_rate", rounded(verdict.below_goal_rate())},
               {"mean_latency_s", rounded(tally.mean_latency_s())},
               {"p50_latency_s", rounded(tally.latency_percentile_s(0.50))},
               {"p95_latency_s", rounded(tally.latency_percentile_s(0.95))},
               {"p99_latency_s", rounded(tally.latency_percentile_s(0.99))},
               {"mean_overrun_s", rounded(tally.mean_overrun_s())}};
  if (verdict.energy_missing() > 0) json["energy_missing"] = verdict.energy_missing();
  if (!verdict.mean_energy_j()) json["mean_energy_reason"] = "no input's energy could be measured";
  return json;
}

/// The verdicts of one row (environment x task), by scheme and setting.
class Row {
 public:
  Row(const SummaryInput& input, const std::string& environment, Task task)
      : grid_(*input.grid), task_(task) {
    for (const Cell& cell : input.cells)
      if (cell.environment == environment && grid_[cell.setting].task == task)
        verdicts_[cell.scheme][cell.setting] = &cell.tally.verdict();
  }

  std::size_t settings(const std::string& scheme) const { return at(scheme).size(); }
  std::size_t violated(const std::string& scheme) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        at(scheme), [&](const auto& entry) { return !kept(*entry.second, entry.first); }));
  }
  double mean_violation_rate(const std::string& scheme) const {
    double sum = 0.0;
    for (const auto& [setting, verdict] : at(scheme))
      sum += std::max(verdict->miss_rate(), verdict->below_goal_rate());
    return sum / static_cast<double>(settings(scheme));
  }

  struct Ratio {
    std::size_t settings = 0;    ///< that both keep
    std::optional<double> mean;  ///< of a's metric over b's; nothing where they share none
  };
  /// a's metric over b's, averaged over the settings that both keep.
  Ratio ratio(const std::string& a, const std::string& b) const {
    Ratio ratio;
    double sum = 0.0;
    for (const auto& [setting, verdict] : at(a)) {
      const auto other = at(b).find(setting);
      if (other == at(b).end() || !kept(*verdict, setting) || !kept(*other->second, setting))
        continue;
      const double base = other->second->metric(task_);
      if (base <= 0.0) continue;
      sum += verdict->metric(task_) / base;
      ++ratio.settings;
    }
    if (ratio.settings > 0) ratio.mean = sum / static_cast<double>(ratio.settings);
    return ratio;
  }

  bool has(const std::string& scheme) const { return verdicts_.contains(scheme); }

 private:
  using BySetting = std::map<std::size_t, const Verdict*>;
  const BySetting& at(const std::string& scheme) const { return verdicts_.at(scheme); }
  bool kept(const Verdict& verdict, std::size_t setting) const {
    return !verdict.violated(grid_[setting]);
  }

  const std::vector<alert::Goal>& grid_;
  Task task_;
  std::map<std::string, BySetting> verdicts_;
};

Json mean_or_reason(const std::optional<double>& mean, const char* key, const char* reason) {
  Json json = {{key, mean ? Json(rounded(*mean)) : Json(nullptr)}};
  if (!mean) json["reason"] = reason;
  return json;
}

constexpr const char* no_common_setting = "no setting that both keep";

}  // namespace

Json summarize(const SummaryInput& input) {
  const auto& grid = *input.grid;
  Json rows = Json::array(), pairs = Json::array(), overall = Json::array();
  std::map<std::tuple<Task, std::string>, std::vector<double>> normalized;

  for (const std::string& environment : input.environments) {
    for (const Task task : {Task::minimize_energy, Task::maximize_accuracy}) {
      const Row row(input, environment, task);
      for (const std::string& scheme : input.schemes) {
        if (!row.has(scheme)) continue;
        Json json = {{"environment", environment},
                     {"task", to_string(task)},
                     {"scheme", scheme},
                     {"settings", row.settings(scheme)},
                     {"violated_settings", row.violated(scheme)},
                     {"mean_violation_rate", rounded(row.mean_violation_rate(scheme))}};
        if (input.base_scheme.empty()) {
          json.update(mean_or_reason({}, "normalized_metric", "oracle-static was not run"));
        } else {
          const Row::Ratio ratio = row.ratio(scheme, input.base_scheme);
          json["compared_settings"] = ratio.settings;
          json.update(mean_or_reason(ratio.mean, "normalized_metric", no_common_setting));
          if (ratio.mean) normalized[{task, scheme}].push_back(*ratio.mean);
        }
        rows.push_back(std::move(json));
      }
      for (const std::string& scheme : input.schemes) {
        for (const std::string& versus : input.schemes) {
          if (scheme == versus || !row.has(scheme) || !row.has(versus)) continue;
          const Row::Ratio ratio = row.ratio(scheme, versus);
          Json json = {{"environment", environment},
                       {"task", to_string(task)},
                       {"scheme", scheme},
                       {"versus", versus},
                       {"settings_both_keep", ratio.settings}};
          json.update(mean_or_reason(ratio.mean, "metric_ratio", no_common_setting));
          pairs.push_back(std::move(json));
        }
      }
    }
  }
  for (const Task task : {Task::minimize_energy, Task::maximize_accuracy}) {
    for (const std::string& scheme : input.schemes) {
      const auto values = normalized.find({task, scheme});
      if (values == normalized.end()) continue;
      double inverse_sum = 0.0;
      for (const double value : values->second) inverse_sum += 1.0 / value;
      const double count = static_cast<double>(values->second.size());
      overall.push_back({{"task", to_string(task)},
                         {"scheme", scheme},
                         {"rows", values->second.size()},
                         {"harmonic_mean", rounded(count / inverse_sum)}});
    }
  }

  Json results = Json::array();
  for (const Cell& cell : input.cells) results.push_back(cell_json(cell, grid[cell.setting]));

  return {{"schema_version", schema_version},
          {"name", input.name},
          {"suite", input.suite},
          {"mode", input.mode == Mode::live ? "live" : "replay"},
          {"energy_source", to_string(input.energy_source)},
          {"base_scheme", input.base_scheme.empty() ? Json(nullptr) : Json(input.base_scheme)},
          {"grid", grid_json(grid)},
          {"results", std::move(results)},
          {"rows", std::move(rows)},
          {"overall", std::move(overall)},
          {"pairs", std::move(pairs)}};
}

}  // namespace bench
