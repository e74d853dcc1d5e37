#include "platform/rapl.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <powercap.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <optional>
#include <set>

#include "platform/left_out.hpp"
#include "platform/sampled_meter.hpp"

namespace bench {
namespace {

namespace fs = std::filesystem;

constexpr double w_per_uw = 1e-6;
constexpr double most_package_power_w = 2e3;

/// A zone of the tree: a package ("package-0"), or a part of one ("dram").
struct Zone {
  fs::path folder;
  std::string name;
};

/// Zones of one control type at one depth, in order: "intel-rapl:0" has depth 1.
std::vector<Zone> zones(const fs::path& tree, const std::string& type, std::ptrdiff_t depth,
                        LeftOut& left_out) {
  std::vector<Zone> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(tree, error)) {
    const std::string file = entry.path().filename().string();
    if (file.starts_with(type + ":") && std::ranges::count(file, ':') == depth)
      left_out.attempt(file, [&] {
        found.push_back({entry.path(), read_line(entry.path() / "name")});
      });
  }
  std::ranges::sort(found, {}, &Zone::folder);
  return found;
}

bool is_package(const Zone& zone) { return zone.name.starts_with("package"); }

std::vector<Zone> packages(const fs::path& tree, const std::string& type, LeftOut& left_out) {
  std::vector<Zone> found = zones(tree, type, 1, left_out);
  std::erase_if(found, [](const Zone& zone) { return !is_package(zone); });
  return found;
}

std::string zone_file(powercap_zone_file file) {
  char name[64];
  powercap_zone_file_get_name(file, name, sizeof name);
  return name;
}

std::string constraint_file(powercap_constraint_file file, std::uint32_t constraint) {
  char name[64];
  powercap_constraint_file_get_name(file, constraint, name, sizeof name);
  return name;
}

Unusable no_packages(const fs::path& tree) {
  return Unusable(
      fmt::format("{} has no package zone (intel-rapl:0): the kernel has not loaded its RAPL "
                  "driver, or this is a virtual machine or a processor without RAPL",
                  tree.string()),
      "modprobe intel_rapl_msr");
}

/// Owner and mode of powercap files, set at each start by udev.
Unusable no_permission(const FileError& error) {
  if (error.code() != EACCES && error.code() != EPERM) return Unusable(error.what(), "");
  return Unusable(error.what(),
                  "groupadd -f powercap && usermod -aG powercap $USER && "
                  "echo 'SUBSYSTEM==\"powercap\", ACTION==\"add|change\", "
                  "RUN+=\"/bin/sh -c \\'chgrp -R powercap /sys%p && chmod -R g=u /sys%p\\'\"' "
                  "> /etc/udev/rules.d/60-powercap.rules && udevadm control --reload && "
                  "udevadm trigger -s powercap (as root; then log in anew)");
}

std::uint64_t read_energy_uj(const SysfsFile& file) {
  powercap_zone zone{};
  zone.energy_uj = file.descriptor();
  std::uint64_t value_uj = 0;
  if (const int code = powercap_zone_get_energy_uj(&zone, &value_uj); code != 0)
    file.fail("read", -code);
  return value_uj;
}

std::uint64_t read_energy_range_uj(const Zone& zone) {
  const SysfsFile file(zone.folder / zone_file(POWERCAP_ZONE_FILE_MAX_ENERGY_RANGE_UJ));
  powercap_zone files{};
  files.max_energy_range_uj = file.descriptor();
  std::uint64_t value_uj = 0;
  if (const int code = powercap_zone_get_max_energy_range_uj(&files, &value_uj); code != 0)
    file.fail("read", -code);
  if (value_uj == 0)
    throw Unusable(
        fmt::format("{}: is 0: when the counter wraps cannot be known", file.path().string()), "");
  return value_uj;
}

std::uint64_t read_limit_uw(const SysfsFile& file) {
  powercap_constraint constraint{};
  constraint.power_limit_uw = file.descriptor();
  std::uint64_t value_uw = 0;
  if (const int code = powercap_constraint_get_power_limit_uw(&constraint, &value_uw); code != 0)
    file.fail("read", -code);
  return value_uw;
}

void write_limit_uw(const SysfsFile& file, std::uint64_t value_uw) {
  powercap_constraint constraint{};
  constraint.power_limit_uw = file.descriptor();
  const int code = powercap_constraint_set_power_limit_uw(&constraint, value_uw);
  if (code == -EACCES || code == -EPERM)
    throw MachineError(
        fmt::format("{}: the kernel refuses to change this limit, though the file could be opened: "
                    "the firmware has locked it. Unlock it in the BIOS set-up (\"CFG lock\", "
                    "\"power limit lock\")",
                    file.path().string()));
  if (code == -EINVAL)
    throw MachineError(fmt::format("{}: the kernel does not take a limit of {} W here",
                                   file.path().string(), w_per_uw * static_cast<double>(value_uw)));
  if (code != 0) file.fail("write", -code);
}

/// A power that a constraint states about itself, or 0 where it does not (the file may be missing,
/// or fail with ENODATA).
double stated_power_w(const Zone& zone, powercap_constraint_file file, std::uint32_t constraint) {
  try {
    return w_per_uw *
           static_cast<double>(read_number(zone.folder / constraint_file(file, constraint)));
  } catch (const FileError&) {
    return 0.0;
  }
}

/// The energy zones: packages, and their DRAM.
struct EnergyZones {
  std::vector<std::unique_ptr<EnergyGauge>> gauges;
  std::vector<std::string> names;
  LeftOut left_out;
  double sample_interval_s = 1.0;
  UpdateInterval update;

  void add(const Zone& zone, const std::string& name) {
    auto file = std::make_shared<SysfsFile>(zone.folder / zone_file(POWERCAP_ZONE_FILE_ENERGY_UJ));
    const std::uint64_t range_uj = read_energy_range_uj(zone);
    read_energy_uj(*file);
    sample_interval_s = std::min(sample_interval_s, longest_sample_interval_s(range_uj));
    gauges.push_back(std::make_unique<EnergyCounter>(
        file->path().string(), range_uj, [file] { return read_energy_uj(*file); },
        most_package_power_w));
    names.push_back(name);
  }

  void measure_update(const Zone& package) {
    const SysfsFile file(package.folder / zone_file(POWERCAP_ZONE_FILE_ENERGY_UJ));
    const auto measured = measure_update_interval([&] { return read_energy_uj(file); }, 1.0);
    if (!measured)
      throw Unusable(
          fmt::format("{}: does not change while the processor works", file.path().string()), "");
    if (measured->interval_s > update.interval_s) update = *measured;
  }
};

EnergyZones open_energy_zones(const fs::path& tree) {
  EnergyZones energy;
  LeftOut& left_out = energy.left_out;
  // MSR and MMIO zones read the same counter: one of them is enough.
  for (const std::string type : {"intel-rapl", "intel-rapl-mmio"}) {
    for (const Zone& package : packages(tree, type, left_out)) {
      const std::size_t gauges = energy.gauges.size();
      left_out.attempt(package.name, [&] {
        energy.measure_update(package);
        energy.add(package, package.name);
      });
      if (energy.gauges.size() == gauges) continue;  // its memory alone is no measure of it
      for (const Zone& part : zones(tree, package.folder.filename().string(), 2, left_out))
        if (part.name == "dram")
          left_out.attempt(package.name + " dram",
                           [&] { energy.add(part, package.name + " dram"); });
    }
    if (!energy.gauges.empty()) return energy;
  }
  left_out.rethrow_first();
  throw no_packages(tree);
}

/// One package's limits through one interface, and what they allow.
struct PackageLimits {
  struct Limit {
    SysfsFile file;
    std::uint64_t before_uw;
  };
  std::vector<Limit> limits;             // long- and short-term
  std::optional<SysfsFile> switched_on;  // "enabled", where that is 0
  double least_w = 0.0;                  // 0: not stated
  double greatest_w = INFINITY;          // the lowest limit in force; infinite: none is set

  /// A limit of 0 is not set.
  void allow_at_most(double limit_w) {
    if (limit_w > 0.0) greatest_w = std::min(greatest_w, limit_w);
  }
};

PackageLimits open_limits(const Zone& package) {
  PackageLimits opened;
  for (std::uint32_t i = 0;; ++i) {
    const fs::path name = package.folder / constraint_file(POWERCAP_CONSTRAINT_FILE_NAME, i);
    if (!fs::exists(name)) break;
    const std::string kind = read_line(name);
    opened.allow_at_most(stated_power_w(package, POWERCAP_CONSTRAINT_FILE_POWER_LIMIT_UW, i));
    if (kind != "long_term" && kind != "short_term") continue;
    SysfsFile limit(package.folder / constraint_file(POWERCAP_CONSTRAINT_FILE_POWER_LIMIT_UW, i),
                    SysfsFile::Access::write);
    const std::uint64_t before_uw = read_limit_uw(limit);
    opened.limits.push_back({std::move(limit), before_uw});
    if (kind == "short_term") continue;
    opened.allow_at_most(stated_power_w(package, POWERCAP_CONSTRAINT_FILE_MAX_POWER_UW, i));
    opened.least_w = stated_power_w(package, POWERCAP_CONSTRAINT_FILE_MIN_POWER_UW, i);
  }
  const fs::path enabled = package.folder / zone_file(POWERCAP_ZONE_FILE_ENABLED);
  if (fs::exists(enabled) && read_number(enabled) == 0)
    opened.switched_on.emplace(enabled, SysfsFile::Access::write);
  return opened;
}

}  // namespace

std::unique_ptr<Meter> open_rapl_meter(const fs::path& tree) try {
  EnergyZones energy = open_energy_zones(tree);
  std::string description =
      fmt::format("energy counters of {}{}", fmt::join(energy.names, ", "), energy.left_out.text());
  SourceInfo info{.name = "rapl",
                  .source = EnergySource::measured,
                  .update_interval_s = energy.update.interval_s,
                  .resolution = w_per_uw * static_cast<double>(energy.update.least_step),
                  .description = std::move(description)};
  return std::make_unique<SampledMeter>(std::move(info), std::move(energy.gauges),
                                        energy.sample_interval_s);
} catch (const FileError& error) {
  throw no_permission(error);
}

RaplLimiter::RaplLimiter(const fs::path& tree, const PowerCaps& caps) try {
  std::set<std::string> package_names, interfaces;
  LeftOut left_out;
  bool found = false;
  double least_w = 0.0, greatest_w = INFINITY;  // per package
  for (const std::string type : {"intel-rapl", "intel-rapl-mmio"}) {
    for (const Zone& package : packages(tree, type, left_out)) {
      found = true;
      left_out.attempt(package.folder.filename().string(), [&] {
        PackageLimits opened = open_limits(package);
        if (opened.limits.empty()) return;
        least_w = std::max(least_w, opened.least_w);
        greatest_w = std::min(greatest_w, opened.greatest_w);
        for (auto& [file, before_uw] : opened.limits)
          constraints_.push_back({std::move(file), before_uw});
        if (opened.switched_on) enable_.push_back(std::move(*opened.switched_on));
        package_names.insert(package.name);
        interfaces.insert(type);
      });
    }
  }
  if (package_names.empty()) {
    left_out.rethrow_first();
    if (!found) throw no_packages(tree);
    throw Unusable(fmt::format("{}: the package zones have no power constraint: this processor "
                               "meters energy but takes no cap",
                               tree.string()),
                   "");
  }
  if (caps.values_w.empty() && std::isinf(greatest_w))
    throw Unusable(fmt::format("{}: no power limit is set (they read 0 W), and none is stated as "
                               "the greatest, so that levels have no range. Write "
                               "\"power_caps_w\" out, as in [15, 28]",
                               tree.string()),
                   "");
  packages_ = package_names.size();
  const auto packages = static_cast<double>(packages_);
  // Where a package does not state its least limit: 40 % of the greatest, below which few run.
  if (least_w <= 0.0) least_w = 0.4 * greatest_w;
  caps_w_ = caps.over(packages * least_w, packages * greatest_w);
  cap_ = caps_w_.size() - 1;
  description_ =
      fmt::format("long- and short-term limits of {}, through {}{}", fmt::join(package_names, ", "),
                  fmt::join(interfaces, " and "), left_out.text());
} catch (const FileError& error) {
  throw no_permission(error);
}

SourceInfo RaplLimiter::info() const {
  return {.name = "rapl",
          .source = EnergySource::measured,
          .update_interval_s = std::nullopt,
          .resolution = std::nullopt,
          .description = description_};
}

std::vector<SavedLimit> RaplLimiter::limits() const {
  std::vector<SavedLimit> limits;
  for (const auto& [file, before_uw] : constraints_)
    limits.push_back(FileLimit{file.path(), before_uw});
  for (const SysfsFile& file : enable_) limits.push_back(FileLimit{file.path(), 0});
  return limits;
}

void RaplLimiter::set_cap(std::size_t cap) {
  cap_ = cap;
  const double cap_w = caps_w_[cap] / static_cast<double>(packages_);
  const auto wanted_uw = static_cast<std::uint64_t>(std::llround(cap_w / w_per_uw));
  for (const SysfsFile& file : enable_) file.write_number(1);
  for (const Constraint& constraint : constraints_) write_limit_uw(constraint.limit, wanted_uw);
  for (const auto& [file, before_uw] : constraints_) {
    const std::uint64_t found_uw = read_limit_uw(file);
    // Hardware holds limits in steps of 1/8 W or finer.
    const double off_w =
        w_per_uw * std::abs(static_cast<double>(found_uw) - static_cast<double>(wanted_uw));
    if (off_w <= std::max(0.125, 0.01 * cap_w)) continue;
    const double found_w = w_per_uw * static_cast<double>(found_uw);
    if (found_uw == before_uw)
      throw MachineError(fmt::format(
          "{}: the cap of {:.3f} W did not stick: {:.3f} W again, as before this run. Firmware or "
          "another program (thermald, tuned, power-profiles-daemon) holds this limit; stop it, or "
          "choose the limiter \"cpufreq\"",
          file.path().string(), cap_w, found_w));
    throw MachineError(fmt::format(
        "{}: the cap of {:.3f} W was changed to {:.3f} W: it lies outside what this package takes. "
        "Choose \"power_caps_w\" within it, or {{\"levels\": 8}}",
        file.path().string(), cap_w, found_w));
  }
}

}  // namespace bench
