#include "results/profile_file.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "suite/suite.hpp"
#include "trace/trace.hpp"

namespace bench {
namespace {

using Json = nlohmann::ordered_json;

Json table(const std::vector<std::vector<double>>& rows) {
  Json json = Json::array();
  for (const auto& row : rows) {
    json.push_back(Json::array());
    for (const double value : row) json.back().push_back(rounded(value));
  }
  return json;
}

std::vector<std::vector<double>> read_table(const JsonValue& value) {
  std::vector<std::vector<double>> rows;
  for (const auto& row : value.items()) rows.push_back(row.numbers(0.0));
  return rows;
}

/// An optional list of a number for each cap, which all are the least allowed where it is absent.
std::vector<std::size_t> counts(const JsonValue& model, const char* key, std::size_t least,
                                std::size_t caps) {
  const auto list = model.find(key);
  if (!list) return std::vector<std::size_t>(caps, least);
  std::vector<std::size_t> counts;
  for (const auto& item : list->items()) counts.push_back(item.count(least));
  if (counts.size() != caps) list->fail("must have a number for each cap");
  return counts;
}

bool same_shape(const std::vector<std::vector<double>>& a,
                const std::vector<std::vector<double>>& b) {
  return std::ranges::equal(
      a, b, [](const auto& row, const auto& other) { return row.size() == other.size(); });
}

/// An optional table of each model stands at all models or at none, in the shape of latency_s.
void check_tables(const JsonValue& root, const char* key,
                  const std::vector<std::vector<std::vector<double>>>& tables,
                  const alert::Profile& profile) {
  if (!tables.empty() && tables.size() != profile.models.size())
    root.fail(fmt::format("{} must stand at every model or at none", key));
  for (std::size_t i = 0; i < tables.size(); ++i)
    if (!same_shape(tables[i], profile.models[i].latency_s))
      root.at("models").items()[i].at(key).fail("must have the shape of latency_s");
}

}  // namespace

Json to_json(const ProfileFile& file) {
  const alert::Profile& profile = file.profile;
  Json models = Json::array();
  for (std::size_t i = 0; i < profile.models.size(); ++i) {
    const auto& model = profile.models[i];
    Json json = {{"name", model.name},
                 {"kind", to_string(model.kind)},
                 {"accuracy", model.accuracy},
                 {"latency_s", table(model.latency_s)}};
    if (!model.latency_std_s.empty()) json["latency_std_s"] = table(model.latency_std_s);
    if (!file.catch_up_s.empty()) json["catch_up_s"] = table(file.catch_up_s[i]);
    json["busy_power_w"] = table({model.busy_power_w})[0];
    if (!file.energy_inferences.empty() && std::ranges::max(file.energy_inferences[i]) > 1)
      json["energy_inferences"] = file.energy_inferences[i];
    if (!file.energy_missing.empty() && std::ranges::max(file.energy_missing[i]) > 0)
      json["energy_missing"] = file.energy_missing[i];
    models.push_back(std::move(json));
  }
  return {{"schema_version", schema_version},
          {"suite", file.suite},
          {"energy_source", to_string(file.energy_source)},
          {"q_fail", profile.q_fail},
          {"power_caps_w", profile.power_caps_w},
          {"idle_power_w", rounded(profile.idle_power_w)},
          {"models", std::move(models)}};
}

ProfileFile read_profile(const std::filesystem::path& path) {
  const JsonValue root = JsonValue::read(path);
  root.check_schema_version();
  ProfileFile file;
  file.suite = root.at("suite").string();
  file.energy_source = parse_energy_source(root.at("energy_source"));
  file.profile.q_fail = root.at("q_fail").number(0.0, 1.0);
  file.profile.power_caps_w = root.at("power_caps_w").numbers();
  file.profile.idle_power_w = root.at("idle_power_w").number(0.0);
  std::vector<std::vector<std::vector<double>>> spreads;
  for (const auto& value : root.at("models").items()) {
    alert::ModelProfile model;
    model.name = value.at("name").string();
    model.kind = parse_model_kind(value.at("kind"));
    model.accuracy = value.at("accuracy").numbers(0.0, 1.0);
    model.latency_s = read_table(value.at("latency_s"));
    model.busy_power_w = value.at("busy_power_w").numbers(0.0);
    if (auto spread = value.find("latency_std_s")) spreads.push_back(read_table(*spread));
    if (auto catch_up = value.find("catch_up_s")) file.catch_up_s.push_back(read_table(*catch_up));
    file.energy_inferences.push_back(counts(value, "energy_inferences", 1, file.profile.caps()));
    file.energy_missing.push_back(counts(value, "energy_missing", 0, file.profile.caps()));
    file.profile.models.push_back(std::move(model));
  }
  if (auto text = fault(file.profile); !text.empty()) root.fail(text);
  check_tables(root, "latency_std_s", spreads, file.profile);
  check_tables(root, "catch_up_s", file.catch_up_s, file.profile);
  for (std::size_t i = 0; i < spreads.size(); ++i)
    file.profile.models[i].latency_std_s = std::move(spreads[i]);
  return file;
}

}  // namespace bench
