#include <algorithm>
#include <stdexcept>

#include "schemes/factories.hpp"

namespace bench {
namespace {

/// Adapts the application alone: the anytime DNN at the default cap, and where it stops.
class AppOnly final : public Scheme {
 public:
  explicit AppOnly(const alert::Profile& profile)
      : profile_(profile), model_(largest_anytime(profile)) {}

  alert::Decision decide(const Input& input) override {
    const auto& model = profile_.models[model_];
    alert::Decision decision;
    decision.candidate = {model_, app_stop_stage(model, input.goal), profile_.default_cap()};
    decision.deadline_s = input.deadline_s;
    // It looks at no clock: what it expects is the profile.
    decision.prediction = predict(profile_, decision.candidate, {1.0, 0.0, 0.0}, input.deadline_s);
    decision.feasible = input.goal.task == alert::Task::maximize_accuracy ||
                        model.accuracy[decision.candidate.stage - 1] >= input.goal.accuracy;
    return decision;
  }
  void observe(const alert::Feedback&) override {}

 private:
  const alert::Profile& profile_;
  std::size_t model_;
};

}  // namespace

std::size_t largest_anytime(const alert::Profile& profile) {
  const auto models = models_of_kind(profile, alert::ModelKind::anytime);
  if (models.empty()) throw std::invalid_argument(needs_anytime);
  return *std::ranges::max_element(models, {}, [&](std::size_t i) {
    return profile.models[i].latency_s[profile.default_cap()].back();
  });
}

std::size_t app_stop_stage(const alert::ModelProfile& model, const alert::Goal& goal) {
  if (goal.task == alert::Task::maximize_accuracy) return model.stages();
  const auto enough = std::ranges::find_if(
      model.accuracy, [&](double accuracy) { return accuracy >= goal.accuracy; });
  if (enough == model.accuracy.end()) return model.stages();
  return static_cast<std::size_t>(enough - model.accuracy.begin()) + 1;
}

MakeScheme read_app_only(const JsonValue&) {
  return [](const alert::Profile& profile, const Hindsight&) {
    return std::make_unique<AppOnly>(profile);
  };
}

}  // namespace bench
