#include "alert/plus_estimator.hpp"

#include <cmath>

#include "support/catch.hpp"
#include "support/profiles.hpp"

using alert::believe;
using alert::IdleShareFilter;
using alert::latency_spread;
using alert::LatencyBelief;
using alert::LatencySpread;
using alert::LogSlowdownFilter;

// P = 0.02 + 0.0004; s^2 = 0.06^2; S = 0.024; e = ln 2 is clipped at 3 sqrt S = 0.464758;
// x = 0.0204 / 0.024 * 0.464758; P = 0.0204 - 0.0204^2 / 0.024; kappa^2 = exp(0.05 (9 - 1)).
TEST_CASE("the first steps of the slowdown filter, by hand") {
  LogSlowdownFilter filter((LatencySpread()));
  filter.update(0.02, 0.01);
  CHECK(filter.belief().x == Approx(0.395044));
  CHECK(filter.belief().P == Approx(0.00306));
  CHECK(filter.belief().kappa2 == Approx(1.491825));
  CHECK(filter.belief().outlier == Approx(3.0 / 101.0));

  // q = min(0.04, 0.395044^2 / 2) opens the filter: P = 0.04306, S = 0.0484306, e = -0.395044.
  filter.update(0.01, 0.01);
  CHECK(filter.belief().x == Approx(0.0438084).epsilon(1e-4));
  CHECK(filter.belief().P == Approx(0.00477502).epsilon(1e-4));
  CHECK(filter.belief().kappa2 == Approx(1.66715).epsilon(1e-4));
  CHECK(filter.belief().outlier == Approx(2.99 / 101.99));
}

TEST_CASE("one lost time slice moves the level by no more than a mild delay") {
  LogSlowdownFilter mild((LatencySpread())), lost((LatencySpread()));
  LogSlowdownFilter unclipped(LatencySpread(), false);
  mild.update(0.016, 0.01);
  lost.update(0.1, 0.01);
  unclipped.update(0.1, 0.01);
  CHECK(lost.belief().x == Approx(mild.belief().x).epsilon(0.02));
  CHECK(unclipped.belief().x == Approx(0.85 * std::log(10.0)));
}

TEST_CASE("a slower machine is followed within a few inputs") {
  LogSlowdownFilter filter((LatencySpread()));
  for (int i = 0; i < 5; ++i) filter.update(0.02, 0.01);
  CHECK(filter.belief().x == Approx(std::log(2.0)).epsilon(0.02));
}

TEST_CASE("noise that is not learned stays as profiled") {
  LogSlowdownFilter filter(LatencySpread(), true, false);
  for (int i = 0; i < 5; ++i) filter.update(i % 2 == 0 ? 0.02 : 0.01, 0.01);
  CHECK(filter.belief().kappa2 == 1.0);
  CHECK(filter.belief().outlier == 0.02);
}

// T = 2 t: z = (ln 2 - x) / sqrt(s^2 + P) with s^2 + P = 0.0236; L(z) = 1 / (1 + exp(-8.18393)).
// m = t (1 + 0.0018); eps = 0.02, and m / T = 0.5009.
TEST_CASE("what is believed of a stage, by hand") {
  const LatencyBelief belief;
  const auto stage = believe(belief, 0.01, 0.02);
  CHECK(stage.mean_s == Approx(0.010018 * 1.01));
  CHECK(stage.in_time == Approx((1.0 - 0.02 * std::pow(0.5009, 1.5)) * 0.999721).epsilon(1e-5));
  CHECK(believe(belief, 0.01, 0.0).in_time == 0.0);
  CHECK(believe(belief, 0.01, 0.005).in_time < 1e-3);
  // A stage so short that time slices weigh: s^2 = 0.0036 + 0.001^2 / 0.001^2.
  LatencyBelief sliced;
  sliced.spread.absolute_variance_s2 = 1e-6;
  CHECK(sliced.noise_variance(0.001) == Approx(1.0036));
  CHECK(sliced.noise_variance(1.0) == Approx(0.0036).epsilon(1e-3));
  sliced.kappa2 = 0.05;
  CHECK(sliced.noise_variance(1.0) == Approx(0.0009));  // no machine is steadier than 3 %
}

// Sorted by latency, six of 10 to 24 ms are the faster half, nine the slower (hand_made_profile has
// 15). All spread by 5 %, those below 25 ms by 2 ms more: sigma_a^2 = 2 ms^2.
TEST_CASE("the profile's spread, relative and absolute") {
  auto profile = test::hand_made_profile();
  CHECK(latency_spread(profile).relative_variance == Approx(0.0036));
  CHECK(latency_spread(profile).absolute_variance_s2 == 0.0);
  for (auto& model : profile.models)
    for (const auto& row : model.latency_s) {
      auto& spread = model.latency_std_s.emplace_back();
      for (const double t : row) spread.push_back(std::hypot(0.05 * t, t < 0.025 ? 0.002 : 0.0));
    }
  const LatencySpread spread = latency_spread(profile);
  CHECK(spread.relative_variance == Approx(0.0025));
  CHECK(spread.absolute_variance_s2 == Approx(0.002 * 0.002));
}

// (13 - 3) / (23 - 3) = 0.5, of which 60 % are taken over.
TEST_CASE("idle power goes part of the way to busy power") {
  IdleShareFilter filter;
  CHECK(filter.idle_power_w(3.0, 23.0) == 3.0);
  filter.update(13.0, 3.0, 23.0);
  CHECK(filter.idle_power_w(3.0, 23.0) == Approx(3.0 + 0.3 * 20.0));
  CHECK(filter.idle_power_w(3.0, 13.0) == Approx(3.0 + 0.3 * 10.0));
  filter.update(100.0, 3.0, 23.0);  // at most busy power
  CHECK(filter.idle_power_w(3.0, 23.0) == Approx(3.0 + 0.72 * 20.0));
  filter.update(100.0, 3.0, 3.0);  // nothing to go by
  CHECK(filter.idle_power_w(3.0, 23.0) == Approx(3.0 + 0.72 * 20.0));
}
