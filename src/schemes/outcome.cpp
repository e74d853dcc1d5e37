#include "schemes/outcome.hpp"

#include <algorithm>

namespace bench {

Outcome outcome_of(const Execution& execution, const alert::ModelProfile& model, double q_fail,
                   std::size_t stop_stage, double deadline_s) {
  const auto& end_s = execution.stage_latency_s;
  const std::size_t last = std::min(stop_stage, end_s.size());

  Outcome outcome;
  outcome.finished_stage = 1;
  while (outcome.finished_stage < last && end_s[outcome.finished_stage - 1] <= deadline_s)
    ++outcome.finished_stage;
  outcome.busy_s = end_s[outcome.finished_stage - 1];
  outcome.overrun_s = std::max(0.0, outcome.busy_s - deadline_s);
  outcome.stage =
      outcome.busy_s <= deadline_s ? outcome.finished_stage : outcome.finished_stage - 1;
  outcome.latency_s = end_s[std::max<std::size_t>(outcome.stage, 1) - 1];

  outcome.period_s = std::max(deadline_s, outcome.busy_s);
  const double idle_s = outcome.period_s - outcome.busy_s;
  if (idle_s > 0.0) outcome.idle_power_w = execution.idle_power_w;
  if (execution.busy_energy_j) {
    outcome.busy_energy_j = *execution.busy_energy_j * (outcome.busy_s / end_s.back());
    if (idle_s <= 0.0)
      outcome.energy_j = outcome.busy_energy_j;
    else if (execution.idle_power_w)
      outcome.energy_j = *outcome.busy_energy_j + *execution.idle_power_w * idle_s;
  }
  if (!outcome.energy_j) outcome.energy_reason = execution.energy_reason;

  outcome.credited_accuracy = outcome.stage > 0 ? model.accuracy[outcome.stage - 1] : q_fail;
  outcome.correct = outcome.stage > 0 ? execution.stage_correct[outcome.stage - 1] : 0.0;
  return outcome;
}

alert::Feedback feedback_of(const Outcome& outcome, const alert::Candidate& candidate,
                            double overhead_s) {
  alert::Feedback feedback;
  feedback.candidate = candidate;
  feedback.finished_stage = outcome.finished_stage;
  feedback.finished_latency_s = outcome.busy_s;
  feedback.idle_power_w = outcome.idle_power_w;
  feedback.credited_accuracy = outcome.credited_accuracy;
  feedback.deadline_met = outcome.deadline_met();
  feedback.energy_j = outcome.energy_j;
  feedback.overhead_s = overhead_s;
  return feedback;
}

}  // namespace bench
