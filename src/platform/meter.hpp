// What measures the machine's energy.
#pragma once

#include <functional>

#include "platform/source_info.hpp"

namespace bench {

struct EnergyReading {
  double energy_j = 0.0;
  double duration_s = 0.0;
  double power_w() const { return duration_s > 0.0 ? energy_j / duration_s : 0.0; }
};

/// A window of fewer of the meter's update intervals is coarse: at 20, what is missed or counted
/// too much at its ends is at most a tenth of its energy, a twentieth most often.
inline constexpr double least_intervals = 20.0;

/// What runs in a window, which an emulated meter has to be told.
enum class Activity { busy, idle };

/// Energy of the machine over a window from start() to stop(). Both throw MachineError where the
/// meter fails.
class Meter {
 public:
  virtual ~Meter() = default;
  virtual SourceInfo info() const = 0;
  virtual void start(Activity activity) = 0;
  virtual EnergyReading stop() = 0;
};

/// CPU seconds that the co-runners have used so far, all of them together. An emulated meter
/// charges them in idle windows.
using CoRunnerCpuTime = std::function<double()>;

}  // namespace bench
