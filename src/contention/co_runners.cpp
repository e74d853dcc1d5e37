#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "base/error.hpp"
#include "contention/spec.hpp"

namespace bench {
namespace {

constexpr int child_ready_fd = 3;

[[noreturn]] void fail(int error, const char* what) {
  throw std::system_error(error, std::generic_category(), what);
}

struct Pipe {
  int read_end;
  int write_end;

  Pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) fail(errno, "contention: pipe");
    read_end = ends[0];
    write_end = ends[1];
  }
  ~Pipe() {
    close(read_end);
    close_write_end();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  void close_write_end() {
    if (write_end >= 0) close(write_end);
    write_end = -1;
  }
};

/// Starts this program anew, in process group `group` (0: its own), with nothing open but the
/// standard streams and `ready_fd`, as child_ready_fd. posix_spawn, not fork: no handler that a
/// BLAS registered with pthread_atfork runs, and other threads are safe.
int spawn(std::vector<std::string> command, int ready_fd, int group) {
  std::vector<char*> argv;
  for (std::string& argument : command) argv.push_back(argument.data());
  argv.push_back(nullptr);

  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, ready_fd, child_ready_fd);
  posix_spawn_file_actions_addclosefrom_np(&files, child_ready_fd + 1);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  posix_spawnattr_setpgroup(&attributes, group);
  int pid = 0;
  const int error = posix_spawn(&pid, "/proc/self/exe", &files, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  if (error != 0) fail(error, "contention: cannot start a worker");
  return pid;
}

/// Waits until the child, or one of the group, is in one of `states` (waitid's names); throws where
/// it has ended. WNOWAIT leaves the state as it is, so that asking again gives the same answer.
void wait_for(idtype_t type, int id, int states) {
  siginfo_t child{};
  while (waitid(type, static_cast<id_t>(id), &child, states | WEXITED | WNOWAIT) != 0)
    if (errno != EINTR) fail(errno, "contention: waiting for a worker");
  if (child.si_code == CLD_EXITED)
    throw std::runtime_error(fmt::format("contention: worker {} ended unexpectedly, with status {}",
                                         child.si_pid, child.si_status));
  if (child.si_code == CLD_KILLED || child.si_code == CLD_DUMPED)
    throw std::runtime_error(fmt::format("contention: worker {} was killed by signal {} ({})",
                                         child.si_pid, child.si_status,
                                         strsignal(child.si_status)));
}

}  // namespace

CoRunners::CoRunners(const ContentionSpec& spec)
    : CoRunners(spec, memory_array_size(spec.workers).bytes) {}

// Delegates, so that the destructor ends the children where this constructor throws.
CoRunners::CoRunners(const ContentionSpec& spec, std::size_t array_bytes) : CoRunners() {
  Pipe ready;
  supervised_ = spec.workload == Workload::stress_ng || spec.workload == Workload::exec;
  const auto command = workload_command({.workload = spec.workload,
                                         .arguments = spec.arguments,
                                         .array_bytes = array_bytes,
                                         .nice = spec.nice,
                                         .ready_fd = child_ready_fd,
                                         .parent = getpid()});
  pids_.reserve(spec.workers);
  while (pids_.size() < spec.workers)
    pids_.push_back(spawn(command, ready.write_end, pids_.empty() ? 0 : pids_.front()));
  ready.close_write_end();

  std::size_t ready_workers = 0;
  while (ready_workers < spec.workers) {
    char byte = 0;
    const ssize_t bytes = read(ready.read_end, &byte, 1);
    if (bytes < 0 && errno != EINTR) fail(errno, "contention: waiting for a worker");
    if (bytes == 0) wait_for(P_PGID, pids_.front(), 0);  // all are ready or ended: throws
    if (bytes == 1) ++ready_workers;
  }
  if (supervised_)
    answers_ = fcntl(ready.read_end, F_DUPFD_CLOEXEC, 0);
  else
    tell(false);
  book(use_.stopped_s, use_.stopped_cpu_s);
  use_ = {};  // what it took to start
}

CoRunners::~CoRunners() {
  for (const int pid : pids_) kill(pid, supervised_ ? SIGTERM : SIGKILL);
  for (const int pid : pids_)
    while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
  if (answers_ >= 0) close(answers_);
}

void CoRunners::set_running(bool running) {
  for (const int pid : pids_) wait_for(P_PID, pid, WNOHANG);
  if (running == running_ || pids_.empty()) return;
  if (running) {
    book(use_.stopped_s, use_.stopped_cpu_s);
    check_stood_still();
  }
  tell(running);
  if (!running) book(use_.running_s, use_.running_cpu_s);
  running_ = running;
}

void CoRunners::tell(bool running) {
  if (!supervised_) {
    for (const int pid : pids_) kill(pid, running ? SIGCONT : SIGSTOP);
    for (const int pid : pids_) wait_for(P_PID, pid, running ? WCONTINUED : WSTOPPED);
    return;
  }
  for (const int pid : pids_) kill(pid, running ? SIGUSR2 : SIGUSR1);
  for (std::size_t answers = 0; answers < pids_.size();) {
    pollfd answer{answers_, POLLIN, 0};
    char byte = 0;
    if (poll(&answer, 1, 100) > 0 && read(answers_, &byte, 1) == 1) ++answers;
    for (const int pid : pids_) wait_for(P_PID, pid, WNOHANG);
  }
}

void CoRunners::book(double& wall_s, double& cpu_s) {
  const auto now = std::chrono::steady_clock::now();
  const double now_cpu_s = cpu_time_s();
  wall_s += std::chrono::duration<double>(now - booked_at_).count();
  cpu_s += std::max(0.0, now_cpu_s - booked_cpu_s_);  // less: a child has ended uncounted
  booked_at_ = now;
  booked_cpu_s_ = now_cpu_s;
}

void CoRunners::check_stood_still() const {
  constexpr double least_s = 0.02, share = 0.01;  // the kernel counts ended children by 0.01 s
  if (use_.stopped_cpu_s <= least_s + share * use_.stopped_s) return;
  throw MachineError(fmt::format(
      "contention: the co-runners used {:.3g} s of CPU time in the {:.3g} s that they were to "
      "stand still: something that they started cannot be stopped from here",
      use_.stopped_cpu_s, use_.stopped_s));
}

CoRunnerUse CoRunners::use() {
  running_ ? book(use_.running_s, use_.running_cpu_s) : book(use_.stopped_s, use_.stopped_cpu_s);
  if (!pids_.empty()) check_stood_still();
  return use_;
}

double CoRunners::cpu_time_s() const {
  double seconds = 0.0;
  for (const int pid : pids_) {
    wait_for(P_PID, pid, WNOHANG);
    if (supervised_) {
      seconds += descendants_cpu_time_s(pid);
      continue;
    }
    clockid_t clock{};
    timespec time{};
    if (const int error = clock_getcpuclockid(pid, &clock); error != 0)
      fail(error, "contention: CPU time of a worker");
    if (clock_gettime(clock, &time) != 0) fail(errno, "contention: CPU time of a worker");
    seconds += static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
  }
  return seconds;
}

}  // namespace bench
