#include "platform/hwmon.hpp"

#include <cerrno>

#include "support/catch.hpp"
#include "support/sysfs_tree.hpp"

using namespace bench;
using Catch::Matchers::Contains;

namespace {

test::SysfsTree one_sensor() {
  test::SysfsTree tree;
  tree.write({{"hwmon0/name", "cpu_thermal"},
              {"hwmon0/temp1_input", "45000"},
              {"hwmon1/name", "ina226"},
              {"hwmon1/power1_input", "5000000"},
              {"hwmon1/update_interval", "2"}});
  return tree;
}

void spin(std::chrono::milliseconds duration) {
  const auto end = Clock::now() + duration;
  while (Clock::now() < end) {
  }
}

std::string unusable(const test::SysfsTree& tree, const std::vector<std::string>& sensors) {
  try {
    open_hwmon_meter(tree.path(), sensors);
  } catch (const Unusable& error) {
    return error.reason();
  }
  return "can be used";
}

}  // namespace

TEST_CASE("hwmon: power is integrated") {
  const test::SysfsTree tree = one_sensor();
  const auto meter = open_hwmon_meter(tree.path(), {});
  CHECK(meter->info().source == EnergySource::measured);
  CHECK(meter->info().update_interval_s == Approx(0.02));
  CHECK(meter->info().description == "sensors ina226/power1");
  meter->start(Activity::busy);
  spin(std::chrono::milliseconds(2));
  const EnergyReading reading = meter->stop();
  CHECK(reading.duration_s >= 0.002);
  CHECK(reading.power_w() == Approx(5.0));
}

TEST_CASE("hwmon: an energy counter is read as it is") {
  const test::SysfsTree tree = one_sensor();
  tree.write({{"hwmon2/name", "ltc2947"},
              {"hwmon2/energy1_input", "7000000"},
              {"hwmon2/update_interval", "100"}});
  const auto meter = open_hwmon_meter(tree.path(), {"ltc2947/energy1"});
  meter->start(Activity::busy);
  tree.write("hwmon2/energy1_input", "7250000");
  CHECK(meter->stop().energy_j == Approx(0.25));
}

TEST_CASE("hwmon: sensors are named by channel or label, and added up") {
  const test::SysfsTree tree = one_sensor();
  tree.write({{"hwmon2/name", "ina3221"},
              {"hwmon2/power1_input", "1000000"},
              {"hwmon2/power1_label", "VDD_CPU"},
              {"hwmon2/power2_input", "2000000"},
              {"hwmon2/update_interval", "40"}});
  CHECK(unusable(tree, {}) ==
        "there are several power channels: ina226/power1, ina3221/power1 (ina3221/VDD_CPU), "
        "ina3221/power2. Name those to add up in the platform file, as in \"hwmon_sensors\": "
        "[\"ina226/power1\"]");
  const auto meter = open_hwmon_meter(tree.path(), {"ina3221/VDD_CPU", "ina226/power1"});
  CHECK(meter->info().update_interval_s == Approx(0.04));
  meter->start(Activity::busy);
  spin(std::chrono::milliseconds(1));
  CHECK(meter->stop().power_w() == Approx(6.0));
  CHECK(unusable(tree, {"ina226/power2"}) ==
        "the power sensor \"ina226/power2\" is there 0 times; there are: ina226/power1, "
        "ina3221/power1 (ina3221/VDD_CPU), ina3221/power2");
}

TEST_CASE("hwmon: an update interval that the driver does not state is measured") {
  const test::SysfsTree tree = one_sensor();
  std::filesystem::remove(tree.path("hwmon1/update_interval"));
  tree.rule("hwmon1/power1_input", "energy 5 1000000000");  // any number that changes
  CHECK(open_hwmon_meter(tree.path(), {})->info().update_interval_s.value() > 0.0);
}

TEST_CASE("hwmon: a machine without such a sensor is told so") {
  test::SysfsTree tree;
  CHECK_THAT(unusable(tree, {}), Contains("has no power channel of an INA sensor"));
  tree.write({{"hwmon0/name", "BAT0"}, {"hwmon0/power1_input", "9000000"}});
  CHECK_THAT(unusable(tree, {}), Contains("\"hwmon_sensors\": [\"BAT0/power1\"]"));
}

TEST_CASE("hwmon: a sensor that fails midway ends the window") {
  const test::SysfsTree tree = one_sensor();
  const auto meter = open_hwmon_meter(tree.path(), {});
  meter->start(Activity::busy);
  tree.rule("hwmon1/power1_input", "errno " + std::to_string(EREMOTEIO));
  CHECK_THROWS_WITH(meter->stop(), tree.path("hwmon1/power1_input").string() +
                                       ": cannot read this file: Remote I/O error");
}
