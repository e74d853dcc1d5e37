#include "platform/hwmon.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cerrno>

#include "platform/sampled_meter.hpp"
#include "platform/sysfs.hpp"

namespace bench {
namespace {

namespace fs = std::filesystem;

constexpr double unit_per_micro = 1e-6;

struct Channel {
  fs::path input;  ///< power1_input in uW, or energy1_input in uJ
  bool is_energy = false;
  std::string name;   ///< "ina226/power1"
  std::string label;  ///< "ina226/VDD_IN"; empty where the channel has none
};

/// "power1" of "power1_input"; empty for a file that is no channel of that kind.
std::string channel_of(const std::string& file, const std::string& kind) {
  const std::string end = "_input";
  if (!file.starts_with(kind) || !file.ends_with(end)) return "";
  return file.substr(0, file.size() - end.size());
}

std::vector<Channel> channels(const fs::path& tree) {
  std::vector<Channel> found;
  std::error_code error;
  for (const auto& device : fs::directory_iterator(tree, error)) {
    if (!fs::exists(device.path() / "name")) continue;
    const std::string chip = read_line(device.path() / "name");
    for (const auto& entry : fs::directory_iterator(device.path())) {
      for (const std::string kind : {"energy", "power"}) {
        const std::string channel = channel_of(entry.path().filename().string(), kind);
        if (channel.empty()) continue;
        const fs::path label = device.path() / (channel + "_label");
        found.push_back({entry.path(), kind == "energy", chip + "/" + channel,
                         fs::exists(label) ? chip + "/" + read_line(label) : ""});
      }
    }
  }
  std::ranges::sort(found, {}, &Channel::name);
  return found;
}

std::vector<std::string> names(const std::vector<Channel>& channels) {
  std::vector<std::string> names;
  for (const Channel& channel : channels)
    names.push_back(channel.label.empty() ? channel.name
                                          : fmt::format("{} ({})", channel.name, channel.label));
  return names;
}

Channel find_channel(const std::vector<Channel>& all, const std::string& sensor) {
  std::vector<Channel> fitting = all;
  std::erase_if(fitting, [&](const Channel& channel) {
    return channel.name != sensor && channel.label != sensor;
  });
  if (fitting.size() == 1) return fitting.front();
  throw Unusable(fmt::format("the power sensor \"{}\" is there {} times; there are: {}", sensor,
                             fitting.size(),
                             all.empty() ? "none" : fmt::format("{}", fmt::join(names(all), ", "))),
                 "");
}

std::vector<Channel> choose(const fs::path& tree, const std::vector<std::string>& sensors) {
  const std::vector<Channel> all = channels(tree);
  std::vector<Channel> chosen;
  for (const std::string& sensor : sensors) chosen.push_back(find_channel(all, sensor));
  if (!sensors.empty()) return chosen;
  std::ranges::copy_if(all, std::back_inserter(chosen),
                       [](const Channel& channel) { return channel.name.starts_with("ina"); });
  if (chosen.size() == 1) return chosen;
  if (chosen.empty())
    throw Unusable(
        fmt::format("{} has no power channel of an INA sensor{}", tree.string(),
                    all.empty() ? ""
                                : fmt::format("; name others in the platform file, as in "
                                              "\"hwmon_sensors\": [\"{}\"]",
                                              all.front().name)),
        all.empty() ? "modprobe ina2xx (on a board that has such a sensor)" : "");
  throw Unusable(fmt::format("there are several power channels: {}. Name those to add up in the "
                             "platform file, as in \"hwmon_sensors\": [\"{}\"]",
                             fmt::join(names(chosen), ", "), chosen.front().name),
                 "");
}

/// What the driver says, or else what can be seen.
double update_interval_s(const Channel& channel, const SysfsFile& input) {
  const fs::path stated = channel.input.parent_path() / "update_interval";  // in ms
  if (fs::exists(stated))
    return 1e-3 * static_cast<double>(std::max<std::uint64_t>(1, read_number(stated)));
  const auto seen = measure_update_interval([&] { return input.read_number(); }, 2.0);
  if (!seen)
    throw Unusable(fmt::format("{}: its update interval can be neither read nor seen: it did not "
                               "change within 2 s",
                               channel.input.string()),
                   "");
  return seen->interval_s;
}

}  // namespace

std::unique_ptr<Meter> open_hwmon_meter(const fs::path& tree,
                                        const std::vector<std::string>& sensors) try {
  SourceInfo info{.name = "hwmon",
                  .source = EnergySource::measured,
                  .update_interval_s = 0.0,
                  .resolution = std::nullopt,
                  .description = ""};
  std::vector<std::unique_ptr<EnergyGauge>> gauges;
  const std::vector<Channel> chosen = choose(tree, sensors);
  double sample_interval_s = 1.0;
  for (const Channel& channel : chosen) {
    const auto input = std::make_shared<SysfsFile>(channel.input);
    const double interval_s = std::max(update_interval_s(channel, *input),
                                       channel.is_energy ? 0.0 : shortest_power_interval_s);
    info.update_interval_s = std::max(*info.update_interval_s, interval_s);
    if (channel.is_energy) {
      gauges.push_back(std::make_unique<EnergyCounter>(channel.input.string(), UINT64_MAX,
                                                       [input] { return input->read_number(); }));
    } else {
      gauges.push_back(std::make_unique<PowerIntegral>(
          [input] { return unit_per_micro * static_cast<double>(input->read_number()); }));
      sample_interval_s = std::min(sample_interval_s, interval_s);
    }
  }
  info.description = fmt::format("sensors {}", fmt::join(names(chosen), " + "));
  return std::make_unique<SampledMeter>(std::move(info), std::move(gauges), sample_interval_s);
} catch (const FileError& error) {
  throw Unusable(error.what(),
                 error.code() == EACCES
                     ? fmt::format("chmod a+r {}/*/power*_input {}/*/energy*_input (as root)",
                                   tree.string(), tree.string())
                     : "");
}

}  // namespace bench
