#include "platform/spec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

namespace bench {
namespace {

/// One of `allowed`, or "auto".
std::string read_backend(const JsonValue& value, std::vector<std::string> allowed,
                         std::string_view what) {
  allowed.insert(allowed.begin(), "auto");
  return allowed[value.one_of(allowed, what)];
}

PowerCaps read_power_caps(const JsonValue& value) {
  if (!value.is_object()) return {parse_power_caps(value), 0};
  value.allow_only({"levels"});
  return {{}, value.at("levels").count(1, 1000)};
}

EmulatedParameters read_emulated(const JsonValue& value, const PowerCaps& caps) {
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
  const double lowest_busy_power_w = parameters.busy_power_w(parameters.caps_w(caps)[0]);
  if (parameters.idle_power_w >= lowest_busy_power_w)
    idle_power_w.fail(
        fmt::format("must be below {:.3g}, the busy power at the lowest cap, found {}",
                    lowest_busy_power_w, parameters.idle_power_w));
  return parameters;
}

}  // namespace

PlatformSpec read_platform(const std::filesystem::path& file) {
  const JsonValue value = JsonValue::read(file);
  value.allow_only({"schema_version", "name", "limiter", "meter", "device", "threads",
                    "power_caps_w", "emulated", "hwmon_sensors", "sysfs_root", "nvml_library"});
  value.check_schema_version();

  const std::vector<std::string> devices{"cpu", "cuda"};
  PlatformSpec spec;
  spec.name = value.at("name").string();
  const JsonValue limiter = value.at("limiter"), meter = value.at("meter");
  spec.limiter = read_backend(limiter, {"rapl", "nvml", "cpufreq", "emulated"}, "limiter");
  spec.meter = read_backend(meter, {"rapl", "nvml", "hwmon", "emulated"}, "meter");
  spec.device = devices[value.at("device").one_of(devices, "device")];
  spec.threads = value.at("threads").count(1);
  spec.power_caps = read_power_caps(value.at("power_caps_w"));
  if (auto sensors = value.find("hwmon_sensors"))
    for (const JsonValue& sensor : sensors->items()) spec.hwmon_sensors.push_back(sensor.string());
  if (auto root = value.find("sysfs_root")) spec.paths.sysfs = root->path();
  if (auto library = value.find("nvml_library")) spec.paths.nvml_library = library->string();

  for (const JsonValue& backend : {limiter, meter}) {
    const std::string name = backend.string();
    if (name != "auto" && (name == "nvml") != (spec.device == "cuda"))
      backend.fail(fmt::format("\"{}\" does not belong to the device \"{}\"; use \"{}\"", name,
                               spec.device, spec.device == "cuda" ? "nvml" : "auto"));
  }
  if (spec.limiter == "emulated" && spec.meter != "auto" && spec.meter != "emulated")
    meter.fail(fmt::format(
        "\"{}\" would measure the spinning by which the emulated limiter slows inferences down; "
        "use \"emulated\"",
        spec.meter));
  const auto may_need_model = [](const std::string& name) {
    return name == "auto" || name == "emulated" || name == "cpufreq";
  };
  if (spec.device == "cpu" && (may_need_model(spec.limiter) || may_need_model(spec.meter)))
    spec.emulated = read_emulated(value.at("emulated"), spec.power_caps);
  return spec;
}

}  // namespace bench
