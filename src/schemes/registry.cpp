#include "schemes/factories.hpp"

namespace bench {
namespace {

struct Row {
  std::string name;
  Needs needs;
  std::vector<std::string_view> settings;  ///< the keys that the config may give it
  MakeScheme (*read)(const JsonValue& settings);
};

/// alert's: the filters', and the goal adjustment.
std::vector<std::string_view> alert_keys() {
  auto keys = filter_keys();
  keys.push_back("accuracy_window");
  return keys;
}

const std::vector<Row>& registry() {
  static const std::vector<Row> rows = {
      {"alert", Needs::nothing, alert_keys(), read_alert},
      {"alert-any", Needs::nothing, alert_keys(), read_alert_any},
      {"alert-trad", Needs::nothing, alert_keys(), read_alert_trad},
      {"alert-mean", Needs::nothing, alert_keys(), read_alert_mean},
      {"alert-plus", Needs::nothing, plus_keys(), read_alert_plus},
      {"app-only", Needs::nothing, {}, read_app_only},
      {"sys-only", Needs::nothing, filter_keys(), read_sys_only},
      {"no-coord", Needs::nothing, filter_keys(), read_no_coord},
      {"linucb", Needs::nothing, {}, read_linucb},
      {"caloree", Needs::nothing, {}, read_caloree},
      {"oracle-static", Needs::best, {}, read_oracle_static},
      {"oracle-regime", Needs::regimes, plus_keys(), read_oracle_regime},
      {"oracle", Needs::counterfactual, {}, read_oracle},
      {"oracle-clairvoyant", Needs::counterfactual, {}, read_oracle_clairvoyant},
  };
  return rows;
}

}  // namespace

std::vector<std::string> scheme_names() {
  std::vector<std::string> names;
  for (const Row& row : registry()) names.push_back(row.name);
  return names;
}

SchemeSpec read_scheme(const JsonValue& value) {
  const bool plain = value.is_string();
  const JsonValue scheme = plain ? value : value.at("scheme");
  const Row& row = registry()[scheme.one_of(scheme_names(), "scheme")];
  if (plain) return default_scheme(row.name);

  auto keys = row.settings;
  keys.insert(keys.begin(), {"scheme", "name"});
  value.allow_only(keys);
  const auto name = value.find("name");
  SchemeSpec spec{row.name, name ? name->string() : row.name, row.needs, row.read(value)};
  if (spec.name.empty()) name->fail("must not be empty");
  return spec;
}

SchemeSpec default_scheme(const std::string& scheme) {
  return read_scheme(JsonValue::from({{"scheme", scheme}}, scheme));
}

}  // namespace bench
