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

#include "base/error.hpp"
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

/// Why a limiter or a meter cannot be used on this machine, and what would make it usable.
class Unusable : public MachineError {
 public:
  /// `remedy`: the exact command, or empty where there is none.
  Unusable(const std::string& reason, const std::string& remedy)
      : MachineError(remedy.empty() ? reason : reason + "; to change that: " + remedy),
        reason_(reason),
        remedy_(remedy) {}
  const std::string& reason() const { return reason_; }
  const std::string& remedy() const { return remedy_; }

 private:
  std::string reason_, remedy_;
};

/// "power_caps_w" of a platform file: written out, or so many levels over a limiter's range.
struct PowerCaps {
  std::vector<double> values_w;  ///< ascending; empty: `levels`
  std::size_t levels = 0;

  /// The values, or else the levels, evenly spaced from `least_w` to `greatest_w`.
  std::vector<double> over(double least_w, double greatest_w) const;
};

struct SavedLimit;

/// The system knob: holds the machine under one of `caps_w()`.
class Limiter {
 public:
  virtual ~Limiter() = default;
  virtual SourceInfo info() const = 0;
  /// Ascending; the last is the default, under which nothing is held back.
  virtual const std::vector<double>& caps_w() const = 0;
  virtual std::size_t cap() const = 0;  ///< in force, or the default before the first set_cap()
  /// Throws MachineError where the cap is not in force afterwards.
  virtual void set_cap(std::size_t cap) = 0;
  /// What set_cap() changes and what outlives the process, as it was when the limiter was opened.
  virtual std::vector<SavedLimit> limits() const;
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

/// Where the backends look.
struct SystemPaths {
  std::filesystem::path sysfs = "/sys";
  std::string nvml_library = "libnvidia-ml.so.1";
};

/// A platform file (configs/platforms/*.json).
struct PlatformSpec {
  std::string name;
  std::string limiter;      ///< "auto", "rapl", "nvml", "cpufreq", "emulated"
  std::string meter;        ///< "auto", "rapl", "nvml", "hwmon", "emulated"
  std::string device;       ///< "cpu", "cuda"
  std::size_t threads = 1;  ///< LibTorch's and BLAS's
  PowerCaps power_caps;
  std::optional<EmulatedParameters> emulated;
  std::vector<std::string> hwmon_sensors;  ///< "ina226/power1"; empty: the only one there is
  SystemPaths paths;
};

/// "power_caps_w" written out: at least one, above 0, ascending.
std::vector<double> parse_power_caps(const JsonValue& list);

PlatformSpec read_platform(const std::filesystem::path& file);

class SavedLimits;

/// Limiter and meter, opened. Limits that were changed are put back when it is destroyed.
struct Platform {
  Platform();
  Platform(Platform&&) noexcept;
  ~Platform();

  PlatformSpec spec;
  std::unique_ptr<Limiter> limiter;
  std::unique_ptr<Meter> meter;
  std::string limiter_reason, meter_reason;  ///< why these, and what better ones would need
  std::unique_ptr<SavedLimits> saved;        ///< last: limits are put back first
};

/// Puts back what killed runs left, then opens what the spec names, or for "auto" the best that
/// works here. Throws MachineError where this machine cannot do what the platform demands.
Platform open_platform(const PlatformSpec& spec, CoRunnerCpuTime corunner_cpu_time);

/// One limiter or meter on this machine: usable or not, what it is or why not, and what would help.
struct Finding {
  bool usable = false;
  std::string what;
  std::string text;
  std::string remedy;  ///< a command, or empty
};

/// Every limiter and meter, tried out; nothing is changed.
std::vector<Finding> probe_backends(const SystemPaths& paths);

}  // namespace bench
