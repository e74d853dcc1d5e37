// Power limiters and energy meters behind two small interfaces, and the pair that a platform file
// describes.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"

namespace bench {

using Clock = std::chrono::steady_clock;

inline double seconds_between(Clock::time_point begin, Clock::time_point end) {
  return std::chrono::duration<double>(end - begin).count();
}

enum class EnergySource { measured, emulated, simulated };
std::string to_string(EnergySource source);

/// Where a number comes from, how often it changes and how exact it is: for the manifest and
/// `doctor`.
struct SourceInfo {
  std::string name;  ///< "emulated", "rapl", ...
  EnergySource source = EnergySource::emulated;
  std::optional<double> update_interval_s;  ///< nothing: computed anew at each reading
  std::optional<double> resolution;         ///< smallest step, in the unit of what is read
  std::string description;                  ///< one sentence for people
};

/// The system knob: holds the machine under one of `caps_w()`.
class Limiter {
 public:
  virtual ~Limiter() = default;
  virtual SourceInfo info() const = 0;
  /// Ascending; the last is the default, under which nothing is held back.
  virtual const std::vector<double>& caps_w() const = 0;
  virtual void set_cap(std::size_t cap) = 0;
  /// Called where a compute segment (a traditional DNN, or one stage) that started at `begin` has
  /// ended. An emulated limiter returns when the segment would have ended under the cap; a real one
  /// at once.
  virtual void end_segment(Clock::time_point begin) = 0;
};

struct EnergyReading {
  double energy_j = 0.0;
  double duration_s = 0.0;
  double power_w() const { return duration_s > 0.0 ? energy_j / duration_s : 0.0; }
};

/// What runs in a window, which an emulated meter has to be told.
enum class Activity { busy, idle };

/// Energy of the machine over a window from start() to stop().
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

/// A machine whose speed and power follow from a formula: cap P sets the speed
/// f = ((P - P_static) / P_dynamic)^(1/3), clipped to [f_min, 1].
struct EmulatedParameters {
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
};

/// A platform file (configs/platforms/*.json).
struct PlatformSpec {
  std::string name;
  std::string limiter;               ///< "emulated"
  std::string meter;                 ///< "emulated"
  std::string device;                ///< "cpu"
  std::size_t threads = 1;           ///< LibTorch's and BLAS's
  std::vector<double> power_caps_w;  ///< ascending
  EmulatedParameters emulated;
};

/// "power_caps_w" of any file: at least one, above 0, ascending.
std::vector<double> parse_power_caps(const JsonValue& list);

PlatformSpec read_platform(const std::filesystem::path& file);

struct Platform {
  PlatformSpec spec;
  std::unique_ptr<Limiter> limiter;
  std::unique_ptr<Meter> meter;
};

/// Throws MachineError where this machine cannot do what the platform demands.
Platform open_platform(const PlatformSpec& spec, CoRunnerCpuTime corunner_cpu_time);

}  // namespace bench
