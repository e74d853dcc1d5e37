#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string_view>

#include "base/console.hpp"
#include "base/error.hpp"
#include "contention/spec.hpp"

namespace bench {
namespace {

constexpr std::size_t arrays_per_worker = 3;
constexpr std::size_t mebibyte = std::size_t{1} << 20;

/// The last-level cache; 32 MiB where the system does not tell.
std::size_t cache_bytes() {
  for (const int level : {_SC_LEVEL3_CACHE_SIZE, _SC_LEVEL2_CACHE_SIZE})
    if (const long bytes = sysconf(level); bytes > 0) return static_cast<std::size_t>(bytes);
  return 32 * mebibyte;
}

std::size_t available_bytes() {
  std::ifstream file("/proc/meminfo");
  std::string key;
  std::size_t kibibytes = 0;
  while (file >> key >> kibibytes) {
    if (key == "MemAvailable:") return kibibytes * 1024;
    file.ignore(64, '\n');
  }
  throw MachineError(
      "/proc/meminfo: no MemAvailable; the memory workload needs Linux 3.14 or later");
}

/// Tells the compiler that everything behind `data` is read and changed here.
void touch(double* data) { asm volatile("" : : "r"(data) : "memory"); }

void report_ready(int ready_fd) {
  if (write(ready_fd, "", 1) != 1) std::_Exit(EXIT_FAILURE);
  close(ready_fd);
}

/// STREAM's triad.
[[noreturn]] void run_memory(std::size_t array_bytes, int ready_fd) {
  const std::size_t n = array_bytes / sizeof(double);
  std::vector<double> a(n, 1.0);
  std::vector<double> b(n, 2.0);
  std::vector<double> c(n, 0.0);
  report_ready(ready_fd);
  for (;;) {
    for (std::size_t i = 0; i < n; ++i) a[i] = b[i] + 3.0 * c[i];
    touch(a.data());
  }
}

/// Multiply-add chains, as many as keep the units of a core busy through one chain's latency.
[[noreturn]] void run_compute(int ready_fd) {
  std::array<double, 16> x{};
  report_ready(ready_fd);
  for (;;) {
    for (int pass = 0; pass < 1'000'000; ++pass)
      for (double& value : x) value = value * 0.999 + 0.001;
    touch(x.data());
  }
}

template <typename Number>
Number parse(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size())
    throw InputError(fmt::format("not a number: \"{}\"", text));
  return number;
}

}  // namespace

ArraySize memory_array_size(std::size_t workers) {
  return memory_array_size(workers, cache_bytes(), available_bytes());
}

ArraySize memory_array_size(std::size_t workers, std::size_t cache_bytes,
                            std::size_t available_bytes) {
  const std::size_t wanted = 4 * cache_bytes;
  const std::size_t limit = available_bytes / 4 / (arrays_per_worker * workers);
  if (wanted <= limit)
    return {wanted, fmt::format("4 times the last-level cache of {} MiB", cache_bytes / mebibyte)};
  return {limit,
          fmt::format("a quarter of the {} MiB of available memory, over {} arrays for each "
                      "of {} workers; 4 times the last-level cache would be {} MiB an array",
                      available_bytes / mebibyte, arrays_per_worker, workers, wanted / mebibyte)};
}

void run_workload(const WorkloadChild& child) {
  const bool supervisor = child.workload == Workload::stress_ng || child.workload == Workload::exec;
  // Asked for here, not before exec: exec of a program with capabilities clears it. A parent that
  // died before it was asked for shows as another parent. A supervisor has others to end first.
  prctl(PR_SET_PDEATHSIG, supervisor ? SIGTERM : SIGKILL);
  if (getppid() != child.parent) std::_Exit(EXIT_FAILURE);
  errno = 0;
  if (::nice(child.nice) == -1 && errno != 0) std::_Exit(EXIT_FAILURE);
  std::vector<std::string> command = child.arguments;
  switch (child.workload) {
    case Workload::memory:
      run_memory(child.array_bytes, child.ready_fd);
    case Workload::compute:
      run_compute(child.ready_fd);
    case Workload::stress_ng:
      command.insert(command.begin(), {"stress-ng", "--quiet"});
      supervise(command, child.ready_fd);
    case Workload::exec:
      supervise(command, child.ready_fd);
  }
  std::abort();
}

std::vector<std::string> workload_command(const WorkloadChild& child) {
  std::vector<std::string> command = {"alert-bench",
                                      "contend",
                                      to_string(child.workload),
                                      std::to_string(child.array_bytes),
                                      std::to_string(child.nice),
                                      std::to_string(child.ready_fd),
                                      std::to_string(child.parent)};
  command.insert(command.end(), child.arguments.begin(), child.arguments.end());
  return command;
}

bool is_workload_command(int argc, char** argv) {
  return argc > 1 && std::string_view(argv[1]) == "contend";
}

void run_workload_command(int argc, char** argv) {
  try {
    if (argc < 7) throw InputError("this command is for the program's own use");
    const auto names = workload_names();
    const auto name = std::ranges::find(names, argv[2]);
    if (name == names.end()) throw InputError(fmt::format("unknown workload \"{}\"", argv[2]));
    run_workload({.workload = static_cast<Workload>(name - names.begin()),
                  .arguments = {argv + 7, argv + argc},
                  .array_bytes = parse<std::size_t>(argv[3]),
                  .nice = parse<int>(argv[4]),
                  .ready_fd = parse<int>(argv[5]),
                  .parent = parse<int>(argv[6])});
  } catch (const InputError& error) {
    warn(fmt::format("contend: {}", error.what()));
    std::_Exit(2);
  } catch (const std::exception&) {  // of the arrays' allocation: nothing else throws
    warn(fmt::format("contend: {} arrays of {} bytes do not fit in memory", arrays_per_worker,
                     argv[3]));
    std::_Exit(EXIT_FAILURE);
  }
}

}  // namespace bench
