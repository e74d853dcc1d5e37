// Co-located work: child processes that press on memory or on the cores, at the inputs that a
// schedule names. They are this very program, or other programs under its supervision.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/json.hpp"

namespace bench {

enum class Workload { memory, compute, stress_ng, exec };
std::string to_string(Workload workload);
std::vector<std::string> workload_names();

/// On from the first to the last input of each window, both included.
struct WindowSchedule {
  std::vector<std::pair<std::size_t, std::size_t>> windows;
};

/// On and off in turns (off first) of geometrically distributed length in inputs, from a seed.
struct RandomSchedule {
  double mean_on = 1.0;
  double mean_off = 1.0;
};

/// "contention" of an environment in the config (configs/README.md).
struct ContentionSpec {
  Workload workload = Workload::memory;
  std::vector<std::string> arguments = {};  ///< of stress-ng; for exec, the program and its own
  std::size_t workers = 1;
  int nice = 0;  ///< in 0..19, added to this program's own
  std::variant<WindowSchedule, RandomSchedule> schedule;
};

ContentionSpec parse_contention(const JsonValue& value);

/// Fails before anything runs: MachineError where the program is not installed, InputError where
/// stress-ng refuses the arguments (it is asked with --dry-run).
void check_workload(const ContentionSpec& spec);

/// For each input, whether the co-runners run. Group mates are not treated apart.
std::vector<bool> contention_schedule(const ContentionSpec& spec, std::size_t inputs,
                                      std::uint64_t seed);

/// Time, and CPU time of all co-runners, while they were to run and while they were to stand still.
struct CoRunnerUse {
  double running_s = 0.0, running_cpu_s = 0.0;
  double stopped_s = 0.0, stopped_cpu_s = 0.0;
};

/// The children. They are started and made ready (memory touched) by the constructor and then
/// stopped; they die with this process however it dies, and with this object.
/// stress-ng and exec: each worker is a supervisor of the program, which it starts when it is first
/// to run, stops and continues with all that it has started, and starts again where it ends with
/// status 0 and leaves nothing. The supervisor ends when every descendant of the program is gone.
/// To Linux the death of a parent is the end of the thread that started the child: co-runners are
/// the main thread's.
/// Every member but the destructor throws std::runtime_error where a child has ended by itself.
class CoRunners {
 public:
  CoRunners() = default;  ///< no children: an environment without contention
  /// Arrays as memory_array_size() says.
  explicit CoRunners(const ContentionSpec& spec);
  CoRunners(const ContentionSpec& spec, std::size_t array_bytes);
  ~CoRunners();
  CoRunners(const CoRunners&) = delete;
  CoRunners& operator=(const CoRunners&) = delete;

  /// Lets the children run, or stops them; returns when all have changed state. Throws MachineError
  /// where they have used CPU time while they were to stand still.
  void set_running(bool running);
  /// Since the children were ready. Throws as set_running() does.
  CoRunnerUse use();
  /// CPU seconds of all children so far.
  double cpu_time_s() const;
  const std::vector<int>& pids() const { return pids_; }

 private:
  void tell(bool running);
  void book(double& wall_s, double& cpu_s);
  void check_stood_still() const;

  std::vector<int> pids_;  // the first leads the process group of all
  bool supervised_ = false;
  bool running_ = false;
  CoRunnerUse use_;
  std::chrono::steady_clock::time_point booked_at_;
  double booked_cpu_s_ = 0.0;  // of all co-runners, when use_ was last brought up to date
  int answers_ = -1;           // supervisors write a byte when they have done as they were told
};

/// Size of one array of the memory workload for each of `workers`: 4 times the last-level cache,
/// within a quarter of the memory that is available for all arrays together. The reason says which.
struct ArraySize {
  std::size_t bytes = 0;
  std::string reason;
};
ArraySize memory_array_size(std::size_t workers);
ArraySize memory_array_size(std::size_t workers, std::size_t cache_bytes,
                            std::size_t available_bytes);

/// What a child does; never returns. `ready_fd` is written one byte and closed once the child is
/// warm (a supervisor keeps it for its answers); `parent` is the pid whose death ends it.
struct WorkloadChild {
  Workload workload = Workload::memory;
  std::vector<std::string> arguments = {};
  std::size_t array_bytes = 0;
  int nice = 0;
  int ready_fd = -1;
  int parent = 0;
};
[[noreturn]] void run_workload(const WorkloadChild& child);
/// The part for stress-ng and exec: SIGUSR1 stops the program, SIGUSR2 lets it run, SIGTERM ends
/// all.
[[noreturn]] void supervise(const std::vector<std::string>& command, int answer_fd);
/// CPU seconds of all descendants of a process, those that have ended and been waited for too.
double descendants_cpu_time_s(int pid);

/// The hidden command by which CoRunners starts this program anew. main() must ask for it before
/// anything else.
bool is_workload_command(int argc, char** argv);
[[noreturn]] void run_workload_command(int argc, char** argv);
std::vector<std::string> workload_command(const WorkloadChild& child);

}  // namespace bench
