#include <algorithm>
#include <stdexcept>

#include "alert/order.hpp"
#include "schemes/factories.hpp"

namespace bench {
namespace {

/// Adapts the system alone: the power cap, under the fastest traditional DNN.
class SysOnly final : public Scheme {
 public:
  SysOnly(const alert::Profile& profile, std::size_t model,
          const alert::SchedulerSettings& settings)
      : controller_(profile, model, settings) {}

  alert::Decision decide(const Input& input) override { return controller_.decide(input); }
  void observe(const alert::Feedback& feedback) override { controller_.observe(feedback); }
  std::optional<alert::Estimate> estimate() const override { return controller_.estimate(); }

 private:
  CapController controller_;
};

}  // namespace

CapController::CapController(const alert::Profile& profile, std::size_t model,
                             const alert::SchedulerSettings& settings)
    : profile_(profile), model_(model), filters_(profile, settings, {model}) {}

alert::Decision CapController::decide(const Input& input) const {
  const alert::Estimate belief = filters_.estimate();
  std::vector<alert::Decision> decisions;
  for (std::size_t cap = 0; cap < profile_.caps(); ++cap) {
    alert::Decision& decision = decisions.emplace_back();
    decision.candidate = {model_, profile_.models[model_].stages(), cap};
    decision.prediction = predict(profile_, decision.candidate, belief, input.deadline_s);
    decision.feasible = decision.prediction.latency_s <= input.deadline_s &&
                        (input.goal.task == alert::Task::minimize_energy ||
                         decision.prediction.energy_j <= input.goal.energy_j);
    decision.deadline_s = input.deadline_s;
  }
  const auto* best = alert::least(
      decisions, [](const auto& decision) { return decision.feasible; },
      [](const auto& decision) { return decision.prediction.energy_j; },
      [](const auto& decision) { return -decision.prediction.accuracy; });
  return best ? *best : decisions.back();
}

MakeScheme read_sys_only(const JsonValue& settings) {
  return [filters = read_filters(settings)](const alert::Profile& profile, const Hindsight&) {
    const auto models = models_of_kind(profile, alert::ModelKind::traditional);
    if (models.empty()) throw std::invalid_argument(needs_traditional);
    const auto fastest = *std::ranges::min_element(models, {}, [&](std::size_t i) {
      return profile.models[i].latency_s[profile.default_cap()].back();
    });
    return std::make_unique<SysOnly>(profile, fastest, filters);
  };
}

}  // namespace bench
