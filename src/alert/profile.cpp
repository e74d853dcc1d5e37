#include "alert/profile.hpp"

#include <algorithm>
#include <cmath>

namespace alert {
namespace {

bool positive(double x) { return std::isfinite(x) && x > 0.0; }
bool share(double x) { return x >= 0.0 && x <= 1.0; }

std::string fault(const ModelProfile& model, std::size_t caps) {
  const std::string who = "model \"" + model.name + "\": ";
  if (model.stages() == 0) return who + "no stage";
  if (model.kind == ModelKind::traditional && model.stages() != 1)
    return who + "a traditional DNN has one stage";
  if (!std::ranges::all_of(model.accuracy, share)) return who + "accuracy outside [0, 1]";
  if (model.latency_s.size() != caps) return who + "latency_s needs one row per cap";
  if (model.busy_power_w.size() != caps) return who + "busy_power_w needs one value per cap";
  if (!std::ranges::all_of(model.busy_power_w, positive)) return who + "busy power not above 0";
  for (const auto& row : model.latency_s) {
    if (row.size() != model.stages()) return who + "latency_s needs one value per stage";
    if (!std::ranges::all_of(row, positive)) return who + "latency not above 0";
    if (!std::ranges::is_sorted(row)) return who + "stage latencies are cumulative and ascend";
  }
  return {};
}

}  // namespace

std::string fault(const Profile& profile) {
  if (profile.caps() == 0) return "no power cap";
  if (!std::ranges::all_of(profile.power_caps_w, positive)) return "a power cap is not above 0";
  if (std::ranges::adjacent_find(profile.power_caps_w, std::ranges::greater_equal{}) !=
      profile.power_caps_w.end())
    return "power caps do not ascend";
  if (!share(profile.q_fail)) return "q_fail outside [0, 1]";
  if (!std::isfinite(profile.idle_power_w) || profile.idle_power_w < 0.0)
    return "idle power below 0";
  if (profile.models.empty()) return "no model";
  for (const auto& model : profile.models)
    if (auto text = fault(model, profile.caps()); !text.empty()) return text;
  return {};
}

}  // namespace alert
