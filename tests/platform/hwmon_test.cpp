#include "platform/hwmon.hpp"

#include <cerrno>

#include "base/clock.hpp"
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
  CHECK(reading.power_w().value() == Approx(5.0));
}

TEST_CASE("hwmon: an energy counter is read as it is") {
  const test::SysfsTree tree = one_sensor();
  tree.write({{"hwmon2/name", "ltc2947"},
              {"hwmon2/energy1_input", "7000000"},
              {"hwmon2/update_interval", "100"}});
  const auto meter = open_hwmon_meter(tree.path(), {"ltc2947/energy1"});
  meter->start(Activity::busy);
  tree.write("hwmon2/energy1_input", "7250000");
  CHECK(meter->stop().energy_j.value() == Approx(0.25));
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
  CHECK(meter->stop().power_w().value() == Approx(6.0));
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

TEST_CASE("hwmon: an INA3221's volts times amperes, of the rails that are on") {
  const test::SysfsTree tree;
  tree.write({{"hwmon3/name", "ina3221"}, {"hwmon3/update_interval", "2"}});
  for (const std::string n : {"1", "2", "3", "4"})
    tree.write({{"hwmon3/in" + n + "_input", "5000"}, {"hwmon3/curr" + n + "_input", "800"}});
  tree.write({{"hwmon3/in1_label", "VDD_GPU_SOC"}, {"hwmon3/in3_label", "VIN_SYS_5V0"}});
  CHECK_THAT(unusable(tree, {}),
             Contains("there are several power channels: ina3221/power1 (ina3221/VDD_GPU_SOC), "
                      "ina3221/power2, ina3221/power3 (ina3221/VIN_SYS_5V0). Name those"));
  const auto power_w = [&](const std::vector<std::string>& sensors) {
    const auto meter = open_hwmon_meter(tree.path(), sensors);
    meter->start(Activity::busy);
    spin(std::chrono::milliseconds(1));
    return meter->stop().power_w().value();
  };
  CHECK(power_w({"ina3221/VIN_SYS_5V0"}) == Approx(4.0));  // 5 V times 0.8 A
  CHECK(power_w({"ina3221/VDD_GPU_SOC", "ina3221/power2"}) == Approx(8.0));

  for (const std::string n : {"2", "3"})
    tree.rule("hwmon3/curr" + n + "_input", "errno " + std::to_string(ENODATA));
  CHECK(power_w({}) == Approx(4.0));
  CHECK_THAT(open_hwmon_meter(tree.path(), {})->info().description,
             Contains("sensors ina3221/power1 (ina3221/VDD_GPU_SOC); without ina3221/power2 ("));
}

TEST_CASE("hwmon: a meter that tells a mean only is read at its own interval") {
  const test::SysfsTree tree;
  tree.write({{"hwmon0/name", "power_meter"},
              {"hwmon0/power1_average", "180000000"},
              {"hwmon0/power1_average_interval", "1000"}});
  const auto meter = open_hwmon_meter(tree.path(), {"power_meter/power1"});
  CHECK(meter->info().update_interval_s == 1.0);
  meter->start(Activity::busy);
  spin(std::chrono::milliseconds(1));
  CHECK(meter->stop().power_w().value() == Approx(180.0));
  tree.write("hwmon0/power1_average_interval", "60000");
  CHECK_THAT(unusable(tree, {"power_meter/power1"}), Contains("changes every 60 s only"));
}

TEST_CASE("hwmon: sensors of one name are told apart by where they are") {
  const test::SysfsTree tree = one_sensor();
  tree.write({{"hwmon2/name", "ina226"},
              {"hwmon2/power1_input", "7000000"},
              {"hwmon2/update_interval", "2"},
              {"i2c/1-0041/name", "ina226"}});
  std::filesystem::create_directory_symlink(tree.path("i2c/1-0041"), tree.path("hwmon2/device"));
  CHECK_THAT(unusable(tree, {}),
             Contains("ina226@1-0041/power1, ina226@hwmon1/power1. Name those") &&
                 Contains("\"hwmon_sensors\": [\"ina226@1-0041/power1\"]"));
  CHECK_THAT(unusable(tree, {"ina226/power1"}), Contains("is there 2 times"));
  const auto meter = open_hwmon_meter(tree.path(), {"ina226@1-0041/power1"});
  meter->start(Activity::busy);
  spin(std::chrono::milliseconds(1));
  CHECK(meter->stop().power_w().value() == Approx(7.0));
}

TEST_CASE("hwmon: a chip that cannot be read is left out") {
  const test::SysfsTree tree = one_sensor();
  tree.write("hwmon5/name", "ina226");
  std::filesystem::resize_file(tree.path("hwmon5/name"), 0);
  CHECK_THAT(open_hwmon_meter(tree.path(), {})->info().description,
             Contains("sensors ina226/power1; without hwmon5 ("));
}

TEST_CASE("hwmon: what is no plausible power leaves the window without energy") {
  const test::SysfsTree tree = one_sensor();
  const auto meter = open_hwmon_meter(tree.path(), {});
  const auto [value, why] = GENERATE(table<std::string, std::string>(
      {{"4294967295000", "reads 4294967.295 W, where up to 1000 W are plausible"},
       {"4294967295", "reads 4294.967295 W"},
       {"-12000000", "must hold a whole number, found \"-12000000\""},
       {"0", "reads 0 W"},
       {"", "must hold a whole number, found \"\""},
       {"18446744073709551616", "must hold a whole number"}}));
  meter->start(Activity::busy);
  tree.write("hwmon1/power1_input", value);
  const EnergyReading reading = meter->stop();
  CHECK_FALSE(reading.energy_j);
  CHECK_THAT(reading.missing, Contains(why));
}

TEST_CASE("hwmon: a sensor that fails midway leaves the window without energy") {
  const test::SysfsTree tree = one_sensor();
  const auto meter = open_hwmon_meter(tree.path(), {});
  meter->start(Activity::busy);
  tree.rule("hwmon1/power1_input", "errno " + std::to_string(EREMOTEIO));
  CHECK(meter->stop().missing ==
        tree.path("hwmon1/power1_input").string() + ": cannot read this file: Remote I/O error");
}
