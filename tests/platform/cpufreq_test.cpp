#include "platform/cpufreq.hpp"

#include <cerrno>

#include "support/catch.hpp"
#include "support/sysfs_tree.hpp"

using namespace bench;
using Catch::Matchers::Contains;

namespace {

// Half speed at 17 W (9 + 64 / 8), full speed at 73 W.
const PowerModel model{.static_power_w = 9.0,
                       .dynamic_power_w = 64.0,
                       .idle_power_w = 4.0,
                       .min_speed = 0.25,
                       .frequency_invariant_share = 0.25,
                       .cores = 2};
const PowerCaps two_caps{{17.0, 73.0}, 0};

/// A fast and a slow cluster.
test::SysfsTree big_little() {
  test::SysfsTree tree;
  tree.write({{"policy0/cpuinfo_min_freq", "400000"},
              {"policy0/cpuinfo_max_freq", "1500000"},
              {"policy0/scaling_max_freq", "1500000"},
              {"policy4/cpuinfo_min_freq", "500000"},
              {"policy4/cpuinfo_max_freq", "2800000"},
              {"policy4/scaling_max_freq", "2600000"}});
  return tree;
}

}  // namespace

TEST_CASE("cpufreq: a cap is the model's speed, of each policy's greatest frequency") {
  const test::SysfsTree tree = big_little();
  CpufreqLimiter limiter(tree.path(), model, two_caps);
  CHECK(tree.number("policy4/scaling_max_freq") == 2'600'000);  // nothing is changed yet
  CHECK(limiter.cap() == 1);
  limiter.set_cap(0);
  CHECK(limiter.cap() == 0);
  CHECK(tree.number("policy0/scaling_max_freq") == 750'000);
  CHECK(tree.number("policy4/scaling_max_freq") == 1'400'000);
  limiter.set_cap(1);
  CHECK(tree.number("policy4/scaling_max_freq") == 2'800'000);
  CHECK(limiter.info().description ==
        "greatest frequency of 2 policies, 400 to 2800 MHz, by the platform's power model");
}

TEST_CASE("cpufreq: no frequency below a policy's least") {
  const test::SysfsTree tree = big_little();
  CpufreqLimiter limiter(tree.path(), model, {{9.5, 73.0}, 0});
  limiter.set_cap(0);
  CHECK(tree.number("policy0/scaling_max_freq") == 400'000);
  CHECK(tree.number("policy4/scaling_max_freq") == 700'000);
}

TEST_CASE("cpufreq: levels are spaced over the model's powers") {
  CHECK(CpufreqLimiter(big_little().path(), model, {{}, 3}).caps_w() ==
        std::vector<double>{10.0, 41.5, 73.0});
}

TEST_CASE("cpufreq: remembers the frequencies before") {
  const test::SysfsTree tree = big_little();
  CpufreqLimiter limiter(tree.path(), model, two_caps);
  limiter.set_cap(0);
  const auto limits = limiter.limits();
  REQUIRE(limits.size() == 2);
  const auto& limit = std::get<FileLimit>(limits[1]);
  CHECK(limit.file == tree.path("policy4/scaling_max_freq"));
  CHECK(limit.value == 2'600'000);
}

TEST_CASE("cpufreq: a frequency that another program holds is an error") {
  const test::SysfsTree tree = big_little();
  CpufreqLimiter limiter(tree.path(), model, two_caps);
  tree.rule("policy4/scaling_max_freq", "clamp 400000 1200000");
  CHECK_THROWS_WITH(limiter.set_cap(0),
                    Contains("policy4/scaling_max_freq: was set to 1400000 kHz for a cap of 17 W, "
                             "but reads 1200000 kHz"));
}

TEST_CASE("cpufreq: a policy whose processors are offline is left out, and said to be") {
  const test::SysfsTree tree = big_little();
  for (const std::string file : {"cpuinfo_min_freq", "cpuinfo_max_freq", "scaling_max_freq"})
    tree.rule("policy4/" + file, "errno " + std::to_string(EBUSY));
  CpufreqLimiter limiter(tree.path(), model, two_caps);
  CHECK(limiter.info().description ==
        "greatest frequency of 1 policies, 400 to 1500 MHz, by the platform's power model; without "
        "policy4 (" +
            tree.path("policy4/cpuinfo_min_freq").string() +
            ": cannot read this file: Device or resource busy)");
  limiter.set_cap(0);
  CHECK(tree.number("policy0/scaling_max_freq") == 750'000);
  CHECK(limiter.limits().size() == 1);
}

TEST_CASE("cpufreq: what is missing is told, with what would help") {
  const test::SysfsTree tree = big_little();
  CHECK_THROWS_WITH(CpufreqLimiter(tree.path("nothing"), model, two_caps),
                    Contains("has no policy"));
  for (const std::string policy : {"policy0", "policy4"})
    tree.rule(policy + "/scaling_max_freq", "errno " + std::to_string(EACCES));
  try {
    const CpufreqLimiter limiter(tree.path(), model, two_caps);
    FAIL("can be used");
  } catch (const Unusable& error) {
    CHECK_THAT(error.reason(), Contains("policy0/scaling_max_freq: cannot read this file"));
    CHECK_THAT(error.remedy(), Contains("/etc/tmpfiles.d/cpufreq.conf"));
  }
}
