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

using Json = nlohmann::ordered_json;
using RowKey = std::tuple<alert::Task, std::string, std::string>;  // task, environment, scheme
using Results = std::map<std::size_t, const Result*>;              // by setting

struct Rows {
  std::vector<RowKey> order;
  std::map<RowKey, Results> rows;
};

Rows rows_of(const Summary& summary) {
  Rows rows;
  for (const Result& result : summary.results) {
    const RowKey key{result.task, result.environment, result.scheme};
    auto [row, inserted] = rows.rows.try_emplace(key);
    if (inserted) rows.order.push_back(key);
    row->second.emplace(result.setting, &result);
  }
  std::ranges::stable_sort(rows.order, {}, [](const RowKey& key) {
    return std::tuple(std::get<0>(key), std::get<1>(key));
  });
  return rows;
}

/// The inputs of each environment that both have.
std::string inputs_of(const Summary& summary, const Summary& other) {
  std::map<std::string, std::size_t> inputs;
  for (const Result& result : summary.results)
    if (std::ranges::find(other.results, result.environment, &Result::environment) !=
        other.results.end())
      inputs[result.environment] =
          std::max(inputs[result.environment], result.count("inputs") + result.count("lost"));
  std::vector<std::string> texts;
  for (const auto& [environment, count] : inputs)
    texts.push_back(fmt::format("{} in {}", count, environment));
  return fmt::format("{}", fmt::join(texts, ", "));
}

std::string goals_of(const Summary& summary) {
  const auto [least, greatest] = std::ranges::minmax(
      summary.grid, {}, [](const alert::Goal& goal) { return goal.deadline_s; });
  return fmt::format("{} settings, deadlines from {} to {} s", summary.grid.size(),
                     least.deadline_s, greatest.deadline_s);
}

bool same_grid(const Summary& a, const Summary& b) {
  return std::ranges::equal(a.grid, b.grid, [](const alert::Goal& x, const alert::Goal& y) {
    return std::tuple(x.task, x.deadline_s, x.accuracy, x.energy_j) ==
           std::tuple(y.task, y.deadline_s, y.accuracy, y.energy_j);
  });
}

/// What may differ, and each side's value of it in words.
struct Comparable {
  const char* what;
  std::string (*value)(const ComparedResults& side, const ComparedResults& other);
};

constexpr Comparable comparables[] = {
    {"suite", [](const auto& side, const auto&) { return side.summary.suite; }},
    {"platform", [](const auto& side, const auto&) { return side.platform.value_or("unknown"); }},
    {"energy-source",
     [](const auto& side, const auto&) { return to_string(side.summary.energy_source); }},
    {"mode", [](const auto& side, const auto&) { return to_string(side.summary.mode); }},
    {"inputs",
     [](const auto& side, const auto& other) { return inputs_of(side.summary, other.summary); }},
};

std::vector<Difference> differences_of(const ComparedResults& base,
                                       const ComparedResults& candidate) {
  std::vector<Difference> differences;
  for (const auto& [what, value] : comparables) {
    Difference difference{what, value(base, candidate), value(candidate, base)};
    if (difference.base != difference.candidate) differences.push_back(std::move(difference));
  }
  if (!same_grid(base.summary, candidate.summary))
    differences.push_back({"goals", goals_of(base.summary), goals_of(candidate.summary)});
  return differences;
}

std::string text(const Difference& difference) {
  return fmt::format("{}: {} against {}", difference.what, difference.base, difference.candidate);
}

void refuse_incomparable(const Comparison& comparison, const std::vector<std::string>& allowed) {
  if (!comparison.unfinished.empty()) throw InputError(comparison.unfinished.front());
  std::vector<std::string> texts, names;
  for (const Difference& difference : comparison.differences) {
    if (std::ranges::find(allowed, difference.what) != allowed.end()) continue;
    texts.push_back(text(difference));
    names.push_back(difference.what);
  }
  if (!texts.empty())
    throw InputError(
        fmt::format("these results cannot be gated against each other: {}; --allow-different {} "
                    "does so all the same",
                    fmt::join(texts, "; "), fmt::join(names, ",")));
}

/// What a metric of one setting rose by.
double change_of(const Metric& metric, const std::optional<double>& base,
                 const std::optional<double>& candidate) {
  if (!base) return 0.0;  // nothing to be worse than
  if (!candidate) return INFINITY;
  if (metric.worse_when != WorseWhen::greater_by_share) return *candidate - *base;
  if (*candidate == *base) return 0.0;
  return *base > 0.0 ? *candidate / *base - 1.0 : INFINITY;
}

void compare_settings(const Results& base, const Results& candidate, RowChange& row) {
  for (const auto& [setting, result] : base) {
    const auto found = candidate.find(setting);
    if (found == candidate.end()) {
      ++row.missing_settings;
      continue;
    }
    ++row.settings;
    for (std::size_t i = 0; i < metrics.size(); ++i) {
      const auto& [before, after] = std::tie(result->values[i], found->second->values[i]);
      row.change[i] += change_of(metrics[i], before, after);
      row.base[i] += before.value_or(0.0);
      row.candidate[i] += after.value_or(0.0);
    }
  }
  if (row.settings == 0) return;
  for (std::size_t i = 0; i < metrics.size(); ++i)
    if (!is_count(metrics[i])) row.change[i] /= static_cast<double>(row.settings);
}

/// How a change is told: more of what is counted, points of a share, or % of the base's value.
std::string change_text(const Metric& metric, double change) {
  if (metric.unit == Unit::inputs) return fmt::format("{} more {} inputs", change, metric.name);
  if (metric.unit == Unit::settings) return fmt::format("{} more violated settings", change);
  if (metric.worse_when == WorseWhen::greater) return fmt::format("{:+.2f} points", 100.0 * change);
  return fmt::format("{:+.2f}%", 100.0 * change);
}

/// Whether `change` is above `limit` by more than the precision of a summary's numbers.
bool exceeds(double change, double limit) { return change > limit + 1e-9; }

std::size_t index_of(const Metric& metric) {
  return static_cast<std::size_t>(&metric - metrics.data());
}

void apply_gates(const std::vector<Gate>& gates, RowChange& row) {
  if (!row.in_base) return;  // nothing to be worse than
  if (!gates.empty() && row.in_candidate && row.missing_settings > 0)
    row.failed_gates.push_back(fmt::format("{} of {} settings are missing", row.missing_settings,
                                           row.missing_settings + row.settings));
  for (const Gate& gate : gates) {
    const double change = row.change[index_of(*gate.metric)];
    if (!row.in_candidate)
      row.failed_gates.push_back(fmt::format("{}: the row is missing", gate.text));
    else if (exceeds(change, gate.limit))
      row.failed_gates.push_back(
          fmt::format("{}: {}", gate.text, change_text(*gate.metric, change)));
  }
}

std::string status(const RowChange& row) {
  if (!row.failed_gates.empty()) return fmt::format("FAILED {}", fmt::join(row.failed_gates, "; "));
  if (!row.in_base) return "new";
  if (!row.in_candidate) return "missing";
  return row.changed() ? "changed" : "same";
}

/// The metrics that can be worse: those with a column. Lost inputs only where there are any.
std::vector<std::size_t> columns_of(const Comparison& comparison) {
  std::vector<std::size_t> columns;
  for (std::size_t i = 0; i < metrics.size(); ++i)
    if (metrics[i].worse_when != WorseWhen::never &&
        (metrics[i].unit != Unit::inputs ||
         std::ranges::any_of(comparison.rows, [&](const RowChange& row) {
           return row.base[i] > 0.0 || row.candidate[i] > 0.0;
         })))
      columns.push_back(i);
  return columns;
}

std::string column_text(const RowChange& row, std::size_t i) {
  if (row.settings == 0) return "–";
  if (is_count(metrics[i])) return fmt::format("{} -> {}", row.base[i], row.candidate[i]);
  return fmt::format("{:+.2f}{}", 100.0 * row.change[i],
                     metrics[i].worse_when == WorseWhen::greater_by_share ? "%" : "");
}

Table table_of(const Comparison& comparison) {
  const auto columns = columns_of(comparison);
  Table table;
  table.title = "candidate against base";
  table.columns = {"scheme", "task", "environment"};
  for (const std::size_t i : columns)
    table.columns.emplace_back(metrics[i].unit == Unit::settings ? "violated settings"
                                                                 : metrics[i].name);
  table.columns.emplace_back("verdict");
  for (const RowChange& row : comparison.rows) {
    auto& line = table.rows.emplace_back();
    line = {row.scheme, to_string(row.task), row.environment};
    for (const std::size_t i : columns) line.push_back(column_text(row, i));
    line.push_back(status(row));
  }
  table.note =
      "energy, error: change of the mean; late: change of the share of late inputs, in points; all "
      "averaged over the settings. lost: inputs without an answer, which nothing else counts.";
  return table;
}

/// What a reader must know before the table.
std::string warnings(const Comparison& comparison) {
  std::string lines;
  for (const Difference& difference : comparison.differences)
    lines += fmt::format("DIFFERENT {}\n", text(difference));
  for (const std::string& why : comparison.unfinished) lines += fmt::format("UNFINISHED {}\n", why);
  return lines.empty() ? lines : lines + "\n";
}

Json row_json(const RowChange& row) {
  Json json = {{"scheme", row.scheme},
               {"environment", row.environment},
               {"task", to_string(row.task)},
               {"settings", row.settings},
               {"missing_settings", row.missing_settings}};
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    if (metrics[i].worse_when == WorseWhen::never) continue;
    const std::string key(metrics[i].unit == Unit::settings ? "violated_settings"
                                                            : metrics[i].name);
    if (is_count(metrics[i])) {
      json["base_" + key] = static_cast<std::size_t>(row.base[i]);
      json["candidate_" + key] = static_cast<std::size_t>(row.candidate[i]);
    } else {
      const bool known = row.settings > 0 && std::isfinite(row.change[i]);
      json[key + "_change"] = known ? Json(rounded(row.change[i])) : Json(nullptr);
    }
  }
  json["status"] = status(row);
  json["failed_gates"] = row.failed_gates;
  return json;
}

std::string json_of(const Comparison& comparison) {
  Json differences = Json::array(), rows = Json::array();
  for (const auto& [what, base, candidate] : comparison.differences)
    differences.push_back({{"what", what}, {"base", base}, {"candidate", candidate}});
  for (const RowChange& row : comparison.rows) rows.push_back(row_json(row));
  const Json document = {{"schema_version", schema_version},
                         {"gates_hold", comparison.gates_hold()},
                         {"differences", std::move(differences)},
                         {"unfinished", comparison.unfinished},
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

std::string junit_of(const Comparison& comparison) {
  const auto failures = std::ranges::count_if(
      comparison.rows, [](const RowChange& row) { return !row.failed_gates.empty(); });
  std::vector<std::string> texts;
  for (const Gate& gate : comparison.gates) texts.push_back(gate.text);
  std::string xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  xml += fmt::format("<testsuite name=\"alert-bench compare {}\" tests=\"{}\" failures=\"{}\">\n",
                     xml_escaped(fmt::format("{}", fmt::join(texts, " "))), comparison.rows.size(),
                     failures);
  if (!comparison.differences.empty()) {
    xml += "  <properties>\n";
    for (const auto& [what, base, candidate] : comparison.differences)
      xml += fmt::format("    <property name=\"different {}\" value=\"{}\"/>\n", what,
                         xml_escaped(fmt::format("{} against {}", base, candidate)));
    xml += "  </properties>\n";
  }
  for (const RowChange& row : comparison.rows) {
    xml += fmt::format("  <testcase classname=\"{}.{}\" name=\"{}\"", to_string(row.task),
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

ComparedResults read_compared(const std::filesystem::path& folder) {
  const auto manifest = folder / "manifest.json";
  ComparedResults results{folder.string(), read_summary(JsonValue::read(folder / "summary.json")),
                          std::nullopt, ""};
  if (!std::filesystem::exists(manifest)) {
    results.unfinished = fmt::format(
        "{}: there is none, so nothing tells that this is a whole result", manifest.string());
    return results;
  }
  const JsonValue root = JsonValue::read(manifest);
  if (const auto platform = root.find("platform")) results.platform = platform->at("name").string();
  if (const auto status = root.at("status").string(); status != "complete")
    results.unfinished =
        fmt::format("{}: /status: must be \"complete\", found \"{}\"", manifest.string(), status);
  return results;
}

std::vector<std::string> gate_names() {
  std::vector<std::string> names;
  for (const Metric& metric : metrics)
    if (metric.worse_when != WorseWhen::never) names.emplace_back(metric.name);
  return names;
}

std::vector<std::string> difference_names() {
  std::vector<std::string> names;
  for (const Comparable& comparable : comparables) names.emplace_back(comparable.what);
  names.emplace_back("goals");
  return names;
}

Gate parse_gate(const std::string& text) {
  const auto refuse = [&](std::string_view why) {
    throw InputError(fmt::format("--gate {}: {}; as in energy=2%, late=1% or lost=0", text, why));
  };
  const auto equals = text.find('=');
  if (equals == std::string::npos) refuse("must be METRIC=LIMIT");
  const std::string name = text.substr(0, equals);
  const auto names = gate_names();
  if (std::ranges::find(names, name) == names.end())
    refuse(fmt::format("unknown metric \"{}\"{}; allowed: {}", name, did_you_mean(name, names),
                       fmt::join(names, ", ")));
  const Metric& metric = *std::ranges::find(metrics, name, &Metric::name);

  Gate gate{&metric, 0.0, text};
  std::string number = text.substr(equals + 1);
  const bool percent = number.ends_with('%');
  if (percent) number.pop_back();
  if (percent == is_count(metric))
    refuse(percent ? fmt::format("a number of {} has no %",
                                 metric.unit == Unit::inputs ? "inputs" : "settings")
                   : "the limit must be in %");
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

bool RowChange::changed() const {
  if (missing_settings > 0) return true;
  for (std::size_t i = 0; i < metrics.size(); ++i)
    if (metrics[i].worse_when != WorseWhen::never && change[i] != 0.0) return true;
  return false;
}

bool Comparison::gates_hold() const {
  return std::ranges::all_of(rows, [](const RowChange& row) { return row.failed_gates.empty(); });
}

Comparison compare(const ComparedResults& base, const ComparedResults& candidate,
                   std::vector<Gate> gates, const std::vector<std::string>& allowed) {
  Comparison comparison;
  comparison.differences = differences_of(base, candidate);
  for (const ComparedResults* side : {&base, &candidate})
    if (!side->unfinished.empty()) comparison.unfinished.push_back(side->unfinished);
  if (!gates.empty()) {
    refuse_incomparable(comparison, allowed);
    // What was lost is in no mean: a gate on means alone would not see it.
    const auto of_lost = [](const Gate& gate) { return gate.metric->key == "lost"; };
    if (std::ranges::none_of(gates, of_lost)) gates.push_back(parse_gate("lost=0"));
  }
  comparison.gates = std::move(gates);

  const Rows before = rows_of(base.summary), after = rows_of(candidate.summary);
  std::vector<RowKey> keys = before.order;
  for (const RowKey& key : after.order)
    if (!before.rows.contains(key)) keys.push_back(key);
  for (const RowKey& key : keys) {
    RowChange row;
    std::tie(row.task, row.environment, row.scheme) = key;
    row.in_base = before.rows.contains(key);
    row.in_candidate = after.rows.contains(key);
    if (row.in_base && row.in_candidate)
      compare_settings(before.rows.at(key), after.rows.at(key), row);
    apply_gates(comparison.gates, row);
    comparison.rows.push_back(std::move(row));
  }
  return comparison;
}

std::string render(const Comparison& comparison, ComparisonFormat format) {
  switch (format) {
    case ComparisonFormat::terminal:
      return warnings(comparison) + render({table_of(comparison)}, TableFormat::terminal);
    case ComparisonFormat::markdown:
      return warnings(comparison) + render({table_of(comparison)}, TableFormat::markdown);
    case ComparisonFormat::json:
      return json_of(comparison);
    case ComparisonFormat::junit:
      return junit_of(comparison);
  }
  return {};
}

}  // namespace bench
