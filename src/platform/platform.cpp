#include "platform/platform.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "base/error.hpp"
#include "platform/emulated.hpp"

namespace bench {
namespace {

/// One of `allowed`, or "auto", which stands for the only one that this version has.
std::string read_source(const JsonValue& value, std::vector<std::string> allowed,
                        std::string_view what) {
  allowed.insert(allowed.begin(), "auto");
  const std::size_t index = value.one_of(allowed, what);
  return index == 0 ? "emulated" : allowed[index];
}

EmulatedParameters read_emulated(const JsonValue& value, double lowest_cap_w) {
  value.allow_only({"static_power_w", "dynamic_power_w", "idle_power_w", "min_speed",
                    "frequency_invariant_share"});
  const JsonValue idle_power_w = value.at("idle_power_w");
  const EmulatedParameters parameters{
      .static_power_w = value.at("static_power_w").number(0.0),
      .dynamic_power_w = value.at("dynamic_power_w").positive(),
      .idle_power_w = idle_power_w.number(0.0),
      .min_speed = value.at("min_speed").number(0.01, 1.0),
      .frequency_invariant_share = value.at("frequency_invariant_share").number(0.0, 1.0),
      .cores = std::max<std::size_t>(1, std::thread::hardware_concurrency())};
  const double lowest_busy_power_w = parameters.busy_power_w(lowest_cap_w);
  if (parameters.idle_power_w >= lowest_busy_power_w)
    idle_power_w.fail(
        fmt::format("must be below {:.3g}, the busy power at the lowest cap, found {}",
                    lowest_busy_power_w, parameters.idle_power_w));
  return parameters;
}

void require(const PlatformSpec& spec, std::string_view what, std::string_view found,
             std::string_view supported) {
  if (found != supported)
    throw MachineError(
        fmt::format("platform \"{}\": {} \"{}\" is not supported by this version; use \"{}\"",
                    spec.name, what, found, supported));
}

}  // namespace

std::string to_string(EnergySource source) {
  switch (source) {
    case EnergySource::measured:
      return "measured";
    case EnergySource::emulated:
      return "emulated";
    case EnergySource::simulated:
      return "simulated";
  }
  throw std::logic_error("no such energy source");
}

std::vector<double> parse_power_caps(const JsonValue& list) {
  std::vector<double> caps_w;
  for (const JsonValue& item : list.items()) {
    const double cap_w = item.positive();
    if (!caps_w.empty() && cap_w <= caps_w.back())
      item.fail(fmt::format("power caps must ascend, found {} after {}", cap_w, caps_w.back()));
    caps_w.push_back(cap_w);
  }
  if (caps_w.empty()) list.fail("must have at least one power cap");
  return caps_w;
}

PlatformSpec read_platform(const std::filesystem::path& file) {
  const JsonValue value = JsonValue::read(file);
  value.allow_only({"schema_version", "name", "limiter", "meter", "device", "threads",
                    "power_caps_w", "emulated"});
  value.check_schema_version();

  const std::vector<std::string> devices{"cpu", "cuda"};
  PlatformSpec spec;
  spec.name = value.at("name").string();
  spec.limiter =
      read_source(value.at("limiter"), {"rapl", "nvml", "cpufreq", "emulated"}, "limiter");
  spec.meter = read_source(value.at("meter"), {"rapl", "nvml", "hwmon", "emulated"}, "meter");
  spec.device = devices[value.at("device").one_of(devices, "device")];
  spec.threads = value.at("threads").count(1);
  spec.power_caps_w = parse_power_caps(value.at("power_caps_w"));
  if (spec.limiter == "emulated" || spec.meter == "emulated")
    spec.emulated = read_emulated(value.at("emulated"), spec.power_caps_w.front());
  return spec;
}

Platform open_platform(const PlatformSpec& spec, CoRunnerCpuTime corunner_cpu_time) {
  require(spec, "limiter", spec.limiter, "emulated");
  require(spec, "meter", spec.meter, "emulated");
  require(spec, "device", spec.device, "cpu");
  auto limiter = std::make_unique<EmulatedLimiter>(spec.emulated, spec.power_caps_w);
  auto meter = std::make_unique<EmulatedMeter>(*limiter, std::move(corunner_cpu_time));
  return {spec, std::move(limiter), std::move(meter)};
}

}  // namespace bench
