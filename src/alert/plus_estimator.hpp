// What alert-plus believes of the machine: the logarithm of the slowdown, how far single inferences
// stray from it, how often they stray far, and the co-runners' share of idle power
// (src/alert/README.md section 7.1).
#pragma once

#include "alert/profile.hpp"

namespace alert {

/// Variance of one inference's latency: (relative * t)^2 from the work, absolute^2 from time slices
/// lost to others, which weigh most on short ones.
struct LatencySpread {
  double relative_variance = 0.06 * 0.06;  ///< sigma_r^2, of latency / mean latency
  double absolute_variance_s2 = 0.0;       ///< sigma_a^2, in s^2
};

/// The spread that the profile measured; the defaults where it has none.
LatencySpread latency_spread(const Profile& profile);

/// Belief about latencies: the inference that the profile puts at t takes t exp(x) in the median.
struct LatencyBelief {
  double x = 0.0;         ///< log level of the slowdown
  double P = 0.02;        ///< variance of x
  double kappa2 = 1.0;    ///< the noise's variance over the profiled one
  double outlier = 0.02;  ///< eps: probability of a latency far above the rest
  LatencySpread spread;

  /// s^2(t): variance of ln latency around x.
  double noise_variance(double profiled_s) const;
};

/// One stage's latency as believed, at a deadline.
struct StageBelief {
  double mean_s = 0.0;   ///< E[latency]
  double in_time = 0.0;  ///< F: P[done by the deadline]
};
StageBelief believe(const LatencyBelief& belief, double profiled_s, double deadline_s);

/// Kalman filter over x with clipped innovations, so that one lost time slice is not taken for a
/// slower machine; it learns its noise and how frequent outliers are.
class LogSlowdownFilter {
 public:
  explicit LogSlowdownFilter(const LatencySpread& spread, bool clip = true, bool learn = true)
      : clip_(clip), learn_(learn) {
    belief_.spread = spread;
  }

  /// The inference that the profile puts at `profiled_s` took `measured_s`; both > 0.
  void update(double measured_s, double profiled_s);
  const LatencyBelief& belief() const { return belief_; }

 private:
  bool clip_, learn_;
  LatencyBelief belief_;
  double q_ = 0.0;            // variance of x's change per input
  double n_ = 0.0, k_ = 0.0;  // inputs and outliers, fading
};

/// Filter over a: how far idle power is from the profile's on the way to busy power.
class IdleShareFilter {
 public:
  void update(double idle_power_w, double profiled_idle_w, double busy_power_w);
  double idle_power_w(double profiled_idle_w, double busy_power_w) const;

 private:
  double a_ = 0.0;
};

}  // namespace alert
