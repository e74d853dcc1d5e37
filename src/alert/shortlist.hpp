// Which candidates a decision can fall on. Every candidate's accuracy and energy are worked out
// nearly, in one pass over plain arrays; all but those that are near the best are left out, and who
// is chosen of these, predict() and Choice alone decide.
#pragma once

#include <cstddef>
#include <vector>

#include "alert/goal.hpp"
#include "alert/predictor.hpp"
#include "alert/profile.hpp"

namespace alert {

class Shortlist {
 public:
  /// Of all stages and caps of `models`. The profile must outlive it.
  Shortlist(const Profile& profile, const std::vector<std::size_t>& models);

  std::size_t candidates() const { return candidates_.size(); }

  /// The candidates among which Choice must choose to choose the best of all; valid until the next
  /// call. Neither allocates nor throws.
  const std::vector<Candidate>& of(const Goal& goal, double deadline_s,
                                   const Estimate& estimate) noexcept;

 private:
  void read_latencies() noexcept;
  void predict_nearly(double deadline_s, const Estimate& estimate) noexcept;
  void pick(const Goal& goal, double deadline_s, const Estimate& estimate) noexcept;
  template <bool by_energy, typename InTime, typename KeepsGoal>
  void pick_by(InTime in_time, KeepsGoal keeps_goal, bool save) noexcept;

  const Profile& profile_;
  std::size_t revision_;
  double accuracy_margin_ = 0.0;  // by which accuracy_ may be off
  // By candidate, in the order of candidates: the caps of a stage stand together.
  std::vector<Candidate> candidates_;
  std::vector<std::size_t> first_;  // where stage 1 of it stands
  std::vector<double> rate_;        // 1 / t_K
  std::vector<double> t_K_, t_1_, busy_power_w_;
  std::vector<double> base_, gain_;  // q_hat is, beyond the earlier stage's, base + gain * F_K
  std::vector<double> in_time_, accuracy_, energy_j_;  // of the decision at hand
  std::vector<Candidate> picked_;
};

}  // namespace alert
