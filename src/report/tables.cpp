#include "report/tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>

namespace bench {
namespace {

constexpr const char* missing = "–";
const std::vector<std::string> tasks = {"minimize-energy", "maximize-accuracy"};

std::string ratio_text(const std::optional<JsonValue>& ratio) {
  return ratio ? fmt::format("{:.3f}", ratio->number()) : missing;
}

using Filter = std::function<bool(const JsonValue&)>;

std::vector<JsonValue> select(const std::vector<JsonValue>& all, const Filter& filter) {
  std::vector<JsonValue> selected;
  std::ranges::copy_if(all, std::back_inserter(selected), filter);
  return selected;
}

bool is(const JsonValue& object, const char* key, const std::string& value) {
  return object.at(key).string() == value;
}

double mean(const std::vector<JsonValue>& cells, const char* key) {
  double sum = 0.0;
  for (const auto& cell : cells) sum += cell.at(key).number();
  return sum / static_cast<double>(cells.size());
}

Table row_table(const JsonValue& summary, const std::string& environment, const std::string& task,
                const std::vector<JsonValue>& rows) {
  const bool energy = task == "minimize-energy";
  const auto results = summary.at("results").items();
  const auto pairs = summary.at("pairs").items();
  const bool normalized = summary.find("base_scheme").has_value();
  const std::string reference = rows.front().at("scheme").string();

  Table table;
  table.title = fmt::format("{} / {} / {} ({})", summary.at("suite").string(), environment, task,
                            summary.at("energy_source").string());
  table.columns = {"scheme", "violated settings"};
  if (normalized) table.columns.push_back(energy ? "energy, normalized" : "error, normalized");
  table.columns.push_back(fmt::format("versus {}", reference));
  for (const char* column : {"energy [J]", "error [%]", "measured error [%]", "late [%]"})
    table.columns.push_back(column);

  for (const JsonValue& row : rows) {
    const std::string scheme = row.at("scheme").string();
    const auto cells = select(results, [&](const JsonValue& cell) {
      return is(cell, "scheme", scheme) && is(cell, "environment", environment) &&
             is(cell, "task", task);
    });
    const auto pair = select(pairs, [&](const JsonValue& p) {
      return is(p, "scheme", scheme) && is(p, "versus", reference) &&
             is(p, "environment", environment) && is(p, "task", task);
    });
    std::vector<std::string> line = {
        scheme,
        fmt::format("{}/{}", row.at("violated_settings").count(), row.at("settings").count())};
    if (normalized) line.push_back(ratio_text(row.find("normalized_metric")));
    line.push_back(pair.empty() ? missing
                                : fmt::format("{} ({})", ratio_text(pair[0].find("metric_ratio")),
                                              pair[0].at("settings_both_keep").count()));
    line.push_back(fmt::format("{:.4f}", mean(cells, "mean_energy_j")));
    line.push_back(fmt::format("{:.2f}", 100.0 * mean(cells, "mean_error")));
    line.push_back(fmt::format("{:.2f}", 100.0 * (1.0 - mean(cells, "mean_correct"))));
    line.push_back(fmt::format("{:.1f}", 100.0 * mean(cells, "deadline_miss_rate")));
    table.rows.push_back(std::move(line));
  }
  table.note = fmt::format(
      "{}versus {}: ratio of the mean {} over the settings that both keep (how many). Energy, "
      "error "
      "and late: means over all settings.",
      normalized ? "normalized: to oracle-static, over the settings that both keep. " : "",
      reference, energy ? "energy" : "error");
  return table;
}

/// What the paper says of ALERT, and what these results say: over all environments, on the settings
/// that both schemes keep.
Table claims_table(const JsonValue& summary) {
  struct Claim {
    const char* task;
    const char* metric;
    const char* versus;
    const char* paper;
  };
  const std::vector<Claim> claims = {
      {"minimize-energy", "energy", "app-only", "over 13% less"},
      {"minimize-energy", "energy", "sys-only", "over 13% less"},
      {"minimize-energy", "energy", "oracle", "3% more"},
      {"maximize-accuracy", "error", "app-only", "over 27% less"},
      {"maximize-accuracy", "error", "sys-only", "over 27% less"},
      {"maximize-accuracy", "error", "oracle", "2% more"},
  };
  Table table{"alert against the paper's claims", {"claim", "paper", "here", "settings"}, {}, {}};
  const auto pairs = summary.at("pairs").items();
  for (const auto& [task, metric, versus, paper] : claims) {
    double sum = 0.0;
    std::size_t settings = 0;
    bool ran = false;
    for (const auto& pair : pairs) {
      if (!is(pair, "scheme", "alert") || !is(pair, "versus", versus) || !is(pair, "task", task))
        continue;
      ran = true;
      const std::size_t kept = pair.at("settings_both_keep").count();
      if (kept > 0) sum += static_cast<double>(kept) * pair.at("metric_ratio").number();
      settings += kept;
    }
    if (!ran) continue;
    const double change = sum / static_cast<double>(settings) - 1.0;
    table.rows.push_back({fmt::format("{} against {}", metric, versus), paper,
                          settings == 0 ? missing
                                        : fmt::format("{:.1f}% {}", 100.0 * std::abs(change),
                                                      change < 0.0 ? "less" : "more"),
                          std::to_string(settings)});
  }
  table.note = "here: mean over the settings, of all environments, that both keep (how many).";
  return table;
}

/// What kept the machine from being quiet, where tables of measurements must say it first.
std::string load_warning(const JsonValue& summary) {
  const auto load = summary.find("machine_load");
  if (!load) return "";
  const auto found = load->find("disturbance");
  if (!found) return "";
  return fmt::format("THE MACHINE WAS NOT QUIET: {}. ", found->string());
}

}  // namespace

std::vector<Table> report_tables(const JsonValue& summary) {
  summary.check_schema_version();
  std::vector<Table> tables;
  const auto rows = summary.at("rows").items();
  std::vector<std::string> environments;
  for (const auto& row : rows) {
    const auto name = row.at("environment").string();
    if (std::ranges::find(environments, name) == environments.end()) environments.push_back(name);
  }
  for (const auto& task : tasks) {
    for (const auto& environment : environments) {
      const auto selected = select(rows, [&](const JsonValue& row) {
        return is(row, "environment", environment) && is(row, "task", task);
      });
      if (!selected.empty()) tables.push_back(row_table(summary, environment, task, selected));
    }
  }
  Table overall{"harmonic mean over the rows, normalized to oracle-static",
                {"scheme", "energy", "error"},
                {},
                {}};
  const auto means = summary.at("overall").items();
  for (const auto& entry : means) {
    const std::string scheme = entry.at("scheme").string();
    auto row = std::ranges::find_if(overall.rows,
                                    [&](const auto& known) { return known.front() == scheme; });
    if (row == overall.rows.end()) row = overall.rows.insert(row, {scheme, missing, missing});
    (*row)[is(entry, "task", tasks[0]) ? 1 : 2] =
        fmt::format("{:.3f}", entry.at("harmonic_mean").number());
  }
  if (!overall.rows.empty()) tables.push_back(std::move(overall));
  if (Table claims = claims_table(summary); !claims.rows.empty())
    tables.push_back(std::move(claims));
  const std::string warning = load_warning(summary);
  for (Table& table : tables) table.note.insert(0, warning);
  return tables;
}

}  // namespace bench
