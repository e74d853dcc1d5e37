#include "platform/saved_limits.hpp"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "base/error.hpp"
#include "platform/state_folder.hpp"
#include "support/catch.hpp"
#include "support/full_disk.hpp"
#include "support/sysfs_tree.hpp"

using namespace bench;
using Catch::Matchers::Contains;

namespace {

const std::string package = "class/powercap/intel-rapl:0/";
const std::string a = package + "constraint_0_power_limit_uw";
const std::string b = package + "constraint_1_power_limit_uw";

/// Two limits in files, and a state folder of the test's own.
struct Machine {
  test::SysfsTree tree;

  Machine() {
    setenv("XDG_STATE_HOME", tree.path("state").c_str(), 1);
    tree.write({{a, "28000000"}, {b, "44000000"}});
  }
  ~Machine() { unsetenv("XDG_STATE_HOME"); }

  std::vector<SavedLimit> limits() const {
    return {FileLimit{tree.path(a), tree.number(a)}, FileLimit{tree.path(b), tree.number(b)}};
  }
  void change() const { tree.write({{a, "10000000"}, {b, "10000000"}}); }
  bool as_before() const { return tree.number(a) == 28'000'000 && tree.number(b) == 44'000'000; }
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
  CHECK(machine.tree.number(a) == 10'000'000);
  CHECK(std::filesystem::exists(machine.state_file(holder.pid())));
}

TEST_CASE("saved limits: a second process is refused with the first one's pid") {
  const Machine machine;
  const Holder holder(machine);
  CHECK_THROWS_WITH(
      SavedLimits("rapl", machine.limits()),
      Contains("the limiter \"rapl\" is in use by process " + std::to_string(holder.pid())));
  CHECK(machine.tree.number(a) == 10'000'000);
}

TEST_CASE("saved limits: that another run changed meanwhile are not taken for the machine's") {
  const Machine machine;
  const auto limits = machine.limits();
  machine.change();
  CHECK_THROWS_WITH(SavedLimits("rapl", limits), Contains("changed while this run started"));
  CHECK(machine.tree.number(a) == 10'000'000);
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
  machine.tree.rule(b, "errno-write " + std::to_string(EACCES));
  auto left = restore_left_limits();
  REQUIRE(left.size() == 1);
  CHECK(left[0].restored == 1);
  REQUIRE(left[0].failures.size() == 1);
  CHECK_THAT(left[0].failures[0], Contains("cannot write this file: Permission denied"));
  CHECK(machine.tree.number(a) == 28'000'000);

  machine.tree.remove_rule(b);
  CHECK(restore_left_limits().size() == 1);
  CHECK(machine.as_before());
  CHECK(restore_left_limits().empty());
}

TEST_CASE("saved limits: of files that are gone can be given up") {
  const Machine machine;
  Holder holder(machine);
  holder.kill_it();
  std::filesystem::remove(machine.tree.path(a));
  CHECK(restore_left_limits().at(0).restored == 1);  // the other one
  CHECK(machine.tree.number(b) == 44'000'000);
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
  machine.tree.rule(a, "ignore");
  const auto left = restore_left_limits();
  REQUIRE(left.size() == 1);
  CHECK_THAT(left[0].failures.at(0), Contains("was set back to 28000000, but reads 10000000"));
}

namespace {

/// A state file of this machine's with one limit; what becomes of it.
std::string restored(const Machine& machine, const std::string& limit) {
  const std::string file = "state/alert-bench/limits-rapl-1.json";
  std::filesystem::create_directories(machine.tree.path("state/alert-bench"));
  machine.tree.write(
      file, R"({"schema_version": 1, "limiter": "rapl", "pid": 1, "limits": [)" + limit + "]}");
  const auto left = restore_left_limits();
  return left.size() == 1 && left[0].failures.size() == 1 ? left[0].failures[0] : "restored";
}

/// The same, of one file and value.
std::string restored(const Machine& machine, const std::string& file, const std::string& value) {
  return restored(machine, R"({"file": ")" + machine.tree.path(file).string() + R"(", "value": )" +
                               value + "}");
}

constexpr uid_t stranger = 12345;

}  // namespace

TEST_CASE("saved limits: only files that are limits are written") {
  const Machine machine;
  const auto file =
      GENERATE(as<std::string>{}, "passwd", "class/powercap/intel-rapl:0/energy_uj",
               "class/powercap/intel-rapl:0/../../../passwd",
               "class/powercap/dtpm:0/constraint_0_power_limit_uw", "constraint_0_power_limit_uw",
               "devices/system/cpu/cpufreq/policy0/scaling_min_freq");
  machine.tree.write("passwd", "7");
  CHECK_THAT(restored(machine, file, "5"), Contains("is no power limit: it is left alone"));
  CHECK(machine.tree.number("passwd") == 7);
  CHECK(restored(machine, a, "5000000") == "restored");
  CHECK(machine.tree.number(a) == 5'000'000);
}

TEST_CASE("saved limits: a value that no machine has is left alone") {
  const Machine machine;
  const auto value = GENERATE(as<std::string>{}, "1e300", "-1", "0.5", "100000000001", "\"5\"");
  CHECK_THAT(restored(machine, a, value), Contains("/limits/0/value: "));
  CHECK(machine.as_before());
}

TEST_CASE("saved limits: a limit that is a link to another file is left alone") {
  const Machine machine;
  machine.tree.write("passwd", "7");
  std::filesystem::remove(machine.tree.path(a));
  std::filesystem::create_symlink(machine.tree.path("passwd"), machine.tree.path(a));
  CHECK_THAT(restored(machine, a, "5"), Contains("Too many levels of symbolic links"));
  CHECK(machine.tree.number("passwd") == 7);
}

TEST_CASE("saved limits: no library comes from a state file") {
  const Machine machine;
  CHECK_THAT(restored(machine, R"({"gpu": "GPU-1", "nvml_library": "/tmp/evil.so", "value": 5})"),
             Contains("libnvidia-ml.so.1") && !Contains("evil"));
  CHECK_THAT(restored(machine, R"({"gpu": "../../x", "value": 5})"), Contains("is no GPU's UUID"));
}

TEST_CASE("saved limits: a state file that others can have written is not trusted") {
  const Machine machine;
  const auto folder = machine.tree.path("state/alert-bench");
  const auto file = folder / "limits-rapl-1.json";
  REQUIRE(restored(machine, a, "5000000") == "restored");
  machine.tree.write(a, "28000000");

  const auto refused = [&](const std::string& why) {
    const auto left = restore_left_limits(true);
    REQUIRE(left.size() == 1);
    CHECK_THAT(left[0].text(), Contains(why));
    CHECK(machine.as_before());
  };
  const auto write_file = [&] {
    std::filesystem::remove(file);
    machine.tree.write(
        "state/alert-bench/limits-rapl-1.json",
        R"({"schema_version": 1, "limiter": "rapl", "pid": 1, "limits": [{"file": ")" +
            machine.tree.path(a).string() + R"(", "value": 5000000}]})");
  };
  SECTION("a file of another user") {
    if (geteuid() != 0) return;
    write_file();
    REQUIRE(chown(file.c_str(), stranger, stranger) == 0);
    refused("limits-rapl-1.json: belongs to user 12345, not to user 0, who runs this");
  }
  SECTION("a file that every user may write") {
    write_file();
    std::filesystem::permissions(file, std::filesystem::perms(0666));
    refused("limits-rapl-1.json: other users may write to it");
  }
  SECTION("a link") {
    write_file();
    std::filesystem::rename(file, machine.tree.path("elsewhere"));
    std::filesystem::create_symlink(machine.tree.path("elsewhere"), file);
    refused("limits-rapl-1.json: is a link");
  }
  SECTION("a second name of a file elsewhere") {
    write_file();
    std::filesystem::create_hard_link(file, machine.tree.path("elsewhere"));
    refused("limits-rapl-1.json: has a second name");
  }
  SECTION("a pipe") {
    std::filesystem::remove(file);
    REQUIRE(mkfifo(file.c_str(), 0600) == 0);
    refused("limits-rapl-1.json: is not a regular file");
  }
  SECTION("a folder of another user") {
    if (geteuid() != 0) return;
    write_file();
    REQUIRE(chown(folder.c_str(), stranger, stranger) == 0);
    refused("alert-bench: belongs to user 12345, not to user 0, who runs this");
  }
  SECTION("a folder that every user may write to") {
    write_file();
    std::filesystem::permissions(folder, std::filesystem::perms(0777));
    refused("alert-bench: other users may write to it");
    CHECK_THROWS_WITH(SavedLimits("rapl", machine.limits()), Contains("is not trusted"));
  }
  SECTION("a folder of another user on the way") {
    if (geteuid() != 0) return;
    write_file();
    REQUIRE(chown(folder.parent_path().c_str(), stranger, stranger) == 0);
    refused("state: belongs to user 12345, not to user 0, who runs this");
  }
  SECTION("a link on the way") {
    write_file();
    std::filesystem::rename(machine.tree.path("state"), machine.tree.path("real"));
    std::filesystem::create_directory_symlink(machine.tree.path("real"),
                                              machine.tree.path("state"));
    refused("state: is a link");
  }
}

TEST_CASE("saved limits: the state folder is nobody else's business") {
  const Machine machine;
  const SavedLimits saved("rapl", machine.limits());
  CHECK(std::filesystem::status(state_folder()).permissions() == std::filesystem::perms(0700));
}

TEST_CASE("saved limits: what is no limit is not saved as one") {
  const Machine machine;
  machine.tree.write("passwd", "7");
  CHECK_THROWS_WITH(SavedLimits("rapl", {FileLimit{machine.tree.path("passwd"), 7}}),
                    Contains("is no power limit"));
}

TEST_CASE("saved limits: the state folder follows the XDG specification") {
  const Machine machine;
  CHECK(state_folder() == machine.tree.path("state/alert-bench"));
  setenv("XDG_STATE_HOME", "relative", 1);
  const std::string home = std::getenv("HOME");
  CHECK(state_folder() == std::filesystem::path(home) / ".local/state/alert-bench");
}
