// Every way to limit power and to meter energy: the one place that knows their names.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "platform/limiter.hpp"
#include "platform/meter.hpp"
#include "platform/spec.hpp"

namespace bench {

template <typename Open>
struct Backend {
  std::string name;
  std::string device;  ///< that it works for
  bool needs_model;    ///< goes by the platform's power model
  Open* open;          ///< throws Unusable
};

using LimiterBackend = Backend<std::unique_ptr<Limiter>(const PlatformSpec&)>;
using MeterBackend =
    Backend<std::unique_ptr<Meter>(const PlatformSpec&, const Limiter&, CoRunnerCpuTime)>;

// "auto" takes the first of the device's that can be used.
std::span<const LimiterBackend> limiter_backends();
std::span<const MeterBackend> meter_backends();

/// One limiter or meter on this machine: usable or not, what it is or why not, and what would help.
struct Finding {
  bool usable = false;
  std::string what;
  std::string text;
  std::string remedy;  ///< a command, or empty
};

/// Every limiter and meter, tried out; nothing is changed. `sysfs` is /sys.
std::vector<Finding> probe_backends(const std::filesystem::path& sysfs);

}  // namespace bench
