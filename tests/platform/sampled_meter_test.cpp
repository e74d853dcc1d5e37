#include "platform/sampled_meter.hpp"

#include <atomic>
#include <cmath>

#include "base/error.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"

using namespace bench;
using Catch::Matchers::Contains;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t range_uj = 1'000'000'000;  // 1 kJ

/// A gauge whose readings the test sets.
struct FakeCounter {
  std::uint64_t value_uj = 0;
  Clock::time_point now = Clock::now();
  EnergyCounter counter{"package-0", range_uj, [this] { return value_uj; }};

  double step(std::uint64_t next_uj, Clock::duration later = 10ms) {
    value_uj = next_uj;
    return counter.advance_j(now += later);
  }
};

/// Waits for another thread. The limit is for a broken program only.
template <typename Condition>
bool comes_true(Condition condition) {
  const auto limit = Clock::now() + 20s;
  while (!condition())
    if (Clock::now() > limit) return false;
  return true;
}

SampledMeter meter_of(std::function<std::uint64_t()> read_uj, double sample_interval_s = 1.0) {
  std::vector<std::unique_ptr<EnergyGauge>> gauges;
  gauges.push_back(std::make_unique<EnergyCounter>("package-0", range_uj, std::move(read_uj)));
  return {SourceInfo{.name = "fake",
                     .source = EnergySource::measured,
                     .update_interval_s = std::nullopt,
                     .resolution = std::nullopt,
                     .description = ""},
          std::move(gauges), sample_interval_s};
}

}  // namespace

TEST_CASE("energy counter: counts from the first reading") {
  FakeCounter fake;
  CHECK(fake.step(400'000'000) == 0.0);
  CHECK(fake.step(400'250'000) == Approx(0.25));
  CHECK(fake.step(400'250'000) == 0.0);
}

TEST_CASE("energy counter: starts again at its range, any number of times") {
  FakeCounter fake;
  fake.step(999'900'000);
  double total_j = 0.0;
  for (int wrap = 0; wrap < 3; ++wrap) {
    total_j += fake.step(100'000);          // 0.2 J over the end
    total_j += fake.step(500'000'000, 1s);  // and on to where it was
    total_j += fake.step(999'900'000, 1s);
  }
  CHECK(total_j == Approx(3 * 1000.0));
}

TEST_CASE("energy counter: one that goes backwards is an error, not a wrap") {
  FakeCounter fake;
  fake.counter = EnergyCounter("package-0", 262'143'328'850, [&] { return fake.value_uj; });
  fake.step(500'000'000);
  CHECK_THROWS_WITH(fake.step(0), Contains("package-0: the energy counter went from 500000000 to 0 "
                                           "uJ (its range: 262143328850 uJ)"));
}

TEST_CASE("energy counter: a step that no machine makes is an error") {
  FakeCounter fake;
  fake.counter = EnergyCounter("package-0", 262'143'328'850, [&] { return fake.value_uj; });
  fake.step(0);
  CHECK(fake.step(1'000'000'000, 1s) == Approx(1000.0));
  CHECK_THROWS_AS(fake.step(21'000'000'000, 1s), MachineError);  // 20 kJ in a second
}

TEST_CASE("energy counter: a value over its range is an error") {
  FakeCounter fake;
  fake.step(999'999'999);
  CHECK_THROWS_AS(fake.step(range_uj + 1), MachineError);
}

TEST_CASE("power integral: trapezoids between readings") {
  double power_w = 10.0;
  PowerIntegral integral(
      "sensor", [&] { return power_w; }, 100.0);
  auto now = Clock::now();
  CHECK(integral.advance_j(now) == 0.0);
  power_w = 20.0;
  CHECK(integral.advance_j(now += 2s) == Approx(30.0));
  CHECK(integral.advance_j(now += 500ms) == Approx(10.0));
}

TEST_CASE("power integral: what no machine draws is an error, and the next reading is as before") {
  double power_w = 10.0;
  PowerIntegral integral(
      "sensor", [&] { return power_w; }, 100.0);
  auto now = Clock::now();
  integral.advance_j(now);
  for (const double absurd : {0.0, -5.0, 100.1, 4294967.295, std::nan("")}) {
    power_w = absurd;
    CHECK_THROWS_WITH(integral.advance_j(now + 1s),
                      Contains("sensor: reads ") && Contains("where up to 100 W are plausible"));
  }
  power_w = 20.0;
  CHECK(integral.advance_j(now += 2s) == Approx(30.0));
  integral.restart();
  CHECK(integral.advance_j(now += 2s) == 0.0);
}

TEST_CASE("sampler: reads a counter twice, at least, in the shortest time it can wrap in") {
  CHECK(longest_sample_interval_s(262'143'328'850) == 1.0);
  CHECK(longest_sample_interval_s(1'000'000'000) == Approx(0.05));  // 1 kJ at 10 kW: 0.1 s
}

TEST_CASE("update interval: the median gap and the least step of what was seen") {
  const auto seen = update_interval({{0.0005, 10}, {0.0015, 70}, {0.0025, 130}, {0.0100, 160}});
  REQUIRE(seen);
  CHECK(seen->interval_s == Approx(0.001));
  CHECK(seen->least_step == 30);
  CHECK_FALSE(update_interval({{0.001, 10}, {0.002, 70}, {0.003, 130}}));
  CHECK_FALSE(update_interval({}));
}

TEST_CASE("update interval: what does not change has none") {
  CHECK_FALSE(measure_update_interval([] { return std::uint64_t{7}; }, 0.001));
  std::uint64_t value = 0;
  const auto seen = measure_update_interval([&] { return value += 3; }, 10.0);
  REQUIRE(seen);
  CHECK(seen->least_step == 3);
}

TEST_CASE("sampled meter: a window is what the counter rose by, and how long it was") {
  std::atomic<std::uint64_t> value_uj = 1'000'000;
  SampledMeter meter = meter_of([&] { return value_uj.load(); });
  value_uj = 1'200'000;
  const auto before = Clock::now();
  meter.start(Activity::busy);
  const auto begin = Clock::now();
  value_uj = 1'500'000;
  while (Clock::now() < begin + 1ms) {
  }
  const auto end = Clock::now();
  const EnergyReading reading = meter.stop();
  CHECK(reading.energy_j.value() == Approx(0.3));
  CHECK(reading.duration_s >= seconds_between(begin, end));
  CHECK(reading.duration_s <= seconds_between(before, Clock::now()));
}

TEST_CASE("sampled meter: counts every wrap of a long window") {
  std::atomic<std::uint64_t> reads = 0;
  // Rises by 0.4 kJ at each reading: it wraps at every third.
  const auto read = [&] { return (reads.fetch_add(1) * 400'000'000) % range_uj; };
  std::vector<std::unique_ptr<EnergyGauge>> gauges;
  gauges.push_back(std::make_unique<EnergyCounter>("package-0", range_uj, read));
  SampledMeter meter(SourceInfo{}, std::move(gauges), 1e-4);
  meter.start(Activity::busy);
  const std::uint64_t begin = reads;
  REQUIRE(comes_true([&] { return reads >= begin + 20; }));
  const double energy_j = meter.stop().energy_j.value();
  CHECK(energy_j >= 20 * 400.0);
  CHECK(energy_j <= 400.0 * static_cast<double>(reads));
}

namespace {

/// A counter that fails for the next so many readings.
struct Failing {
  std::atomic<int> failures = 0;
  std::atomic<std::uint64_t> value_uj = 1'000'000;
  SampledMeter meter = meter_of([this] {
    if (failures.fetch_sub(1) > 0) throw MachineError("energy_uj: vanished");
    failures = 0;
    return value_uj.load();
  });

  EnergyReading window() {
    meter.start(Activity::busy);
    value_uj += 200'000;
    return meter.stop();
  }
};

}  // namespace

TEST_CASE("sampled meter: a reading that fails is tried again") {
  Failing fake;
  fake.failures = SampledMeter::most_tries - 1;
  const EnergyReading reading = fake.window();
  CHECK(reading.energy_j.value() == Approx(0.2));
  CHECK(reading.missing.empty());
}

TEST_CASE("sampled meter: a window with a reading that failed has no energy, but the reason") {
  Failing fake;
  fake.failures = SampledMeter::most_tries;
  const EnergyReading reading = fake.window();
  CHECK_FALSE(reading.energy_j);
  CHECK_FALSE(reading.power_w());
  CHECK(reading.missing == "energy_uj: vanished");
  CHECK(fake.window().energy_j.value() == Approx(0.2));  // the next is as good as ever
}

TEST_CASE("sampled meter: one absurd value costs one window") {
  Failing fake;
  fake.meter.start(Activity::busy);
  fake.value_uj = 999'000'000'000;  // over its range
  CHECK_THAT(fake.meter.stop().missing, Contains("which no machine uses"));
  fake.value_uj = 5'000'000;
  fake.window();  // begins anew
  CHECK(fake.window().energy_j.value() == Approx(0.2));
}

TEST_CASE("sampled meter: many windows in a row without energy end the run, which can be resumed") {
  Failing fake;
  fake.failures = 1'000'000;
  for (int i = 1; i < SampledMeter::most_missing_in_a_row; ++i) CHECK_FALSE(fake.window().energy_j);
  CHECK_THROWS_WITH(fake.window(), Contains("energy_uj: vanished; 20 measurements in a row") &&
                                       Contains("--resume"));
}

TEST_CASE("sampled meter: windows that are measured again end the count") {
  Failing fake;
  for (int i = 0; i < 2 * SampledMeter::most_missing_in_a_row; ++i) {
    fake.failures = i % 2 == 0 ? 2 * SampledMeter::most_tries : 0;
    CHECK_NOTHROW(fake.window());
  }
}

TEST_CASE("sampled meter: what fails in the sampler leaves the window at hand without energy") {
  std::atomic<int> failures = 0;
  SampledMeter meter = meter_of(
      [&]() -> std::uint64_t {
        if (failures > 0 && failures.fetch_sub(1) > 0) throw MachineError("energy_uj: vanished");
        return 5;
      },
      1e-4);
  meter.start(Activity::busy);
  failures = SampledMeter::most_tries;
  REQUIRE(comes_true([&] { return failures.load() == 0; }));
  const EnergyReading reading = meter.stop();  // readable again, but not what came in between
  CHECK_FALSE(reading.energy_j);
  CHECK(reading.missing == "energy_uj: vanished");
}

TEST_CASE("sampled meter: no energy in a long window is no reading") {
  std::vector<std::unique_ptr<EnergyGauge>> gauges;
  gauges.push_back(
      std::make_unique<EnergyCounter>("package-0", range_uj, [] { return std::uint64_t{5}; }));
  SampledMeter meter(SourceInfo{.name = "fake",
                                .source = EnergySource::measured,
                                .update_interval_s = 1e-6,
                                .resolution = std::nullopt,
                                .description = ""},
                     std::move(gauges), 1.0);
  meter.start(Activity::busy);
  const auto end = Clock::now() + 1ms;
  while (Clock::now() < end) {
  }
  CHECK_THAT(meter.stop().missing, Contains("the meter \"fake\" counted no energy in"));
}

TEST_CASE("sampled meter: one that cannot be read when it is opened is unusable") {
  CHECK_THROWS_AS(meter_of([]() -> std::uint64_t { throw MachineError("gone"); }), Unusable);
}

TEST_CASE("sampled meter: windows do not allocate") {
  SampledMeter meter = meter_of([] { return std::uint64_t{5}; });
  const std::size_t before = test::allocations();
  for (int i = 0; i < 100; ++i) {
    meter.start(Activity::busy);
    (void)meter.stop();
  }
  CHECK(test::allocations() == before);
}
