#include "config/grid.hpp"

#include <algorithm>

namespace bench {
namespace {

double reference_latency_s(const alert::Profile& profile) {
  double anytime_s = 0.0, any_s = 0.0;
  for (const auto& model : profile.models) {
    const double whole_s = model.latency_s.back().back();
    any_s = std::max(any_s, whole_s);
    if (model.kind == alert::ModelKind::anytime) anytime_s = std::max(anytime_s, whole_s);
  }
  return anytime_s > 0.0 ? anytime_s : any_s;
}

std::vector<double> accuracy_levels(std::size_t levels, const alert::Profile& profile) {
  double least = 1.0, greatest = 0.0;
  for (const auto& model : profile.models) {
    least = std::min(least, std::ranges::min(model.accuracy));
    greatest = std::max(greatest, std::ranges::max(model.accuracy));
  }
  std::vector<double> values;
  for (std::size_t i = 0; i < levels; ++i)
    values.push_back(least + (greatest - least) * (static_cast<double>(i) + 0.5) /
                                 static_cast<double>(levels));
  return values;
}

std::vector<double> energy_levels(std::size_t levels, double deadline_s,
                                  const alert::Profile& profile) {
  const double lowest_w = profile.power_caps_w.front();
  const double highest_w = profile.power_caps_w.back();
  std::vector<double> values;
  for (std::size_t i = 0; i < levels; ++i) {
    const double share =
        levels == 1 ? 1.0 : static_cast<double>(i) / static_cast<double>(levels - 1);
    values.push_back((lowest_w + share * (highest_w - lowest_w)) * deadline_s);
  }
  return values;
}

}  // namespace

std::vector<alert::Goal> constraint_grid(const std::vector<GoalSpec>& goals,
                                         const alert::Profile& profile) {
  std::vector<alert::Goal> grid;
  const double reference_s = reference_latency_s(profile);
  for (const GoalSpec& spec : goals) {
    const bool energy = spec.task == alert::Task::maximize_accuracy;
    for (const double deadline : spec.deadlines) {
      const double deadline_s = spec.deadlines_are_scales ? deadline * reference_s : deadline;
      const auto* levels = std::get_if<std::size_t>(&spec.levels);
      const auto values = !levels  ? std::get<std::vector<double>>(spec.levels)
                          : energy ? energy_levels(*levels, deadline_s, profile)
                                   : accuracy_levels(*levels, profile);
      for (const double value : values) {
        alert::Goal goal;
        goal.task = spec.task;
        goal.deadline_s = deadline_s;
        (energy ? goal.energy_j : goal.accuracy) = value;
        goal.deadline_confidence = spec.deadline_confidence;
        goal.on_infeasible = spec.on_infeasible;
        grid.push_back(goal);
      }
    }
  }
  return grid;
}

nlohmann::ordered_json to_json(const alert::Goal& goal) {
  using Json = nlohmann::ordered_json;
  const bool energy = goal.task == alert::Task::maximize_accuracy;
  return {{"deadline_s", rounded(goal.deadline_s)},
          {"accuracy", energy ? Json(nullptr) : Json(rounded(goal.accuracy))},
          {"energy_j", energy ? Json(rounded(goal.energy_j)) : Json(nullptr)}};
}

}  // namespace bench
