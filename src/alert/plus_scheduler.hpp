// alert-plus: ALERT's interface and candidates, another estimate and another rule
// (src/alert/README.md section 7). It keeps its goals on noisy machines, where ALERT loses them.
//
//   alert::PlusScheduler scheduler(profile);
//   for (;;) {
//     auto decision = scheduler.decide(goal, goal.deadline_s);
//     ... run decision.candidate ...
//     scheduler.observe(feedback);  // with energy_j
//   }
#pragma once

#include "alert/plus_estimator.hpp"
#include "alert/plus_rule.hpp"
#include "alert/scheduler.hpp"

namespace alert {

class PlusScheduler {
 public:
  /// Candidates are all stages and caps of every model. The profile must outlive the scheduler and
  /// have no fault(); where it has spreads, they are used.
  explicit PlusScheduler(const Profile& profile, const PlusSettings& settings = {});

  /// The candidate for the next input, which must be answered within `deadline_s` (T_goal, or its
  /// share of a group's deadline). Neither allocates nor throws.
  Decision decide(const Goal& goal, double deadline_s) noexcept;
  /// What came of the last decision.
  void observe(const Feedback& feedback) noexcept;

  /// The belief that the next decision is made from, in ALERT's terms: xi of long inferences, and
  /// phi at the default cap.
  Estimate estimate() const noexcept;

 private:
  void consider_stages(const Goal& goal, double deadline_s, std::size_t model,
                       std::size_t cap) noexcept;

  const Profile& profile_;
  LogSlowdownFilter slowdown_;
  IdleShareFilter idle_share_;
  PlusRule rule_;
  double worst_overhead_s_ = 0.0;
};

}  // namespace alert
