#include <stdexcept>

#include "schemes/factories.hpp"

namespace bench {
namespace {

class Alert final : public Scheme {
 public:
  Alert(const alert::Profile& profile, const alert::SchedulerSettings& settings,
        std::vector<std::size_t> models = {})
      : scheduler_(profile, settings, std::move(models)) {}

  alert::Decision decide(const Input& input) override {
    return scheduler_.decide(input.goal, input.deadline_s);
  }
  void observe(const alert::Feedback& feedback) override { scheduler_.observe(feedback); }
  std::optional<alert::Estimate> estimate() const override { return scheduler_.estimate(); }

 private:
  alert::Scheduler scheduler_;
};

alert::SchedulerSettings read_settings(const JsonValue& value) {
  alert::SchedulerSettings settings = read_filters(value);
  if (auto window = value.find("accuracy_window"))
    settings.accuracy_window = window->count(1, 1000000);
  return settings;
}

MakeScheme alert_over(const JsonValue& value, alert::ModelKind kind, const char* lack) {
  return [=, settings = read_settings(value)](const alert::Profile& profile, const Hindsight&) {
    auto models = models_of_kind(profile, kind);
    if (models.empty()) throw std::invalid_argument(lack);
    return std::make_unique<Alert>(profile, settings, std::move(models));
  };
}

MakeScheme alert_with(const alert::SchedulerSettings& settings) {
  return [settings](const alert::Profile& profile, const Hindsight&) {
    return std::make_unique<Alert>(profile, settings);
  };
}

}  // namespace

std::vector<std::size_t> models_of_kind(const alert::Profile& profile, alert::ModelKind kind) {
  std::vector<std::size_t> models;
  for (std::size_t i = 0; i < profile.models.size(); ++i)
    if (profile.models[i].kind == kind) models.push_back(i);
  return models;
}

MakeScheme read_alert(const JsonValue& settings) { return alert_with(read_settings(settings)); }

MakeScheme read_alert_any(const JsonValue& settings) {
  return alert_over(settings, alert::ModelKind::anytime, needs_anytime);
}

MakeScheme read_alert_trad(const JsonValue& settings) {
  return alert_over(settings, alert::ModelKind::traditional, needs_traditional);
}

MakeScheme read_alert_mean(const JsonValue& value) {
  alert::SchedulerSettings settings = read_settings(value);
  settings.use_variance = false;
  return alert_with(settings);
}

}  // namespace bench
