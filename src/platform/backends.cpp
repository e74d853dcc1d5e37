#include "platform/backends.hpp"

#include <fmt/format.h>

#include <functional>
#include <memory>
#include <utility>

#include "platform/cpufreq.hpp"
#include "platform/emulated.hpp"
#include "platform/hwmon.hpp"
#include "platform/nvml.hpp"
#include "platform/rapl.hpp"

namespace bench {
namespace {

// In the order in which "auto" tries them.
const LimiterBackend limiters[] = {
    {"rapl", "cpu", false,
     [](const PlatformSpec& spec) -> std::unique_ptr<Limiter> {
       return std::make_unique<RaplLimiter>(spec.sysfs / "class/powercap", spec.power_caps);
     }},
    {"cpufreq", "cpu", true,
     [](const PlatformSpec& spec) -> std::unique_ptr<Limiter> {
       return std::make_unique<CpufreqLimiter>(spec.sysfs / "devices/system/cpu/cpufreq",
                                               spec.power_model.value(), spec.power_caps);
     }},
    {"nvml", "cuda", false,
     [](const PlatformSpec& spec) -> std::unique_ptr<Limiter> {
       return std::make_unique<NvmlLimiter>(spec.power_caps);
     }},
    {"emulated", "cpu", true, [](const PlatformSpec& spec) -> std::unique_ptr<Limiter> {
       return std::make_unique<EmulatedLimiter>(spec.power_model.value(),
                                                spec.power_model->caps_w(spec.power_caps));
     }}};
const MeterBackend meters[] = {
    {"rapl", "cpu", false,
     [](const PlatformSpec& spec, const Limiter&, CoRunnerCpuTime) {
       return open_rapl_meter(spec.sysfs / "class/powercap");
     }},
    {"hwmon", "cpu", false,
     [](const PlatformSpec& spec, const Limiter&, CoRunnerCpuTime) {
       return open_hwmon_meter(spec.sysfs / "class/hwmon", spec.hwmon_sensors);
     }},
    {"nvml", "cuda", false,
     [](const PlatformSpec&, const Limiter&, CoRunnerCpuTime) { return open_nvml_meter(); }},
    {"emulated", "cpu", true,
     [](const PlatformSpec& spec, const Limiter& limiter,
        CoRunnerCpuTime corunner_cpu_time) -> std::unique_ptr<Meter> {
       return std::make_unique<EmulatedMeter>(spec.power_model.value(), limiter,
                                              std::move(corunner_cpu_time));
     }}};

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

/// What backends are tried out with, where no platform file says more.
PlatformSpec any_platform(const std::filesystem::path& sysfs) {
  PlatformSpec spec;
  spec.sysfs = sysfs;
  spec.power_caps.levels = 2;
  spec.power_model = PowerModel{.static_power_w = 1.0,
                                .dynamic_power_w = 1.0,
                                .idle_power_w = 0.0,
                                .min_speed = 0.5,
                                .frequency_invariant_share = 0.0,
                                .cores = 1};
  return spec;
}

}  // namespace

std::span<const LimiterBackend> limiter_backends() { return limiters; }
std::span<const MeterBackend> meter_backends() { return meters; }

std::vector<Finding> probe_backends(const std::filesystem::path& sysfs) {
  const PlatformSpec spec = any_platform(sysfs);
  const EmulatedLimiter limiter(*spec.power_model, {1.0, 2.0});
  std::vector<Finding> findings;
  for (const LimiterBackend& backend : limiters)
    findings.push_back(
        probe("limiter " + backend.name, [&] { return backend.open(spec)->info(); }));
  for (const MeterBackend& backend : meters)
    findings.push_back(probe("meter " + backend.name, [&] {
      return backend.open(spec, limiter, [] { return 0.0; })->info();
    }));
  return findings;
}

}  // namespace bench
