// The ALERT scheduler: estimate, predict, choose (src/alert/README.md sections 2 to 4).
//
//   alert::Scheduler scheduler(profile);
//   for (;;) {
//     auto decision = scheduler.decide(goal, goal.deadline_s);
//     ... run decision.candidate ...
//     scheduler.observe(feedback);
//   }
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "alert/estimator.hpp"
#include "alert/goal.hpp"
#include "alert/predictor.hpp"
#include "alert/profile.hpp"
#include "alert/shortlist.hpp"

namespace alert {

struct Decision {
  Candidate candidate;
  bool feasible = false;  ///< the candidate is expected to keep every goal
  Prediction prediction;
  double deadline_s = 0.0;  ///< T, the effective deadline that was planned for
};

/// What came of a decision.
struct Feedback {
  Candidate candidate;
  std::size_t finished_stage = 0;   ///< last stage that finished, in time or not; 0 = none
  double finished_latency_s = 0.0;  ///< its cumulative latency, > 0 where a stage finished
  std::optional<double> idle_power_w = std::nullopt;  ///< nothing where the input left no idle time
  double credited_accuracy = 0.0;                     ///< src/alert/README.md section 5
  double overhead_s = 0.0;                            ///< what the decision itself took
  bool deadline_met = true;                           ///< an answer came in time
  std::optional<double> energy_j = std::nullopt;      ///< over the period; only alert-plus looks
};

struct SchedulerSettings {
  SlowdownSettings slowdown = {};
  IdlePowerSettings idle_power = {};
  bool use_variance = true;         ///< false: sigma = 0 in every prediction (alert-mean)
  std::size_t accuracy_window = 0;  ///< N inputs; 0 = off
};

/// Chooses by the rule of src/alert/README.md section 4 among the candidates that it is shown,
/// each with its prediction. Shared by every scheme that weighs whole candidates.
class Choice {
 public:
  /// With room for so many candidates, so that no decision allocates.
  explicit Choice(std::size_t candidates) { options_.reserve(candidates); }

  void begin(const Goal& goal, double deadline_s);
  void consider(const Candidate& candidate, const Prediction& prediction);
  /// The best candidate considered since begin(). At least one must have been.
  Decision best() const;

 private:
  struct Option {
    Candidate candidate;
    Prediction prediction;
    bool in_time;   ///< passes the latency test
    bool feasible;  ///< and keeps the goal
  };
  bool passes_latency_test(const Prediction& prediction) const;
  bool keeps_goal(const Prediction& prediction) const;

  Goal goal_;
  double deadline_s_ = 0.0;
  std::vector<Option> options_;
};

class Scheduler {
 public:
  /// Candidates are all stages and caps of `models` (indices into profile.models), or of every
  /// model where it is empty. The profile must outlive the scheduler and have no fault().
  explicit Scheduler(const Profile& profile, const SchedulerSettings& settings = {},
                     const std::vector<std::size_t>& models = {});

  /// The candidate for the next input, which must be answered within `deadline_s` (T_goal, or its
  /// share of a group's deadline). Neither allocates nor throws.
  Decision decide(const Goal& goal, double deadline_s) noexcept;
  void observe(const Feedback& feedback) noexcept;

  /// The belief that the next decision is made from.
  Estimate estimate() const noexcept;

 private:
  const Profile& profile_;
  bool use_variance_;
  SlowdownFilter slowdown_;
  IdlePowerFilter idle_power_;
  std::optional<AccuracyWindow> accuracy_window_;
  Shortlist shortlist_;
  Choice choice_;
  double worst_overhead_s_ = 0.0;
};

}  // namespace alert
