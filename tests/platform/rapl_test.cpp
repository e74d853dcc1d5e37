#include "platform/rapl.hpp"

#include <cerrno>

#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/powercap_tree.hpp"

using namespace bench;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

const PowerCaps three_caps{{20.0, 40.0, 56.0}, 0};  // of both packages together
const std::string first = "intel-rapl:0/", second = "intel-rapl:1/";
const std::string long_term = "constraint_0_power_limit_uw";
const std::string short_term = "constraint_1_power_limit_uw";

/// The meter on a tree whose counters the test sets from then on.
std::unique_ptr<Meter> still_meter(const test::SysfsTree& tree) {
  auto meter = open_rapl_meter(tree.path());
  for (const std::string& zone : {first, second}) tree.write(zone + "energy_uj", "100000000");
  for (const std::string& zone : {first, second}) tree.remove_rule(zone + "energy_uj");
  meter->start(Activity::busy);  // the step from counting to still
  return meter;
}

Unusable why_unusable(const std::function<void()>& open) {
  try {
    open();
  } catch (const Unusable& error) {
    return error;
  }
  FAIL("can be used");
  throw;
}

}  // namespace

TEST_CASE("RAPL meter: adds up packages and DRAM, and no part of a package twice") {
  test::SysfsTree tree = test::two_packages();
  const auto meter = still_meter(tree);
  meter->start(Activity::busy);
  tree.write(first + "energy_uj", "102000000");       // package-0: 2 J
  tree.write(second + "energy_uj", "100500000");      // package-1: 0.5 J
  tree.write("intel-rapl:0:0/energy_uj", "2000000");  // core: in the package
  tree.write("intel-rapl:0:1/energy_uj", "1250000");  // dram: 0.25 J
  CHECK(meter->stop().energy_j.value() == Approx(2.75));
}

TEST_CASE("RAPL meter: counters wrap at their own range") {
  test::SysfsTree tree = test::two_packages();
  const auto meter = still_meter(tree);
  tree.write("intel-rapl:0:1/max_energy_range_uj", "65532610987");  // read when it was opened
  tree.write("intel-rapl:0:1/energy_uj", "100000000");
  meter->start(Activity::busy);
  CHECK(meter->stop().energy_j == 0.0);

  test::SysfsTree other = test::two_packages();
  other.write("intel-rapl:0:1/energy_uj", std::to_string(test::energy_range_uj - 500'000));
  const auto near_end = still_meter(other);
  near_end->start(Activity::busy);
  other.write("intel-rapl:0:1/energy_uj", "250000");
  CHECK(near_end->stop().energy_j.value() == Approx(0.75));
}

TEST_CASE("RAPL meter: tells what it reads and how often that changes") {
  test::SysfsTree tree = test::two_packages();
  const SourceInfo info = open_rapl_meter(tree.path())->info();
  CHECK(info.name == "rapl");
  CHECK(info.source == EnergySource::measured);
  CHECK(info.description == "energy counters of package-0, package-0 dram, package-1");
  CHECK(info.update_interval_s.value() > 0.0);
  CHECK(info.resolution.value() > 0.0);
}

TEST_CASE("RAPL meter: DRAM that cannot be read is left out, and said to be") {
  test::SysfsTree tree = test::two_packages();
  std::filesystem::remove(tree.path("intel-rapl:0:1/energy_uj"));
  CHECK_THAT(open_rapl_meter(tree.path())->info().description,
             StartsWith("energy counters of package-0, package-1; without package-0 dram ("));
}

TEST_CASE("RAPL meter: MMIO zones read the MSR zones' counters, and are not added") {
  test::SysfsTree tree = test::two_packages();
  test::add_package(tree, "intel-rapl-mmio:0", "package-0");
  CHECK(open_rapl_meter(tree.path())->info().description ==
        "energy counters of package-0, package-0 dram, package-1");
}

TEST_CASE("RAPL meter: a package that cannot be read is left out, and said to be") {
  test::SysfsTree tree = test::two_packages();
  SECTION("its counter's range is not known") {
    std::filesystem::remove(tree.path(second + "max_energy_range_uj"));
    CHECK_THAT(open_rapl_meter(tree.path())->info().description,
               StartsWith("energy counters of package-0, package-0 dram; without package-1 (") &&
                   Contains("max_energy_range_uj: cannot read this file: No such file"));
  }
  SECTION("its counter's range is 0") {
    tree.write(second + "max_energy_range_uj", "0");
    CHECK_THAT(open_rapl_meter(tree.path())->info().description,
               Contains("; without package-1 (") && Contains("max_energy_range_uj: is 0"));
  }
  SECTION("its counter stands still") {
    tree.remove_rule(second + "energy_uj");
    CHECK_THAT(open_rapl_meter(tree.path())->info().description,
               Contains("; without package-1 (") && Contains("does not change"));
  }
  SECTION("a zone has no name") {
    std::filesystem::create_directories(tree.path("intel-rapl:2"));
    CHECK_THAT(open_rapl_meter(tree.path())->info().description,
               StartsWith("energy counters of package-0, package-0 dram, package-1; without "
                          "intel-rapl:2 ("));
    CHECK_THAT(
        RaplLimiter(tree.path(), three_caps).info().description,
        StartsWith("long- and short-term limits of package-0, package-1, through intel-rapl; "
                   "without intel-rapl:2 ("));
  }
}

TEST_CASE("RAPL meter: what only root may read is unusable, with the rule that mends it") {
  test::SysfsTree tree = test::two_packages();
  for (const std::string& zone : {first, second})
    tree.rule(zone + "energy_uj", "errno " + std::to_string(EACCES));
  const Unusable error = why_unusable([&] { open_rapl_meter(tree.path()); });
  CHECK(error.reason() ==
        tree.path(first + "energy_uj").string() + ": cannot read this file: Permission denied");
  CHECK_THAT(error.remedy(), Contains("/etc/udev/rules.d/60-powercap.rules"));
}

TEST_CASE("RAPL meter: a machine without RAPL is told so") {
  test::SysfsTree tree;
  CHECK_THAT(why_unusable([&] { open_rapl_meter(tree.path("nothing")); }).reason(),
             Contains("has no package zone (intel-rapl:0)"));
  CHECK(why_unusable([&] { open_rapl_meter(tree.path()); }).remedy() == "modprobe intel_rapl_msr");
  CHECK_THAT(why_unusable([&] { RaplLimiter(tree.path(), three_caps); }).reason(),
             Contains("has no package zone (intel-rapl:0)"));
}

TEST_CASE("RAPL meter: counters that all stand still are unusable") {
  test::SysfsTree tree = test::two_packages();
  for (const std::string& zone : {first, second}) tree.remove_rule(zone + "energy_uj");
  CHECK_THAT(why_unusable([&] { open_rapl_meter(tree.path()); }).reason(),
             Contains("does not change while the processor works"));
}

TEST_CASE("RAPL meter: a counter that goes backwards leaves the window without energy") {
  test::SysfsTree tree = test::two_packages();
  const auto meter = still_meter(tree);
  tree.write("intel-rapl:0:1/energy_uj", "5");
  CHECK_THAT(meter->stop().missing,
             Contains("intel-rapl:0:1/energy_uj: the energy counter went from 1000000 to 5 uJ"));
}

TEST_CASE(
    "RAPL meter: a file that vanishes, or a permission that is lost midway, is a missing energy") {
  const int code = GENERATE(ENODEV, EACCES);
  test::SysfsTree tree = test::two_packages();
  const auto meter = still_meter(tree);
  tree.rule(second + "energy_uj", "errno " + std::to_string(code));
  CHECK(meter->stop().missing ==
        tree.path(second + "energy_uj").string() +
            ": cannot read this file: " + std::generic_category().message(code));
}

TEST_CASE("RAPL meter: a counter that is emptied is a missing energy, never a zero") {
  test::SysfsTree tree = test::two_packages();
  const auto meter = still_meter(tree);
  std::filesystem::resize_file(tree.path(second + "energy_uj"), 0);
  CHECK_FALSE(meter->stop().energy_j);
}

TEST_CASE("RAPL limiter: sets long- and short-term limits of every package to its share") {
  test::SysfsTree tree = test::two_packages();
  RaplLimiter limiter(tree.path(), three_caps);
  CHECK(tree.number(first + long_term) == 28'000'000);  // nothing is changed yet
  CHECK(limiter.caps_w() == three_caps.values_w);
  CHECK(limiter.cap() == 2);
  limiter.set_cap(0);
  CHECK(limiter.cap() == 0);
  for (const std::string& zone : {first, second}) {
    CHECK(tree.number(zone + long_term) == 10'000'000);
    CHECK(tree.number(zone + short_term) == 10'000'000);
    CHECK(tree.number(zone + "constraint_0_time_window_us") == 27'983'872);
  }
}

TEST_CASE("RAPL limiter: sets the MMIO limits too, because the lower one holds") {
  test::SysfsTree tree = test::two_packages();
  test::add_package(tree, "intel-rapl-mmio:0", "package-0");
  RaplLimiter limiter(tree.path(), three_caps);
  limiter.set_cap(0);
  CHECK(tree.number(first + long_term) == 10'000'000);  // two packages, not three
  CHECK(tree.number("intel-rapl-mmio:0/" + long_term) == 10'000'000);
  CHECK(limiter.info().description ==
        "long- and short-term limits of package-0, package-1, through intel-rapl and "
        "intel-rapl-mmio");
  CHECK(limiter.limits().size() == 6);
}

TEST_CASE("RAPL limiter: levels run from the least to the greatest power of all packages") {
  test::SysfsTree tree = test::two_packages();
  tree.write(first + "constraint_0_min_power_uw", "8000000");
  const RaplLimiter limiter(tree.path(), {{}, 3});
  CHECK(limiter.caps_w() == std::vector<double>{16.0, 36.0, 56.0});
}

TEST_CASE("RAPL limiter: levels stay below a limit that is in force") {
  test::SysfsTree tree = test::two_packages();
  tree.write(first + long_term, "20000000");
  const RaplLimiter limiter(tree.path(), {{}, 2});
  CHECK(limiter.caps_w() == std::vector<double>{16.0, 40.0});  // 40 % of 2 x 20 W, and all
}

TEST_CASE("RAPL limiter: levels stay below every limit in force, whatever its term") {
  test::SysfsTree tree = test::two_packages();
  const auto file =
      GENERATE(as<std::string>{}, "constraint_1_power_limit_uw", "constraint_2_power_limit_uw");
  tree.write({{first + "constraint_2_name", "peak_power"},
              {first + "constraint_2_power_limit_uw", "90000000"}});
  tree.write(first + file, "20000000");
  CHECK(RaplLimiter(tree.path(), {{}, 2}).caps_w() == std::vector<double>{16.0, 40.0});
}

TEST_CASE("RAPL limiter: a limit of 0 is not set, and bounds nothing") {
  test::SysfsTree tree = test::two_packages();
  for (const std::string& zone : {first, second}) {
    tree.write(zone + long_term, "0");
    tree.write(zone + short_term, "0");
  }
  const RaplLimiter limiter(tree.path(), {{}, 2});
  REQUIRE(limiter.caps_w().size() == 2);
  CHECK(limiter.caps_w()[0] == Approx(22.4));
  CHECK(limiter.caps_w()[1] == Approx(56.0));  // as rated

  for (const std::string& zone : {first, second})
    tree.write(zone + "constraint_0_max_power_uw", "0");
  const std::size_t levels = GENERATE(1, 3);
  CHECK_THAT(why_unusable([&] {
               RaplLimiter(tree.path(), {{}, levels});
             }).reason(),
             Contains("no power limit is set") && Contains("Write \"power_caps_w\" out"));
  CHECK(RaplLimiter(tree.path(), three_caps).caps_w() == three_caps.values_w);
}

TEST_CASE("RAPL limiter: levels without room between the least and the greatest are refused") {
  test::SysfsTree tree = test::two_packages();
  tree.write(first + "constraint_0_min_power_uw", "28000000");
  CHECK_THROWS_WITH(RaplLimiter(tree.path(), {{}, 2}),
                    "\"power_caps_w\": 2 levels do not fit between 56 and 56 W");
}

TEST_CASE("RAPL limiter: an interface that cannot be used is left out, and said to be") {
  test::SysfsTree tree = test::two_packages();
  test::add_package(tree, "intel-rapl-mmio:0", "package-0");
  tree.rule("intel-rapl-mmio:0/" + long_term, "errno " + std::to_string(EACCES));
  const RaplLimiter limiter(tree.path(), three_caps);
  CHECK(limiter.limits().size() == 4);
  CHECK_THAT(limiter.info().description,
             StartsWith("long- and short-term limits of package-0, package-1, through intel-rapl; "
                        "without intel-rapl-mmio:0 (") &&
                 Contains("Permission denied"));
}

TEST_CASE(
    "RAPL limiter: limits that only root may change are unusable, with the rule that mends it") {
  test::SysfsTree tree = test::two_packages();
  for (const std::string& zone : {first, second})
    tree.rule(zone + long_term, "errno " + std::to_string(EACCES));
  CHECK_THAT(why_unusable([&] { RaplLimiter(tree.path(), three_caps); }).remedy(),
             Contains("/etc/udev/rules.d/60-powercap.rules"));
}

TEST_CASE("RAPL limiter: switches a zone on that is switched off, and remembers that") {
  test::SysfsTree tree = test::two_packages();
  tree.write(second + "enabled", "0");
  RaplLimiter limiter(tree.path(), three_caps);
  const auto limit = std::get<FileLimit>(limiter.limits().back());
  CHECK(limit.file == tree.path(second + "enabled"));
  CHECK(limit.value == 0);
  limiter.set_cap(0);
  CHECK(tree.number(second + "enabled") == 1);
}

TEST_CASE("RAPL limiter: remembers the limits before") {
  test::SysfsTree tree = test::two_packages();
  RaplLimiter limiter(tree.path(), three_caps);
  limiter.set_cap(0);
  const auto limits = limiter.limits();
  REQUIRE(limits.size() == 4);
  CHECK(std::get<FileLimit>(limits[0]).file == tree.path(first + long_term));
  CHECK(std::get<FileLimit>(limits[0]).value == 28'000'000);
  CHECK(std::get<FileLimit>(limits[1]).value == 44'000'000);
}

TEST_CASE("RAPL limiter: a cap that does not stick is an error") {
  test::SysfsTree tree = test::two_packages();
  RaplLimiter limiter(tree.path(), three_caps);
  tree.rule(second + long_term, "ignore");
  CHECK_THROWS_WITH(limiter.set_cap(0), Contains(second + long_term +
                                                 ": the cap of 10.000 W did not stick: 28.000 W") &&
                                            Contains("thermald"));
}

TEST_CASE("RAPL limiter: a cap that is clamped is an error") {
  test::SysfsTree tree = test::two_packages();
  RaplLimiter limiter(tree.path(), three_caps);
  tree.rule(first + short_term, "clamp 12000000 50000000");
  CHECK_THROWS_WITH(limiter.set_cap(0),
                    Contains(first + short_term + ": the cap of 10.000 W was changed to 12.000 W"));
  limiter.set_cap(1);
  CHECK(tree.number(first + short_term) == 20'000'000);
}

TEST_CASE("RAPL limiter: the hardware's steps of 1/8 W are no clamping") {
  test::SysfsTree tree = test::two_packages();
  RaplLimiter limiter(tree.path(), three_caps);
  tree.rule(first + long_term, "clamp 10125000 50000000");
  CHECK_NOTHROW(limiter.set_cap(0));
}

TEST_CASE("RAPL limiter: a limit that the firmware has locked is told from a missing permission") {
  test::SysfsTree tree = test::two_packages();
  RaplLimiter limiter(tree.path(), three_caps);
  tree.rule(first + long_term, "errno-write " + std::to_string(EACCES));
  CHECK_THROWS_WITH(limiter.set_cap(0), Contains("the firmware has locked it"));
}

TEST_CASE("RAPL limiter: a limit that vanishes midway is an error") {
  test::SysfsTree tree = test::two_packages();
  RaplLimiter limiter(tree.path(), three_caps);
  tree.rule(first + long_term, "errno " + std::to_string(ENODEV));
  CHECK_THROWS_WITH(limiter.set_cap(0), tree.path(first + long_term).string() +
                                            ": cannot write this file: No such device");
}

TEST_CASE("RAPL limiter: packages that take no cap are unusable") {
  test::SysfsTree tree;
  test::add_energy(tree, "intel-rapl:0", "package-0");
  CHECK_THAT(why_unusable([&] { RaplLimiter(tree.path(), three_caps); }).reason(),
             Contains("this processor meters energy but takes no cap"));
}

TEST_CASE("RAPL: a whole-system zone is neither metered nor limited") {
  test::SysfsTree tree = test::two_packages();
  test::add_package(tree, "intel-rapl:2", "psys");
  CHECK(RaplLimiter(tree.path(), three_caps).limits().size() == 4);
  CHECK(open_rapl_meter(tree.path())->info().description ==
        "energy counters of package-0, package-0 dram, package-1");
}

TEST_CASE("RAPL: windows and caps do not allocate") {
  // Without rules: the fake kernel allocates.
  test::SysfsTree tree = test::two_packages();
  RaplLimiter limiter(tree.path(), three_caps);
  const auto meter = still_meter(tree);
  const std::size_t before = test::allocations();
  for (int i = 0; i < 100; ++i) {
    limiter.set_cap(static_cast<std::size_t>(i % 3));
    meter->start(Activity::busy);
    (void)meter->stop();
  }
  CHECK(test::allocations() == before);
}
