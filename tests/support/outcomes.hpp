// Outcomes and tallies made by hand.
#pragma once

#include <initializer_list>

#include "stream/tally.hpp"

namespace test {

/// An answer in time after 10 ms.
inline bench::Outcome in_time(double energy_j, double accuracy) {
  bench::Outcome outcome;
  outcome.stage = outcome.finished_stage = 1;
  outcome.latency_s = outcome.busy_s = 0.01;
  outcome.busy_energy_j = outcome.energy_j = energy_j;
  outcome.period_s = 0.1;
  outcome.credited_accuracy = outcome.correct = accuracy;
  return outcome;
}

/// No answer in time, which is credited with 0.1.
inline bench::Outcome late(double energy_j) {
  bench::Outcome outcome = in_time(energy_j, 0.1);
  outcome.stage = 0;
  outcome.correct = 0.0;
  return outcome;
}

inline bench::Tally tally_of(const alert::Goal& goal,
                             std::initializer_list<bench::Outcome> outcomes) {
  bench::Tally tally;
  for (const auto& outcome : outcomes) tally.add(goal, outcome, outcome.credited_accuracy);
  return tally;
}

}  // namespace test
