#include "alert/plus_scheduler.hpp"

#include <algorithm>
#include <cmath>

namespace alert {

PlusScheduler::PlusScheduler(const Profile& profile, const PlusSettings& settings)
    : profile_(profile),
      slowdown_(settings.parts.profiled_spread ? latency_spread(profile) : LatencySpread(),
                settings.parts.clipped_innovation, settings.parts.learned_noise),
      rule_(profile, settings) {}

Decision PlusScheduler::decide(const Goal& goal, double deadline_s) noexcept {
  const double effective_deadline_s = std::max(0.0, deadline_s - worst_overhead_s_);
  rule_.begin(goal, effective_deadline_s);
  for (std::size_t model = 0; model < profile_.models.size(); ++model)
    for (std::size_t cap = 0; cap < profile_.caps(); ++cap)
      consider_stages(goal, effective_deadline_s, model, cap);
  return rule_.best();
}

void PlusScheduler::consider_stages(const Goal& goal, double deadline_s, std::size_t model,
                                    std::size_t cap) noexcept {
  const ModelProfile& profile = profile_.models[model];
  const double busy_power_w = profile.busy_power_w[cap];
  const double idle_power_w = idle_share_.idle_power_w(profile_.idle_power_w, busy_power_w);
  double accuracy_of_earlier = 0.0, kept = 0.0;
  bool enough = false;
  StageBelief first, before;
  for (std::size_t k = 0; k < profile.stages(); ++k) {
    StageBelief stage = believe(slowdown_.belief(), profile.latency_s[cap][k], deadline_s);
    if (k == 0) {
      first = stage;
      accuracy_of_earlier = profile_.q_fail * (1.0 - stage.in_time);
    } else {
      stage.in_time = std::min(stage.in_time, before.in_time);
      accuracy_of_earlier += profile.accuracy[k - 1] * (before.in_time - stage.in_time);
    }
    if (!enough && profile.accuracy[k] >= goal.accuracy) {
      enough = true;
      kept = stage.in_time;
    }
    // The stage in flight at the deadline runs to its end.
    double busy_s = stage.mean_s;
    if (profile.kind == ModelKind::anytime)
      busy_s = std::min(busy_s, std::max(deadline_s, first.mean_s) +
                                    0.5 * (1.0 - stage.in_time) * (stage.mean_s - before.mean_s));

    Prediction prediction;
    prediction.accuracy = accuracy_of_earlier + profile.accuracy[k] * stage.in_time;
    prediction.energy_j = busy_power_w * busy_s + idle_power_w * std::max(0.0, deadline_s - busy_s);
    prediction.latency_s = stage.mean_s;
    prediction.first_stage_s = first.mean_s;
    prediction.first_stage_in_time = first.in_time;
    rule_.consider({model, k + 1, cap}, prediction, kept);
    before = stage;
  }
}

void PlusScheduler::observe(const Feedback& feedback) noexcept {
  const auto& [model, stage, cap] = feedback.candidate;
  const ModelProfile& profile = profile_.models[model];
  if (feedback.finished_stage > 0)
    slowdown_.update(feedback.finished_latency_s,
                     profile.latency_s[cap][feedback.finished_stage - 1]);
  if (feedback.idle_power_w)
    idle_share_.update(*feedback.idle_power_w, profile_.idle_power_w, profile.busy_power_w[cap]);
  rule_.observe(feedback);
  worst_overhead_s_ = std::max(worst_overhead_s_, feedback.overhead_s);
}

Estimate PlusScheduler::estimate() const noexcept {
  const auto& [x, P, kappa2, outlier, spread] = slowdown_.belief();
  double busy_power_w = 0.0;
  for (const auto& model : profile_.models) busy_power_w += model.busy_power_w.back();
  busy_power_w /= static_cast<double>(profile_.models.size());
  return {std::exp(x), std::exp(2.0 * x) * (P + kappa2 * spread.relative_variance),
          idle_share_.idle_power_w(profile_.idle_power_w, busy_power_w) / busy_power_w};
}

}  // namespace alert
