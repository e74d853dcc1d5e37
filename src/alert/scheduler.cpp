#include "alert/scheduler.hpp"

#include <algorithm>
#include <numeric>

#include "alert/order.hpp"

namespace alert {
namespace {

constexpr auto anything = [](const auto&) { return true; };
constexpr auto energy = [](const auto& option) { return option.prediction.energy_j; };
constexpr auto inaccuracy = [](const auto& option) { return -option.prediction.accuracy; };

std::vector<std::size_t> all_models(const Profile& profile) {
  std::vector<std::size_t> models(profile.models.size());
  std::iota(models.begin(), models.end(), std::size_t{0});
  return models;
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

bool Choice::keeps_goal(const Prediction& prediction) const {
  return goal_.task == Task::minimize_energy ? prediction.accuracy >= goal_.accuracy
                                             : prediction.energy_j <= goal_.energy_j;
}

void Choice::begin(const Goal& goal, double deadline_s) {
  goal_ = goal;
  deadline_s_ = deadline_s;
  options_.clear();
}

void Choice::consider(const Candidate& candidate, const Prediction& prediction) {
  const bool in_time = passes_latency_test(prediction);
  options_.push_back({candidate, prediction, in_time, in_time && keeps_goal(prediction)});
}

Decision Choice::best() const {
  const auto feasible = [](const Option& option) { return option.feasible; };
  const Option* best = goal_.task == Task::minimize_energy
                           ? least(options_, feasible, energy, inaccuracy)
                           : least(options_, feasible, inaccuracy, energy);
  if (!best && goal_.on_infeasible == OnInfeasible::energy)
    best = least(
        options_, [](const Option& option) { return option.in_time; }, energy, inaccuracy);
  if (!best) best = least(options_, anything, inaccuracy, energy);
  return {best->candidate, best->feasible, best->prediction, deadline_s_};
}

Scheduler::Scheduler(const Profile& profile, const SchedulerSettings& settings,
                     const std::vector<std::size_t>& models)
    : profile_(profile),
      use_variance_(settings.use_variance),
      slowdown_(settings.slowdown),
      idle_power_(initial_idle_ratio(profile), settings.idle_power),
      shortlist_(profile, models.empty() ? all_models(profile) : models),
      choice_(shortlist_.candidates()) {
  if (settings.accuracy_window > 0) accuracy_window_.emplace(settings.accuracy_window);
}

Decision Scheduler::decide(const Goal& goal, double deadline_s) noexcept {
  Goal adjusted = goal;
  if (accuracy_window_) adjusted.accuracy = accuracy_window_->next_goal(goal.accuracy);
  const double effective_deadline_s = std::max(0.0, deadline_s - worst_overhead_s_);

  Estimate belief = estimate();
  if (!use_variance_) belief.xi_variance = 0.0;

  choice_.begin(adjusted, effective_deadline_s);
  for (const Candidate& candidate : shortlist_.of(adjusted, effective_deadline_s, belief))
    choice_.consider(candidate, predict(profile_, candidate, belief, effective_deadline_s));
  return choice_.best();
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
