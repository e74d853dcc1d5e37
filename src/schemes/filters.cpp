#include <array>

#include "schemes/factories.hpp"

namespace bench {
namespace {

struct FilterSetting {
  std::string_view key;
  double max;
  double& (*of)(alert::SchedulerSettings&);
};

constexpr std::array filter_settings{
    FilterSetting{"K_0", 1.0, [](auto& s) -> double& { return s.slowdown.K_0; }},
    FilterSetting{"R", 1e6, [](auto& s) -> double& { return s.slowdown.R; }},
    FilterSetting{"Q_0", 1e6, [](auto& s) -> double& { return s.slowdown.Q_0; }},
    FilterSetting{"mu_0", 1e6, [](auto& s) -> double& { return s.slowdown.mu_0; }},
    FilterSetting{"sigma2_0", 1e6, [](auto& s) -> double& { return s.slowdown.sigma2_0; }},
    FilterSetting{"alpha", 1.0, [](auto& s) -> double& { return s.slowdown.alpha; }},
    FilterSetting{"M_0", 1e6, [](auto& s) -> double& { return s.idle_power.M_0; }},
    FilterSetting{"S", 1e6, [](auto& s) -> double& { return s.idle_power.S; }},
    FilterSetting{"V", 1e6, [](auto& s) -> double& { return s.idle_power.V; }},
};

}  // namespace

std::vector<std::string_view> filter_keys() {
  std::vector<std::string_view> keys;
  for (const FilterSetting& setting : filter_settings) keys.push_back(setting.key);
  return keys;
}

alert::SchedulerSettings read_filters(const JsonValue& value) {
  alert::SchedulerSettings settings;
  for (const auto& [key, max, of] : filter_settings)
    if (auto number = value.find(key)) of(settings) = number->number(0.0, max);
  if (settings.slowdown.R == 0.0 && settings.slowdown.Q_0 == 0.0)
    value.fail("R and Q_0 must not both be 0: the filter's gain would be 0/0");
  if (settings.idle_power.S == 0.0 && settings.idle_power.V == 0.0)
    value.fail("S and V must not both be 0: the filter's gain would be 0/0");
  return settings;
}

}  // namespace bench
