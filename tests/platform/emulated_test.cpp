#include "platform/emulated.hpp"

#include "support/catch.hpp"

using namespace bench;

namespace {

// Speeds 0.25 (held up by min_speed: (10 - 9) / 64 is 1/64, its cube root exactly 0.25), 0.5
// ((17 - 9) / 64 = 1/8) and 1.
const PowerModel parameters{.static_power_w = 9.0,
                            .dynamic_power_w = 64.0,
                            .idle_power_w = 4.0,
                            .min_speed = 0.2,
                            .frequency_invariant_share = 0.25,
                            .cores = 2};
const std::vector<double> caps_w{10.0, 17.0, 73.0};

void spin(std::chrono::microseconds duration) {
  const auto end = Clock::now() + duration;
  while (Clock::now() < end) {
  }
}

double no_co_runners() { return 0.0; }

}  // namespace

TEST_CASE("emulated: the speed is the cube root of the dynamic power's share") {
  CHECK(parameters.speed(10.0) == Approx(0.25));
  CHECK(parameters.speed(17.0) == Approx(0.5));
  CHECK(parameters.speed(73.0) == 1.0);
}

TEST_CASE("emulated: the speed stays within [min_speed, 1]") {
  CHECK(parameters.speed(100.0) == 1.0);
  CHECK(parameters.speed(9.1) == 0.2);  // the cube root of 0.1 / 64 is 0.116
  CHECK(parameters.speed(5.0) == 0.2);  // below the static power
}

TEST_CASE("emulated: busy power is static power and dynamic power times the cube of the speed") {
  CHECK(parameters.busy_power_w(17.0) == Approx(17.0));   // 9 + 64 / 8
  CHECK(parameters.busy_power_w(100.0) == Approx(73.0));  // 9 + 64
  CHECK(parameters.busy_power_w(5.0) == Approx(9.512));   // 9 + 64 * 0.008
}

TEST_CASE("emulated: only the share that scales with frequency is stretched") {
  CHECK(parameters.stretch(10.0) == Approx(3.25));  // 0.25 + 0.75 / 0.25
  CHECK(parameters.stretch(17.0) == Approx(1.75));  // 0.25 + 0.75 / 0.5
  CHECK(parameters.stretch(73.0) == 1.0);
}

TEST_CASE("emulated limiter: a segment ends no sooner than the cap allows") {
  EmulatedLimiter limiter(parameters, caps_w);
  CHECK(limiter.caps_w() == caps_w);
  for (std::size_t cap = 0; cap < caps_w.size(); ++cap) {
    limiter.set_cap(cap);
    const auto begin = Clock::now();
    spin(std::chrono::microseconds(200));
    const double segment_s = seconds_between(begin, Clock::now());
    limiter.end_segment(begin);
    CHECK(seconds_between(begin, Clock::now()) >= segment_s * parameters.stretch(caps_w[cap]));
  }
}

TEST_CASE("emulated limiter: the default is the highest cap") {
  CHECK(EmulatedLimiter(parameters, caps_w).cap() == 2);
}

TEST_CASE("emulated meter: a busy window has the cap's busy power") {
  EmulatedLimiter limiter(parameters, caps_w);
  // What co-runners do in a busy window is in the busy power.
  EmulatedMeter meter(parameters, limiter, [cpu_s = 0.0]() mutable { return cpu_s += 1e6; });
  for (std::size_t cap = 0; cap < caps_w.size(); ++cap) {
    limiter.set_cap(cap);
    const auto begin = Clock::now();
    meter.start(Activity::busy);
    spin(std::chrono::microseconds(200));
    const EnergyReading reading = meter.stop();
    CHECK(reading.duration_s >= 200e-6);
    CHECK(reading.duration_s <= seconds_between(begin, Clock::now()));
    CHECK(reading.power_w().value() == Approx(caps_w[cap]));
  }
}

TEST_CASE("emulated meter: an idle window has idle power when nothing else runs") {
  EmulatedLimiter limiter(parameters, caps_w);
  EmulatedMeter meter(parameters, limiter, no_co_runners);
  meter.start(Activity::idle);
  spin(std::chrono::microseconds(200));
  CHECK(meter.stop().power_w().value() == Approx(4.0));
}

TEST_CASE("emulated meter: an idle window is charged the co-runners' CPU time in it") {
  EmulatedLimiter limiter(parameters, caps_w);
  limiter.set_cap(1);
  double cpu_s = 100.0;  // of earlier windows
  EmulatedMeter meter(parameters, limiter, [&] { return cpu_s; });
  meter.start(Activity::idle);
  spin(std::chrono::microseconds(500));
  cpu_s += 0.0005;
  const EnergyReading reading = meter.stop();
  // 0.0005 s of the two cores' time, at 17 - 4 W for all of it.
  CHECK(reading.energy_j.value() == Approx(4.0 * reading.duration_s + 13.0 * 0.0005 / 2));
}

TEST_CASE("emulated meter: an idle window is charged busy power at most") {
  EmulatedLimiter limiter(parameters, caps_w);
  limiter.set_cap(1);
  double cpu_s = 0.0;
  EmulatedMeter meter(parameters, limiter, [&] { return cpu_s; });
  meter.start(Activity::idle);
  cpu_s = 1e6;
  const EnergyReading reading = meter.stop();
  CHECK(reading.power_w().value() == Approx(17.0));
}

TEST_CASE("emulated limiter and meter: say that they are emulated") {
  EmulatedLimiter limiter(parameters, caps_w);
  EmulatedMeter meter(parameters, limiter, no_co_runners);
  for (const SourceInfo& info : {limiter.info(), meter.info()}) {
    CHECK(info.name == "emulated");
    CHECK(info.source == EnergySource::emulated);
    CHECK_FALSE(info.description.empty());
  }
}
