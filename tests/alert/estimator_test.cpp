#include "alert/estimator.hpp"

#include "support/catch.hpp"

using alert::IdlePowerFilter;
using alert::SlowdownFilter;

TEST_CASE("slowdown filter: three updates by hand with the paper's defaults") {
  SlowdownFilter filter;
  CHECK(filter.mean() == 1.0);
  CHECK(filter.variance() == 0.1);

  // r = 1.5
  // Q_1 = max(0.1, 0.3 * 0.1 + 0.7 * (0.5 * 0)^2) = 0.1
  // S_1 = (1 - 0.5) * 0.1 + 0.1 = 0.15           K_1 = 0.15 / 0.151 = 0.9933774834
  // y_1 = 1.5 - 1 = 0.5                          mu_1 = 1 + K_1 * 0.5 = 1.4966887417
  filter.update(1.5);
  CHECK(filter.mean() == Approx(1.4966887417).epsilon(1e-9));
  CHECK(filter.variance() == Approx(0.15).epsilon(1e-9));

  // r = 1.2: the surprise of update 1 lifts Q over its floor.
  // Q_2 = 0.3 * 0.1 + 0.7 * (K_1 * 0.5)^2 = 0.2026897943
  // S_2 = (1 - K_1) * 0.15 + Q_2 = 0.2036831718  K_2 = S_2 / (S_2 + 0.001) = 0.9951144005
  // y_2 = 1.2 - mu_1 = -0.2966887417             mu_2 = mu_1 + K_2 * y_2 = 1.2014495024
  filter.update(1.2);
  CHECK(filter.mean() == Approx(1.2014495024).epsilon(1e-9));
  CHECK(filter.variance() == Approx(0.2036831718).epsilon(1e-9));

  // r = 1.2: Q remembers 0.3 of Q_2.
  // Q_3 = 0.3 * Q_2 + 0.7 * (K_2 * y_2)^2 = 0.1218232842
  // S_3 = (1 - K_2) * S_2 + Q_3 = 0.1228183986   K_3 = 0.9919236558
  // y_3 = 1.2 - mu_2 = -0.0014495024             mu_3 = 1.2000117067
  filter.update(1.2);
  CHECK(filter.mean() == Approx(1.2000117067).epsilon(1e-9));
  CHECK(filter.variance() == Approx(0.1228183986).epsilon(1e-9));
}

TEST_CASE("slowdown filter: every setting counts") {
  // Q_1 = max(0.02, 0.5 * 0.02 + 0.5 * 0) = 0.02   S_1 = (1 - 0.2) * 0.3 + 0.02 = 0.26
  // K_1 = 0.26 / (0.26 + 0.04) = 13/15             mu_1 = 2 + 13/15 * (5 - 2) = 4.6
  // Q_2 = 0.5 * 0.02 + 0.5 * 2.6^2 = 3.39          S_2 = 2/15 * 0.26 + 3.39 = 3.4246666667
  SlowdownFilter filter(
      {.K_0 = 0.2, .R = 0.04, .Q_0 = 0.02, .mu_0 = 2.0, .sigma2_0 = 0.3, .alpha = 0.5});
  filter.update(5.0);
  CHECK(filter.mean() == Approx(4.6).epsilon(1e-9));
  CHECK(filter.variance() == Approx(0.26).epsilon(1e-9));
  filter.update(5.0);
  CHECK(filter.variance() == Approx(3.4246666667).epsilon(1e-9));
}

TEST_CASE("idle-power filter: two updates by hand with the paper's defaults") {
  IdlePowerFilter filter(0.2);
  CHECK(filter.ratio() == 0.2);

  // M_0 + S = 0.0101   W_1 = 0.0101 / 0.0111 = 0.9099099099   M_1 = (1 - W_1) * 0.0101
  // phi_1 = 0.2 + W_1 * (0.3 - 0.2) = 0.2909909910
  filter.update(0.3);
  CHECK(filter.ratio() == Approx(0.2909909910).epsilon(1e-9));

  // M_1 + S = 0.0010099099   W_2 = 0.0010099099 / 0.0020099099 = 0.5024652622
  // phi_2 = phi_1 + W_2 * (0.1 - phi_1) = 0.1950246526
  filter.update(0.1);
  CHECK(filter.ratio() == Approx(0.1950246526).epsilon(1e-9));
}

TEST_CASE("idle-power filter: every setting counts") {
  // M_0 + S = 0.5   W_1 = 0.5 / (0.5 + 1.5) = 0.25   phi_1 = 0 + 0.25 * 1 = 0.25
  // M_1 + S = 0.75 * 0.5 + 0.1 = 0.475   W_2 = 0.475 / 1.975   phi_2 = 0.25 + W_2 * 0.75
  IdlePowerFilter filter(0.0, {.M_0 = 0.4, .S = 0.1, .V = 1.5});
  filter.update(1.0);
  CHECK(filter.ratio() == Approx(0.25).epsilon(1e-9));
  filter.update(1.0);
  CHECK(filter.ratio() == Approx(0.4303797468).epsilon(1e-9));
}
