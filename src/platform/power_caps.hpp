// The power caps that a platform file asks for.
#pragma once

#include <cstddef>
#include <vector>

#include "base/json.hpp"

namespace bench {

/// "power_caps_w": written out, or so many levels over a limiter's range.
struct PowerCaps {
  std::vector<double> values_w;  ///< ascending; empty: `levels`
  std::size_t levels = 0;

  /// The values, or else the levels, evenly spaced from `least_w` to `greatest_w`. Throws
  /// InputError where these do not ascend, to the milliwatt.
  std::vector<double> over(double least_w, double greatest_w) const;
};

/// Written out: at least one, above 0, ascending.
std::vector<double> parse_power_caps(const JsonValue& list);

}  // namespace bench
