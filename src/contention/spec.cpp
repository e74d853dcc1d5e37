#include "contention/spec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace bench {
namespace {

WindowSchedule read_windows(const JsonValue& value) {
  WindowSchedule schedule;
  for (const JsonValue& item : value.items()) {
    const std::vector<JsonValue> ends = item.items();
    if (ends.size() != 2) item.fail("a window is [first input, last input]");
    const std::size_t first = ends[0].count();
    const std::size_t last = ends[1].count();
    if (first > last)
      item.fail(fmt::format("window ends at {}, before it begins at {}", last, first));
    if (!schedule.windows.empty() && first <= schedule.windows.back().second)
      item.fail(
          fmt::format("windows must ascend and not overlap: begins at {}, the last ended at {}",
                      first, schedule.windows.back().second));
    schedule.windows.emplace_back(first, last);
  }
  if (schedule.windows.empty()) value.fail("must have at least one window");
  return schedule;
}

RandomSchedule read_random(const JsonValue& value) {
  value.allow_only({"mean_on", "mean_off"});
  return {.mean_on = value.at("mean_on").number(1.0), .mean_off = value.at("mean_off").number(1.0)};
}

std::variant<WindowSchedule, RandomSchedule> read_schedule(const JsonValue& value) {
  value.allow_only({"windows", "random"});
  const auto windows = value.find("windows");
  const auto random = value.find("random");
  if (windows.has_value() == random.has_value())
    value.fail("must have either \"windows\" or \"random\"");
  if (windows) return read_windows(*windows);
  return read_random(*random);
}

std::vector<bool> on_inputs(const WindowSchedule& schedule, std::size_t inputs, std::uint64_t) {
  std::vector<bool> on(inputs, false);
  for (const auto& [first, last] : schedule.windows)
    for (std::size_t input = first; input <= last && input < inputs; ++input) on[input] = true;
  return on;
}

std::vector<bool> on_inputs(const RandomSchedule& schedule, std::size_t inputs,
                            std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<bool> on;
  bool running = false;
  while (on.size() < inputs) {
    const double mean = running ? schedule.mean_on : schedule.mean_off;
    // A geometric draw by its inverse CDF: std::geometric_distribution differs between libraries.
    const double uniform = static_cast<double>(random() >> 11) * 0x1p-53;
    const double length = 1.0 + std::floor(std::log1p(-uniform) / std::log1p(-1.0 / mean));
    const auto left = inputs - on.size();
    on.insert(on.end(), static_cast<std::size_t>(std::min(length, static_cast<double>(left))),
              running);
    running = !running;
  }
  return on;
}

/// "arguments" belongs to stress-ng and "command" to exec; neither to the others.
std::vector<std::string> read_arguments(const JsonValue& value, Workload workload) {
  std::vector<std::string> arguments;
  const std::string own = workload == Workload::stress_ng ? "arguments"
                          : workload == Workload::exec    ? "command"
                                                          : "";
  for (const std::string key : {"arguments", "command"})
    if (const auto other = value.find(key); other && key != own)
      other->fail(fmt::format("does not belong to the workload \"{}\"", to_string(workload)));
  if (own.empty()) return arguments;
  const JsonValue list = value.at(own);
  for (const JsonValue& item : list.items()) arguments.push_back(item.string());
  if (arguments.empty()) list.fail("must not be empty");
  return arguments;
}

}  // namespace

std::vector<std::string> workload_names() { return {"memory", "compute", "stress-ng", "exec"}; }

std::string to_string(Workload workload) {
  return workload_names()[static_cast<std::size_t>(workload)];
}

ContentionSpec parse_contention(const JsonValue& value) {
  value.allow_only({"workload", "arguments", "command", "workers", "nice", "schedule"});
  const auto workload =
      static_cast<Workload>(value.at("workload").one_of(workload_names(), "workload"));
  const auto workers = value.find("workers");
  const auto nice = value.find("nice");
  return {.workload = workload,
          .arguments = read_arguments(value, workload),
          .workers = workers ? workers->count(1, 1024) : 1,
          .nice = nice ? static_cast<int>(nice->count(0, 19)) : 0,
          .schedule = read_schedule(value.at("schedule"))};
}

std::vector<bool> contention_schedule(const ContentionSpec& spec, std::size_t inputs,
                                      std::uint64_t seed) {
  return std::visit([&](const auto& schedule) { return on_inputs(schedule, inputs, seed); },
                    spec.schedule);
}

}  // namespace bench
