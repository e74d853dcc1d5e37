#include "alert/scheduler.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace alert {
namespace {

bool cheaper(const Candidate& a, const Prediction& pa, const Candidate& b, const Prediction& pb) {
  return std::tuple(pa.energy_j, -pa.accuracy, a) < std::tuple(pb.energy_j, -pb.accuracy, b);
}

bool more_accurate(const Candidate& a, const Prediction& pa, const Candidate& b,
                   const Prediction& pb) {
  return std::tuple(-pa.accuracy, pa.energy_j, a) < std::tuple(-pb.accuracy, pb.energy_j, b);
}

/// phi_0: profiled idle power / profiled busy power at the default cap, averaged over the models.
double initial_idle_ratio(const Profile& profile) {
  double busy_power_w = 0.0;
  for (const auto& model : profile.models) busy_power_w += model.busy_power_w.back();
  return profile.idle_power_w * static_cast<double>(profile.models.size()) / busy_power_w;
}

}  // namespace

bool Choice::passes_latency_test(const Prediction& prediction) const {
  return goal_.deadline_confidence ? prediction.first_stage_in_time >= *goal_.deadline_confidence
                                   : prediction.first_stage_s <= deadline_s_;
}

void Choice::consider(const Candidate& candidate, const Prediction& prediction) {
  const auto keep_if = [&](Entry& entry, auto better) {
    if (!entry.set || better(candidate, prediction, entry.candidate, entry.prediction))
      entry = {candidate, prediction, true};
  };
  keep_if(fallback_, more_accurate);
  if (!passes_latency_test(prediction)) return;
  keep_if(in_time_, cheaper);
  if (goal_.task == Task::minimize_energy) {
    if (prediction.accuracy >= goal_.accuracy) keep_if(feasible_, cheaper);
  } else {
    if (prediction.energy_j <= goal_.energy_j) keep_if(feasible_, more_accurate);
  }
}

Decision Choice::best() const {
  const bool least_energy = goal_.on_infeasible == OnInfeasible::energy && in_time_.set;
  const Entry& chosen = feasible_.set ? feasible_ : least_energy ? in_time_ : fallback_;
  return {chosen.candidate, feasible_.set, chosen.prediction, deadline_s_};
}

Scheduler::Scheduler(const Profile& profile, const SchedulerSettings& settings,
                     std::vector<std::size_t> models)
    : profile_(profile),
      models_(std::move(models)),
      use_variance_(settings.use_variance),
      slowdown_(settings.slowdown),
      idle_power_(initial_idle_ratio(profile), settings.idle_power) {
  if (models_.empty()) {
    models_.resize(profile.models.size());
    std::iota(models_.begin(), models_.end(), std::size_t{0});
  }
  if (settings.accuracy_window > 0) accuracy_window_.emplace(settings.accuracy_window);
}

Decision Scheduler::decide(const Goal& goal, double deadline_s) const noexcept {
  Goal adjusted = goal;
  if (accuracy_window_) adjusted.accuracy = accuracy_window_->next_goal(goal.accuracy);
  const double effective_deadline_s = std::max(0.0, deadline_s - worst_overhead_s_);

  Estimate belief = estimate();
  if (!use_variance_) belief.xi_variance = 0.0;

  Choice choice(adjusted, effective_deadline_s);
  for (const std::size_t model : models_) {
    for (std::size_t cap = 0; cap < profile_.caps(); ++cap) {
      StagePredictor predictor(profile_, model, cap, belief, effective_deadline_s);
      for (std::size_t stage = 1; stage <= profile_.models[model].stages(); ++stage)
        choice.consider({model, stage, cap}, predictor.next());
    }
  }
  return choice.best();
}

void Scheduler::observe(const Feedback& feedback) noexcept {
  const auto& [model, stage, cap] = feedback.candidate;
  const ModelProfile& profile = profile_.models[model];
  if (feedback.finished_stage > 0)
    slowdown_.update(feedback.finished_latency_s /
                     profile.latency_s[cap][feedback.finished_stage - 1]);
  if (feedback.idle_power_w) idle_power_.update(*feedback.idle_power_w / profile.busy_power_w[cap]);
  if (accuracy_window_) accuracy_window_->credit(feedback.credited_accuracy);
  worst_overhead_s_ = std::max(worst_overhead_s_, feedback.overhead_s);
}

Estimate Scheduler::estimate() const noexcept {
  return {slowdown_.mean(), slowdown_.variance(), idle_power_.ratio()};
}

}  // namespace alert
