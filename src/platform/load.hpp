// What else kept the machine busy, or slowed it down, while we measured.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "base/json.hpp"
#include "platform/platform.hpp"

namespace bench {

/// Where the kernel tells. Tests name files of their own.
struct LoadFiles {
  std::filesystem::path proc = "/proc";
  std::filesystem::path cpus = "/sys/devices/system/cpu";
};

/// How much of the machine this process may have.
struct CpuShare {
  std::size_t cores = 0;
  std::size_t allowed_cores = 0;      ///< by affinity (taskset, cpuset)
  std::optional<double> quota_cores;  ///< CPU time per time, of its cgroups; nothing: none is set

  bool whole() const { return allowed_cores == cores && !quota_cores; }
};
CpuShare cpu_share(const LoadFiles& files = {});
/// "2 cores, of which 1 may be used; a CPU quota of 0.2 cores".
std::string to_string(const CpuShare& share);

/// Counters of the whole machine at one time; nothing where this kernel has none.
struct LoadCounters {
  Clock::time_point time;
  double busy_s = 0.0, steal_s = 0.0;
  std::optional<double> pressure_s;         ///< in which a task waited for a core
  std::optional<double> throttled_s;        ///< in which a quota stopped this cgroup
  std::optional<double> thermal_throttles;  ///< of all cores, for heat
};
LoadCounters read_load(const LoadFiles& files = {});

struct MachineLoad {
  std::string phase;  ///< of the run: what was measured
  double duration_s = 0.0;
  double other_cores = 0.0;  ///< CPU time per time, of neither this program nor its co-runners
  double steal_cores = 0.0;  ///< that the hypervisor gave to others
  std::optional<double> cpu_pressure;  ///< share of the time in which a task waited for a core
  std::optional<double> throttled_s, thermal_throttles;
  double calibration_before_s = 0.0, calibration_after_s = 0.0;  ///< of one fixed piece of work
};
/// `own_cpu_s` is what this program and its co-runners used in between.
MachineLoad machine_load(const LoadCounters& before, const LoadCounters& after, double own_cpu_s);

/// What was above its bound, for people; empty where nothing was.
std::string disturbance(const MachineLoad& load);
nlohmann::ordered_json to_json(const MachineLoad& load);

/// Watches from its making on.
class LoadWatch {
 public:
  /// `corunner_cpu_s` is of all the co-runners that are there now.
  LoadWatch(std::string phase, std::function<double()> corunner_cpu_s);
  MachineLoad end() const;

 private:
  double own_cpu_s() const;

  std::string phase_;
  std::function<double()> corunner_cpu_s_;
  double calibration_s_;
  LoadCounters before_;
  double own_cpu_before_s_;
};

}  // namespace bench
