#include "platform/platform.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/console.hpp"
#include "platform/cpufreq.hpp"
#include "platform/emulated.hpp"
#include "platform/hwmon.hpp"
#include "platform/nvml.hpp"
#include "platform/rapl.hpp"
#include "platform/saved_limits.hpp"

namespace bench {
namespace {

std::unique_ptr<Limiter> make_limiter(const std::string& name, const PlatformSpec& spec) {
  const std::filesystem::path& sysfs = spec.paths.sysfs;
  if (name == "rapl")
    return std::make_unique<RaplLimiter>(sysfs / "class" / "powercap", spec.power_caps);
  if (name == "cpufreq")
    return std::make_unique<CpufreqLimiter>(sysfs / "devices" / "system" / "cpu" / "cpufreq",
                                            spec.emulated.value(), spec.power_caps);
  if (name == "nvml")
    return std::make_unique<NvmlLimiter>(spec.paths.nvml_library, spec.power_caps);
  return std::make_unique<EmulatedLimiter>(spec.emulated.value(),
                                           spec.emulated->caps_w(spec.power_caps));
}

std::unique_ptr<Meter> make_meter(const std::string& name, const PlatformSpec& spec,
                                  const Limiter& limiter, CoRunnerCpuTime corunner_cpu_time) {
  const std::filesystem::path& sysfs = spec.paths.sysfs;
  if (name == "rapl") return open_rapl_meter(sysfs / "class" / "powercap");
  if (name == "hwmon") return open_hwmon_meter(sysfs / "class" / "hwmon", spec.hwmon_sensors);
  if (name == "nvml") return open_nvml_meter(spec.paths.nvml_library);
  return std::make_unique<EmulatedMeter>(spec.emulated.value(), limiter,
                                         std::move(corunner_cpu_time));
}

/// What `make` gives for the first of `names` that can be used, and why it was that one.
template <typename Make>
auto first_usable(const std::vector<std::string>& names, std::string& reason, Make make)
    -> decltype(make(names.front())) {
  std::string obstacles;
  for (const std::string& name : names) {
    try {
      auto made = make(name);
      reason = obstacles.empty() ? fmt::format("auto: {} is the best for this device", name)
                                 : fmt::format("auto: {}, because {}", name, obstacles);
      return made;
    } catch (const Unusable& error) {
      if (!obstacles.empty()) obstacles += "; ";
      obstacles += fmt::format("{} cannot be used ({})", name, error.what());
    }
  }
  throw MachineError(obstacles);
}

std::vector<std::string> limiter_order(const PlatformSpec& spec) {
  if (spec.limiter != "auto") return {spec.limiter};
  if (spec.device == "cuda") return {"nvml"};
  return {"rapl", "cpufreq", "emulated"};
}

std::vector<std::string> meter_order(const PlatformSpec& spec) {
  if (spec.meter != "auto") return {spec.meter};
  if (spec.device == "cuda") return {"nvml"};
  return {"rapl", "hwmon", "emulated"};
}

void open_backends(Platform& platform, CoRunnerCpuTime corunner_cpu_time) {
  PlatformSpec& spec = platform.spec;
  platform.limiter =
      first_usable(limiter_order(spec), platform.limiter_reason,
                   [&](const std::string& name) { return make_limiter(name, spec); });
  if (spec.limiter != "auto") platform.limiter_reason = "named in the platform file";

  const bool emulated = platform.limiter->info().name == "emulated";
  if (emulated && spec.meter != "auto" && spec.meter != "emulated")
    throw MachineError(fmt::format(
        "the meter \"{}\" cannot be used with the emulated limiter, which slows inferences down by "
        "spinning: it would measure the spinning. {}",
        spec.meter, platform.limiter_reason));
  if (emulated && spec.meter == "auto") spec.meter = "emulated";
  platform.meter =
      first_usable(meter_order(spec), platform.meter_reason, [&](const std::string& name) {
        return make_meter(name, spec, *platform.limiter, corunner_cpu_time);
      });
  if (spec.meter != "auto") platform.meter_reason = "named in the platform file";
  if (emulated && spec.meter == "emulated")
    platform.meter_reason = "with the emulated limiter there is no other";
  spec.limiter = platform.limiter->info().name;
  spec.meter = platform.meter->info().name;
}

Finding probe(const std::string& what, const std::function<SourceInfo()>& open) {
  try {
    const SourceInfo info = open();
    std::string text = info.description;
    if (info.update_interval_s)
      text += fmt::format("; updated every {:.3g} ms", 1e3 * *info.update_interval_s);
    return {true, what, text, ""};
  } catch (const Unusable& error) {
    return {false, what, error.reason(), error.remedy()};
  } catch (const std::exception& error) {
    return {false, what, error.what(), ""};
  }
}

}  // namespace

std::vector<SavedLimit> Limiter::limits() const { return {}; }

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
    open_backends(platform, std::move(corunner_cpu_time));
  } catch (const MachineError& error) {
    throw MachineError(fmt::format("platform \"{}\": {}", spec.name, error.what()));
  }
  if (auto limits = platform.limiter->limits(); !limits.empty()) {
    if (!restored)
      throw MachineError(
          "limits that a killed run left could not be put back: see above; then run alert-bench "
          "restore, with --forget to give up what cannot be put back");
    platform.saved =
        std::make_unique<SavedLimits>(platform.limiter->info().name, std::move(limits));
  }
  return platform;
}

std::vector<Finding> probe_backends(const SystemPaths& paths) {
  const auto powercap = paths.sysfs / "class" / "powercap";
  const auto cpufreq = paths.sysfs / "devices" / "system" / "cpu" / "cpufreq";
  const EmulatedParameters any_model{.static_power_w = 1.0,
                                     .dynamic_power_w = 1.0,
                                     .idle_power_w = 0.0,
                                     .min_speed = 0.5,
                                     .frequency_invariant_share = 0.0,
                                     .cores = 1};
  const PowerCaps any_caps{{}, 2};
  return {
      probe("limiter rapl", [&] { return RaplLimiter(powercap, any_caps).info(); }),
      probe("limiter cpufreq", [&] { return CpufreqLimiter(cpufreq, any_model, any_caps).info(); }),
      probe("limiter nvml", [&] { return NvmlLimiter(paths.nvml_library, any_caps).info(); }),
      {true, "limiter emulated", "slows inferences down by spinning; needs no privilege", ""},
      probe("meter rapl", [&] { return open_rapl_meter(powercap)->info(); }),
      probe("meter hwmon",
            [&] { return open_hwmon_meter(paths.sysfs / "class" / "hwmon", {})->info(); }),
      probe("meter nvml", [&] { return open_nvml_meter(paths.nvml_library)->info(); }),
      {true, "meter emulated", "power by formula, co-runners by their CPU time", ""},
  };
}

}  // namespace bench
