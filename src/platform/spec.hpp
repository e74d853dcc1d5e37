// A platform file (configs/platforms/*.json).
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "platform/power_caps.hpp"
#include "platform/power_model.hpp"

namespace bench {

/// Where the backends look.
struct SystemPaths {
  std::filesystem::path sysfs = "/sys";
  std::string nvml_library = "libnvidia-ml.so.1";
};

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

PlatformSpec read_platform(const std::filesystem::path& file);

}  // namespace bench
