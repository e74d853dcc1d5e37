#include "alert/plus_scheduler.hpp"
#include "schemes/factories.hpp"

namespace bench {
namespace {

class AlertPlus final : public Scheme {
 public:
  AlertPlus(const alert::Profile& profile, const alert::PlusSettings& settings)
      : scheduler_(profile, settings) {}

  alert::Decision decide(const Input& input) override {
    return scheduler_.decide(input.goal, input.deadline_s);
  }
  void observe(const alert::Feedback& feedback) override { scheduler_.observe(feedback); }
  std::optional<alert::Estimate> estimate() const override { return scheduler_.estimate(); }

 private:
  alert::PlusScheduler scheduler_;
};

void switch_off(alert::PlusParts& parts, const JsonValue& names) {
  constexpr std::pair<const char*, bool alert::PlusParts::*> all[] = {
      {"profiled_spread", &alert::PlusParts::profiled_spread},
      {"clipped_innovation", &alert::PlusParts::clipped_innovation},
      {"learned_noise", &alert::PlusParts::learned_noise},
      {"miss_price", &alert::PlusParts::miss_price},
      {"price_ascent", &alert::PlusParts::price_ascent},
      {"energy_account", &alert::PlusParts::energy_account},
  };
  std::vector<std::string> allowed;
  for (const auto& [name, part] : all) allowed.emplace_back(name);
  for (const JsonValue& name : names.items())
    parts.*all[name.one_of(allowed, "part of alert-plus")].second = false;
}

}  // namespace

std::vector<std::string_view> plus_keys() {
  return {"tolerated_miss_rate", "energy_window", "without"};
}

alert::PlusSettings read_plus(const JsonValue& value) {
  alert::PlusSettings settings;
  if (auto rate = value.find("tolerated_miss_rate"))
    settings.tolerated_miss_rate = rate->number(0.001, 0.5);
  if (auto window = value.find("energy_window")) settings.energy_window = window->count(0, 1000000);
  if (auto without = value.find("without")) switch_off(settings.parts, *without);
  return settings;
}

MakeScheme read_alert_plus(const JsonValue& value) {
  return [settings = read_plus(value)](const alert::Profile& profile, const Hindsight&) {
    return std::make_unique<AlertPlus>(profile, settings);
  };
}

}  // namespace bench
