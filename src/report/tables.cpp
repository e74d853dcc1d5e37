#include "report/tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/names.hpp"

namespace bench {
namespace {

using alert::Task;
using Results = std::vector<const Result*>;

constexpr const char* missing = "–";

std::string ratio_text(const std::optional<double>& ratio) {
  return ratio ? fmt::format("{:.3f}", *ratio) : missing;
}

/// A metric's value over all settings: counts are added up, of all else it is the mean.
std::optional<double> over_settings(const Results& results, std::size_t metric) {
  double sum = 0.0;
  std::size_t settings = 0;
  for (const Result* result : results)
    if (const auto& value = result->values[metric]) {
      sum += *value;
      ++settings;
    }
  if (settings == 0) return std::nullopt;
  return is_count(metrics[metric]) ? sum : sum / static_cast<double>(settings);
}

std::string heading(const Metric& metric) {
  const char* unit = metric.unit == Unit::inputs    ? ""
                     : metric.unit == Unit::joules  ? " [J]"
                     : metric.unit == Unit::seconds ? " [s]"
                                                    : " [%]";
  return fmt::format("{}{}", metric.name, unit);
}

std::string text(const Metric& metric, const std::optional<double>& value) {
  if (!value) return missing;
  const double shown = metric.unit == Unit::share         ? 100.0 * *value
                       : metric.unit == Unit::right_share ? 100.0 * (1.0 - *value)
                                                          : *value;
  return fmt::format("{:.{}f}", shown, metric.decimals);
}

/// The metrics that have a column: those with a name but the verdict, which has one of its own, and
/// lost inputs only where there are any.
std::vector<std::size_t> columns_of(const Results& results) {
  std::vector<std::size_t> columns;
  for (std::size_t i = 0; i < metrics.size(); ++i)
    if (!metrics[i].name.empty() && metrics[i].unit != Unit::settings &&
        (metrics[i].unit != Unit::inputs || over_settings(results, i) > 0.0))
      columns.push_back(i);
  return columns;
}

template <typename Row>
bool is_of(const Row& row, const std::string& environment, Task task) {
  return row.environment == environment && row.task == task;
}

Results results_of(const Summary& summary, const std::string& environment, Task task) {
  Results results;
  for (const Result& result : summary.results)
    if (is_of(result, environment, task)) results.push_back(&result);
  return results;
}

std::string versus_text(const Summary& summary, const Summary::Row& row,
                        const std::string& reference) {
  for (const Summary::Pair& pair : summary.pairs)
    if (is_of(pair, row.environment, row.task) && pair.scheme == row.scheme &&
        pair.versus == reference)
      return fmt::format("{} ({})", ratio_text(pair.ratio.mean), pair.ratio.settings);
  return missing;
}

std::string note(const Summary& summary, Task task, const std::string& reference, bool lost) {
  return fmt::format(
      "{}versus {}: ratio of the mean {} over the settings that both keep (how many). Energy, "
      "error and late: means over all settings.{}",
      summary.base_scheme ? "normalized: to oracle-static, over the settings that both keep. " : "",
      reference, task == Task::minimize_energy ? "energy" : "error",
      lost ? " lost: inputs that could not be read or that a DNN failed on, over all settings; "
             "nothing else counts them."
           : "");
}

Table row_table(const Summary& summary, const std::string& environment, Task task,
                const std::vector<const Summary::Row*>& rows) {
  const Results results = results_of(summary, environment, task);
  const auto columns = columns_of(results);
  const std::string& reference = rows.front()->scheme;

  Table table;
  table.title = fmt::format("{} / {} / {} ({})", summary.suite, environment, to_string(task),
                            to_string(summary.energy_source));
  table.columns = {"scheme", "violated settings"};
  if (summary.base_scheme)
    table.columns.push_back(task == Task::minimize_energy ? "energy, normalized"
                                                          : "error, normalized");
  table.columns.push_back(fmt::format("versus {}", reference));
  for (const std::size_t metric : columns) table.columns.push_back(heading(metrics[metric]));

  for (const Summary::Row* row : rows) {
    Results of_scheme;
    std::ranges::copy_if(results, std::back_inserter(of_scheme),
                         [&](const Result* result) { return result->scheme == row->scheme; });
    auto& line = table.rows.emplace_back();
    line = {row->scheme, fmt::format("{}/{}", row->violated_settings, row->settings)};
    if (summary.base_scheme)
      line.push_back(row->normalized ? ratio_text(row->normalized->mean) : missing);
    line.push_back(versus_text(summary, *row, reference));
    for (const std::size_t metric : columns)
      line.push_back(text(metrics[metric], over_settings(of_scheme, metric)));
  }
  table.note = note(summary, task, reference, metrics[columns.front()].unit == Unit::inputs);
  return table;
}

Table overall_table(const Summary& summary) {
  Table table{"harmonic mean over the rows, normalized to oracle-static",
              {"scheme", "energy", "error"},
              {},
              {}};
  for (const auto& [task, scheme, rows, harmonic_mean] : summary.overall) {
    auto row = std::ranges::find(table.rows, scheme, [](const auto& line) { return line.front(); });
    if (row == table.rows.end()) row = table.rows.insert(row, {scheme, missing, missing});
    (*row)[task == Task::minimize_energy ? 1 : 2] = fmt::format("{:.3f}", harmonic_mean);
  }
  return table;
}

/// What the paper says of ALERT, and what these results say: over all environments, on the settings
/// that both schemes keep. Intervals and verdicts are the scripts'.
Table claims_table(const Summary& summary) {
  struct Claim {
    Task task;
    const char* versus;
    const char* paper;
  };
  const std::vector<Claim> claims = {
      {Task::minimize_energy, "app-only", "over 13% less"},
      {Task::minimize_energy, "sys-only", "over 13% less"},
      {Task::minimize_energy, "oracle", "3% more"},
      {Task::maximize_accuracy, "app-only", "over 27% less"},
      {Task::maximize_accuracy, "sys-only", "over 27% less"},
      {Task::maximize_accuracy, "oracle", "2% more"},
  };
  Table table{"alert against the paper's claims", {"claim", "paper", "here", "settings"}, {}, {}};
  for (const auto& [task, versus, paper] : claims) {
    double sum = 0.0;
    std::size_t settings = 0;
    bool ran = false;
    for (const Summary::Pair& pair : summary.pairs) {
      if (pair.scheme != "alert" || pair.versus != versus || pair.task != task) continue;
      ran = true;
      sum += static_cast<double>(pair.ratio.settings) * pair.ratio.mean.value_or(0.0);
      settings += pair.ratio.settings;
    }
    if (!ran) continue;
    const double change = sum / static_cast<double>(settings) - 1.0;
    table.rows.push_back(
        {fmt::format("{} against {}", task == Task::minimize_energy ? "energy" : "error", versus),
         paper,
         settings == 0
             ? missing
             : fmt::format("{:.1f}% {}", 100.0 * std::abs(change), change < 0.0 ? "less" : "more"),
         std::to_string(settings)});
  }
  table.note = "here: mean over the settings, of all environments, that both keep (how many).";
  return table;
}

/// What kept the machine from being quiet, where tables of measurements must say it first.
std::string load_warning(const Summary& summary) {
  const auto found = summary.disturbance();
  return found ? fmt::format("THE MACHINE WAS NOT QUIET: {}. ", *found) : "";
}

}  // namespace

std::vector<Table> report_tables(const Summary& summary) {
  std::vector<std::string> environments;
  for (const Summary::Row& row : summary.rows)
    if (std::ranges::find(environments, row.environment) == environments.end())
      environments.push_back(row.environment);

  std::vector<Table> tables;
  for (const Task task : {Task::minimize_energy, Task::maximize_accuracy})
    for (const std::string& environment : environments) {
      std::vector<const Summary::Row*> rows;
      for (const Summary::Row& row : summary.rows)
        if (is_of(row, environment, task)) rows.push_back(&row);
      if (!rows.empty()) tables.push_back(row_table(summary, environment, task, rows));
    }
  for (Table table : {overall_table(summary), claims_table(summary)})
    if (!table.rows.empty()) tables.push_back(std::move(table));
  const std::string warning = load_warning(summary);
  for (Table& table : tables) table.note.insert(0, warning);
  return tables;
}

}  // namespace bench
