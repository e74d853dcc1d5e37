#include "alert/predictor.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace alert {

double slowdown_cdf(double x, const Estimate& estimate) {
  if (estimate.xi_variance <= 0.0) return x >= estimate.xi_mean ? 1.0 : 0.0;
  const double z = (x - estimate.xi_mean) / std::sqrt(estimate.xi_variance);
  return 0.5 * std::erfc(-z / std::numbers::sqrt2);
}

StagePredictor::StagePredictor(const Profile& profile, std::size_t model, std::size_t cap,
                               const Estimate& estimate, double deadline_s)
    : model_(profile.models[model]),
      latency_s_(model_.latency_s[cap]),
      estimate_(estimate),
      deadline_s_(deadline_s),
      q_fail_(profile.q_fail),
      busy_power_w_(model_.busy_power_w[cap]) {}

Prediction StagePredictor::next() {
  const double t_K = latency_s_[stage_];
  const double in_time = slowdown_cdf(deadline_s_ / t_K, estimate_);
  if (stage_ == 0) {
    first_stage_in_time_ = in_time;
    accuracy_of_earlier_ = q_fail_ * (1.0 - in_time);
  } else {
    accuracy_of_earlier_ += model_.accuracy[stage_ - 1] * (in_time_ - in_time);
  }
  in_time_ = in_time;

  Prediction prediction;
  prediction.accuracy = accuracy_of_earlier_ + model_.accuracy[stage_] * in_time;
  prediction.latency_s = estimate_.xi_mean * t_K;
  prediction.first_stage_s = estimate_.xi_mean * latency_s_.front();
  prediction.first_stage_in_time = first_stage_in_time_;
  // An anytime DNN is stopped at the deadline, but not inside its first stage.
  const double busy_s =
      model_.kind == ModelKind::traditional
          ? prediction.latency_s
          : std::min(prediction.latency_s, std::max(deadline_s_, prediction.first_stage_s));
  const double idle_s = std::max(0.0, deadline_s_ - busy_s);
  prediction.energy_j = busy_power_w_ * (busy_s + estimate_.idle_ratio * idle_s);
  ++stage_;
  return prediction;
}

Prediction predict(const Profile& profile, const Candidate& candidate, const Estimate& estimate,
                   double deadline_s) {
  StagePredictor predictor(profile, candidate.model, candidate.cap, estimate, deadline_s);
  for (std::size_t stage = 1; stage < candidate.stage; ++stage) predictor.next();
  return predictor.next();
}

}  // namespace alert
