#include "platform/load.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <thread>

#include "base/cgroup.hpp"
#include "base/error.hpp"

namespace bench {
namespace {

namespace fs = std::filesystem;

std::optional<double> first_number(const fs::path& file) {
  std::ifstream in(file);
  double number = 0.0;
  if (in >> number) return number;
  return std::nullopt;
}

/// Of a file with a key and a number in each line.
std::optional<double> number_of(const fs::path& file, std::string_view key) {
  std::ifstream in(file);
  std::string found;
  for (double number = 0.0; in >> found >> number;)
    if (found == key) return number;
  return std::nullopt;
}

std::optional<double> quota_of(const fs::path& group) {
  std::ifstream max(group / "cpu.max");  // "20000 100000" or "max 100000"
  double quota_us = 0.0, period_us = 0.0;
  if (max >> quota_us >> period_us && period_us > 0.0) return quota_us / period_us;
  const auto quota = first_number(group / "cpu.cfs_quota_us");  // -1: none
  const auto period = first_number(group / "cpu.cfs_period_us");
  if (quota && period && *quota > 0.0 && *period > 0.0) return *quota / *period;
  return std::nullopt;
}

/// This process's cgroups that may have a quota, of version 2 and of version 1.
std::vector<fs::path> cpu_groups(const LoadFiles& files) {
  std::vector<fs::path> groups = cgroup_folders("", files.proc / "self");
  for (fs::path& group : cgroup_folders("cpu", files.proc / "self"))
    groups.push_back(std::move(group));
  return groups;
}

std::optional<double> throttled_s(const LoadFiles& files) {
  std::optional<double> seconds;
  for (const fs::path& group : cpu_groups(files)) {
    if (const auto us = number_of(group / "cpu.stat", "throttled_usec"))
      seconds = seconds.value_or(0.0) + 1e-6 * *us;
    else if (const auto ns = number_of(group / "cpu.stat", "throttled_time"))
      seconds = seconds.value_or(0.0) + 1e-9 * *ns;
  }
  return seconds;
}

/// "some avg10=0.00 avg60=0.00 avg300=0.00 total=123", in microseconds.
std::optional<double> pressure_s(const fs::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  const std::size_t total = line.find("total=");
  if (!line.starts_with("some") || total == std::string::npos) return std::nullopt;
  return 1e-6 * std::stod(line.substr(total + 6));
}

std::optional<double> thermal_throttles(const fs::path& cpus) {
  std::optional<double> count;
  std::error_code error;
  for (const auto& cpu : fs::directory_iterator(cpus, error))
    for (const char* name : {"core_throttle_count", "package_throttle_count"})
      if (const auto here = first_number(cpu.path() / "thermal_throttle" / name))
        count = count.value_or(0.0) + *here;
  return count;
}

std::optional<double> difference(const std::optional<double>& before,
                                 const std::optional<double>& after) {
  if (!before || !after) return std::nullopt;
  return std::max(0.0, *after - *before);
}

/// Seconds that a fixed piece of arithmetic takes: the median of some, each of about a millisecond.
double calibrate_s() {
  std::array<double, 9> seconds{};
  for (double& taken_s : seconds) {
    std::array<double, 16> x{};
    const auto begin = Clock::now();
    for (int pass = 0; pass < 200'000; ++pass)
      for (double& value : x) value = value * 0.999 + 0.001;
    asm volatile("" : : "r"(x.data()) : "memory");
    taken_s = seconds_between(begin, Clock::now());
  }
  std::ranges::nth_element(seconds, seconds.begin() + seconds.size() / 2);
  return seconds[seconds.size() / 2];
}

}  // namespace

CpuShare cpu_share(const LoadFiles& files) {
  CpuShare share;
  share.cores = static_cast<std::size_t>(sysconf(_SC_NPROCESSORS_ONLN));
  share.allowed_cores = share.cores;
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0)
    share.allowed_cores = static_cast<std::size_t>(CPU_COUNT(&allowed));
  for (const fs::path& group : cpu_groups(files))
    if (const auto quota = quota_of(group))
      share.quota_cores = std::min(*quota, share.quota_cores.value_or(*quota));
  return share;
}

std::string to_string(const CpuShare& share) {
  std::string text = fmt::format("{} cores", share.cores);
  if (share.allowed_cores < share.cores)
    text += fmt::format(", of which this program may use {}", share.allowed_cores);
  text += share.quota_cores
              ? fmt::format(
                    "; a CPU quota of {:.3g} cores (cgroup): what is measured includes "
                    "waiting for it",
                    *share.quota_cores)
              : "; no CPU quota";
  return text;
}

LoadCounters read_load(const LoadFiles& files) {
  std::ifstream in(files.proc / "stat");
  std::string key;
  double user = 0.0, nice = 0.0, system = 0.0, idle = 0.0, iowait = 0.0, irq = 0.0, softirq = 0.0,
         steal = 0.0;
  if (!(in >> key >> user >> nice >> system >> idle >> iowait >> irq >> softirq >> steal))
    throw MachineError(
        fmt::format("{}: does not tell the machine's CPU time", (files.proc / "stat").string()));
  const double tick_s = 1.0 / static_cast<double>(sysconf(_SC_CLK_TCK));
  return {.time = Clock::now(),
          .busy_s = tick_s * (user + nice + system + irq + softirq),
          .steal_s = tick_s * steal,
          .pressure_s = pressure_s(files.proc / "pressure" / "cpu"),
          .throttled_s = throttled_s(files),
          .thermal_throttles = thermal_throttles(files.cpus)};
}

MachineLoad machine_load(const LoadCounters& before, const LoadCounters& after, double own_cpu_s) {
  MachineLoad load;
  load.duration_s = seconds_between(before.time, after.time);
  load.other_cores = std::max(0.0, after.busy_s - before.busy_s - own_cpu_s) / load.duration_s;
  load.steal_cores = std::max(0.0, after.steal_s - before.steal_s) / load.duration_s;
  if (const auto waited_s = difference(before.pressure_s, after.pressure_s))
    load.cpu_pressure = std::min(1.0, *waited_s / load.duration_s);
  load.throttled_s = difference(before.throttled_s, after.throttled_s);
  load.thermal_throttles = difference(before.thermal_throttles, after.thermal_throttles);
  return load;
}

std::string disturbance(const MachineLoad& load) {
  constexpr double most_other_cores = 0.1, most_steal_cores = 0.05, most_change = 0.1;
  std::vector<std::string> found;
  if (load.other_cores > most_other_cores)
    found.push_back(fmt::format("other work used {:.2f} cores", load.other_cores));
  if (load.steal_cores > most_steal_cores)
    found.push_back(fmt::format("the hypervisor took {:.2f} cores", load.steal_cores));
  if (load.throttled_s.value_or(0.0) > 0.0)
    found.push_back(fmt::format("a CPU quota stopped it for {:.3g} s", *load.throttled_s));
  if (load.thermal_throttles.value_or(0.0) > 0.0)
    found.push_back(
        fmt::format("{:.0f} times a core was throttled for heat", *load.thermal_throttles));
  const double change = load.calibration_before_s > 0.0
                            ? load.calibration_after_s / load.calibration_before_s - 1.0
                            : 0.0;
  if (std::abs(change) > most_change)
    found.push_back(fmt::format("a fixed piece of work took {:+.0f} % after it", 100.0 * change));
  return fmt::format("{}", fmt::join(found, ", "));
}

nlohmann::ordered_json to_json(const MachineLoad& load) {
  using Json = nlohmann::ordered_json;
  Json json = {{"phase", load.phase},
               {"duration_s", rounded(load.duration_s)},
               {"other_cores", rounded(load.other_cores)},
               {"steal_cores", rounded(load.steal_cores)}};
  const auto add = [&](const std::string& key, const std::optional<double>& value) {
    json[key] = value ? Json(rounded(*value)) : Json(nullptr);
    if (!value) json[key + "_reason"] = "this kernel does not tell";
  };
  add("cpu_pressure", load.cpu_pressure);
  add("throttled_s", load.throttled_s);
  add("thermal_throttles", load.thermal_throttles);
  json["calibration_before_s"] = rounded(load.calibration_before_s);
  json["calibration_after_s"] = rounded(load.calibration_after_s);
  const std::string found = disturbance(load);
  json["disturbance"] = found.empty() ? Json(nullptr) : Json(found);
  return json;
}

LoadWatch::LoadWatch(std::string phase, std::function<double()> corunner_cpu_s)
    : phase_(std::move(phase)),
      corunner_cpu_s_(std::move(corunner_cpu_s)),
      calibration_s_(calibrate_s()),
      before_(read_load()),
      own_cpu_before_s_(own_cpu_s()) {}

MachineLoad LoadWatch::end() const {
  const LoadCounters after = read_load();
  MachineLoad load = machine_load(before_, after, own_cpu_s() - own_cpu_before_s_);
  load.phase = phase_;
  load.calibration_before_s = calibration_s_;
  load.calibration_after_s = calibrate_s();
  return load;
}

/// Of this process, the children that it has waited for, and the co-runners that live.
double LoadWatch::own_cpu_s() const {
  double seconds = corunner_cpu_s_();
  for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage{};
    getrusage(who, &usage);
    for (const timeval& time : {usage.ru_utime, usage.ru_stime})
      seconds += static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  }
  return seconds;
}

}  // namespace bench
