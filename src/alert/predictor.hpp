// What a candidate is expected to do by the effective deadline (src/alert/README.md section 3).
#pragma once

#include <cstddef>

#include "alert/profile.hpp"

namespace alert {

/// Belief about the machine: xi ~ N(xi_mean, xi_variance), and phi.
struct Estimate {
  double xi_mean = 1.0;
  double xi_variance = 0.0;
  double idle_ratio = 0.0;
};

struct Prediction {
  double accuracy = 0.0;             ///< q_hat, in [0, 1]
  double energy_j = 0.0;             ///< e_hat, over the input's period
  double latency_s = 0.0;            ///< mean time to the stop stage, xi_mean * t_K
  double first_stage_s = 0.0;        ///< xi_mean * t_1, what the latency test looks at
  double first_stage_in_time = 0.0;  ///< P[stage 1 done by the deadline]
};

/// F(x) = P[xi <= x]. With zero variance, the step at xi_mean.
double slowdown_cdf(double x, const Estimate& estimate);

/// Predictions of one (model, cap), stop stage by stop stage from 1 on: each stage's terms are
/// computed once, however many stop stages are candidates.
class StagePredictor {
 public:
  StagePredictor(const Profile& profile, std::size_t model, std::size_t cap,
                 const Estimate& estimate, double deadline_s);

  /// The prediction for the next stop stage. At most model.stages() calls.
  Prediction next();

 private:
  const ModelProfile& model_;
  const std::vector<double>& latency_s_;
  const Estimate estimate_;
  const double deadline_s_;
  const double q_fail_;
  const double busy_power_w_;
  std::size_t stage_ = 0;             // stop stages predicted so far
  double accuracy_of_earlier_ = 0.0;  // sum_{k<K} q_k (F_k - F_{k+1}), and q_fail's share
  double in_time_ = 0.0;              // F_K of the last predicted stage
  double first_stage_in_time_ = 0.0;  // F_1
};

Prediction predict(const Profile& profile, const Candidate& candidate, const Estimate& estimate,
                   double deadline_s);

}  // namespace alert
