#include "report/comparison.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "base/error.hpp"
#include "base/text.hpp"

namespace bench {
namespace {

const std::vector<std::string> metrics = {"energy", "error", "violations"};

using RowKey = std::tuple<std::string, std::string, std::string>;  // task, environment, scheme
using Cells = std::map<std::size_t, JsonValue>;                    // by setting

struct Summary {
  std::vector<RowKey> order;
  std::map<RowKey, Cells> rows;
};

Summary read(const JsonValue& document) {
  document.check_schema_version();
  Summary summary;
  for (const auto& cell : document.at("results").items()) {
    const RowKey key{cell.at("task").string(), cell.at("environment").string(),
                     cell.at("scheme").string()};
    auto [row, inserted] = summary.rows.try_emplace(key);
    if (inserted) summary.order.push_back(key);
    row->second.emplace(cell.at("setting").count(), cell);
  }
  std::ranges::stable_sort(summary.order, {}, [](const RowKey& key) {
    return std::tuple(std::get<0>(key) != "minimize-energy", std::get<1>(key));
  });
  return summary;
}

void check_same_grid(const JsonValue& base, const JsonValue& candidate) {
  if (base.at("grid").raw() != candidate.at("grid").raw())
    candidate.at("grid").fail(
        fmt::format("the constraint grid differs from that of {}: compare results of the same "
                    "goals and profile",
                    base.source()));
}

/// candidate / base - 1; nothing changed where both are 0.
double relative_change(double base, double candidate) {
  if (base == candidate) return 0.0;
  return base > 0.0 ? candidate / base - 1.0 : INFINITY;
}

void compare_cells(const Cells& base, const Cells& candidate, RowChange& row) {
  for (const auto& [setting, cell] : base) {
    const auto other = candidate.find(setting);
    if (other == candidate.end()) continue;
    const auto change = [&](const char* key) {
      return relative_change(cell.at(key).number(), other->second.at(key).number());
    };
    ++row.settings;
    row.energy += change("mean_energy_j");
    row.error += change("mean_error");
    row.late +=
        other->second.at("deadline_miss_rate").number() - cell.at("deadline_miss_rate").number();
    row.base_violated += cell.at("violated").boolean() ? 1 : 0;
    row.candidate_violated += other->second.at("violated").boolean() ? 1 : 0;
  }
  if (row.settings == 0) return;
  row.energy /= static_cast<double>(row.settings);
  row.error /= static_cast<double>(row.settings);
  row.late /= static_cast<double>(row.settings);
}

/// Whether `change` is above `limit` by more than the precision of a summary's numbers.
bool exceeds(double change, double limit) { return change > limit + 1e-9; }

void apply_gates(const std::vector<Gate>& gates, RowChange& row) {
  for (const Gate& gate : gates) {
    if (!row.in_candidate) {
      row.failed_gates.push_back(fmt::format("{}: the row is missing", gate.text));
      continue;
    }
    if (!row.in_base) continue;  // nothing to be worse than
    if (gate.metric == GateMetric::violations) {
      const double more =
          static_cast<double>(row.candidate_violated) - static_cast<double>(row.base_violated);
      if (more > gate.limit)
        row.failed_gates.push_back(fmt::format("{}: {} more violated settings", gate.text, more));
    } else {
      const double change = gate.metric == GateMetric::energy ? row.energy : row.error;
      if (exceeds(change, gate.limit))
        row.failed_gates.push_back(fmt::format("{}: {:+.2f}%", gate.text, 100.0 * change));
    }
  }
}

std::string status(const RowChange& row) {
  if (!row.failed_gates.empty()) return fmt::format("FAILED {}", fmt::join(row.failed_gates, "; "));
  if (!row.in_base) return "new";
  if (!row.in_candidate) return "missing";
  return row.changed() ? "changed" : "same";
}

Table table_of(const Comparison& comparison) {
  Table table;
  table.title = "candidate against base";
  table.columns = {"scheme", "task", "environment",       "energy",
                   "error",  "late", "violated settings", "verdict"};
  for (const RowChange& row : comparison.rows) {
    std::vector<std::string> line = {row.scheme, row.task, row.environment, "–", "–",
                                     "–",        "–",      status(row)};
    if (row.settings > 0) {
      line[3] = fmt::format("{:+.2f}%", 100.0 * row.energy);
      line[4] = fmt::format("{:+.2f}%", 100.0 * row.error);
      line[5] = fmt::format("{:+.2f}", 100.0 * row.late);
      line[6] = fmt::format("{} -> {}", row.base_violated, row.candidate_violated);
    }
    table.rows.push_back(std::move(line));
  }
  table.note =
      "energy, error: change of the mean; late: change of the share of late inputs, in points; all "
      "averaged over the settings.";
  return table;
}

std::string json_of(const Comparison& comparison) {
  auto rows = nlohmann::ordered_json::array();
  const auto number_or_null = [](double value) {
    return std::isfinite(value) ? nlohmann::ordered_json(rounded(value)) : nullptr;
  };
  for (const RowChange& row : comparison.rows)
    rows.push_back({{"scheme", row.scheme},
                    {"environment", row.environment},
                    {"task", row.task},
                    {"settings", row.settings},
                    {"energy_change", number_or_null(row.settings > 0 ? row.energy : NAN)},
                    {"error_change", number_or_null(row.settings > 0 ? row.error : NAN)},
                    {"late_change", number_or_null(row.settings > 0 ? row.late : NAN)},
                    {"base_violated_settings", row.base_violated},
                    {"candidate_violated_settings", row.candidate_violated},
                    {"status", status(row)},
                    {"failed_gates", row.failed_gates}});
  const nlohmann::ordered_json document = {{"schema_version", schema_version},
                                           {"gates_hold", comparison.gates_hold()},
                                           {"rows", std::move(rows)}};
  return to_text(document, 2) + "\n";
}

std::string xml_escaped(const std::string& text) {
  std::string escaped;
  for (const char c : printable(text)) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string junit_of(const Comparison& comparison, const std::vector<Gate>& gates) {
  const auto failures = std::ranges::count_if(
      comparison.rows, [](const RowChange& row) { return !row.failed_gates.empty(); });
  std::vector<std::string> texts;
  for (const Gate& gate : gates) texts.push_back(gate.text);
  std::string xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  xml += fmt::format("<testsuite name=\"alert-bench compare {}\" tests=\"{}\" failures=\"{}\">\n",
                     xml_escaped(fmt::format("{}", fmt::join(texts, " "))), comparison.rows.size(),
                     failures);
  for (const RowChange& row : comparison.rows) {
    xml += fmt::format("  <testcase classname=\"{}.{}\" name=\"{}\"", xml_escaped(row.task),
                       xml_escaped(row.environment), xml_escaped(row.scheme));
    if (row.failed_gates.empty())
      xml += "/>\n";
    else
      xml += fmt::format(">\n    <failure message=\"{}\"/>\n  </testcase>\n",
                         xml_escaped(fmt::format("{}", fmt::join(row.failed_gates, "; "))));
  }
  return xml + "</testsuite>\n";
}

}  // namespace

Gate parse_gate(const std::string& text) {
  const auto refuse = [&](std::string_view why) {
    throw InputError(
        fmt::format("--gate {}: {}; as in energy=2%, error=1% or violations=0", text, why));
  };
  const auto equals = text.find('=');
  if (equals == std::string::npos) refuse("must be METRIC=LIMIT");
  const std::string name = text.substr(0, equals);
  const auto metric = std::ranges::find(metrics, name);
  if (metric == metrics.end())
    refuse(fmt::format("unknown metric \"{}\"{}", name, did_you_mean(name, metrics)));

  Gate gate{static_cast<GateMetric>(metric - metrics.begin()), 0.0, text};
  std::string number = text.substr(equals + 1);
  const bool percent = number.ends_with('%');
  if (percent) number.pop_back();
  if (percent != (gate.metric != GateMetric::violations))
    refuse(percent ? "a number of settings has no %" : "the limit must be in %");
  std::size_t read = 0;
  try {
    gate.limit = std::stod(number, &read);
  } catch (const std::exception&) {
    refuse("the limit must be a number");
  }
  if (read != number.size() || !(gate.limit >= 0.0) || std::isinf(gate.limit))
    refuse("the limit must be a number, at least 0");
  if (percent) gate.limit /= 100.0;
  return gate;
}

bool Comparison::gates_hold() const {
  return std::ranges::all_of(rows, [](const RowChange& row) { return row.failed_gates.empty(); });
}

Comparison compare(const JsonValue& base, const JsonValue& candidate,
                   const std::vector<Gate>& gates) {
  const Summary before = read(base), after = read(candidate);
  check_same_grid(base, candidate);

  std::vector<RowKey> keys = before.order;
  for (const RowKey& key : after.order)
    if (!before.rows.contains(key)) keys.push_back(key);

  Comparison comparison;
  for (const RowKey& key : keys) {
    const auto& [task, environment, scheme] = key;
    RowChange row{scheme, environment, task};
    row.in_base = before.rows.contains(key);
    row.in_candidate = after.rows.contains(key);
    if (row.in_base && row.in_candidate)
      compare_cells(before.rows.at(key), after.rows.at(key), row);
    apply_gates(gates, row);
    comparison.rows.push_back(std::move(row));
  }
  return comparison;
}

std::vector<std::string> comparison_format_names() {
  return {"terminal", "markdown", "json", "junit"};
}

std::string render(const Comparison& comparison, const std::vector<Gate>& gates,
                   ComparisonFormat format) {
  switch (format) {
    case ComparisonFormat::terminal:
      return render({table_of(comparison)}, TableFormat::terminal);
    case ComparisonFormat::markdown:
      return render({table_of(comparison)}, TableFormat::markdown);
    case ComparisonFormat::json:
      return json_of(comparison);
    case ComparisonFormat::junit:
      return junit_of(comparison, gates);
  }
  return {};
}

}  // namespace bench
