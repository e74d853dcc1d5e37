#include "platform/hwmon.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cerrno>
#include <tuple>

#include "platform/left_out.hpp"
#include "platform/sampled_meter.hpp"
#include "platform/sysfs.hpp"

namespace bench {
namespace {

namespace fs = std::filesystem;

constexpr double unit_per_micro = 1e-6;
constexpr double longest_interval_s = 10.0;

/// What one sensor of a chip gives.
struct Channel {
  /// One file of uW or of uJ; or two, of mV and of mA, whose product is in uW.
  std::vector<fs::path> inputs;
  bool is_energy = false;
  fs::path interval;  ///< the file that says how often it changes, in ms
  std::string chip;   ///< "ina226"
  std::string place;  ///< where it is, which tells chips of one name apart: "1-0040"
  std::string name;   ///< "power1"
  std::string label;  ///< "VDD_IN"; empty where the channel has none

  /// Chips that are made for boards measure less than an ACPI meter or a power supply.
  double most_power_w() const { return chip.starts_with("ina") ? 1e3 : 10e3; }
  bool is_called(const std::string& sensor) const {
    for (const std::string& where : {chip, chip + "@" + place})
      if (sensor == where + "/" + name || (!label.empty() && sensor == where + "/" + label))
        return true;
    return false;
  }
};

/// The number of "power1_input", for a kind of "power" and an end of "_input"; empty for another
/// file.
std::string number_of(const std::string& file, const std::string& kind, const std::string& end) {
  if (!file.starts_with(kind) || !file.ends_with(end) || file.size() <= kind.size() + end.size())
    return "";
  return file.substr(kind.size(), file.size() - kind.size() - end.size());
}

std::string label_of(const fs::path& folder, const std::string& channel) {
  const fs::path label = folder / (channel + "_label");
  return fs::exists(label) ? read_line(label) : "";
}

/// The channels of one chip.
std::vector<Channel> chip_channels(const fs::path& folder) {
  const std::string chip = read_line(folder / "name");
  std::error_code error;
  const fs::path device = fs::read_symlink(folder / "device", error);
  const std::string place = (error ? folder : device).filename().string();
  std::vector<Channel> found;
  const auto add = [&](std::vector<fs::path> inputs, bool is_energy, const std::string& interval,
                       const std::string& name, const std::string& label) {
    found.push_back({std::move(inputs), is_energy, folder / interval, chip, place, name, label});
  };
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string file = entry.path().filename().string();
    if (const auto n = number_of(file, "energy", "_input"); !n.empty())
      add({entry.path()}, true, "update_interval", "energy" + n, label_of(folder, "energy" + n));
    if (const auto n = number_of(file, "power", "_input"); !n.empty())
      add({entry.path()}, false, "update_interval", "power" + n, label_of(folder, "power" + n));
    // Some meters tell a mean only.
    if (const auto n = number_of(file, "power", "_average");
        !n.empty() && !fs::exists(folder / ("power" + n + "_input")))
      add({entry.path()}, false, "power" + n + "_average_interval", "power" + n,
          label_of(folder, "power" + n));
    // An INA3221 gives volts and amperes of three rails; its further channels are other things.
    if (const auto n = number_of(file, "curr", "_input");
        chip == "ina3221" && (n == "1" || n == "2" || n == "3") &&
        !fs::exists(folder / ("power" + n + "_input")))
      add({folder / ("in" + n + "_input"), entry.path()}, false, "update_interval", "power" + n,
          label_of(folder, "in" + n));
  }
  return found;
}

std::vector<Channel> all_channels(const fs::path& tree, LeftOut& left_out) {
  std::vector<Channel> found;
  std::error_code error;
  for (const auto& folder : fs::directory_iterator(tree, error)) {
    if (!fs::exists(folder.path() / "name")) continue;
    left_out.attempt(folder.path().filename().string(), [&] {
      for (Channel& channel : chip_channels(folder.path())) found.push_back(std::move(channel));
    });
  }
  std::ranges::sort(found, {}, [](const Channel& channel) {
    return std::tie(channel.chip, channel.name, channel.place);
  });
  return found;
}

/// Names that tell the channels apart.
std::vector<std::string> names(const std::vector<Channel>& channels) {
  std::vector<std::string> names;
  for (const Channel& channel : channels) {
    const std::string plain = channel.chip + "/" + channel.name;
    const bool unique = std::ranges::count_if(channels, [&](const Channel& other) {
                          return other.is_called(plain);
                        }) == 1;
    const std::string chip = unique ? channel.chip : channel.chip + "@" + channel.place;
    names.push_back(fmt::format("{}/{}", chip, channel.name) +
                    (channel.label.empty() ? "" : fmt::format(" ({}/{})", chip, channel.label)));
  }
  return names;
}

/// As an entry of "hwmon_sensors": without the label.
std::string first_name(const std::vector<Channel>& channels) {
  const std::string name = names(channels).front();
  return name.substr(0, name.find(' '));
}

Channel find_channel(const std::vector<Channel>& all, const std::string& sensor) {
  std::vector<Channel> fitting = all;
  std::erase_if(fitting, [&](const Channel& channel) { return !channel.is_called(sensor); });
  if (fitting.size() == 1) return fitting.front();
  throw Unusable(fmt::format("the power sensor \"{}\" is there {} times; there are: {}", sensor,
                             fitting.size(),
                             all.empty() ? "none" : fmt::format("{}", fmt::join(names(all), ", "))),
                 "");
}

/// A channel whose files are open.
struct Sensor {
  explicit Sensor(const Channel& of) : channel(of) {
    for (const fs::path& input : channel.inputs) files.emplace_back(input);
    read();
  }

  std::uint64_t read() const {
    std::uint64_t product = 1;
    for (const SysfsFile& file : files) product *= file.read_number();
    return product;
  }
  double power_w() const {
    const double power_w = unit_per_micro * static_cast<double>(read());
    if (power_w > channel.most_power_w())
      throw MachineError(fmt::format("{}: reads {:.10g} W, where up to {} W are plausible",
                                     channel.inputs.back().string(), power_w,
                                     channel.most_power_w()));
    return power_w;
  }
  /// What the driver says, or else what can be seen.
  double interval_s() const {
    if (fs::exists(channel.interval)) {
      const double stated_s =
          1e-3 * static_cast<double>(std::max<std::uint64_t>(1, read_number(channel.interval)));
      if (stated_s <= longest_interval_s) return stated_s;
      throw Unusable(fmt::format("{}: changes every {} s only; up to {} s can be used",
                                 channel.interval.string(), stated_s, longest_interval_s),
                     "");
    }
    const auto seen = measure_update_interval([&] { return read(); }, 2.0);
    if (seen) return seen->interval_s;
    throw Unusable(fmt::format("{}: its update interval can be neither read nor seen: it did not "
                               "change within 2 s",
                               channel.inputs.back().string()),
                   "");
  }

  Channel channel;
  std::vector<SysfsFile> files;
};
using Sensors = std::vector<std::shared_ptr<const Sensor>>;

/// Those that the platform names, all of them; else the only one of an INA chip that can be read.
Sensors choose(const fs::path& tree, const std::vector<std::string>& names_wanted,
               LeftOut& left_out) {
  const std::vector<Channel> all = all_channels(tree, left_out);
  Sensors chosen;
  for (const std::string& name : names_wanted)
    chosen.push_back(std::make_shared<Sensor>(find_channel(all, name)));
  if (!names_wanted.empty()) return chosen;

  std::vector<Channel> usable;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (all[i].chip.starts_with("ina"))
      left_out.attempt(names(all)[i], [&] {
        chosen.push_back(std::make_shared<Sensor>(all[i]));
        usable.push_back(all[i]);
      });
  if (usable.size() == 1) return chosen;
  if (usable.size() > 1)
    throw Unusable(fmt::format("there are several power channels: {}. Name those to add up in the "
                               "platform file, as in \"hwmon_sensors\": [\"{}\"]",
                               fmt::join(names(usable), ", "), first_name(usable)),
                   "");
  left_out.rethrow_first();
  throw Unusable(fmt::format("{} has no power channel of an INA sensor{}", tree.string(),
                             all.empty() ? ""
                                         : fmt::format("; name others in the platform file, as in "
                                                       "\"hwmon_sensors\": [\"{}\"]",
                                                       first_name(all))),
                 all.empty() ? "modprobe ina2xx (on a board that has such a sensor)" : "");
}

double sum_w(const Sensors& sensors) {
  double sum_w = 0.0;
  for (const auto& sensor : sensors) sum_w += sensor->power_w();
  return sum_w;
}

}  // namespace

std::unique_ptr<Meter> open_hwmon_meter(const fs::path& tree,
                                        const std::vector<std::string>& sensors) try {
  LeftOut left_out;
  const Sensors chosen = choose(tree, sensors, left_out);
  std::vector<std::unique_ptr<EnergyGauge>> gauges;
  Sensors of_power;
  std::vector<Channel> channels;
  double update_interval_s = 0.0, sample_interval_s = 1.0, most_power_w = 0.0;
  for (const auto& sensor : chosen) {
    channels.push_back(sensor->channel);
    double interval_s = sensor->interval_s();
    if (sensor->channel.is_energy) {
      gauges.push_back(std::make_unique<EnergyCounter>(
          sensor->files.front().path().string(), UINT64_MAX, [sensor] { return sensor->read(); },
          sensor->channel.most_power_w()));
    } else {
      interval_s = std::max(interval_s, shortest_power_interval_s);
      sample_interval_s = std::min(sample_interval_s, interval_s);
      most_power_w += sensor->channel.most_power_w();
      of_power.push_back(sensor);
    }
    update_interval_s = std::max(update_interval_s, interval_s);
  }
  const std::string description = fmt::format("sensors {}", fmt::join(names(channels), " + "));
  if (!of_power.empty())
    gauges.push_back(std::make_unique<PowerIntegral>(
        description, [of_power] { return sum_w(of_power); }, most_power_w));
  SourceInfo info{.name = "hwmon",
                  .source = EnergySource::measured,
                  .update_interval_s = update_interval_s,
                  .resolution = std::nullopt,
                  .description = description + left_out.text()};
  return std::make_unique<SampledMeter>(std::move(info), std::move(gauges), sample_interval_s);
} catch (const FileError& error) {
  throw Unusable(error.what(),
                 error.code() == EACCES
                     ? fmt::format("chmod a+r {}/*/*_input {}/*/power*_average (as root)",
                                   tree.string(), tree.string())
                     : "");
}

}  // namespace bench
