// Power and speed under a cap by formula: what an emulated platform goes by, and a simulated one.
#pragma once

#include <cstddef>
#include <vector>

#include "base/json.hpp"
#include "platform/power_caps.hpp"

namespace bench {

/// A machine whose speed and power follow from a formula: cap P sets the speed
/// f = ((P - P_static) / P_dynamic)^(1/3), clipped to [f_min, 1].
struct PowerModel {
  double static_power_w = 0.0;             ///< P_static
  double dynamic_power_w = 0.0;            ///< P_dynamic, at full speed
  double idle_power_w = 0.0;               ///< P_idle
  double min_speed = 0.0;                  ///< f_min, in (0, 1]
  double frequency_invariant_share = 0.0;  ///< m, the share of time that does not scale with f
  std::size_t cores = 1;                   ///< that the co-runners' share is taken of

  double speed(double cap_w) const;
  /// P_static + P_dynamic * f^3
  double busy_power_w(double cap_w) const;
  /// m + (1 - m) / f: how much longer a segment takes than at full speed.
  double stretch(double cap_w) const;
  /// Levels are spaced over the powers that the formula gives.
  std::vector<double> caps_w(const PowerCaps& caps) const;
};

/// The five keys of a platform file's "emulated" or "power". Idle power must lie below the busy
/// power at the lowest of `caps`. `cores` is left at 1.
PowerModel parse_power_model(const JsonValue& value, const PowerCaps& caps);

}  // namespace bench
