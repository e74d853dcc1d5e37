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

std::unique_ptr<Scheme> alert_over(const SchemeSpec& spec, const alert::Profile& profile,
                                   alert::ModelKind kind, const char* what) {
  auto models = models_of_kind(profile, kind);
  if (models.empty())
    throw std::invalid_argument("scheme \"" + spec.scheme + "\" needs a suite with " + what);
  return std::make_unique<Alert>(profile, spec.settings, std::move(models));
}

}  // namespace

std::vector<std::size_t> models_of_kind(const alert::Profile& profile, alert::ModelKind kind) {
  std::vector<std::size_t> models;
  for (std::size_t i = 0; i < profile.models.size(); ++i)
    if (profile.models[i].kind == kind) models.push_back(i);
  return models;
}

std::unique_ptr<Scheme> make_alert(const SchemeSpec& spec, const alert::Profile& profile,
                                   const alert::Candidate&) {
  return std::make_unique<Alert>(profile, spec.settings);
}

std::unique_ptr<Scheme> make_alert_any(const SchemeSpec& spec, const alert::Profile& profile,
                                       const alert::Candidate&) {
  return alert_over(spec, profile, alert::ModelKind::anytime, "an anytime DNN");
}

std::unique_ptr<Scheme> make_alert_trad(const SchemeSpec& spec, const alert::Profile& profile,
                                        const alert::Candidate&) {
  return alert_over(spec, profile, alert::ModelKind::traditional, "a traditional DNN");
}

std::unique_ptr<Scheme> make_alert_mean(const SchemeSpec& spec, const alert::Profile& profile,
                                        const alert::Candidate&) {
  alert::SchedulerSettings settings = spec.settings;
  settings.use_variance = false;
  return std::make_unique<Alert>(profile, settings);
}

}  // namespace bench
