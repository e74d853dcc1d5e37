#include "platform/spec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "platform/backends.hpp"
#include "platform/nvml.hpp"

namespace bench {
namespace {

/// Which of `backends` the value names, or all of the device's for "auto".
template <typename Backends>
auto named(const JsonValue& value, const Backends& backends, std::string_view what,
           const std::string& device) {
  std::vector<std::string> names{"auto"};
  for (const auto& backend : backends) names.push_back(backend.name);
  const std::size_t index = value.one_of(names, what);
  std::vector<typename Backends::value_type> found;
  for (const auto& backend : backends)
    if (index == 0 ? backend.device == device : backend.name == names[index])
      found.push_back(backend);
  if (found.front().device != device)
    value.fail(fmt::format("\"{}\" does not belong to the device \"{}\"; use \"{}\"", names[index],
                           device, device == "cuda" ? "nvml" : "auto"));
  return found;
}

PowerCaps read_power_caps(const JsonValue& value) {
  if (!value.is_object()) return {parse_power_caps(value), 0};
  value.allow_only({"levels"});
  return {{}, value.at("levels").count(1, 1000)};
}

/// A file from a stranger must not have this program load code.
void check_nvml_library(const JsonValue& library) {
  if (library.string() != nvml_library())
    library.fail(fmt::format(
        "a platform file alone cannot name a library to load, found \"{}\": leave it out for the "
        "driver's own, or set {} to it as well",
        library.string(), nvml_library_variable));
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
  spec.device = devices[value.at("device").one_of(devices, "device")];
  const auto limiters = named(limiter, limiter_backends(), "limiter", spec.device);
  const auto meters = named(meter, meter_backends(), "meter", spec.device);
  spec.limiter = limiter.string();
  spec.meter = meter.string();
  spec.threads = value.at("threads").count(1, 4096);
  spec.power_caps = read_power_caps(value.at("power_caps_w"));
  if (auto sensors = value.find("hwmon_sensors"))
    for (const JsonValue& sensor : sensors->items()) spec.hwmon_sensors.push_back(sensor.string());
  if (auto root = value.find("sysfs_root"))
    spec.sysfs = std::filesystem::absolute(root->path()).lexically_normal();
  if (auto library = value.find("nvml_library")) check_nvml_library(*library);

  if (spec.limiter == "emulated" && spec.meter != "auto" && spec.meter != "emulated")
    meter.fail(fmt::format(
        "\"{}\" would measure the spinning by which the emulated limiter slows inferences down; "
        "use \"emulated\"",
        spec.meter));
  const auto needs_model = [](const auto& backend) { return backend.needs_model; };
  if (std::ranges::any_of(limiters, needs_model) || std::ranges::any_of(meters, needs_model)) {
    spec.power_model = parse_power_model(value.at("emulated"), spec.power_caps);
    spec.power_model->cores = std::max<std::size_t>(1, std::thread::hardware_concurrency());
  }
  return spec;
}

}  // namespace bench
