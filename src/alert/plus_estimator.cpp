#include "alert/plus_estimator.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>
#include <vector>

namespace alert {
namespace {

/// L: the logistic CDF of unit variance. Its tails are heavier than the normal's, and it is
/// cheaper.
double logistic_cdf(double z) {
  return 1.0 / (1.0 + std::exp(-z * std::numbers::pi / std::numbers::sqrt3));
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  if (values.size() % 2 == 1) return *middle;
  return 0.5 * (*middle + *std::max_element(values.begin(), middle));
}

}  // namespace

LatencySpread latency_spread(const Profile& profile) {
  struct Measured {
    double mean_s, std_s;
  };
  std::vector<Measured> measured;
  for (const ModelProfile& model : profile.models)
    for (std::size_t cap = 0; cap < model.latency_std_s.size(); ++cap)
      for (std::size_t k = 0; k < model.stages(); ++k)
        measured.push_back({model.latency_s[cap][k], model.latency_std_s[cap][k]});
  if (measured.size() < 2) return {};

  std::ranges::sort(measured, {}, &Measured::mean_s);
  const std::span all(measured);
  const auto faster = all.first(all.size() / 2), slower = all.subspan(all.size() / 2);
  std::vector<double> relative, absolute;
  for (const auto& [mean_s, std_s] : slower) relative.push_back(std::pow(std_s / mean_s, 2));
  LatencySpread spread;
  spread.relative_variance = median(relative);
  for (const auto& [mean_s, std_s] : faster)
    absolute.push_back(std::max(0.0, std_s * std_s - spread.relative_variance * mean_s * mean_s));
  spread.absolute_variance_s2 = median(absolute);
  return spread;
}

double LatencyBelief::noise_variance(double profiled_s) const {
  constexpr double least = 0.03 * 0.03;  // no machine is steadier
  return std::max(least, kappa2 * (spread.relative_variance +
                                   spread.absolute_variance_s2 / (profiled_s * profiled_s)));
}

StageBelief believe(const LatencyBelief& belief, double profiled_s, double deadline_s) {
  const double noise = belief.noise_variance(profiled_s);
  const double mean_s = profiled_s * std::exp(belief.x) * (1.0 + noise / 2.0);
  const double z = (std::log(deadline_s / profiled_s) - belief.x) / std::sqrt(noise + belief.P);
  // An outlier is late the more surely, the less of the deadline is left.
  const double share = std::min(1.0, mean_s / deadline_s);
  const double outlier_late = belief.outlier * share * std::sqrt(share);
  return {mean_s * (1.0 + belief.outlier / 2.0), logistic_cdf(z) * (1.0 - outlier_late)};
}

void LogSlowdownFilter::update(double measured_s, double profiled_s) {
  auto& [x, P, kappa2, eps, spread] = belief_;
  constexpr double least_q = 0.02 * 0.02, most_q = 0.04;
  P += std::max(least_q, q_);
  const double S = belief_.noise_variance(profiled_s) + P;
  const double e = std::log(measured_s / profiled_s) - x;
  const bool outlier =
      logistic_cdf(-e / std::sqrt(S)) < 0.005 && measured_s > 1.3 * profiled_s * std::exp(x);
  const double limit = 3.0 * std::sqrt(S);
  const double d = P / S * (clip_ ? std::clamp(e, -limit, limit) : e);
  x += d;
  P = std::max(1e-5, P - P * P / S);
  q_ = std::min(most_q, 0.5 * (q_ + d * d));
  if (!learn_) return;
  kappa2 = std::clamp(kappa2 * std::exp(0.05 * (std::min(9.0, e * e / S) - 1.0)), 0.05, 8.0);
  n_ = 0.99 * n_ + 1.0;
  k_ = 0.99 * k_ + (outlier ? 1.0 : 0.0);
  eps = (2.0 + k_) / (100.0 + n_);
}

void IdleShareFilter::update(double idle_power_w, double profiled_idle_w, double busy_power_w) {
  if (busy_power_w <= profiled_idle_w) return;
  const double share = (idle_power_w - profiled_idle_w) / (busy_power_w - profiled_idle_w);
  a_ += 0.6 * (std::clamp(share, 0.0, 1.0) - a_);
}

double IdleShareFilter::idle_power_w(double profiled_idle_w, double busy_power_w) const {
  return profiled_idle_w + a_ * (busy_power_w - profiled_idle_w);
}

}  // namespace alert
