// stress-ng and other programs as co-runners.
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>

#include "base/error.hpp"
#include "contention/process_tree.hpp"
#include "contention/spec.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using namespace bench;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

ContentionSpec program(std::vector<std::string> command, std::size_t workers = 1) {
  return {.workload = Workload::exec,
          .arguments = std::move(command),
          .workers = workers,
          .nice = 0,
          .schedule = WindowSchedule{}};
}

ContentionSpec stress_ng(std::vector<std::string> arguments) {
  ContentionSpec spec = program(std::move(arguments));
  spec.workload = Workload::stress_ng;
  return spec;
}

/// Asks again until it is so. The limit is for a broken program only.
template <typename Condition>
bool comes_true(Condition condition) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(60);
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

/// The number in a file that a program writes; 0 until then.
int number_in(const std::filesystem::path& file) {
  std::ifstream in(file);
  int number = 0;
  in >> number;
  return number;
}

/// A shell that starts a child in the background, writes its pid, and works; so does the child.
ContentionSpec shell_with_child(const test::TemporaryFolder& folder, const std::string& child) {
  return program({"sh", "-c",
                  child + " sh -c 'while :; do :; done' & echo $! > " +
                      (folder.path() / "pid.part").string() + "; mv " +
                      (folder.path() / "pid.part").string() + " " +
                      (folder.path() / "pid").string() + "; while :; do :; done"});
}

std::string refusal(const ContentionSpec& spec) {
  try {
    check_workload(spec);
  } catch (const std::exception& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("exec: a program and its children run only when they are told to, and are gone after") {
  const test::TemporaryFolder folder;
  int child = 0;
  {
    CoRunners co_runners(shell_with_child(folder, ""));
    CHECK_FALSE(std::filesystem::exists(folder.path() / "pid"));  // not started yet
    co_runners.set_running(true);
    REQUIRE(comes_true([&] { return number_in(folder.path() / "pid") > 0; }));
    child = number_in(folder.path() / "pid");
    CHECK(comes_true([&] { return co_runners.cpu_time_s() > 0.05; }));
    co_runners.set_running(false);
    // Stopped processes are charged what they were using; from then on nothing.
    double before_s = co_runners.cpu_time_s();
    CHECK(comes_true([&] {
      const double now_s = co_runners.cpu_time_s();
      return now_s == std::exchange(before_s, now_s);
    }));
    co_runners.set_running(true);
    CHECK(comes_true([&] { return co_runners.cpu_time_s() > before_s + 0.02; }));
  }
  CHECK(is_gone(child));
}

TEST_CASE("exec: what has left the process group is ended too") {
  const test::TemporaryFolder folder;
  int child = 0;
  {
    CoRunners co_runners(shell_with_child(folder, "setsid"));
    co_runners.set_running(true);
    REQUIRE(comes_true([&] { return number_in(folder.path() / "pid") > 0; }));
    child = number_in(folder.path() / "pid");
  }
  CHECK(is_gone(child));
}

TEST_CASE("exec: what has left the process group stands still too, and runs on after") {
  const test::TemporaryFolder folder;
  const std::string command = GENERATE(as<std::string>(), "setsid", "timeout 600");
  CAPTURE(command);
  CoRunners co_runners(shell_with_child(folder, command));
  for (int turn = 0; turn < 2; ++turn) {
    co_runners.set_running(true);
    REQUIRE(comes_true([&] { return number_in(folder.path() / "pid") > 0; }));
    const double begin_s = co_runners.cpu_time_s();
    CHECK(comes_true([&] { return co_runners.cpu_time_s() > begin_s + 0.05; }));
    co_runners.set_running(false);
    const double end_s = co_runners.cpu_time_s();
    work_for_a_while();
    CHECK(co_runners.cpu_time_s() == end_s);
  }
  const CoRunnerUse use = co_runners.use();
  CHECK(use.running_cpu_s > 0.05);
  CHECK(use.running_s > 0.0);
  CHECK(use.stopped_cpu_s == 0.0);
  CHECK(use.stopped_s > 0.0);
}

TEST_CASE("exec: a program that goes into the background runs on, once") {
  const test::TemporaryFolder folder;
  const std::filesystem::path log = folder.path() / "log";
  CoRunners co_runners(program(
      {"sh", "-c", "echo x >> " + log.string() + "; sh -c 'while :; do :; done' & exit 0"}));
  co_runners.set_running(true);
  CHECK(comes_true([&] { return co_runners.cpu_time_s() > 0.1; }));
  co_runners.set_running(false);
  const double end_s = co_runners.cpu_time_s();
  work_for_a_while();
  CHECK(co_runners.cpu_time_s() == end_s);
  co_runners.set_running(true);
  CHECK(comes_true([&] { return co_runners.cpu_time_s() > end_s + 0.05; }));
  CHECK(std::filesystem::file_size(log) == 2);
}

TEST_CASE("exec: a program that forks without end, and ends, is stopped and ended") {
  const test::TemporaryFolder folder;
  const std::filesystem::path log = folder.path() / "log";
  const auto script = folder.write(
      "chain", "#!/bin/sh\necho x >> " + log.string() + "\n\"$0\" &\ntrap '' TERM\nexit 0\n");
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  const auto length = [&] {
    std::error_code error;
    const auto size = std::filesystem::file_size(log, error);
    return error ? 0 : size;
  };
  {
    CoRunners co_runners(program({script.string()}));
    co_runners.set_running(true);
    CHECK(comes_true([&] { return length() > 40; }));
    co_runners.set_running(false);
    const auto stopped = length();
    work_for_a_while();
    CHECK(length() == stopped);
    co_runners.set_running(true);
    CHECK(comes_true([&] { return length() > stopped; }));
  }
  const auto ended = length();
  work_for_a_while();
  CHECK(length() == ended);
}

TEST_CASE("a tree of processes is stopped, resumed and killed, by a cgroup or by signals") {
  const bool by_cgroup = GENERATE(false, true);
  CAPTURE(by_cgroup);
  const auto tree = by_cgroup ? tree_by_cgroup() : tree_by_signals();
  if (!tree) {
    WARN("skipped: no cgroup can be made here");
    return;
  }
  REQUIRE(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
  const int child = fork();
  if (child == 0) {
    if (!tree->join()) _exit(1);
    execlp("sh", "sh", "-c",
           "setsid sh -c 'while :; do :; done' & (sh -c 'while :; do :; done' &) & "
           "while :; do :; done",
           nullptr);
    _exit(1);
  }
  const auto cpu_s = [] { return descendants_cpu_time_s(getpid()); };
  for (int turn = 0; turn < 3; ++turn) {
    const double begin_s = cpu_s();
    CHECK(comes_true([&] { return cpu_s() > begin_s + 0.05; }));
    REQUIRE(tree->stop());
    const double end_s = cpu_s();
    work_for_a_while();
    CHECK(cpu_s() == end_s);
    tree->resume();
  }
  CHECK(tree->stop());  // what stands still is killed too
  tree->kill();
  while (waitpid(-1, nullptr, 0) > 0) {
  }
  CHECK(errno == ECHILD);
  prctl(PR_SET_CHILD_SUBREAPER, 0);
}

TEST_CASE("exec: a program that ends well is started again; one that fails is an error") {
  const test::TemporaryFolder folder;
  const std::string log = (folder.path() / "log").string();
  {
    CoRunners co_runners(program({"sh", "-c", "echo once >> " + log}));
    co_runners.set_running(true);
    CHECK(comes_true([&] {
      std::ifstream in(log);
      return std::count(std::istreambuf_iterator<char>(in), {}, '\n') >= 3;
    }));
  }
  CoRunners co_runners(program({"sh", "-c", "exit 3"}));
  CHECK_THROWS_WITH(
      [&] {
        co_runners.set_running(true);
        comes_true([&] { return co_runners.cpu_time_s() < 0.0; });
      }(),
      Contains("ended unexpectedly"));
}

TEST_CASE("exec: all is gone when the parent is killed") {
  const test::TemporaryFolder folder;
  REQUIRE(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
  const int parent = fork();
  if (parent == 0) {
    CoRunners co_runners(shell_with_child(folder, ""));
    co_runners.set_running(true);
    for (;;) pause();
  }
  REQUIRE(comes_true([&] { return number_in(folder.path() / "pid") > 0; }));
  const int child = number_in(folder.path() / "pid");
  CHECK_FALSE(is_gone(child));
  kill(parent, SIGKILL);
  while (waitpid(-1, nullptr, 0) > 0) {  // the parent, and its supervisor once all is gone
  }
  CHECK(is_gone(child));
  prctl(PR_SET_CHILD_SUBREAPER, 0);
}

TEST_CASE("exec: a program that is not there is refused before anything runs") {
  CHECK(refusal(program({"no-such-program", "-v"})) ==
        "contention: the program \"no-such-program\" is not there, or may not be run");
  CHECK(refusal(program({"sh", "-c", "exit 3"})) == "accepted");
}

TEST_CASE("stress-ng: its arguments are checked before anything runs") {
  if (refusal(stress_ng({"--cpu", "1"})) != "accepted") {
    WARN("skipped: " << refusal(stress_ng({"--cpu", "1"})));
    return;
  }
  CHECK_THROWS_AS(check_workload(stress_ng({"--bogus"})), InputError);
  CHECK_THAT(refusal(stress_ng({"--bogus"})),
             StartsWith("contention: stress-ng refuses the arguments \"--bogus\": ") &&
                 Contains("unrecognized option"));
  CoRunners co_runners(stress_ng({"--cpu", "1"}));
  co_runners.set_running(true);
  CHECK(comes_true([&] { return co_runners.cpu_time_s() > 0.05; }));
}

TEST_CASE("stress-ng: a machine without it is told how to get it") {
  const std::string path = std::getenv("PATH");
  setenv("PATH", "/nowhere", 1);
  const std::string message = refusal(stress_ng({"--cpu", "1"}));
  setenv("PATH", path.c_str(), 1);
  CHECK(message ==
        "contention: stress-ng is not installed; get it with: apt-get install stress-ng");
}
