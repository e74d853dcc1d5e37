#include "platform/power_caps.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/error.hpp"

namespace bench {

std::vector<double> PowerCaps::over(double least_w, double greatest_w) const {
  if (!values_w.empty()) return values_w;
  std::vector<double> caps_w{greatest_w};
  for (std::size_t i = 1; i < levels; ++i) {
    const double share = static_cast<double>(i) / static_cast<double>(levels - 1);
    // To the milliwatt, so that logs read well.
    caps_w.push_back(1e-3 * std::round(1e3 * std::lerp(greatest_w, least_w, share)));
  }
  std::ranges::reverse(caps_w);
  if (std::ranges::adjacent_find(caps_w, std::greater_equal()) != caps_w.end())
    throw InputError(fmt::format("\"power_caps_w\": {} levels do not fit between {} and {} W",
                                 levels, least_w, greatest_w));
  return caps_w;
}

std::vector<double> parse_power_caps(const JsonValue& list) {
  std::vector<double> caps_w;
  for (const JsonValue& item : list.items()) {
    const double cap_w = item.positive();
    if (!caps_w.empty() && cap_w <= caps_w.back())
      item.fail(fmt::format("power caps must ascend, found {} after {}", cap_w, caps_w.back()));
    caps_w.push_back(cap_w);
  }
  if (caps_w.empty()) list.fail("must have at least one power cap");
  return caps_w;
}

}  // namespace bench
