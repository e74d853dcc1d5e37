#include "platform/load.hpp"

#include <sched.h>
#include <unistd.h>

#include "base/error.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using namespace bench;
using Catch::Matchers::Contains;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

const double ticks_per_s = static_cast<double>(sysconf(_SC_CLK_TCK));

/// A kernel that tells all.
struct Kernel {
  test::TemporaryFolder folder;

  Kernel() {
    for (const char* name : {"self", "pressure", "cpu0/thermal_throttle", "group/inner"})
      fs::create_directories(folder.path() / name);
    write("self/cgroup", "0::/inner\n");
    write("self/mountinfo",
          "30 24 0:26 / " + (folder.path() / "group").string() + " rw - cgroup2 cgroup2 rw\n");
  }
  void write(const std::string& name, const std::string& text) const { folder.write(name, text); }
  /// Seconds of user, system and stolen time.
  void write_stat(double user_s, double system_s, double steal_s) const {
    const auto ticks = [](double seconds) {
      return " " + std::to_string(static_cast<long>(seconds * ticks_per_s));
    };
    write("stat", "cpu " + ticks(user_s) + " 0" + ticks(system_s) + " 99999 7 0 0" +
                      ticks(steal_s) + " 0 0\ncpu0 1 2 3\n");
  }
  LoadFiles files() const { return {folder.path(), folder.path()}; }
};

}  // namespace

TEST_CASE("machine load: what neither the program nor its co-runners used, and what slowed them") {
  const Kernel kernel;
  kernel.write_stat(100.0, 50.0, 3.0);
  kernel.write("pressure/cpu", "some avg10=0.00 avg60=0.00 avg300=0.00 total=2000000\nfull 0\n");
  kernel.write("cpu0/thermal_throttle/core_throttle_count", "4\n");
  kernel.write("group/inner/cpu.stat", "usage_usec 5\nnr_throttled 1\nthrottled_usec 100000\n");
  LoadCounters before = read_load(kernel.files());
  kernel.write_stat(107.0, 52.0, 4.0);
  kernel.write("pressure/cpu", "some avg10=0.00 avg60=0.00 avg300=0.00 total=5000000\nfull 0\n");
  kernel.write("cpu0/thermal_throttle/core_throttle_count", "6\n");
  kernel.write("group/inner/cpu.stat", "usage_usec 9\nnr_throttled 3\nthrottled_usec 350000\n");
  LoadCounters after = read_load(kernel.files());
  after.time = before.time + 10s;

  MachineLoad load = machine_load(before, after, 6.0);
  load.phase = "profile";
  CHECK(load.duration_s == Approx(10.0));
  CHECK(load.other_cores == Approx(0.3));
  CHECK(load.steal_cores == Approx(0.1));
  CHECK(*load.cpu_pressure == Approx(0.3));
  CHECK(*load.throttled_s == Approx(0.25));
  CHECK(*load.thermal_throttles == 2.0);
  CHECK(disturbance(load) ==
        "other work used 0.30 cores, the hypervisor took 0.10 cores, a CPU quota stopped it for "
        "0.25 s, 2 times a core was throttled for heat");
  CHECK(to_json(load)["disturbance"] == disturbance(load));
  CHECK(machine_load(before, after, 20.0).other_cores == 0.0);  // ticks are coarse
}

TEST_CASE("machine load: a quiet machine is not disturbed, and a kernel may not tell all") {
  const Kernel kernel;
  kernel.write_stat(100.0, 50.0, 3.0);
  const LoadCounters before = read_load(kernel.files());
  kernel.write_stat(105.5, 50.0, 3.0);
  LoadCounters after = read_load(kernel.files());
  after.time = before.time + 10s;
  MachineLoad load = machine_load(before, after, 5.0);
  CHECK(load.other_cores == Approx(0.05));
  CHECK(disturbance(load).empty());
  const auto json = to_json(load);
  CHECK(json["disturbance"].is_null());
  CHECK(json["throttled_s"].is_null());
  CHECK(json["throttled_s_reason"] == "this kernel does not tell");

  load.calibration_before_s = 0.001;
  load.calibration_after_s = 0.00105;
  CHECK(disturbance(load).empty());
  load.calibration_after_s = 0.0013;
  CHECK(disturbance(load) == "a fixed piece of work took +30 % after it");
  CHECK_THROWS_AS(read_load({kernel.folder.path() / "nowhere", {}}), MachineError);
}

TEST_CASE("machine load: watched here, this program's own work is not others'") {
  const LoadWatch watch("here", [] { return 0.0; });
  const MachineLoad load = watch.end();
  CHECK(load.phase == "here");
  CHECK(load.duration_s > 0.0);
  CHECK(load.calibration_before_s > 0.0);
  CHECK(load.calibration_after_s > 0.0);
}

TEST_CASE("CPU share: the least quota of all cgroups around, and affinity") {
  const Kernel kernel;
  CHECK_FALSE(cpu_share(kernel.files()).quota_cores.has_value());
  kernel.write("group/inner/cpu.max", "max 100000\n");
  CHECK_FALSE(cpu_share(kernel.files()).quota_cores.has_value());
  kernel.write("group/cpu.max", "20000 100000\n");
  CHECK(*cpu_share(kernel.files()).quota_cores == Approx(0.2));
  kernel.write("group/inner/cpu.max", "10000 100000\n");
  CHECK(*cpu_share(kernel.files()).quota_cores == Approx(0.1));

  kernel.write("self/cgroup", "2:cpu,cpuacct:/inner\n");
  kernel.write("self/mountinfo", "30 24 0:26 / " + (kernel.folder.path() / "group").string() +
                                     " rw - cgroup cgroup rw,cpu,cpuacct\n");
  fs::remove(kernel.folder.path() / "group" / "cpu.max");
  fs::remove(kernel.folder.path() / "group" / "inner" / "cpu.max");
  kernel.write("group/inner/cpu.cfs_period_us", "100000\n");
  kernel.write("group/inner/cpu.cfs_quota_us", "-1\n");
  CHECK_FALSE(cpu_share(kernel.files()).quota_cores.has_value());
  kernel.write("group/inner/cpu.cfs_quota_us", "150000\n");
  CHECK(*cpu_share(kernel.files()).quota_cores == Approx(1.5));
  CHECK_THAT(to_string(cpu_share(kernel.files())), Contains("a CPU quota of 1.5 cores"));

  cpu_set_t before, one;
  REQUIRE(sched_getaffinity(0, sizeof before, &before) == 0);
  CPU_ZERO(&one);
  for (int cpu = 0; CPU_COUNT(&one) == 0; ++cpu)
    if (CPU_ISSET(cpu, &before)) CPU_SET(cpu, &one);
  REQUIRE(sched_setaffinity(0, sizeof one, &one) == 0);
  CHECK(cpu_share(kernel.files()).allowed_cores == 1);
  sched_setaffinity(0, sizeof before, &before);
}
