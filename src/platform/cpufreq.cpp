#include "platform/cpufreq.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cmath>

#include "platform/left_out.hpp"

namespace bench {
namespace {

namespace fs = std::filesystem;

Unusable unusable(const FileError& error) {
  if (error.code() != EACCES && error.code() != EPERM) return Unusable(error.what(), "");
  return Unusable(
      error.what(),
      "groupadd -f powercap && usermod -aG powercap $USER && "
      "echo 'z /sys/devices/system/cpu/cpufreq/policy*/scaling_max_freq 0664 root powercap' "
      "> /etc/tmpfiles.d/cpufreq.conf && systemd-tmpfiles --create cpufreq.conf "
      "(as root; then log in anew)");
}

}  // namespace

CpufreqLimiter::CpufreqLimiter(const fs::path& tree, const PowerModel& model,
                               const PowerCaps& caps) try
    : caps_w_(model.caps_w(caps)), cap_(caps_w_.size() - 1) {
  std::uint64_t least_khz = UINT64_MAX, greatest_khz = 0;
  std::vector<fs::path> folders;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(tree, error))
    if (entry.path().filename().string().starts_with("policy")) folders.push_back(entry.path());
  std::ranges::sort(folders);
  LeftOut left_out;
  for (const fs::path& folder : folders)
    left_out.attempt(folder.filename().string(), [&] {  // its processors may be offline
      const std::uint64_t min_khz = read_number(folder / "cpuinfo_min_freq");
      const std::uint64_t max_khz = read_number(folder / "cpuinfo_max_freq");
      SysfsFile file(folder / "scaling_max_freq", SysfsFile::Access::write);
      const std::uint64_t before_khz = file.read_number();
      std::vector<std::uint64_t> khz;
      for (const double cap_w : caps_w_) {
        const double frequency = model.speed(cap_w) * static_cast<double>(max_khz);
        khz.push_back(std::max(min_khz, static_cast<std::uint64_t>(std::llround(frequency))));
      }
      least_khz = std::min(least_khz, min_khz);
      greatest_khz = std::max(greatest_khz, max_khz);
      policies_.push_back({std::move(file), before_khz, std::move(khz)});
    });
  if (policies_.empty()) left_out.rethrow_first();
  if (policies_.empty())
    throw Unusable(fmt::format("{} has no policy: the kernel has no frequency driver for this "
                               "processor, or this is a virtual machine",
                               tree.string()),
                   "");
  description_ = fmt::format(
      "greatest frequency of {} policies, {} to {} MHz, by the platform's power model{}",
      policies_.size(), least_khz / 1000, greatest_khz / 1000, left_out.text());
} catch (const FileError& error) {
  throw unusable(error);
}

SourceInfo CpufreqLimiter::info() const {
  return {.name = "cpufreq",
          .source = EnergySource::measured,
          .update_interval_s = std::nullopt,
          .resolution = std::nullopt,
          .description = description_};
}

std::vector<SavedLimit> CpufreqLimiter::limits() const {
  std::vector<SavedLimit> limits;
  for (const Policy& policy : policies_)
    limits.push_back(FileLimit{policy.max_frequency.path(), policy.before_khz});
  return limits;
}

void CpufreqLimiter::set_cap(std::size_t cap) {
  cap_ = cap;
  for (const Policy& policy : policies_) policy.max_frequency.write_number(policy.khz[cap]);
  for (const Policy& policy : policies_) {
    const std::uint64_t found_khz = policy.max_frequency.read_number();
    const std::uint64_t wanted_khz = policy.khz[cap];
    // Drivers with a table of frequencies may round.
    const double off_khz =
        std::abs(static_cast<double>(found_khz) - static_cast<double>(wanted_khz));
    if (off_khz > 0.01 * static_cast<double>(wanted_khz))
      throw MachineError(
          fmt::format("{}: was set to {} kHz for a cap of {} W, but reads {} kHz. Another program "
                      "or a thermal limit holds it (power-profiles-daemon, tuned, thermald, TLP); "
                      "stop it",
                      policy.max_frequency.path().string(), wanted_khz, caps_w_[cap], found_khz));
  }
}

}  // namespace bench
