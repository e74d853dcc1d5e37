#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <filesystem>

#include "contention/spec.hpp"
#include "support/catch.hpp"

using namespace bench;

namespace {

constexpr std::size_t small_array_bytes = 1 << 20;

ContentionSpec two_workers(Workload workload) {
  return {.workload = workload, .workers = 2, .nice = 0, .schedule = WindowSchedule{}};
}

/// Asks again until it is so. The limit is for a broken program only.
template <typename Condition>
bool comes_true(Condition condition) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition())
    if (std::chrono::steady_clock::now() > limit) return false;
  return true;
}

/// Uses CPU time, so that a child that runs beside would use some too.
void work_for_a_while() {
  const clock_t begin = std::clock();
  while (std::clock() - begin < CLOCKS_PER_SEC / 20) {
  }
}

bool is_gone(int pid) { return kill(pid, 0) != 0 && errno == ESRCH; }

std::size_t open_files(int pid) {
  const std::filesystem::directory_iterator files("/proc/" + std::to_string(pid) + "/fd");
  return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

/// The program that is killed: it writes the pids of its children to `pids_fd`.
[[noreturn]] void report_co_runners_and_wait(bool running, int pids_fd) try {
  CoRunners co_runners(two_workers(Workload::compute), small_array_bytes);
  co_runners.set_running(running);
  const std::size_t bytes = co_runners.pids().size() * sizeof(int);
  if (write(pids_fd, co_runners.pids().data(), bytes) != static_cast<ssize_t>(bytes)) _exit(1);
  for (;;) pause();
} catch (const std::exception&) {
  _exit(1);
}

}  // namespace

TEST_CASE("CoRunners: children run only when they are told to") {
  const Workload workload = GENERATE(Workload::memory, Workload::compute);
  CAPTURE(to_string(workload));
  CoRunners co_runners(two_workers(workload), small_array_bytes);

  for (int turn = 0; turn < 3; ++turn) {
    const double stopped_s = co_runners.cpu_time_s();
    CHECK(stopped_s > 0.0);  // touching memory, if nothing else
    work_for_a_while();
    CHECK(co_runners.cpu_time_s() == stopped_s);
    co_runners.set_running(true);
    CHECK(comes_true([&] { return co_runners.cpu_time_s() > stopped_s + 0.01; }));
    co_runners.set_running(false);
  }
}

TEST_CASE("CoRunners: to run or to stop twice is to do it once") {
  CoRunners co_runners(two_workers(Workload::compute), small_array_bytes);
  co_runners.set_running(false);
  co_runners.set_running(true);
  co_runners.set_running(true);
  const double begin_s = co_runners.cpu_time_s();
  CHECK(comes_true([&] { return co_runners.cpu_time_s() > begin_s; }));
  co_runners.set_running(false);
  co_runners.set_running(false);
  const double end_s = co_runners.cpu_time_s();
  work_for_a_while();
  CHECK(co_runners.cpu_time_s() == end_s);
}

TEST_CASE("CoRunners: no children, no CPU time") {
  CoRunners co_runners;
  co_runners.set_running(true);
  co_runners.set_running(false);
  CHECK(co_runners.cpu_time_s() == 0.0);
}

TEST_CASE("CoRunners: children have their own process group, niceness and no file of ours") {
  const int leaked = open("/dev/null", O_RDONLY);  // as a library without O_CLOEXEC would
  ContentionSpec spec = two_workers(Workload::compute);
  spec.nice = 3;
  CoRunners co_runners(spec, small_array_bytes);
  co_runners.set_running(true);  // a child closes the file by which it told that it was ready
  const int our_niceness = getpriority(PRIO_PROCESS, 0);
  REQUIRE(co_runners.pids().size() == 2);
  for (const int pid : co_runners.pids()) {
    CHECK(getpgid(pid) == co_runners.pids().front());
    CHECK(getpriority(PRIO_PROCESS, static_cast<id_t>(pid)) == std::min(19, our_niceness + 3));
    CHECK(comes_true([&] { return open_files(pid) == 3; }));  // the standard streams
  }
  close(leaked);
}

TEST_CASE("CoRunners: children are gone with the object") {
  const bool running = GENERATE(false, true);
  CAPTURE(running);
  std::vector<int> pids;
  {
    CoRunners co_runners(two_workers(Workload::memory), small_array_bytes);
    co_runners.set_running(running);
    pids = co_runners.pids();
  }
  REQUIRE(pids.size() == 2);
  CHECK(std::ranges::all_of(pids, is_gone));
}

TEST_CASE("CoRunners: a child that ended by itself is an error") {
  CoRunners co_runners(two_workers(Workload::compute), small_array_bytes);
  const int pid = co_runners.pids().back();
  kill(pid, SIGKILL);
  siginfo_t ended{};
  REQUIRE(waitid(P_PID, static_cast<id_t>(pid), &ended, WEXITED | WNOWAIT) == 0);
  const std::string message =
      "contention: worker " + std::to_string(pid) + " was killed by signal 9 (Killed)";
  CHECK_THROWS_WITH(co_runners.set_running(true), message);
  CHECK_THROWS_WITH(co_runners.set_running(false), message);
  CHECK_THROWS_WITH(co_runners.cpu_time_s(), message);
}

TEST_CASE("CoRunners: a child that cannot start is an error, and none is left") {
  // More memory than any machine has.
  CHECK_THROWS_WITH(CoRunners(two_workers(Workload::memory), std::size_t{1} << 60),
                    Catch::Matchers::Contains("ended unexpectedly, with status 1"));
  CHECK(waitpid(-1, nullptr, WNOHANG) == -1);
  CHECK(errno == ECHILD);
}

TEST_CASE("CoRunners: children are gone when their parent is killed") {
  const bool running = GENERATE(false, true);
  CAPTURE(running);
  // Orphans become this process's children: it can see them end.
  REQUIRE(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const int parent = fork();
  if (parent == 0) report_co_runners_and_wait(running, ends[1]);
  close(ends[1]);
  std::array<int, 2> pids{};
  REQUIRE(read(ends[0], pids.data(), sizeof pids) == sizeof pids);
  close(ends[0]);
  CHECK_FALSE(is_gone(pids[0]));
  CHECK_FALSE(is_gone(pids[1]));

  kill(parent, SIGKILL);
  REQUIRE(waitpid(parent, nullptr, 0) == parent);
  for (const int pid : pids) {
    int status = 0;
    const bool ended = comes_true([&] { return waitpid(pid, &status, WNOHANG) == pid; });
    CHECK(ended);
    CHECK(WIFSIGNALED(status));
    if (!ended) kill(pid, SIGKILL);
  }
  prctl(PR_SET_CHILD_SUBREAPER, 0);
}

TEST_CASE("CoRunners: a child whose parent died before it was heard of does not start") {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const int child = fork();
  if (child == 0) run_workload({Workload::compute, {}, small_array_bytes, 0, ends[1], getpid()});
  close(ends[1]);
  char byte = 0;
  CHECK(read(ends[0], &byte, 1) == 0);  // not ready
  close(ends[0]);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
}
