#include "platform/power_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace bench {

double PowerModel::speed(double cap_w) const {
  return std::clamp(std::cbrt((cap_w - static_power_w) / dynamic_power_w), min_speed, 1.0);
}

double PowerModel::busy_power_w(double cap_w) const {
  return static_power_w + dynamic_power_w * std::pow(speed(cap_w), 3);
}

double PowerModel::stretch(double cap_w) const {
  return frequency_invariant_share + (1.0 - frequency_invariant_share) / speed(cap_w);
}

std::vector<double> PowerModel::caps_w(const PowerCaps& caps) const {
  return caps.over(busy_power_w(0.0), static_power_w + dynamic_power_w);
}

PowerModel parse_power_model(const JsonValue& value, const PowerCaps& caps) {
  value.allow_only({"static_power_w", "dynamic_power_w", "idle_power_w", "min_speed",
                    "frequency_invariant_share"});
  const JsonValue idle_power_w = value.at("idle_power_w");
  PowerModel model;
  model.static_power_w = value.at("static_power_w").number(0.0);
  model.dynamic_power_w = value.at("dynamic_power_w").positive();
  model.idle_power_w = idle_power_w.number(0.0);
  model.min_speed = value.at("min_speed").number(0.01, 1.0);
  model.frequency_invariant_share = value.at("frequency_invariant_share").number(0.0, 1.0);
  const double lowest_busy_power_w = model.busy_power_w(model.caps_w(caps).front());
  if (model.idle_power_w >= lowest_busy_power_w)
    idle_power_w.fail(
        fmt::format("must be below {:.3g}, the busy power at the lowest cap, found {}",
                    lowest_busy_power_w, model.idle_power_w));
  return model;
}

}  // namespace bench
