// RAPL through the kernel's powercap tree and libpowercap's zone and constraint functions: energy
// of packages and DRAM, and one power cap over all packages.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "platform/limiter.hpp"
#include "platform/meter.hpp"
#include "platform/power_caps.hpp"
#include "platform/sysfs.hpp"

namespace bench {

/// The sum of the packages and DRAM zones that can be read; the description names those that
/// cannot. `tree` is /sys/class/powercap. Throws Unusable.
std::unique_ptr<Meter> open_rapl_meter(const std::filesystem::path& tree);

/// A cap is the machine's: each of n packages gets 1/n of it, as its long-term and its short-term
/// limit, in the MSR and the MMIO interface where both exist (the hardware obeys the lower). Time
/// windows stay as they are. Every limit is read back.
class RaplLimiter final : public Limiter {
 public:
  /// Opens the files and changes none. Levels lie below every limit in force, however short its
  /// term. Throws Unusable, and InputError for levels that have no room.
  RaplLimiter(const std::filesystem::path& tree, const PowerCaps& caps);

  SourceInfo info() const override;
  const std::vector<double>& caps_w() const override { return caps_w_; }
  std::size_t cap() const override { return cap_; }
  void set_cap(std::size_t cap) override;
  void end_segment(Clock::time_point) override {}
  std::vector<SavedLimit> limits() const override;

 private:
  struct Constraint {
    SysfsFile limit;
    std::uint64_t limit_before_uw;
  };

  std::vector<Constraint> constraints_;
  std::vector<SysfsFile> enable_;  // of zones that are switched off
  std::size_t packages_ = 0;
  std::string description_;
  std::vector<double> caps_w_;
  std::size_t cap_ = 0;
};

}  // namespace bench
