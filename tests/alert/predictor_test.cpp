#include "alert/predictor.hpp"

#include "support/catch.hpp"
#include "support/profiles.hpp"

using alert::Estimate;
using alert::predict;
using test::any, test::large;

namespace {
constexpr std::size_t full = 2;  // the cap of 30 W
// The normal CDF by table.
constexpr double Phi_1 = 0.8413447461, Phi_4 = 0.9999683288, Phi_minus_half = 0.3085375387;
}  // namespace

TEST_CASE("slowdown_cdf is the normal CDF of xi") {
  const Estimate estimate{.xi_mean = 1.5, .xi_variance = 0.04};
  CHECK(slowdown_cdf(1.5, estimate) == Approx(0.5));
  CHECK(slowdown_cdf(1.7, estimate) == Approx(Phi_1).epsilon(1e-9));
  CHECK(slowdown_cdf(1.4, estimate) == Approx(Phi_minus_half).epsilon(1e-9));
}

TEST_CASE("slowdown_cdf without variance is a step at the mean") {
  const Estimate estimate{.xi_mean = 1.5, .xi_variance = 0.0};
  CHECK(slowdown_cdf(1.499, estimate) == 0.0);
  CHECK(slowdown_cdf(1.5, estimate) == 1.0);
}

TEST_CASE("traditional DNN: q_hat and e_hat by hand") {
  const auto profile = test::hand_made_profile();
  // t = 40 ms, T = 48 ms: T / t = 1.2, one sigma above the mean.
  const auto prediction = predict(profile, {large, 1, full}, {1.0, 0.04, 0.1}, 0.048);
  // 0.9 * Phi(1) + 0.1 * (1 - Phi(1))
  CHECK(prediction.accuracy == Approx(0.9 * Phi_1 + 0.1 * (1.0 - Phi_1)).epsilon(1e-9));
  // 30 W * (40 ms + 0.1 * 8 ms)
  CHECK(prediction.energy_j == Approx(1.224));
  CHECK(prediction.latency_s == Approx(0.040));
  CHECK(prediction.first_stage_s == Approx(0.040));
  CHECK(prediction.first_stage_in_time == Approx(Phi_1).epsilon(1e-9));
}

TEST_CASE("traditional DNN: a late one is busy to its end and leaves no idle time") {
  const auto profile = test::hand_made_profile();
  // mu * t = 60 ms
  const auto prediction = predict(profile, {large, 1, full}, {1.5, 0.0, 0.1}, 0.048);
  CHECK(prediction.accuracy == Approx(0.1));
  CHECK(prediction.energy_j == Approx(30.0 * 0.060));
  CHECK(prediction.latency_s == Approx(0.060));
}

TEST_CASE("anytime DNN: q_hat and e_hat of every stop stage by hand") {
  const auto profile = test::hand_made_profile();
  // t = 12, 24, 48 ms, T = 36 ms, sigma = 0.5: T / t_k = 3, 1.5, 0.75, which are 4, 1 and -0.5
  // sigmas above the mean.
  const Estimate estimate{1.0, 0.25, 0.1};
  alert::StagePredictor stages(profile, any, full, estimate, 0.036);
  const double none = 0.1 * (1.0 - Phi_4);

  const auto first = stages.next();
  CHECK(first.accuracy == Approx(none + 0.6 * Phi_4).epsilon(1e-9));
  CHECK(first.energy_j == Approx(30.0 * (0.012 + 0.1 * 0.024)));
  CHECK(first.latency_s == Approx(0.012));

  const auto second = stages.next();
  CHECK(second.accuracy == Approx(none + 0.6 * (Phi_4 - Phi_1) + 0.8 * Phi_1).epsilon(1e-9));
  CHECK(second.energy_j == Approx(30.0 * (0.024 + 0.1 * 0.012)));
  CHECK(second.latency_s == Approx(0.024));

  const auto third = stages.next();
  CHECK(third.accuracy == Approx(none + 0.6 * (Phi_4 - Phi_1) + 0.8 * (Phi_1 - Phi_minus_half) +
                                 0.88 * Phi_minus_half)
                              .epsilon(1e-9));
  // Stopped at the deadline: 36 ms of 48.
  CHECK(third.energy_j == Approx(30.0 * 0.036));
  CHECK(third.latency_s == Approx(0.048));
  CHECK(third.first_stage_s == Approx(0.012));
  CHECK(third.first_stage_in_time == Approx(Phi_4).epsilon(1e-9));

  CHECK(predict(profile, {any, 3, full}, estimate, 0.036).accuracy == third.accuracy);
  CHECK(predict(profile, {any, 1, full}, estimate, 0.036).accuracy == first.accuracy);
}

TEST_CASE("anytime DNN: its first stage is not cut short") {
  const auto profile = test::hand_made_profile();
  // b = min(48 ms, max(10 ms, 12 ms))
  const auto prediction = predict(profile, {any, 3, full}, {1.0, 0.0, 0.1}, 0.010);
  CHECK(prediction.energy_j == Approx(30.0 * 0.012));
  CHECK(prediction.accuracy == Approx(0.1));
}

TEST_CASE("power and latency are those of the cap") {
  const auto profile = test::hand_made_profile();
  const auto prediction = predict(profile, {any, 2, 0}, {1.0, 0.0, 0.1}, 0.1);
  CHECK(prediction.latency_s == Approx(0.048));
  CHECK(prediction.energy_j == Approx(10.0 * (0.048 + 0.1 * 0.052)));
  CHECK(prediction.accuracy == Approx(0.8));
}
