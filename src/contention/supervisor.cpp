// Other programs as co-runners: a supervisor process for each, which holds all that the program
// starts, and ends when all of it is gone.
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string_view>

#include "base/console.hpp"
#include "base/error.hpp"
#include "contention/process_tree.hpp"
#include "contention/spec.hpp"

namespace bench {
namespace {

namespace fs = std::filesystem;

std::vector<char*> argument_vector(std::vector<std::string>& command) {
  std::vector<char*> argv;
  for (std::string& argument : command) argv.push_back(argument.data());
  argv.push_back(nullptr);
  return argv;
}

double cpu_time_s(int pid) {
  clockid_t clock{};
  timespec time{};
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0) return 0.0;
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// Of its children that have ended and that it has waited for.
double ended_children_cpu_time_s(int pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string text;
  std::getline(file, text);
  std::istringstream fields(text.substr(std::min(text.rfind(')') + 1, text.size())));
  std::string skipped;
  for (int field = 3; field <= 15; ++field) fields >> skipped;  // proc(5): state to stime
  double user = 0.0, system = 0.0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

/// The supervised program. All signals are blocked but where they are waited for.
class Program {
 public:
  Program(const std::vector<std::string>& command, int answer_fd)
      : command_(command), answer_fd_(answer_fd), tree_(tree_by_cgroup()) {
    if (!tree_) tree_ = tree_by_signals();
  }

  [[noreturn]] void supervise() {
    prctl(PR_SET_CHILD_SUBREAPER, 1);  // orphans of the program become ours
    sigset_t handled;
    sigemptyset(&handled);
    for (const int signal : {SIGCHLD, SIGTERM, SIGUSR1, SIGUSR2}) sigaddset(&handled, signal);
    sigprocmask(SIG_BLOCK, &handled, nullptr);
    // A terminal's signals are the parent's business, and a parent that is gone shows by SIGTERM.
    for (const int signal : {SIGINT, SIGHUP, SIGPIPE}) ::signal(signal, SIG_IGN);
    answer();
    for (;;) {
      switch (sigwaitinfo(&handled, nullptr)) {
        case SIGCHLD:
          reap();
          break;
        case SIGTERM:
          end(EXIT_SUCCESS);
        case SIGUSR1:
          running_ = false;
          if (!tree_->stop()) {
            report("cannot be stopped: something of it still runs after 2 s");
            end(EXIT_FAILURE);
          }
          answer();
          break;
        case SIGUSR2:
          running_ = true;
          tree_->resume();
          reap();  // starts it where nothing of it is left
          answer();
          break;
      }
    }
  }

 private:
  void answer() {
    if (write(answer_fd_, "", 1) != 1) end(EXIT_FAILURE);
  }

  void start() {
    const int supervisor = getpid();
    pid_ = fork();
    if (pid_ < 0) {
      report(std::strerror(errno));
      end(EXIT_FAILURE);
    }
    if (pid_ > 0) return;
    setpgid(0, 0);  // a terminal's signals are not for it
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != supervisor || !tree_->join()) _exit(127);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    for (const int signal : {SIGINT, SIGHUP, SIGPIPE}) ::signal(signal, SIG_DFL);
    if (const int null = open("/dev/null", O_RDWR); null >= 0) {
      dup2(null, STDIN_FILENO);
      dup2(null, STDOUT_FILENO);  // our results go to ours
      close(null);
    }
    close(answer_fd_);
    execvp(command_.front().c_str(), argument_vector(command_).data());
    report(std::strerror(errno));
    _exit(127);
  }

  /// Waits for all that have ended. The program is started again where it ended well and has left
  /// nothing behind: one that goes into the background, as servers do, ends at once and runs on.
  void reap() {
    int status = 0;
    int pid = 0;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
      if (pid != pid_) continue;
      pid_ = 0;
      if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        report(WIFEXITED(status) ? fmt::format("ended with status {}", WEXITSTATUS(status))
                                 : fmt::format("was killed by signal {}", WTERMSIG(status)));
        end(EXIT_FAILURE);
      }
    }
    if (pid < 0 && running_) start();  // no child is left
  }

  void report(std::string_view what) const {
    warn(fmt::format("contention: {}: {}", fmt::join(command_, " "), what));
  }

  /// Kills all that was started; returns to nobody before it is gone.
  [[noreturn]] void end(int status) {
    tree_->kill();
    do {
      for (const int child : children(getpid())) kill(child, SIGKILL);
      while (waitpid(-1, nullptr, 0) < 0 && errno == EINTR) {
      }
    } while (!children(getpid()).empty());
    tree_.reset();  // nothing is left in it
    std::_Exit(status);
  }

  std::vector<std::string> command_;
  int answer_fd_;
  std::unique_ptr<ProcessTree> tree_;
  int pid_ = 0;  // 0: not started, or ended
  bool running_ = false;
};

/// A program's exit status, and what it wrote to stdout and stderr.
std::pair<int, std::string> run(std::vector<std::string> command) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("contention: cannot make a pipe");
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, ends[1], STDERR_FILENO);
  int pid = 0;
  const int error = posix_spawnp(&pid, command.front().c_str(), &files, nullptr,
                                 argument_vector(command).data(), environ);
  posix_spawn_file_actions_destroy(&files);
  close(ends[1]);
  std::string output;
  std::array<char, 512> block{};
  for (ssize_t bytes = 0; error == 0 && (bytes = read(ends[0], block.data(), block.size())) != 0;)
    if (bytes > 0) output.append(block.data(), static_cast<std::size_t>(bytes));
  close(ends[0]);
  int status = 0;
  if (error != 0) return {127, std::strerror(error)};
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), output};
}

/// Whether execvp would find the program.
bool is_installed(const std::string& program) {
  if (program.find('/') != std::string::npos) return access(program.c_str(), X_OK) == 0;
  const char* path = std::getenv("PATH");
  std::istringstream folders(path ? path : "/bin:/usr/bin");
  for (std::string folder; std::getline(folders, folder, ':');)
    if (access((fs::path(folder) / program).c_str(), X_OK) == 0) return true;
  return false;
}

}  // namespace

void supervise(const std::vector<std::string>& command, int answer_fd) {
  Program(command, answer_fd).supervise();
}

double descendants_cpu_time_s(int pid) {
  double seconds = ended_children_cpu_time_s(pid);
  for (const int child : children(pid))
    seconds += cpu_time_s(child) + descendants_cpu_time_s(child);
  return seconds;
}

void check_workload(const ContentionSpec& spec) {
  if (spec.workload == Workload::exec && !is_installed(spec.arguments.front()))
    throw MachineError(fmt::format("contention: the program \"{}\" is not there, or may not be run",
                                   spec.arguments.front()));
  if (spec.workload != Workload::stress_ng) return;
  if (!is_installed("stress-ng"))
    throw MachineError(
        "contention: stress-ng is not installed; get it with: apt-get install stress-ng");
  std::vector<std::string> command = {"stress-ng", "--dry-run"};
  command.insert(command.end(), spec.arguments.begin(), spec.arguments.end());
  const auto [status, output] = run(command);
  if (status != 0)
    throw InputError(fmt::format("contention: stress-ng refuses the arguments \"{}\": {}",
                                 fmt::join(spec.arguments, " "), output));
}

}  // namespace bench
