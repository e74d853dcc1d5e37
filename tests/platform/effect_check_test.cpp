#include "platform/effect_check.hpp"

#include "support/catch.hpp"

using namespace bench;
using Catch::Matchers::Contains;

namespace {

/// Caps of 10 and 40 W of a machine that would draw `demand_w`.
struct FakeLimiter final : Limiter {
  std::vector<double> caps{10.0, 40.0};
  std::size_t current = 1;
  double demand_w = 35.0;
  bool obeyed = true;

  SourceInfo info() const override { return source("rapl"); }
  const std::vector<double>& caps_w() const override { return caps; }
  std::size_t cap() const override { return current; }
  void set_cap(std::size_t cap) override { current = cap; }
  void end_segment(Clock::time_point) override {}

  double power_w() const { return obeyed ? std::min(demand_w, caps[current]) : demand_w; }
  static SourceInfo source(const std::string& name) {
    return {.name = name,
            .source = EnergySource::measured,
            .update_interval_s = std::nullopt,
            .resolution = std::nullopt,
            .description = ""};
  }
};

struct FakeMeter final : Meter {
  const FakeLimiter& limiter;
  EnergySource origin;
  FakeMeter(const FakeLimiter& fake, EnergySource source) : limiter(fake), origin(source) {}

  SourceInfo info() const override {
    SourceInfo info = FakeLimiter::source("fake");
    info.source = origin;
    return info;
  }
  void start(Activity) override {}
  EnergyReading stop() override { return {limiter.power_w(), 1.0, {}}; }
};

}  // namespace

TEST_CASE("effect check: passes where power falls with the cap") {
  FakeLimiter limiter;
  FakeMeter meter(limiter, EnergySource::measured);
  limiter.current = 0;
  check_effect(limiter, meter, [](double) { return 1.0; });
  CHECK(limiter.cap() == 1);  // the highest is in force
}

TEST_CASE("effect check: a cap that is not obeyed is an error that names what may override it") {
  FakeLimiter limiter;
  limiter.obeyed = false;
  FakeMeter meter(limiter, EnergySource::measured);
  CHECK_THROWS_WITH(check_effect(limiter, meter, [](double) { return 1.0; }),
                    Contains("at 10 W and at 40 W, power was 35 W and 35 W under full load") &&
                        Contains("thermald") && Contains("MMIO") && Contains("firmware"));
}

TEST_CASE("effect check: caps that no load reaches are told from caps that are not obeyed") {
  FakeLimiter limiter;
  limiter.demand_w = 7.0;
  FakeMeter meter(limiter, EnergySource::measured);
  CHECK_THROWS_WITH(check_effect(limiter, meter, [](double) { return 1.0; }),
                    Contains("less than the lowest cap. Choose lower \"power_caps_w\""));
}

TEST_CASE("effect check: goes by speed where no meter measures") {
  FakeLimiter limiter;
  FakeMeter meter(limiter, EnergySource::emulated);
  CHECK_NOTHROW(
      check_effect(limiter, meter, [&](double) { return limiter.current == 0 ? 50.0 : 100.0; }));
  CHECK_THROWS_WITH(check_effect(limiter, meter, [](double) { return 100.0; }),
                    Contains("speed changed by +0.0 %"));
}

TEST_CASE("effect check: the load works on every core") { CHECK(cpu_load(0.001) > 0.0); }
