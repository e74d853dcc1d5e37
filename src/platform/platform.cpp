#include "platform/platform.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <thread>
#include <utility>

#include "base/console.hpp"
#include "platform/backends.hpp"
#include "platform/saved_limits.hpp"

namespace bench {
namespace {

/// What `open` gives for the backend of this name, or for "auto" for the first of the device's that
/// can be used, and why it was that one.
template <typename Open>
auto open_first(std::span<const Backend<Open>> backends, const std::string& name,
                const std::string& device, std::string& reason, const auto&... arguments) {
  std::string obstacles;
  for (const Backend<Open>& backend : backends) {
    if (name == "auto" ? backend.device != device : backend.name != name) continue;
    try {
      auto opened = backend.open(arguments...);
      reason = name != "auto" ? "named in the platform file"
               : obstacles.empty()
                   ? fmt::format("auto: {} is the best for this device", backend.name)
                   : fmt::format("auto: {}, because {}", backend.name, obstacles);
      return opened;
    } catch (const Unusable& error) {
      if (!obstacles.empty()) obstacles += "; ";
      obstacles += fmt::format("{} cannot be used ({})", backend.name, error.what());
    }
  }
  throw MachineError(obstacles);
}

void open_backends(Platform& platform, const CoRunnerCpuTime& corunner_cpu_time) {
  PlatformSpec& spec = platform.spec;
  platform.limiter =
      open_first(limiter_backends(), spec.limiter, spec.device, platform.limiter_reason, spec);
  spec.limiter = platform.limiter->info().name;
  const bool emulated = spec.limiter == "emulated";
  if (emulated && spec.meter != "auto" && spec.meter != "emulated")
    throw MachineError(fmt::format(
        "the meter \"{}\" cannot be used with the emulated limiter, which slows inferences down by "
        "spinning: it would measure the spinning. {}",
        spec.meter, platform.limiter_reason));
  if (emulated) spec.meter = "emulated";
  platform.meter = open_first(meter_backends(), spec.meter, spec.device, platform.meter_reason,
                              spec, *platform.limiter, corunner_cpu_time);
  if (emulated) platform.meter_reason = "with the emulated limiter there is no other";
  spec.meter = platform.meter->info().name;
}

void check_threads(std::size_t threads) {
  const std::size_t most = 4 * std::max(1U, std::thread::hardware_concurrency());
  if (threads > most)
    throw MachineError(fmt::format(
        "{} threads are more than 4 times the {} cores of this machine; set \"threads\" to {} at "
        "most",
        threads, most / 4, most));
}

}  // namespace

Platform::Platform() = default;
Platform::Platform(Platform&&) noexcept = default;
Platform::~Platform() = default;

Platform open_platform(const PlatformSpec& spec, CoRunnerCpuTime corunner_cpu_time) {
  bool restored = true;
  for (const LeftLimits& left : restore_left_limits()) {
    warn(left.text());
    restored = restored && left.failures.empty();
  }
  Platform platform;
  platform.spec = spec;
  try {
    check_threads(spec.threads);
    open_backends(platform, corunner_cpu_time);
  } catch (const MachineError& error) {
    throw MachineError(fmt::format("platform \"{}\": {}", spec.name, error.what()));
  }
  if (auto limits = platform.limiter->limits(); !limits.empty()) {
    if (!restored)
      throw MachineError(
          "limits that a killed run left could not be put back: see above; then run alert-bench "
          "restore, with --forget to give up what cannot be put back");
    platform.saved = std::make_unique<SavedLimits>(platform.spec.limiter, std::move(limits));
  }
  return platform;
}

}  // namespace bench
