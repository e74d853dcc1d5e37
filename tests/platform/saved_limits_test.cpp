#include "platform/saved_limits.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "base/error.hpp"
#include "platform/platform.hpp"
#include "support/catch.hpp"
#include "support/full_disk.hpp"
#include "support/sysfs_tree.hpp"

using namespace bench;
using Catch::Matchers::Contains;

namespace {

/// Two limits in files, and a state folder of the test's own.
struct Machine {
  test::SysfsTree tree;

  Machine() {
    setenv("XDG_STATE_HOME", tree.path("state").c_str(), 1);
    tree.write({{"a", "28000000"}, {"b", "44000000"}});
  }
  ~Machine() { unsetenv("XDG_STATE_HOME"); }

  std::vector<SavedLimit> limits() const {
    return {{tree.path("a"), tree.number("a")}, {tree.path("b"), tree.number("b")}};
  }
  void change() const { tree.write({{"a", "10000000"}, {"b", "10000000"}}); }
  bool as_before() const {
    return tree.number("a") == 28'000'000 && tree.number("b") == 44'000'000;
  }
  std::filesystem::path state_file(int pid) const {
    return state_folder() / ("limits-rapl-" + std::to_string(pid) + ".json");
  }
};

/// Another process that holds the limiter and has changed its limits.
class Holder {
 public:
  explicit Holder(const Machine& machine) {
    int ready[2];
    REQUIRE(pipe(ready) == 0);
    pid_ = fork();
    if (pid_ == 0) {
      const SavedLimits saved("rapl", machine.limits());
      machine.change();
      if (write(ready[1], "", 1) != 1) _exit(1);
      for (;;) pause();
    }
    char byte = 0;
    close(ready[1]);
    REQUIRE(read(ready[0], &byte, 1) == 1);
    close(ready[0]);
  }
  ~Holder() { kill_it(); }

  int pid() const { return pid_; }
  void kill_it() {
    if (killed_) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    killed_ = true;
  }

 private:
  int pid_ = 0;
  bool killed_ = false;
};

}  // namespace

TEST_CASE("saved limits: are on disk while they are changed, and put back in the end") {
  const Machine machine;
  {
    const SavedLimits saved("rapl", machine.limits());
    CHECK(std::filesystem::exists(machine.state_file(getpid())));
    machine.change();
  }
  CHECK(machine.as_before());
  CHECK_FALSE(std::filesystem::exists(machine.state_file(getpid())));
}

TEST_CASE("saved limits: are put back when an exception passes") {
  const Machine machine;
  try {
    const SavedLimits saved("rapl", machine.limits());
    machine.change();
    throw std::runtime_error("any");
  } catch (const std::runtime_error&) {
  }
  CHECK(machine.as_before());
}

TEST_CASE("saved limits: what a killed process left is put back at the next start") {
  const Machine machine;
  Holder holder(machine);
  const int pid = holder.pid();
  holder.kill_it();
  CHECK_FALSE(machine.as_before());

  const auto left = restore_left_limits();
  CHECK(machine.as_before());
  REQUIRE(left.size() == 1);
  CHECK(left[0].text() ==
        "rapl: put back 2 limit(s) that process " + std::to_string(pid) + " left");
  CHECK_FALSE(std::filesystem::exists(machine.state_file(pid)));
  CHECK(restore_left_limits().empty());
}

TEST_CASE("saved limits: of a process that runs are left alone") {
  const Machine machine;
  const Holder holder(machine);
  const auto left = restore_left_limits();
  REQUIRE(left.size() == 1);
  CHECK(left[0].in_use);
  CHECK(left[0].text() ==
        "rapl: in use by process " + std::to_string(holder.pid()) + ", which runs: left alone");
  CHECK(machine.tree.number("a") == 10'000'000);
  CHECK(std::filesystem::exists(machine.state_file(holder.pid())));
}

TEST_CASE("saved limits: a second process is refused with the first one's pid") {
  const Machine machine;
  const Holder holder(machine);
  CHECK_THROWS_WITH(
      SavedLimits("rapl", machine.limits()),
      Contains("the limiter \"rapl\" is in use by process " + std::to_string(holder.pid())));
  CHECK(machine.tree.number("a") == 10'000'000);
}

TEST_CASE("saved limits: that another run changed meanwhile are not taken for the machine's") {
  const Machine machine;
  const auto limits = machine.limits();
  machine.change();
  CHECK_THROWS_WITH(SavedLimits("rapl", limits), Contains("changed while this run started"));
  CHECK(machine.tree.number("a") == 10'000'000);
}

TEST_CASE("saved limits: a full disk is an error before anything is changed") {
  const Machine machine;
  {
    const test::FullDisk full(10);
    CHECK_THROWS_WITH(SavedLimits("rapl", machine.limits()),
                      Contains("the limits in force cannot be saved here: ") &&
                          Contains("cannot write: File too large. Nothing was changed"));
  }
  CHECK(restore_left_limits().empty());
  CHECK_NOTHROW(SavedLimits("rapl", machine.limits()));  // the lock was given up
}

TEST_CASE("saved limits: a state folder that cannot be made is an error") {
  const Machine machine;
  machine.tree.write("state", "a file");
  CHECK_THROWS_WITH(SavedLimits("rapl", machine.limits()), Contains("cannot be saved here"));
}

TEST_CASE("saved limits: what cannot be put back stays saved, until it is given up") {
  const Machine machine;
  Holder holder(machine);
  holder.kill_it();
  machine.tree.rule("b", "errno-write " + std::to_string(EACCES));
  auto left = restore_left_limits();
  REQUIRE(left.size() == 1);
  CHECK(left[0].restored == 1);
  REQUIRE(left[0].failures.size() == 1);
  CHECK_THAT(left[0].failures[0], Contains("cannot write this file: Permission denied"));
  CHECK(machine.tree.number("a") == 28'000'000);

  machine.tree.remove_rule("b");
  CHECK(restore_left_limits().size() == 1);
  CHECK(machine.as_before());
  CHECK(restore_left_limits().empty());
}

TEST_CASE("saved limits: of files that are gone can be given up") {
  const Machine machine;
  Holder holder(machine);
  holder.kill_it();
  std::filesystem::remove(machine.tree.path("a"));
  CHECK(restore_left_limits().at(0).restored == 1);  // the other one
  CHECK(machine.tree.number("b") == 44'000'000);
  CHECK(restore_left_limits(true).front().failures.size() == 1);
  CHECK(restore_left_limits().empty());
}

TEST_CASE("saved limits: a state file that cannot be read is told, and can be given up") {
  const Machine machine;
  machine.tree.write("state/alert-bench/limits-rapl-1.json", "{");
  CHECK_THAT(restore_left_limits().at(0).failures.at(0), Contains("limits-rapl-1.json: not JSON"));
  restore_left_limits(true);
  CHECK(restore_left_limits().empty());
}

TEST_CASE("saved limits: a value that does not stick is not called put back") {
  const Machine machine;
  Holder holder(machine);
  holder.kill_it();
  machine.tree.rule("a", "ignore");
  const auto left = restore_left_limits();
  REQUIRE(left.size() == 1);
  CHECK_THAT(left[0].failures.at(0), Contains("was set back to 28000000, but reads 10000000"));
}

TEST_CASE("saved limits: the state folder follows the XDG specification") {
  const Machine machine;
  CHECK(state_folder() == machine.tree.path("state/alert-bench"));
  setenv("XDG_STATE_HOME", "relative", 1);
  const std::string home = std::getenv("HOME");
  CHECK(state_folder() == std::filesystem::path(home) / ".local/state/alert-bench");
}
