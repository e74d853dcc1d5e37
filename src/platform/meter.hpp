// What measures the machine's energy.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "platform/source_info.hpp"

namespace bench {

struct EnergyReading {
  std::optional<double> energy_j;
  double duration_s = 0.0;
  std::string missing = {};  ///< why there is no energy; empty where there is

  std::optional<double> power_w() const {
    if (!energy_j) return std::nullopt;
    return duration_s > 0.0 ? *energy_j / duration_s : 0.0;
  }
};

/// A window of fewer of the meter's update intervals is coarse: at 20, what is missed or counted
/// too much at its ends is at most a tenth of its energy, a twentieth most often.
inline constexpr double least_intervals = 20.0;

/// What runs in a window, which an emulated meter has to be told.
enum class Activity { busy, idle };

/// Energy of the machine over a window from start() to stop(). What cannot be read, or is not
/// plausible, is tried again, and then missing; stop() throws MachineError where that happens many
/// times in a row.
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
