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

struct PlatformSpec {
  std::string name;
  std::string limiter;      ///< "auto", or a name of limiter_backends()
  std::string meter;        ///< "auto", or a name of meter_backends()
  std::string device;       ///< "cpu", "cuda"
  std::size_t threads = 1;  ///< LibTorch's and BLAS's
  PowerCaps power_caps;
  std::optional<PowerModel> power_model;
  std::vector<std::string> hwmon_sensors;  ///< "ina226/power1"; empty: the only one there is
  std::filesystem::path sysfs = "/sys";
};

PlatformSpec read_platform(const std::filesystem::path& file);

}  // namespace bench
