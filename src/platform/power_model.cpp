#include "platform/power_model.hpp"

#include <algorithm>
#include <cmath>

namespace bench {

double EmulatedParameters::speed(double cap_w) const {
  return std::clamp(std::cbrt((cap_w - static_power_w) / dynamic_power_w), min_speed, 1.0);
}

double EmulatedParameters::busy_power_w(double cap_w) const {
  return static_power_w + dynamic_power_w * std::pow(speed(cap_w), 3);
}

double EmulatedParameters::stretch(double cap_w) const {
  return frequency_invariant_share + (1.0 - frequency_invariant_share) / speed(cap_w);
}

std::vector<double> EmulatedParameters::caps_w(const PowerCaps& caps) const {
  return caps.over(busy_power_w(0.0), static_power_w + dynamic_power_w);
}

}  // namespace bench
