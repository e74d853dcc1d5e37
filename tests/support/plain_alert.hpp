// ALERT's choice as src/alert/README.md section 4 tells it, word by word and as slow as that is:
// what quicker ways are held against. Predictions are predict()'s, which has tests of its own.
#pragma once

#include <algorithm>
#include <tuple>
#include <vector>

#include "alert/scheduler.hpp"

namespace test {

inline alert::Decision plain_choice(const alert::Profile& profile, const alert::Goal& goal,
                                    double deadline_s, const alert::Estimate& estimate) {
  struct Option {
    alert::Candidate candidate;
    alert::Prediction prediction;
    bool in_time, feasible;
  };
  std::vector<Option> options;
  for (std::size_t model = 0; model < profile.models.size(); ++model)
    for (std::size_t stage = 1; stage <= profile.models[model].stages(); ++stage)
      for (std::size_t cap = 0; cap < profile.caps(); ++cap) {
        const alert::Candidate candidate{model, stage, cap};
        const auto prediction = predict(profile, candidate, estimate, deadline_s);
        const bool in_time = goal.deadline_confidence
                                 ? prediction.first_stage_in_time >= *goal.deadline_confidence
                                 : prediction.first_stage_s <= deadline_s;
        const bool keeps_goal = goal.task == alert::Task::minimize_energy
                                    ? prediction.accuracy >= goal.accuracy
                                    : prediction.energy_j <= goal.energy_j;
        options.push_back({candidate, prediction, in_time, in_time && keeps_goal});
      }

  const auto first_of = [&](auto allowed, bool by_energy) -> const Option* {
    const Option* best = nullptr;
    const auto key = [&](const Option& o) {
      const double energy_j = o.prediction.energy_j, inaccuracy = -o.prediction.accuracy;
      return by_energy ? std::tuple(energy_j, inaccuracy, o.candidate)
                       : std::tuple(inaccuracy, energy_j, o.candidate);
    };
    for (const Option& option : options)
      if (allowed(option) && (!best || key(option) < key(*best))) best = &option;
    return best;
  };
  const bool by_energy = goal.task == alert::Task::minimize_energy;
  const Option* best = first_of([](const Option& o) { return o.feasible; }, by_energy);
  if (!best && goal.on_infeasible == alert::OnInfeasible::energy)
    best = first_of([](const Option& o) { return o.in_time; }, true);
  if (!best) best = first_of([](const Option&) { return true; }, false);
  return {best->candidate, best->feasible, best->prediction, deadline_s};
}

}  // namespace test
