// Power caps as greatest frequencies, for machines without RAPL limits.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "platform/limiter.hpp"
#include "platform/power_caps.hpp"
#include "platform/power_model.hpp"
#include "platform/sysfs.hpp"

namespace bench {

/// Sets scaling_max_freq of every policy. The platform's power model turns a cap in W into a share
/// of each policy's greatest frequency: a cap is what the model draws at that speed, not a bound on
/// the machine's real power, which the meter tells.
class CpufreqLimiter final : public Limiter {
 public:
  /// `tree` is /sys/devices/system/cpu/cpufreq. Opens the files and changes none. Policies that
  /// cannot be used are left out, and named. Throws Unusable.
  CpufreqLimiter(const std::filesystem::path& tree, const PowerModel& model, const PowerCaps& caps);

  SourceInfo info() const override;
  const std::vector<double>& caps_w() const override { return caps_w_; }
  std::size_t cap() const override { return cap_; }
  void set_cap(std::size_t cap) override;
  void end_segment(Clock::time_point) override {}
  std::vector<SavedLimit> limits() const override;

 private:
  struct Policy {
    SysfsFile max_frequency;
    std::uint64_t before_khz;
    std::vector<std::uint64_t> khz;  // [cap]
  };

  std::vector<Policy> policies_;
  std::string description_;
  std::vector<double> caps_w_;
  std::size_t cap_;
};

}  // namespace bench
